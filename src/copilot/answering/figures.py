"""Numbers, dates and times of a text, however they are written, so that a claim can be held against its quote."""

import re

DIGITS = re.compile(r"\d+(?:[.,:/]\d+)*")
MONTH = re.compile(
    r"\b(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\b|\b(May)(?=\s\d)|(?<=\d\s)(May)\b"
)
WEEKDAY = re.compile(r"\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b")
UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
         "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORTH = {word: worth for worth, word in enumerate(UNITS, 1)} | {word: 10 * ten for ten, word in enumerate(TENS, 2)}
WORD = "|".join(WORTH)
SPELLED = re.compile(
    rf"(?i)\b(?:{WORD}|hundred|thousand)(?:(?:[ -]|(?<=hundred)[ ]and[ ]|(?<=thousand)[ ]and[ ])(?:{WORD}|hundred|thousand))*\b"
)


def figures(text: str) -> set[str]:
    """Return every figure of a text: separators of thousands taken out, months by three letters, words as digits.

    A lone "one" is no figure: it mostly stands for a noun.
    """
    digits = {re.sub(r"[,.](?=\d{3}\b)", "", found) for found in DIGITS.findall(text)}
    days = {name for found in (*MONTH.findall(text), *WEEKDAY.findall(text)) for name in ([found] if isinstance(found, str) else found)}
    spelled = {str(_worth(found)) for found in SPELLED.findall(text)}
    return (digits | days | (spelled - {"1"})) - {""}


def _worth(words: str) -> int:
    """Add up a spelled number, e.g. "two hundred and five"."""
    total = current = 0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word == "thousand":
            total, current = total + max(current, 1) * 1000, 0
        else:
            current = max(current, 1) * 100 if word == "hundred" else current + WORTH.get(word, 0)
    return total + current
