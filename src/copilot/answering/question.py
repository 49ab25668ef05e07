"""What a question asks for: its content words and the kind of answer it expects."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from copilot.answering.kinds import Kind, kind_of

STOP_WORDS = """
    a an the of to in on at by for from with about into as is are was were be been being am do does did can could may might must
    shall should will would have has had i me my we us our you your he she it its they them their this that these those there here
    what which who whom whose when where why how many much long often far old tall big soon some any if or and but not no so than
    then please tell show give find know need get got want let say says said according document documents per there's what's whats
"""
STOP = frozenset(STOP_WORDS.split())
WORD = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:['’.&-][^\W_]+)*")
IRREGULAR = {
    "bought": "buy", "built": "build", "given": "give", "gave": "give", "held": "hold", "kept": "keep", "lost": "lose", "made": "make",
    "met": "meet", "paid": "pay", "ran": "run", "seen": "see", "sent": "send", "sold": "sell", "spent": "spend", "taken": "take",
    "took": "take", "told": "tell", "went": "go", "worn": "wear", "written": "write", "wrote": "write", "people": "person",
    "children": "child",
}  # fmt: skip
COUNTED = re.compile(
    r"""(?ix)\bhow\s(?:many|much)(?P<things>(?:\s[\w-]+){1,3}?)
    (?=\s(?:is|are|was|were|do|does|did|can|could|may|must|should|will|has|have|had|of|in|on|at|for|per|a|to)\b|\?|$)"""
)


@dataclass(frozen=True)
class Question:
    """A question, read once.

    `terms` are stemmed content words; `names` those that only one thing is called by; `kind` is what it asks for;
    `counted` are the stems of what "how many" counts, `focus` is the stem of what "which" asks for; `bare` is the text
    without names.
    """

    text: str
    terms: tuple[str, ...]
    names: frozenset[str]
    kind: Kind | None
    counted: tuple[str, ...]
    focus: str
    bare: str

    def shown(self, text: str) -> bool:
        """Whether a text holds something of the kind that is asked for."""
        return self.kind is None or self.kind.shown.search(text) is not None


def read(text: str) -> Question:
    """Read a question."""
    text = " ".join(text.split())
    counted = COUNTED.search(text)
    return Question(
        text,
        tuple(dict.fromkeys(terms(text))),
        names(text),
        kind_of(text),
        tuple(terms(counted["things"])) if counted else (),
        _focus(text),
        _bare(text),
    )


def _focus(text: str) -> str:
    """Return the stem of what "what" or "which" asks for."""
    asked = re.search(r"(?i)\b(?:what|which)\b(?:['’]s)?(.*)", text)
    own = [t for t in terms(asked[1]) if t not in names(text)] if asked else []
    return own[0] if own else ""


def _bare(text: str) -> str:
    """Return the question without the names in it."""
    given = names(text)
    return " ".join(w for w in text.split() if not set(terms(w)) & given) or text


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without a possessive ending; `list_price` is two words."""
    return [re.sub(r"['’]s?$|(?<=\d),(?=\d{3}\b)", "", word.lower()) for word in WORD.findall(text)]


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
    """Take the commonest English endings off a word in lower case; irregular forms become their infinitive."""
    word = IRREGULAR.get(word, word)
    if len(word) <= 3 or any(c.isdigit() for c in word):
        return word
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("ly", ""), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not (ending == "s" and word.endswith(("ss", "us", "is"))):
            word = word[: len(word) - len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word
