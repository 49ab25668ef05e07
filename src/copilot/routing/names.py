"""Names that exist in the workspace, as people type them: other case, spaces for dashes, plurals, possessives, typos."""

import re
from collections.abc import Iterator, Mapping, Sequence

from copilot.routing.tokens import Token, tokenize

SURE = 100.0
MOST_WORDS = 4
COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "the",
        "this",
        "that",
        "these",
        "those",
        "is",
        "are",
        "was",
        "were",
        "be",
        "it",
        "its",
        "in",
        "on",
        "of",
        "to",
        "for",
        "from",
        "with",
        "by",
        "at",
        "as",
        "or",
        "not",
        "no",
        "do",
        "does",
        "did",
        "what",
        "which",
        "who",
        "how",
        "why",
        "when",
        "my",
        "our",
        "your",
        "all",
        "any",
        "some",
        "new",
        "old",
        "one",
        "two",
        "more",
        "most",
        "latest",
        "last",
        "next",
        "run",
        "show",
        "list",
        "get",
        "give",
        "make",
        "use",
        "set",
        "add",
        "agent",
        "agents",
        "model",
        "models",
        "collection",
        "collections",
        "benchmark",
        "benchmarks",
        "deployment",
        "deployments",
        "instance",
        "instances",
        "report",
        "data",
        "test",
        "tests",
        "production",
        "staging",
        "prod",
        "dev",
        "config",
        "budget",
        "cost",
        "costs",
        "please",
        "can",
        "you",
        "i",
        "we",
        "me",
        "us",
        "them",
        "they",
        "he",
        "she",
        "there",
        "here",
        "now",
        "again",
        "let",
        "lets",
        "need",
        "want",
    ]
)


def bare(text: str) -> str:
    """Reduce a name to what people keep when they retype it: lower-case letters and digits."""
    return re.sub(r"[\W_]+", "", text.lower())


def find_names(text: str, names: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, int, str, tuple[str, ...]]]:
    """Yield `(start, end, name, kinds)` for each known name in `text`: the surest and longest first, overlaps included."""
    known: dict[str, list[tuple[str, str]]] = {}
    for kind, listed in names.items():
        for name in listed:
            known.setdefault(bare(name), []).append((kind, name))
    known.pop("", None)
    if not known:
        return
    tokens = tokenize(text)
    found = []
    for first in range(len(tokens)):
        for last in range(first, min(len(tokens), first + MOST_WORDS)):
            start, end = tokens[first].start, tokens[last].end
            if match := _match(text[start:end], tokens[first : last + 1], known):
                score, key = match
                found.append((score, end - start, start, end, key))
    for _, _, start, end, key in sorted(found, key=lambda f: (-f[0], -f[1], f[2])):
        bearers = known[key]
        yield start, end, bearers[0][1], tuple(dict.fromkeys(kind for kind, _ in bearers))


def resolve(text: str, listed: Sequence[str]) -> str | None:
    """Return the one of `listed` that `text` means, or None."""
    found = next(find_names(text, {"": listed}), None)
    return found[2] if found else None


def _match(text: str, words: Sequence[Token], known: Mapping[str, object]) -> tuple[float, str] | None:
    from rapidfuzz import fuzz, process

    if any(not w.lower[0].isalnum() for w in (words[0], words[-1])):
        return None
    said = bare(text)
    if said in known:
        return SURE, said
    for shorter in (said.removesuffix("s"), said + "s"):
        if shorter in known and len(shorter) > 2:
            return SURE - 1, shorter
    if len(said) < 5 or any(w.lower in COMMON for w in words):
        return None
    best = process.extractOne(said, known.keys(), scorer=fuzz.ratio, score_cutoff=84)
    return (float(best[1]) - 5, str(best[0])) if best and abs(len(best[0]) - len(said)) <= 2 else None
