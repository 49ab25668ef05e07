"""Figures in words and digits, with their units."""

import re
from dataclasses import dataclass

ONES = dict(
    zip(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        range(20),
        strict=True,
    )
)
TENS = dict(zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], range(20, 100, 10), strict=True))
LOOSE = {"a": 1, "an": 1, "single": 1, "once": 1, "twice": 2, "thrice": 3, "couple": 2, "pair": 2, "half": 0.5, "dozen": 12}
SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "k": 1_000,
    "million": 1_000_000,
    "mio": 1_000_000,
    "billion": 1_000_000_000,
    "bn": 1_000_000_000,
}
# unit: (dimension, factor). Memory in GiB, time in seconds, money in USD.
UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(["gb", "gib", "gig", "gigs", "giga", "gigabyte", "gigabytes", "g"], ("memory", 1.0)),
    **dict.fromkeys(["mb", "mib", "meg", "megs", "megabyte", "megabytes"], ("memory", 1 / 1024)),
    **dict.fromkeys(["tb", "tib", "terabyte", "terabytes"], ("memory", 1024.0)),
    **dict.fromkeys(["%", "percent", "pct", "percentage"], ("percent", 1.0)),
    **dict.fromkeys(["$", "usd", "dollar", "dollars", "buck", "bucks", "€", "£", "eur"], ("money", 1.0)),
    **dict.fromkeys(["cent", "cents"], ("money", 0.01)),
    **dict.fromkeys(["ms", "msec", "millisecond", "milliseconds", "millis"], ("time", 0.001)),
    **dict.fromkeys(["s", "sec", "secs", "second", "seconds"], ("time", 1.0)),
    **dict.fromkeys(["m", "min", "mins", "minute", "minutes"], ("time", 60.0)),
    **dict.fromkeys(["h", "hr", "hrs", "hour", "hours", "hourly"], ("time", 3600.0)),
    **dict.fromkeys(["d", "day", "days"], ("time", 86_400.0)),
    **dict.fromkeys(["w", "wk", "wks", "week", "weeks"], ("time", 7 * 86_400.0)),
    **dict.fromkeys(["fortnight", "fortnights"], ("time", 14 * 86_400.0)),
    **dict.fromkeys(["mo", "mos", "month", "months"], ("time", 30 * 86_400.0)),
    **dict.fromkeys(["quarter", "quarters"], ("time", 90 * 86_400.0)),
    **dict.fromkeys(["y", "yr", "yrs", "year", "years"], ("time", 365 * 86_400.0)),
}
_WORD = "|".join(sorted({*ONES, *TENS, *SCALES, *LOOSE} - {"k", "a", "an"}, key=len, reverse=True))
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_UNIT = "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True) if u.isalpha())
FIGURE = re.compile(
    rf"(?<![\w.,:/@])(?<![A-Za-z]-)(?P<sign>[$€£])?\s?(?:(?P<digits>-?(?:{_DIGITS}))(?:\s?(?P<scale>k|mio|bn|hundred|thousand|million|billion|(?-i:M))(?![a-zA-Z]))?"
    rf"|(?P<words>(?:(?:an?\s)?(?:half|single|couple|dozen|pair)|an?\s(?:hundred|thousand|million)|{_WORD})\b(?:(?:\s|-|\sand\s)(?:{_WORD})\b)*))"
    rf"(?:(?:\s?(?P<percent>%))|(?:(?:\s|-|\sof\s|(?<=half)\san?\s)?(?P<unit>{_UNIT})(?![\w/-])))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantity:
    """A figure in an utterance: `value` as said, `dimension` one of number, memory, time, percent, money; `factor` to its base unit."""

    start: int
    end: int
    value: float
    dimension: str
    factor: float
    unit: str = ""


def find_quantities(text: str) -> list[Quantity]:
    """Return every figure of `text` in order."""
    found = []
    for match in FIGURE.finditer(text):
        value = _value(match)
        if value is None:
            continue
        unit = (match["sign"] or match["percent"] or match["unit"] or "").lower()
        dimension, factor = UNITS.get(unit, ("number", 1.0))
        found.append(Quantity(match.start(), match.end(), value, dimension, factor, unit))
    return found


def _value(match: re.Match[str]) -> float | None:
    if match["digits"]:
        scale = match["scale"] or ""
        return float(match["digits"].replace(",", "")) * (1e6 if scale == "M" else SCALES.get(scale.lower(), 1))
    return number_in_words(match["words"])


def number_in_words(text: str) -> float | None:
    """Read "two hundred and fifty" as 250; None when a word is no part of a number."""
    total, current, seen = 0.0, 0.0, False
    for word in re.split(r"[\s-]+", text.lower()):
        if word == "and":
            continue
        if word in SCALES:
            current = (current or 1) * SCALES[word]
            if SCALES[word] > 100:
                total, current = total + current, 0.0
        elif word == "dozen":
            current = (current or 1) * 12
        elif word in LOOSE:
            current = LOOSE[word] if word in ("half", "couple", "pair") else current or LOOSE[word]
        elif word in ONES or word in TENS:
            current += ONES.get(word, TENS.get(word, 0))
        else:
            return None
        seen = True
    return total + current if seen else None


def whole(value: float) -> int | float:
    """Return 5 for 5.0, and 0.5 as it is; rounded so that unit conversions leave no tail."""
    value = round(value, 6)
    return int(value) if value == int(value) else value


PERIOD = re.compile(
    r"\b(?P<today>today|this morning|tonight|yesterday|overnight|last night)\b|\b(?:since monday|weekend)\b"
    r"|\b(?:this|last|past|previous|current|the|a|an|per|one|whole|entire|prior|latest|recent)\s+(?P<unit>minute|hour|day|week|fortnight|month|quarter|year)\b"
    r"|\b(?P<loose>hour|day|week|fortnight|month|quarter|year)\b",
    re.IGNORECASE,
)


def duration(seconds: float) -> str | None:
    """Write a length of time as `15m`, `6h` or `7d`; None when it is no whole number of minutes."""
    minutes = seconds / 60
    if minutes < 1 or abs(minutes - round(minutes)) > 1e-6:
        return None
    for unit, size in (("d", 1440), ("h", 60)):
        if round(minutes) % size == 0:
            return f"{round(minutes) // size}{unit}"
    return f"{round(minutes)}m"


def as_duration(quantity: Quantity) -> str | None:
    """Write a quantity of time in the unit it was said in: 90 minutes is `90m`, two weeks are `14d`, 48 hours `48h`."""
    if quantity.dimension != "time" or quantity.factor < 60:
        return duration(quantity.value * quantity.factor) if quantity.dimension == "time" else None
    unit, size = next((u, s) for u, s in (("d", 86_400), ("h", 3600), ("m", 60)) if quantity.factor >= s)
    amount = quantity.value * quantity.factor / size
    return f"{round(amount)}{unit}" if abs(amount - round(amount)) < 1e-6 else duration(quantity.value * quantity.factor)


def period_in_words(text: str) -> str | None:
    """Read "last week", "today" or "this quarter" as a duration."""
    match = PERIOD.search(text)
    if not match:
        return None
    unit = match["unit"] or match["loose"]
    if unit:
        return as_duration(Quantity(0, 0, 1, "time", UNITS[unit.lower()][1]))
    return "1d" if match["today"] else "2d" if "weekend" in match[0].lower() else "7d"
