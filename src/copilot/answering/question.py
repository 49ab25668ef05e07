"""What a question asks for: its content words and the kind of answer it expects."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

STOP = frozenset(
    """a an the of to in on at by for from with about into as is are was were be been being am do does did can could may might must
    shall should will would have has had i me my we us our you your he she it its they them their this that these those there here
    what which who whom whose when where why how many much long often far old tall big soon some any if or and but not no so than then
    please tell show give find know need get got want let say says said according document documents per there's what's whats""".split()
)
WORD = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")
NUMERALS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|thousand"
MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
PERIOD = r"(?:second|minute|hour|day|night|week|fortnight|month|quarter|year|decade)s?"
QUANTITY = rf"(?:\d[\d.,]*|\b(?:{NUMERALS}|half|an?|no|each|every)\b)"
SPAN = (
    rf"{QUANTITY}[\s-]+(?:\w+[\s-]+){{0,2}}{PERIOD}\b|\b(?:daily|weekly|monthly|quarterly|yearly|annually|hourly|immediately|once|twice)\b"
)

ASKED = (
    ("percent", r"(what|which) (percentage|percent|share|proportion)|how many percent"),
    ("money", r"how much\b.*\b(cost|pay|paid|charged?|worth|spend|claim|reimburs\w*|earn|owe)|\b(price|cost|fee|salary|budget|fare)\b"),
    ("time", r"what time|when\b.*\b(open|close|start|begin|end)s?\b"),
    ("age", r"how old\b|what age\b"),
    ("duration", rf"how (long|often|soon|quickly|frequently)\b|how (many|much) {PERIOD}\b|notice period|deadline"),
    ("date", r"^(since |until |by |from )?when\b|, when\b|(what|which) (date|day|month|year|weekday)\b|\bdate of\b"),
    ("contact", r"\b(e-?mail address|phone|telephone|extension|contact number|hotline)\b"),
    ("reason", r"^why\b|\bcauses?\b|\breason"),
    (
        "number",
        r"how (many|much|far|high|fast|heavy|big|large|deep|wide|tall|strong|powerful)\b|the (number|maximum|minimum|limit|total|amount) of",
    ),
    ("person", r"^who(m|se)?\b|\bwho (is|was|are|do|should|can)\b|which (role|person|team|department|manager)"),
)
"""What the words of a question ask for; the first that matches counts."""

SHOWN = {
    "percent": r"(?i)\d\s?%|per ?cent",
    "money": r"(?i)[$€£¥]\s?\d|\d[\d.,]*\s?(?:[$€£¥]|eur|usd|gbp|chf|euros?|dollars?|pounds?|cents?)\b|free of charge|(?:is|are|for) free|\d+\.\d\d\b",
    "time": rf"(?i)\d{{1,2}}[:.]\d{{2}}|\b\d{{1,4}}\s?(?:[ap]\.?m\b|hours\b|o'clock|utc|[a-z]{{1,2}}[sd]t\b)|\bnoon\b|\bmidnight\b|{SPAN}",
    "age": r"(?i)\bage[ds]?\b|\bold\b|\d years",
    "duration": rf"(?i){SPAN}|\d[\s-]?(?:feet|foot|ft|k?m|metres?|meters?|kilomet\w+|miles?|[cm]m|inch\w*)\b",
    "date": rf"(?i)\b{MONTH}\b|\b\d{{3,4}}\b|\d{{1,2}}[./-]\d{{1,2}}|\d(?:st|nd|rd|th)\b|(?:mon|tues|wednes|thurs|fri|satur|sun)day|{SPAN}"
    r"|\b(?:first|last|end) (?:day|of)\b|\b(?:after|before|until|within|every)\b",
    "contact": r"(?i)\d{3}|@\w",
    "reason": r"(?i)because|due to|result|caus|fail|so that|in order|reason|owing|since|lack|improper|inadequate|loss|lost",
    "number": rf"(?i)\d|\b(?:{NUMERALS}|none|once|twice|unlimited|no limit)\b",
    "person": r"\b[A-Z][\w-]+ [A-Z]|\b(?:HR|IT)\b|(?i:\b(?:manager|director|officer|head|lead|leader|teams?|department|desk|office|committee|board"
    r"|supervisor|staff|employees?|pilot|captain|coordinator|owner|administrators?|chief|president|chair|representative|partner|engineer)\b)",
}
"""What a text must hold to answer each kind."""

COUNTED = re.compile(
    r"(?i)\bhow (?:many|much)((?: [\w-]+){1,3}?)(?= (?:is|are|was|were|do|does|did|can|could|may|must|should|will|has|have|had|of|in|on|at|for|per|a|to)\b|\?|$)"
)


@dataclass(frozen=True)
class Question:
    """A question, read once.

    `terms` are stemmed content words; `names` those that only one thing is called by; `kind` is a key of SHOWN or empty;
    `counted` is the stem of what "how many" counts, `focus` of what "which" asks for, or empty; `bare` is the text without names.
    """

    text: str
    terms: tuple[str, ...]
    names: frozenset[str]
    kind: str
    counted: str
    focus: str
    bare: str

    def shown(self, text: str) -> bool:
        """Whether a text holds something of the kind that is asked for."""
        return not self.kind or re.search(SHOWN[self.kind], text) is not None


def read(text: str) -> Question:
    """Read a question."""
    text = " ".join(text.split())
    kind = next((kind for kind, asked in ASKED if re.search(asked, text, re.IGNORECASE)), "")
    counted = COUNTED.search(text)
    things = terms(counted[1]) if counted else []
    return Question(text, tuple(dict.fromkeys(terms(text))), names(text), kind, things[-1] if things else "", _focus(text), _bare(text))


def _focus(text: str) -> str:
    """Return the stem of what "what" or "which" asks for."""
    asked = re.search(r"(?i)\b(?:what|which)\b(.*)", text)
    own = [t for t in terms(asked[1]) if t not in names(text)] if asked else []
    return own[0] if own else ""


def _bare(text: str) -> str:
    """Return the question without the names in it."""
    given = names(text)
    return " ".join(w for w in text.split() if not set(terms(w)) & given) or text


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without a possessive ending; `list_price` is two words."""
    return [re.sub(r"['’]s?$", "", word.lower()) for word in WORD.findall(text)]


def terms(text: str) -> list[str]:
    """Return the stemmed content words of a text; a word with a hyphen also gives its parts."""
    whole = [word for word in words(text) if word not in STOP]
    parts = [part for word in whole if "-" in word for part in word.split("-") if len(part) > 2 and part not in STOP]
    return [stem(word) for word in (*whole, *parts)]


def names(text: str) -> frozenset[str]:
    """Return the stems of what only one thing is called by: words with figures, and words in capitals after the first."""
    found = WORD.findall(text)
    return frozenset(
        stem(w)
        for i, w in enumerate(words(text))
        if w not in STOP and ((w[:1].isdigit() and "-" not in w) or (i > 0 and found[i][0].isupper()))
    )


def covered(wanted: str, stems: Iterable[str]) -> bool:
    """Whether a stem is among others, or a near ending of it: reimburs, reimbursement; weigh, weight."""
    return any(wanted == other or _near(wanted, other) for other in stems)


def _near(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= 4 and len(long) - len(short) <= 4 and short.isalpha() and long.startswith(short)


def stem(word: str) -> str:
    """Take the commonest English endings off a word in lower case."""
    if len(word) <= 3 or any(c.isdigit() for c in word):
        return word
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("ly", ""), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not (ending == "s" and word.endswith(("ss", "us", "is"))):
            word = word[: len(word) - len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word
