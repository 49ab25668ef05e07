"""From the words that give an argument to its value, normalised as the catalogue wants it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from copilot.intent import Ability, Argument
from copilot.routing.kinds import is_new_name, kinds_of
from copilot.routing.mentions import REGION, Mention
from copilot.routing.names import bare, resolve
from copilot.routing.quantities import Quantity, as_duration, find_quantities, period_in_words, whole
from copilot.routing.tokens import Token, tokenize


@dataclass(frozen=True)
class Lexicon:
    """Words for values, learned from the written utterances.

    Args:
        marked: Argument -> bare words -> value, for words that are known to give the argument.
        cues: The same for words, as typed, that give it wherever they stand.
    """

    marked: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, name: str) -> Mapping[str, Any]:
        return self.marked.get(name, {})


ENVIRONMENTS = {"prod": "production", "live": "production", "stage": "staging", "development": "dev"}
FREQUENCIES = {
    word: frequency
    for frequency, words in {
        "hourly": "hour hourly",
        "daily": "day daily night nightly morning evening noon midnight",
        "weekly": "week weekly weekend monday tuesday wednesday thursday friday saturday sunday",
        "monthly": "month monthly",
    }.items()
    for word in words.split()
}
EVERY = {3600.0: "hourly", 86_400.0: "daily", 7 * 86_400.0: "weekly", 30 * 86_400.0: "monthly"}
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
CLOCK = re.compile(r"\bat ([01]?\d|2[0-3])(?::([0-5]\d))?\s*(am|pm)?\b", re.IGNORECASE)
# What a bare figure of the argument is counted in, and how much of the base unit (seconds, GiB) that is.
SECONDS = {"timeout_seconds": 1.0, "log_retention_days": 86_400.0}
GIB = {"memory": 1.0, "gpu_memory": 1.0, "volume_size": 1.0, "memory_mb": 1 / 1024}
MOST = {"temperature": 2.0}
"""Figures above are part of something else: the 8 of "llama 8b" is no temperature."""
REFUSALS = re.compile(
    r"\b(?:no|not|don'?t|without|never|off|disable[ds]?|stop|remove|skip|drop|none|open|false|unneeded|on-demand)\b", re.IGNORECASE
)
FILLERS = re.compile(r"^(?:[\s\"'“”‘’`(\[:,;-]|(?:the|a|an|my|our|your|this|that)\s)+|[\s\"'“”‘’`)\],;:.!?-]+$", re.IGNORECASE)
DENIED = re.compile(r"\s*[:=]\s*(?:no|none|off|false|0)\b", re.IGNORECASE)
QUOTES = "\"'“‘`"
FIGURE = re.compile(r"[\d.,]+%?")
LONGEST_CUE = 4
MENTIONED = ("url", "path", "email", "zone", "region", "ami", "instance", "cron")


class Reader:
    """Reads values out of one utterance.

    Args:
        text: The utterance.
        mentions: What was recognised in it.
        names: The names that exist, by kind.
        lexicon: Words for values.
    """

    def __init__(self, text: str, mentions: Sequence[Mention], names: Mapping[str, Sequence[str]], lexicon: Lexicon) -> None:
        self.text, self.mentions, self.names, self.lexicon = text, mentions, names, lexicon

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        return tokenize(self.text)

    def value(self, ability: Ability, argument: Argument, start: int, end: int) -> Any:
        """Return what `text[start:end]` says for an argument, or None when it cannot say it."""
        said = FILLERS.sub("", self.text[start:end])
        if not said:
            return None
        if argument.choices:
            return self._choice(argument, said)
        match argument.type:
            case "boolean":
                denied = DENIED.match(self.text, end)
                return False if denied else None if self.text[start] in QUOTES else self._boolean(argument, said)
            case "integer" | "number":
                return self._number(ability, argument, start, end)
            case "duration":
                return self._duration(start, end, said)
            case "region":
                return self._region(start, end, said)
            case "hourly|daily|weekly|monthly or cron":
                return frequency(said)
        return self._string(ability, argument, start, end, said)

    def known(self, ability: Ability, name: str) -> list[str]:
        """Return the names that an argument can only choose from; none for models, which need not be registered yet."""
        argument = ability.argument(name)
        kinds = kinds_of(ability, argument) if argument else ()
        return [] if "models" in kinds else [n for kind in kinds for n in self.names.get(kind, ())]

    def cue(self, argument: Argument, limit: int) -> Any:
        """Return the value that a cue of the argument gives, wherever it stands before `limit`; the longest cue wins."""
        cues = self.lexicon.cues.get(argument.name, {}) if is_listed(argument) else {}
        words = [t.lower for t in self.tokens if t.start < limit] if cues else []
        for length in range(min(LONGEST_CUE, len(words)), 0, -1):
            for first in range(len(words) - length + 1):
                found = cues.get(" ".join(words[first : first + length]))
                if found is not None and allows(argument, found):
                    return found
        return None

    def _string(self, ability: Ability, argument: Argument, start: int, end: int, said: str) -> str | None:
        inside = [m for m in self.mentions if m.start < end and m.end > start]
        if kinds := kinds_of(ability, argument):
            return self._thing(kinds, inside, said)
        whole = ("model",) if argument.name == "model" else () if is_new_name(ability, argument) else MENTIONED
        for mention in inside:
            if mention.kind in whole and mention.end - mention.start >= (end - start) / 2:
                return str(mention.value)
        found = self.lexicon.of(argument.name).get(bare(said))
        return str(found) if isinstance(found, str) else self.text[start:end].strip(" \"'“”‘’`,;")

    def _thing(self, kinds: Sequence[str], inside: Sequence[Mention], said: str) -> str | None:
        """Return the existing thing of some kinds that the words mean, or the words themselves when none is meant."""
        known = [m for m in inside if m.kind == "names"]
        for mention in known:
            if set(mention.of) & set(kinds):
                return str(mention.value)
        if (known and known[0].end - known[0].start >= len(said)) or FIGURE.fullmatch(said):
            return None
        model = next((m for m in inside if m.kind == "model"), None) if "models" in kinds else None
        return resolve(said, [name for kind in kinds for name in self.names.get(kind, ())]) or (str(model.value) if model else said)

    def _choice(self, argument: Argument, said: str) -> str | None:
        from rapidfuzz import process

        known = {**{bare(c): c for c in argument.choices}, **self.lexicon.of(argument.name)}
        if argument.name == "environment":
            known |= ENVIRONMENTS
        key = bare(said)
        if key in known:
            return str(known[key])
        words = [bare(w) for w in re.findall(r"[\w']+", said)]
        for word in words:
            if word in known and len(word) > 2:
                return str(known[word])
        near = process.extractOne(key, known.keys(), score_cutoff=75) if len(key) > 3 else None
        return str(known[near[0]]) if near else None

    def _boolean(self, argument: Argument, said: str) -> bool:
        found = self.lexicon.of(argument.name).get(bare(said))
        return found if isinstance(found, bool) else not REFUSALS.search(said)

    def _number(self, ability: Ability, argument: Argument, start: int, end: int) -> int | float | None:
        figures = [m.value for m in self.mentions if isinstance(m.value, Quantity) and m.start < end and m.end > start]
        figures = figures or find_quantities(self.text[start:end])
        if not figures:
            found = self.lexicon.of(argument.name).get(bare(self.text[start:end]))
            return found if isinstance(found, int | float) else None
        value = in_unit(ability, argument, figures[0])
        if argument.name in MOST and value > MOST[argument.name]:
            return None
        return round(value) if argument.type == "integer" and value >= 1 else whole(value)

    def _duration(self, start: int, end: int, said: str) -> str | None:
        for mention in self.mentions:
            if mention.kind in ("period", "time") and mention.start < end and mention.end > start:
                found = as_duration(mention.value) if isinstance(mention.value, Quantity) else mention.value
                return str(found) if found else None
        found = self.lexicon.of("since").get(bare(said)) or period_in_words(said)
        return str(found) if found else None

    def _region(self, start: int, end: int, said: str) -> str | None:
        for mention in self.mentions:
            if mention.kind == "region" and mention.start < end and mention.end > start:
                return str(mention.value)
        if re.fullmatch(REGION, said.lower()):
            return said.lower()
        return resolve_region(said, self.lexicon)


def is_listed(argument: Argument) -> bool:
    """Say whether the values of an argument, or nearly all of them, can be listed."""
    return bool(argument.choices) or argument.type.startswith("hourly") or argument.name == "provider"


def allows(argument: Argument, value: Any) -> bool:
    """Say whether a listed value is one of this argument; abilities have arguments of one name with other values."""
    return value is not None and (
        value in argument.choices if argument.choices else isinstance(value, bool) == (argument.type == "boolean")
    )


def resolve_region(said: str, lexicon: Lexicon) -> str | None:
    """Return the region a misspelt place means, or None."""
    from rapidfuzz import process

    from copilot.routing.mentions import PLACES

    near = process.extractOne(said.lower(), PLACES.keys(), score_cutoff=80)
    found = PLACES[near[0]] if near else lexicon.of("region").get(bare(said))
    return str(found) if found else None


def frequency(said: str) -> str | None:
    """Read "every monday" as weekly and "mondays at 6" as `0 6 * * 1`; five cron fields stay as they are."""
    if re.fullmatch(r"\S+( \S+){4}", said) and re.match(r"[\d*]", said):
        return said
    words = [w.removesuffix("s") for w in re.findall(r"[a-z]+", said.lower())]
    weekday = next((w for w in words if w in WEEKDAYS), None)
    clock = CLOCK.search(said)
    if weekday and clock:
        hour = int(clock[1]) % 12 + 12 * (clock[3].lower() == "pm") if clock[3] else int(clock[1])
        return f"{int(clock[2] or 0)} {hour} * * {WEEKDAYS.index(weekday)}"
    for quantity in find_quantities(said):
        if quantity.dimension == "time" and quantity.value * quantity.factor in EVERY:
            return EVERY[quantity.value * quantity.factor]
    return next((FREQUENCIES[w] for w in words if w in FREQUENCIES), None)


def in_unit(ability: Ability, argument: Argument, figure: Quantity) -> float:
    """Convert a figure to the unit of its argument; a figure without a unit is taken to be in it."""
    value = figure.value
    if argument.name in SECONDS and figure.dimension == "time":
        return value * figure.factor / SECONDS[argument.name]
    if argument.name in GIB and figure.dimension == "memory":
        return value * figure.factor / GIB[argument.name]
    if argument.name == "threshold":
        if ability.name == "create_benchmark":
            return value / 100 if figure.dimension == "percent" or value > 1 else value
        if figure.dimension == "time":
            return value * figure.factor * 1000
    if figure.dimension == "money":
        return value * figure.factor
    if figure.unit == "m" and argument.type == "integer":
        return value * 1e6
    return value
