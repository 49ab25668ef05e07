"""From the words that give an argument to its value, normalised as the catalogue wants it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from copilot.intent import Ability, Argument
from copilot.routing.kinds import is_new_name, kinds_of
from copilot.routing.mentions import REGION, Mention
from copilot.routing.names import bare, resolve
from copilot.routing.quantities import Quantity, as_duration, find_quantities, period_in_words, whole

Lexicon = Mapping[str, Mapping[str, Any]]
"""Argument -> bare words -> value, learned from the written utterances."""

ENVIRONMENTS = {"prod": "production", "live": "production", "stage": "staging", "preprod": "staging", "development": "dev"}
FREQUENCIES = {
    "hour": "hourly", "hourly": "hourly", "day": "daily", "daily": "daily", "night": "daily", "nightly": "daily", "morning": "daily",
    "evening": "daily", "noon": "daily", "week": "weekly", "weekly": "weekly", "monday": "weekly", "tuesday": "weekly", "wednesday": "weekly",
    "thursday": "weekly", "friday": "weekly", "saturday": "weekly", "sunday": "weekly", "weekend": "weekly", "month": "monthly",
    "monthly": "monthly",
}  # fmt: skip
# What a bare figure of the argument is counted in, and how much of the base unit (seconds, GiB) that is.
SECONDS = {"timeout_seconds": 1.0, "log_retention_days": 86_400.0}
GIB = {"memory": 1.0, "gpu_memory": 1.0, "volume_size": 1.0, "memory_mb": 1 / 1024}
REFUSALS = re.compile(
    r"\b(?:no|not|don'?t|without|never|off|disable[ds]?|stop|remove|skip|drop|none|open|false|unneeded|on-demand)\b", re.IGNORECASE
)
FILLERS = re.compile(r"^(?:[\s\"'“”‘’`(\[:,;-]|(?:the|a|an|my|our|your|this|that)\s)+|[\s\"'“”‘’`)\],;:.!?-]+$", re.IGNORECASE)
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

    def value(self, ability: Ability, argument: Argument, start: int, end: int) -> Any:
        """Return what `text[start:end]` says for an argument, or None when it cannot say it."""
        said = FILLERS.sub("", self.text[start:end])
        if not said:
            return None
        if argument.choices:
            return self._choice(argument, said)
        match argument.type:
            case "boolean":
                return self._boolean(argument, said)
            case "integer" | "number":
                return self._number(ability, argument, start, end)
            case "duration":
                return self._duration(start, end, said)
            case "region":
                return self._region(start, end, said)
            case "hourly|daily|weekly|monthly or cron":
                return frequency(said)
        return self._string(ability, argument, start, end, said)

    def _string(self, ability: Ability, argument: Argument, start: int, end: int, said: str) -> str:
        kinds = kinds_of(ability, argument)
        inside = [m for m in self.mentions if m.start < end and m.end > start]
        for mention in inside:
            if mention.kind == "names" and set(mention.of) & set(kinds):
                return str(mention.value)
        if kinds:
            known = [name for kind in kinds for name in self.names.get(kind, ())]
            return resolve(said, known) or said
        if not is_new_name(ability, argument):
            for mention in inside:
                if mention.kind in MENTIONED and mention.end - mention.start >= (end - start) / 2:
                    return str(mention.value)
        found = self.lexicon.get(argument.name, {}).get(bare(said))
        return str(found) if isinstance(found, str) else self.text[start:end].strip(" \"'“”‘’`,;")

    def _choice(self, argument: Argument, said: str) -> str | None:
        from rapidfuzz import process

        known = {**{bare(c): c for c in argument.choices}, **self.lexicon.get(argument.name, {})}
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
        found = self.lexicon.get(argument.name, {}).get(bare(said))
        return found if isinstance(found, bool) else not REFUSALS.search(said)

    def _number(self, ability: Ability, argument: Argument, start: int, end: int) -> int | float | None:
        figures = [m.value for m in self.mentions if isinstance(m.value, Quantity) and m.start < end and m.end > start]
        figures = figures or find_quantities(self.text[start:end])
        if not figures:
            found = self.lexicon.get(argument.name, {}).get(bare(self.text[start:end]))
            return found if isinstance(found, int | float) else None
        value = in_unit(ability, argument, figures[0])
        return round(value) if argument.type == "integer" and value >= 1 else whole(value)

    def _duration(self, start: int, end: int, said: str) -> str | None:
        for mention in self.mentions:
            if mention.kind in ("period", "time") and mention.start < end and mention.end > start:
                found = as_duration(mention.value) if isinstance(mention.value, Quantity) else mention.value
                return str(found) if found else None
        found = self.lexicon.get("since", {}).get(bare(said)) or period_in_words(said)
        return str(found) if found else None

    def _region(self, start: int, end: int, said: str) -> str | None:
        for mention in self.mentions:
            if mention.kind == "region" and mention.start < end and mention.end > start:
                return str(mention.value)
        if re.fullmatch(REGION, said.lower()):
            return said.lower()
        return resolve_region(said, self.lexicon)


def resolve_region(said: str, lexicon: Lexicon) -> str | None:
    """Return the region a misspelt place means, or None."""
    from rapidfuzz import process

    from copilot.routing.mentions import PLACES

    near = process.extractOne(said.lower(), PLACES.keys(), score_cutoff=80)
    found = PLACES[near[0]] if near else lexicon.get("region", {}).get(bare(said))
    return str(found) if found else None


def frequency(said: str) -> str | None:
    """Read "every monday" as weekly; five cron fields stay as they are."""
    if re.fullmatch(r"\S+( \S+){4}", said) and re.match(r"[\d*]", said):
        return said
    words = re.findall(r"[a-z]+", said.lower())
    for word in words:
        if found := FREQUENCIES.get(word) or FREQUENCIES.get(word.removesuffix("s")):
            return found
    return None


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
