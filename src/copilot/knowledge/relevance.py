"""How likely a passage is to have to do with a query: words that they share, and how near their vectors are.

Needs the standard library only: this file is also shipped to AWS Lambda.
"""

import math
import re
from collections.abc import Mapping, Set
from functools import lru_cache

COSINE_WEIGHT, COVERAGE_WEIGHT, PLACED_WEIGHT, ABOUT_WEIGHT, BIAS = 5.1, 3.2, 3.8, -1.3, -6.1
"""Their proportions put right passages first on seven sets of questions; their scale is a logistic regression of "the best
passages answer" on 300 questions with and without an answer (see docs/knowledge.md)."""
RELEVANT = 0.3
"""Below this, fewer than one query in three has anything to do with the passage: there is nothing relevant."""
MAX_TERMS = 32
TITLE_WORDS = 16
SAID = re.compile(r"[.!?;。！？]\s*$|:\s|[|]")
WORD = re.compile(r"\w+")
STOPWORDS = frozenset(
    WORD.findall(
        """a about all also am an and any are as at be been but by can could did do does for from had has have he her his how i if in
        into is it its many may me much must my no not of on or our shall she should so some than that the their them then there
        these they this those to was we were what when where which while who whom whose why will with would you your"""
    )
)


def content_words(text: str) -> tuple[str, ...]:
    """Return the distinct words that carry meaning, in order, at most MAX_TERMS; all words when none does."""
    words = list(dict.fromkeys(WORD.findall(text.lower())))
    return tuple([word for word in words if word not in STOPWORDS] or words)[:MAX_TERMS]


def names(text: str) -> frozenset[str]:
    """Return the words that begin with a capital, in lower case."""
    return frozenset(word.lower() for word in WORD.findall(text) if word[0].isupper())


def names_among(wanted: Set[str], text: str) -> frozenset[str]:
    """Return which of some words, in lower case, a text has with a capital."""
    if not wanted:
        return frozenset()
    words = _any_of(frozenset(wanted)).findall(text)
    return frozenset(word.lower() for word in words if word[0].isupper())


@lru_cache(64)
def _any_of(words: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"(?i)\b(?:{'|'.join(map(re.escape, sorted(words)))})\b")


def is_title(text: str) -> bool:
    """Whether a passage only names what follows: a few words that make no sentence and state nothing."""
    return len(text.split()) <= TITLE_WORDS and not SAID.search(text)


def rarities(counts: Mapping[str, int], total: int) -> dict[str, float]:
    """Weigh words by how few of all passages have them."""
    return {term: math.log(1 + (max(total - count, 0) + 0.5) / (count + 0.5)) for term, count in counts.items()}


def stems(text: str) -> frozenset[str]:
    """Return the words of a text without their endings."""
    return frozenset(map(_stem, set(WORD.findall(text.lower()))))


def coverage(weights: Mapping[str, float], found: Set[str], elsewhere: Mapping[str, float] | None = None) -> float:
    """Return how much of the words a text has, in any inflection, from 0 to 1.

    Args:
        weights: What each word counts.
        found: The stems of the text.
        elsewhere: How much of a word's weight is granted where the text lacks it, from 0 to 1.
    """
    credit = elsewhere or {}
    covered = sum(weight * (1.0 if _stem(term) in found else credit.get(term, 0.0)) for term, weight in weights.items())
    return covered / sum(weights.values()) if weights else 0.0


def relevance(cosine: float, covered: float, placed: float, about: bool = False) -> float:
    """Return how likely a passage is to have to do with the query, from 0 to 1; grows with all three.

    Args:
        covered: How much of the query's words the passage has with its headings; `placed` with its document too.
        about: Whether it only describes a table.
    """
    z = COSINE_WEIGHT * cosine + COVERAGE_WEIGHT * covered + PLACED_WEIGHT * placed + ABOUT_WEIGHT * about + BIAS
    return round(1 / (1 + math.exp(-z)), 4)


@lru_cache(20_000)
def _stem(word: str) -> str:
    """Cut common English endings; numbers and short words stay whole."""
    for ending in ("ingly", "edly", "ings", "ing", "ies", "ed", "es", "ly", "s", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and word.isalpha():
            return word.removesuffix(ending).removesuffix("e")
    return word.removesuffix("e") if len(word) > 4 else word
