"""Figures in words and digits, with their units."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_UP_TO_19 = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS: dict[str, float] = {
    **{word: i for i, word in enumerate(_UP_TO_19.split())},
    **{word: 10 * i for i, word in enumerate(_TENS.split(), 2)},
}
LOOSE = {"a": 1, "an": 1, "single": 1, "once": 1, "twice": 2, "thrice": 3, "couple": 2, "pair": 2, "half": 0.5}
SCALES = {"dozen": 12, "hundred": 100, "thousand": 1e3, "grand": 1e3, "k": 1e3, "million": 1e6, "mio": 1e6, "billion": 1e9, "bn": 1e9}
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
# Memory in GiB, time in seconds, money in USD.
_SPELLINGS: tuple[tuple[str, str, float], ...] = (
    ("gb gib gig gigs giga gigabyte gigabytes g", "memory", 1.0),
    ("mb mib meg megs megabyte megabytes", "memory", 1 / 1024),
    ("tb tib terabyte terabytes", "memory", 1024.0),
    ("% percent pct percentage", "percent", 1.0),
    ("$ usd dollar dollars buck bucks € £ eur", "money", 1.0),
    ("cent cents", "money", 0.01),
    ("ms msec millisecond milliseconds millis", "time", 0.001),
    ("s sec secs second seconds", "time", 1.0),
    ("m min mins minute minutes", "time", MINUTE),
    ("h hr hrs hour hours", "time", HOUR),
    ("d day days", "time", DAY),
    ("w wk wks week weeks", "time", 7 * DAY),
    ("fortnight fortnights", "time", 14 * DAY),
    ("mo mos month months", "time", 30 * DAY),
    ("quarter quarters", "time", 90 * DAY),
    ("y yr yrs year years", "time", 365 * DAY),
)
UNITS = {unit: (dimension, factor) for units, dimension, factor in _SPELLINGS for unit in units.split()}


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_WORD = _any({*WORDS, *SCALES, *LOOSE} - {"k", "a", "an"})
_SCALE = _any(set(SCALES) - {"k"})
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
FIGURE = re.compile(
    rf"(?<![\w.,:/@])(?<![A-Za-z]-)(?P<sign>[$€£])?\s?"
    rf"(?:(?P<digits>-?(?:{_DIGITS}))(?!\.?\d)(?:\s?(?P<scale>k|{_SCALE}|(?-i:M))(?![a-zA-Z]))?"
    rf"|(?P<words>(?:half\san?\s(?:{_SCALE})|(?:an?\s)?(?:half|single|couple|pair)|an?\s(?:{_SCALE})|{_WORD})\b"
    rf"(?:(?:\s|-|\sand\s)(?:{_WORD})\b)*))"
    rf"(?:\s?(?P<percent>%)|(?:\s|-|\sof\s|(?<=half)\san?\s)?(?P<unit>{_any(u for u in UNITS if u.isalpha())})(?![\w/-]))?",
    re.IGNORECASE,
)
RATIO = re.compile(rf"\b(?P<part>\d+|{_any(WORDS)}) (?:out of|of|in) (?:every )?(?P<whole>\d+|{_any(WORDS)})\b", re.IGNORECASE)
FRACTIONS = {"three quarters": 75.0, "two thirds": 200 / 3, "half of them": 50.0}
PERIOD = re.compile(
    r"\b(?P<today>today|this morning|tonight|yesterday|overnight|last night)\b|\bsince monday\b|\b(?P<weekend>weekend)\b"
    r"|\b(?:this|last|past|previous|current|the|an?|per|one|whole|entire|prior|latest|recent)\s+"
    r"(?P<unit>minute|hour|day|week|fortnight|month|quarter|year)\b|\b(?P<loose>hour|day|week|fortnight|month|quarter|year)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantity:
    """A figure in an utterance (`text[start:end]`).

    `value` is the number as said, `dimension` one of number, memory, time, percent and money, `factor` what its unit is worth in the
    dimension's own (GiB, seconds, percent, USD).
    """

    start: int
    end: int
    value: float
    dimension: str = "number"
    factor: float = 1.0
    unit: str = ""


LARGEST = 1e15
"""What is larger counts nothing that anybody asks for."""


def find_quantities(text: str) -> list[Quantity]:
    """Return every figure of `text`; shares such as "eight out of ten" come first, their numbers follow."""
    return [quantity for quantity in (*_shares(text), *_figures(text)) if quantity.value <= LARGEST]


def _shares(text: str) -> Iterator[Quantity]:
    for match in RATIO.finditer(text):
        part, whole_ = (number_in_words(match[name]) for name in ("part", "whole"))
        if part is not None and whole_ and part <= whole_ and whole_ >= 5:
            yield Quantity(match.start(), match.end(), 100 * part / whole_, "percent")
    for words, percent in FRACTIONS.items():
        if (at := text.lower().find(words)) >= 0:
            yield Quantity(at, at + len(words), percent, "percent")


def _figures(text: str) -> Iterator[Quantity]:
    for match in FIGURE.finditer(text):
        value = _value(match)
        if value is not None:
            unit = (match["sign"] or match["percent"] or match["unit"] or "").lower()
            yield Quantity(match.start(), match.end(), value, *UNITS.get(unit, ("number", 1.0)), unit)


def _value(match: re.Match[str]) -> float | None:
    if not match["digits"]:
        return number_in_words(match["words"])
    scale = match["scale"] or ""
    return float(match["digits"].replace(",", "")) * (1e6 if scale == "M" else SCALES.get(scale.lower(), 1))


def number_in_words(text: str) -> float | None:
    """Read "two hundred and fifty" as 250; None when a word is no part of a number."""
    total, current = 0.0, 0.0
    for word in re.split(r"[\s-]+", text.lower()):
        if word.isdigit():
            current += float(word)
        elif word in LOOSE:
            current = current or 1 if word in ("a", "an") else LOOSE[word]
        elif word in SCALES:
            current = (current or 1.0) * SCALES[word]
            if SCALES[word] > 100:
                total, current = total + current, 0.0
        elif word in WORDS:
            current += WORDS[word]
        elif word != "and":
            return None
    return total + current


def whole(value: float) -> int | float:
    """Return 5 for 5.0, and 0.5 as it is; rounded so that unit conversions leave no tail."""
    value = round(value, 6)
    return int(value) if value == int(value) else value


def duration(seconds: float) -> str | None:
    """Write a length of time as `15m`, `6h` or `7d`; None when it is no whole number of minutes."""
    minutes = round(seconds / MINUTE)
    if minutes < 1 or abs(seconds / MINUTE - minutes) > 1e-6:
        return None
    unit, size = next((u, s) for u, s in (("d", 1440), ("h", 60), ("m", 1)) if minutes % s == 0)
    return f"{minutes // size}{unit}"


def as_duration(quantity: Quantity) -> str | None:
    """Write a quantity of time in the unit it was said in: 90 minutes is `90m`, two weeks are `14d`, 48 hours `48h`.

    A year has 365 days, in months too, and half a year has 180.
    """
    if quantity.dimension != "time":
        return None
    if quantity.factor < MINUTE:
        return duration(quantity.value * quantity.factor)
    if quantity.factor >= 30 * DAY and quantity.value == 0.5:
        return f"{int(quantity.factor / DAY) // 10 * 5}d"
    if quantity.factor == 30 * DAY and quantity.value and quantity.value % 12 == 0:
        return f"{round(quantity.value / 12 * 365)}d"
    unit, size = next((u, s) for u, s in (("d", DAY), ("h", HOUR), ("m", MINUTE)) if quantity.factor >= s)
    amount = quantity.value * quantity.factor / size
    return f"{round(amount)}{unit}" if amount >= 1 and abs(amount - round(amount)) < 1e-6 else duration(quantity.value * quantity.factor)


def period_in_words(text: str) -> str | None:
    """Read "last week", "today" or "this quarter" as a duration."""
    match = PERIOD.search(text)
    if not match:
        return None
    if unit := match["unit"] or match["loose"]:
        return as_duration(Quantity(0, 0, 1, "time", UNITS[unit.lower()][1]))
    return "1d" if match["today"] else "2d" if match["weekend"] else "7d"
