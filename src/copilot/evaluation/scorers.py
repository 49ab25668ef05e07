"""How an answer is compared with what was expected."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from copilot.answering.answer import Answer
from copilot.errors import Unavailable
from copilot.evaluation.cases import ANY, Case
from copilot.knowledge.search import Encoder

Metric = Literal["exact_match", "contains", "semantic_similarity", "llm_judge", "citation", "final_number", "latency", "custom"]
METRICS: tuple[Metric, ...] = get_args(Metric)
PROMPT_MILLISECONDS = 3000.0
"""How soon an answer must be there to pass for latency."""
SIMILAR = 0.6
HALF = 0.5
"""Least share of citations that must be of expected documents."""
NUMERALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
SYMBOLS = {"€": " eur ", "$": " usd ", "£": " gbp ", "¥": " jpy ", "%": " percent "}
SAME = {"euro": "eur", "euros": "eur", "dollar": "usd", "dollars": "usd", "pounds": "gbp", "us": "usd"}
IDLE = frozenset({"a", "an", "the"})
TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")


@dataclass(frozen=True)
class Score:
    """`value` is 0..1, None when it could not be judged; then `passed` is None too. `agreement` is among judgements, 0..1."""

    value: float | None
    passed: bool | None
    why: str
    agreement: float | None = None


@dataclass(frozen=True)
class Bench:
    """What scorers need from outside.

    Args:
        judge: Sends a prompt to a language model and returns its reply, for `llm_judge`.
        rubric: What a right answer must do besides stating the expected, for the judge.
        custom: The workspace's own metric.
    """

    embedder: Encoder
    judge: Callable[[str], str] | None = None
    rubric: str = ""
    custom: Callable[[Case, Answer], Score] | None = None


def require(metric: Metric, bench: Bench) -> None:
    """Raise Unavailable when a metric needs a model to judge and there is none."""
    if metric == "llm_judge" and bench.judge is None:
        raise Unavailable("llm_judge needs a language model, and none is chosen.", "Choose one: copilot models use NAME")


def score(metric: Metric, case: Case, answer: Answer, bench: Bench) -> Score:
    """Score one answer.

    Whatever the metric, a question that the documents do not answer is passed by refusing, and what must not be said fails.
    """
    if said := case.says_forbidden(answer.text):
        return Score(0.0, False, f"says “{said}”, which it must not")
    if not case.answerable:
        return Score(1.0, True, "rightly refused") if answer.refused else Score(0.0, False, "answered, and should have refused")
    if answer.refused:
        return Score(0.0, False, "refused")
    return Score(1.0, True, "answered") if case.answer == ANY else SCORERS[metric](case, answer, bench)


def timed(answer: Answer, milliseconds: float) -> Score:
    """Score how soon an answer, or a refusal, was there."""
    return _verdict(
        milliseconds <= PROMPT_MILLISECONDS, "in time", f"{milliseconds / 1000:.1f} s, longer than {PROMPT_MILLISECONDS / 1000:g} s"
    )


def _exact_match(case: Case, answer: Answer, bench: Bench) -> Score:
    said = tokens(answer.text)
    return _verdict(any(said == tokens(right) for right in _alternatives(case)), "the same words", "other words")


def _contains(case: Case, answer: Answer, bench: Bench) -> Score:
    said = tokens(answer.text)
    return _verdict(any(_within(tokens(right), said) for right in _alternatives(case)), "contains it", "does not contain it")


def _semantic_similarity(case: Case, answer: Answer, bench: Bench) -> Score:
    wanted = _alternatives(case)
    vectors = bench.embedder.encode([answer.text, *(c.text for c in answer.claims), *wanted])
    said, right = vectors[: -len(wanted)], vectors[-len(wanted) :]
    value = max(0.0, min(1.0, float((said @ right.T).max())))
    if not any(_figures(r) <= _figures(answer.text) for r in wanted):
        return Score(value, False, "another number than expected")
    if any(_within(tokens(r), tokens(answer.text)) for r in wanted):
        return Score(1.0, True, "contains it")
    return Score(value, value >= SIMILAR, f"similarity {value:.2f}, passes from {SIMILAR}")


def _citation(case: Case, answer: Answer, bench: Bench) -> Score:
    if not answer.claims:
        return Score(0.0, False, "no citation")
    named = [c.citation.document for c in answer.claims]
    if case.document:
        found = cited(case.document, named)
        harmonic = 2 * found.precision * found.recall / (found.precision + found.recall) if found.recall else 0.0
        return Score(harmonic, found.recall == 1 and found.precision >= HALF, f"cites {', '.join(dict.fromkeys(named))}")
    quoted = tokens(" ".join(c.citation.quote for c in answer.claims))
    return _verdict(any(_within(tokens(right), quoted) for right in _alternatives(case)), "quotes it", "quotes something else")


def _final_number(case: Case, answer: Answer, bench: Bench) -> Score:
    figures = [t for t in tokens(answer.text) if t[0].isdigit()]
    last = figures[-1] if figures else "none"
    return _verdict([last] in [tokens(right) for right in _alternatives(case)], "the same number", f"its last number is {last}")


def _llm_judge(case: Case, answer: Answer, bench: Bench) -> Score:
    from copilot.evaluation.judge import judgement

    assert bench.judge, "see require"
    found = judgement(bench.judge, case.question, case.answer, answer.text, bench.rubric)
    if found.right is None:
        return Score(None, None, found.why, found.agreement)
    return Score(float(found.right), found.right, found.why, found.agreement)


def _custom(case: Case, answer: Answer, bench: Bench) -> Score:
    assert bench.custom, "a benchmark with a metric of its own is run with it"
    return bench.custom(case, answer)


class Cited(NamedTuple):
    """How many of the citations are of expected documents, and how many of the expected documents are cited, 0..1."""

    precision: float
    recall: float


def cited(expected: str, named: Sequence[str]) -> Cited:
    """Compare the documents that are cited with those expected (`|` between them)."""
    wanted = [part.strip() for part in expected.split("|") if part.strip()]
    right = sum(any(_same_file(w, name) for w in wanted) for name in named)
    found = sum(any(_same_file(w, name) for name in named) for w in wanted)
    return Cited(right / len(named) if named else 0.0, found / len(wanted) if wanted else 0.0)


SCORERS: dict[Metric, Callable[[Case, Answer, Bench], Score]] = {
    "exact_match": _exact_match,
    "contains": _contains,
    "semantic_similarity": _semantic_similarity,
    "citation": _citation,
    "final_number": _final_number,
    "llm_judge": _llm_judge,
    "custom": _custom,
}


def tokens(text: str) -> list[str]:
    """Return words and numbers in one spelling: no case, accents, articles; 1,250.00 is 1250, seven is 7, € is eur."""
    for symbol, word in SYMBOLS.items():
        text = text.replace(symbol, word)
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    return [_canonical(t) for t in TOKEN.findall(plain) if t not in IDLE]


def _canonical(token: str) -> str:
    if token[0].isdigit():
        plain = re.sub(r",(?=\d{3}(?:\D|$))", "", token).replace(",", ".")
        whole, _, fraction = plain.partition(".")
        fraction = "" if "." in fraction else fraction.rstrip("0")
        return plain if plain.count(".") > 1 else f"{int(whole)}.{fraction}" if fraction else str(int(whole))
    return str(NUMERALS.index(token)) if token in NUMERALS else SAME.get(token, token)


def _within(wanted: list[str], said: Sequence[str]) -> bool:
    """Whether all wanted tokens stand close together in what was said: with at most one other between them."""
    length = len(wanted) + 1
    return bool(wanted) and any(_covers(said[i : i + length], wanted) for i in range(max(1, len(said) - len(wanted) + 1)))


def _covers(stretch: Sequence[str], wanted: list[str]) -> bool:
    left = list(stretch)
    for token in wanted:
        if token not in left:
            return False
        left.remove(token)
    return True


def _figures(text: str) -> set[str]:
    return {t for t in tokens(text) if t[0].isdigit()}


def _alternatives(case: Case) -> list[str]:
    return [part.strip() for part in case.answer.split("|") if part.strip()]


def _same_file(wanted: str, name: str) -> bool:
    base = wanted.replace("\\", "/").rsplit("/", 1)[-1].lower()
    return name.lower() in (base, wanted.lower()) or name.lower().rsplit(".", 1)[0] == base


def _verdict(passed: bool, yes: str, no: str) -> Score:
    return Score(float(passed), passed, yes if passed else no)
