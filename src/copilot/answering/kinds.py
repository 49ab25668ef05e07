"""Kinds of answers: the words of a question that ask for one, and what a text must hold to give it."""

import re
from dataclasses import dataclass

NUMERAL = (
    "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|thousand)"
)
MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
WEEKDAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
PERIOD = "(?:second|minute|hour|day|night|week|fortnight|month|quarter|year|decade)s?"
QUANTITY = rf"(?:\d[\d.,]*|\b(?:{NUMERAL}|half|an?|no|each|every)\b)"
OFTEN = r"\b(?:daily|weekly|monthly|quarterly|yearly|annually|hourly|immediately|once|twice)\b"
SPAN = rf"(?:{QUANTITY}[\s-]+(?:\w+[\s-]+){{0,2}}{PERIOD}\b|{OFTEN})"
CURRENCY = r"(?:[$€£¥]|(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|cents?)\b)"
LENGTH = r"(?:feet|foot|ft|k?m|metres?|meters?|kilomet\w+|miles?|[cm]m|inch\w*)"
ROLE = (
    "(?:manager|director|officer|head|lead|leader|teams?|department|desk|office|committee|board|supervisor|staff|employees?|pilot|captain"
    "|coordinator|owner|administrators?|chief|president|chair|representative|partner|engineer|payroll|reception|authority|agency|company|manufacturer)"
)


@dataclass(frozen=True)
class Kind:
    """`asked` is looked for in the question, `shown` in the text. `columns` are words in the names of columns that hold it."""

    name: str
    asked: re.Pattern[str]
    shown: re.Pattern[str]
    columns: tuple[str, ...] = ()


def _kind(name: str, asked: str, shown: str, columns: str = "") -> Kind:
    return Kind(name, re.compile(asked, re.IGNORECASE), re.compile(shown), tuple(columns.split()))


KINDS = (
    _kind(
        "percent",
        r"(what|which) (percentage|percent|share|proportion)|how many percent",
        r"(?i)\d\s?%|per ?cent",
        "percent share discount",
    ),
    _kind(
        "money",
        r"how much\b.*\b(cost|pay|paid|charged?|worth|spend|claim|reimburs\w*|earn|owe)|\b(price|cost|fee|salary|budget|fare)\b",
        rf"(?i)[$€£¥]\s?\d|\d[\d.,]*\s?(?:{CURRENCY}|%|percent)|free of charge|(?:is|are|for) free|\d+\.\d\d\b",
        "price cost fee rate amount salary budget",
    ),
    _kind(
        "time",
        r"what time|when\b.*\b(open|close|start|begin|end)s?\b",
        rf"(?i)\d{{1,2}}[:.]\d{{2}}|\b(?:[01]\d|2[0-4])[0-5]\d\b|\b\d{{1,4}}\s?(?:[ap]\.?m\b|hours\b|o'clock|utc|[a-z]{{1,2}}[sd]t\b)|\bnoon\b|\bmidnight\b|{SPAN}",
    ),
    _kind("age", r"how old\b|what age\b", r"(?i)\bage[ds]?\b|\bold\b|\d years"),
    _kind(
        "duration",
        rf"how (long|often|soon|quickly|frequently)\b|how (many|much) {PERIOD}\b|notice period|deadline",
        rf"(?i){SPAN}|\d[\s-]?{LENGTH}\b",
    ),
    _kind(
        "date",
        r"^(since |until |by |from )?when\b|, when\b|(what|which) (date|day|month|year|weekday)\b|\bdate of\b",
        rf"(?i)\b{MONTH}\b|\b(?:1[6-9]|20)\d\d\b|\d{{1,2}}[./-]\d{{1,2}}|\d(?:st|nd|rd|th)\b|\b{WEEKDAY}\b|{SPAN}"
        r"|\b(?:first|second|third|last|end)\b[^.]{0,20}\b(?:day|of)\b|\b(?:after|before|until|within|every)\b",
        "date day from until due since valid year",
    ),
    _kind(
        "contact",
        r"\b(e-?mail address|phone|telephone|extension|contact number|hotline)\b",
        r"\d{3}|@\w",
        "phone telephone extension email mail",
    ),
    _kind(
        "reason",
        r"^why\b|\bcauses?\b|\breason",
        r"(?i)because|due to|result|caus|fail|so that|in order|reason|owing|since|lack|improper|inadequate|loss|lost",
        "cause reason",
    ),
    _kind(
        "number",
        r"\bhow (?!do|did|has|have|had|can|could|is|are|was|were|to|should|would|will|must|may|might|come|about|i\b|we\b|you\b)\w+\b"
        r"|(the|what) (number|maximum|minimum|limit|total|amount|size|rate|dose) of",
        rf"(?i)\d|\b(?:{NUMERAL}|none|once|twice|unlimited|no limit)\b",
    ),
    _kind(
        "person",
        r"^who(m|se)?\b|\bwho (is|was|are|do|should|can)\b|which (role|person|team|department|manager)",
        rf"\b[A-Z][\w-]+ [A-Z]|\b(?:HR|IT)\b|@\w|(?i:\b{ROLE}\b)",
        "contact name owner manager person responsible head",
    ),
    _kind(
        "organisation",
        r"\b(what|which) (\w+ )?(company|firm|club|school|university|organi[sz]ation|authority|agency|bank|newspaper|maker|manufacturer"
        r"|hospital|institute)\b",
        r"\S\s+[A-Z]\w",
        "company firm club school owner operator manufacturer supplier",
    ),
    _kind("place", r"\bwhere\b", r"", "city country location place address room site office"),
)
"""The first kind that a question asks for counts."""


def kind_of(question: str) -> Kind | None:
    """Return the kind of answer that a question asks for, or None when any text may answer it."""
    return next((kind for kind in KINDS if kind.asked.search(question)), None)
