"""Names that exist in the workspace, as people type them: other case, spaces for dashes, plurals, possessives, typos."""

import re
from collections.abc import Iterator, Mapping, Sequence

from copilot.routing.tokens import Token, tokenize

SURE = 100.0
MOST_WORDS = 4
FILE = re.compile(r"\w\.[a-z]{2,5}$")
"""What is no slip of a name, however near: report.tf is not report-qa."""
COMMON = frozenset(
    """
    a add again agent agents all assistant bot bots docs an and any are as at be benchmark benchmarks budget
    by can collection collections config cost costs data deployment deployments dev did do does for from get
    give he here how i in instance instances is it its last latest let lets list make me model models more
    most my need new next no not now of old on one or our please prod production report run set she show some
    staging test tests that the them there these they this those to two us use want was we were what when
    which who why with you your
    """.split()  # noqa: SIM905
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
    """Return the one of `listed` that `text` means, by its name or by words that only this name has; None when there is none."""
    found = next(find_names(text, {"": listed}), None)
    return found[2] if found else _by_part(text, listed)


def _by_part(text: str, listed: Sequence[str]) -> str | None:
    said = [w for w in re.findall(r"[a-z0-9]+", text.lower()) if w not in COMMON]
    if not said or len(said) > MOST_WORDS:
        return None
    having = [name for name in listed if set(said) <= set(re.findall(r"[a-z0-9]+", name.lower()))]
    return having[0] if len(having) == 1 else None


def partly_named(text: str, listed: Sequence[str]) -> list[str]:
    """Return those of `listed` of which `text` says a part that tells them from the others: "the lift one" is lift-watch."""
    said = {w for w in re.findall(r"[a-z0-9]+", text.lower()) if w not in COMMON and len(w) > 1 and not w.isdigit()}
    parts = [set(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())) for name in listed]
    shared = set.intersection(*parts) if len(parts) > 1 else set()
    return [name for name, own in zip(listed, parts, strict=True) if said & (own - shared)]


def _match(text: str, words: Sequence[Token], known: Mapping[str, object]) -> tuple[float, str] | None:
    if any(not w.lower[0].isalnum() for w in (words[0], words[-1])):
        return None
    said = bare(text)
    if said in known:
        return SURE, said
    for near in (said.removesuffix("s"), said + "s"):
        if near in known and len(near) > 2:
            return SURE - 1, near
    if any(w.lower in COMMON for w in words) or FILE.search(text):
        return None
    return _misspelt(said, known)


def _misspelt(said: str, known: Mapping[str, object]) -> tuple[float, str] | None:
    """Find the name that `said` is a slip of: one slip in a short name, two in a long one, never in its figures."""
    from rapidfuzz.distance import OSA

    most = 0 if len(said) < 4 else 1 if len(said) < 8 else 2
    slips = {name: OSA.distance(said, name, score_cutoff=most) for name in known if name[:1] == said[:1] or len(said) > 5}
    near = min(slips, key=lambda name: slips[name], default="")
    if not near or slips[near] > most or re.sub(r"\D", "", near) != re.sub(r"\D", "", said):
        return None
    return SURE - 10 * slips[near], near
