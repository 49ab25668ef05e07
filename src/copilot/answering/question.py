"""What a question asks for: its content words and the kind of answer it expects."""

import re
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from copilot.answering.kinds import Kind, kind_of

STOP_WORDS = """
    a an the of to in on at by for from with about into as is are was were be been being am do does did can could may might must
    shall should will would have has had i me my we us our you your he she it its they them their this that these those there here
    what which who whom whose when where why how many much long often far old tall big soon some any if or and but not no so than
    then please tell show give find know need get got want let say says said according document documents per there's what's whats
    happen happens happened
"""
STOP = frozenset(STOP_WORDS.split())
WORD = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:['’.&-][^\W_]+)*")
IRREGULAR = {
    "bought": "buy", "built": "build", "given": "give", "gave": "give", "held": "hold", "kept": "keep", "lost": "lose", "made": "make",
    "met": "meet", "paid": "pay", "ran": "run", "seen": "see", "sent": "send", "sold": "sell", "spent": "spend", "taken": "take",
    "took": "take", "told": "tell", "went": "go", "worn": "wear", "written": "write", "wrote": "write", "people": "person",
    "children": "child",
}  # fmt: skip
INVERTED = r"(?:is|are|was|were|do|does|did|can|could|must|should|will|would|has|have|had|may)\b"
CLAUSE = re.compile(
    rf"""(?ix)[,;:]\s+ | \s[-–—]+\s
    | \s(?=(?:that|who|whose|where|when|while|after|before|because|until|although)\s(?!{INVERTED}))"""
)
"""Where a clause ends that may only tell the circumstances."""
ASKS = re.compile(rf"(?i)\b(?:what|which|whom|why|how)\b|^\W*(?:who|whose)\b|\b(?:when|where|who|whose)\s{INVERTED}")
COUNTED = re.compile(
    r"""(?ix)\bhow\smany(?P<things>(?:\s[\w-]+){1,3}?)
    (?=\s(?:is|are|was|were|do|does|did|can|could|may|must|should|will|has|have|had|of|in|on|at|for|per|a|to)\b|\?|$)"""
)


@dataclass(frozen=True)
class Question:
    """A question, read once.

    Args:
        terms: Stemmed content words.
        names: Those of them that only one thing is called by.
        kind: What it asks for.
        counted: Stems of what "how many" counts.
        focus: Stem of what "which" asks for.
    """

    text: str
    terms: tuple[str, ...]
    names: frozenset[str]
    kind: Kind | None
    counted: tuple[str, ...]
    focus: str

    def shown(self, text: str) -> bool:
        """Whether a text holds something of the kind that is asked for."""
        return self.kind is None or self.kind.shown.search(text) is not None


def read(text: str) -> Question:
    """Read a question."""
    text = " ".join(text.split())
    clause, given, counted = asking_clause(text), names(text), COUNTED.search(text)
    return Question(
        text=text,
        terms=tuple(dict.fromkeys(terms(text))),
        names=given,
        kind=kind_of(clause),
        counted=tuple(terms(counted["things"])) if counted else (),
        focus=_focus(clause, given),
    )


def asking_clause(text: str) -> str:
    """Return the clause of a question that asks: "When the pump failed, what did the fitter find?" asks "what did the fitter find?"."""
    clauses = [clause.strip(" ,;:-–—") for clause in CLAUSE.split(text) if terms(clause)]
    return next((clause for clause in clauses if ASKS.search(clause)), text)


def _focus(clause: str, given: AbstractSet[str]) -> str:
    """Return the stem of what "what" or "which" asks for."""
    asked = re.search(r"(?i)\b(?:what|which)\b(?:['’]s)?(.*)", clause)
    own = [t for t in terms(asked[1]) if t not in given] if asked else []
    return own[0] if own else ""


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


def covered(wanted: str, stems: Collection[str]) -> bool:
    """Whether a stem is among others, or a near ending of it: reimburs, reimbursement; weigh, weight."""
    return wanted in stems or any(_near(wanted, other) for other in stems)


def _near(one: str, other: str) -> bool:
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    return len(short) >= 4 and len(long) - len(short) <= 4 and long.startswith(short) and short.isalpha()


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
