"""Names by statistics: words that are capitalised where they need not be, and what stands around them."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from copilot.knowledge.analysis.corpus import Passage
from copilot.knowledge.analysis.results import EntityRow, EntityType
from copilot.knowledge.analysis.vocabulary import COMPANY, COUNTRIES, GIVEN, NO_NAME, SITE
from copilot.knowledge.chunk import sentences

MOST = 120
"""Names that are kept: those in most documents and passages."""
LONGEST = 60
MOSTLY = 0.05
"""A single word that is written small more often than this beside its capitals is no name."""
WORD = r"[^\W\d_a-zß-öø-ÿ][\w&’'-]*"
NAME = re.compile(rf"(?<![\w.@/]){WORD}(?: (?:(?:of the|of|de|van|von|der|for|&) )?{WORD})*(?:,? (?:Inc|Ltd|LLC|Corp)\b)?")
LOWER = re.compile(r"\b[a-zß-öø-ÿ][\w'’-]*")
ARTICLE = re.compile(r"^(?:The|A|An|Our|Your|This|That|These|Each|Any|All) ")
LABEL = re.compile(r"[^\W\d_][\w/-]*(?: [\w/()-]+){0,4}:")
SHOUTED = re.compile(r"(?=.{7})[^a-z]+")
ACRONYM = re.compile(r"[A-Z][A-Z0-9&]{1,6}")
TITLE = re.compile(r"(?:Mr|Mrs|Ms|Dr|Prof|Professor|Captain|Capt|Judge|Senator|Sir|Herr|Frau)\.? ")
PLACED = re.compile(r"\b(?:in|near|at|from|to|outside|around|toward|towards) $")
STATE = re.compile(r"^, (?:[A-Z]{2}\b|[A-Z][a-z]+)")
OFFICE = re.compile(r"^,? \(?(?:the |our |its )?(?:chief|head|director|manager|president|chair|officer|secretary|c[eft]o)\b", re.I)
INITIALLED = re.compile(r"[A-Z][a-z'’]+ [A-Z]\.? [A-Z][a-z'’]+")
COLUMNS: Mapping[EntityType, re.Pattern[str]] = {
    "person": re.compile(r"^(?:full|first|last|contact)?[ _]?name$|employee|contact|author|manager|owner|composer|artist", re.I),
    "organization": re.compile(r"company|supplier|customer|vendor|client|organi[sz]ation|employer|operator|manufacturer|agency", re.I),
    "place": re.compile(r"^(?:city|country|town|state|region|location|place|site|airport)$|_(?:city|country|state)$", re.I),
}
"""What the values of a column with such a name are."""


Named = tuple[str, Counter[EntityType]]
"""A name, and what its words and those around it say it is."""


@dataclass(frozen=True)
class Entities:
    """The names of a collection; `inside` has, text by text, which of them stand there (places among the rows)."""

    rows: tuple[EntityRow, ...]
    inside: tuple[frozenset[int], ...]


@dataclass(frozen=True)
class _Mention:
    name: str
    opens: bool
    """Whether it stands where every word is capitalised: at the start of a sentence, or in a form."""
    votes: Counter[EntityType]


def find_entities(passages: Sequence[Passage]) -> Entities:
    """Find the names in passages; what is repeated word for word counts once."""
    holders: dict[str, set[int]] = defaultdict(set)
    rows: dict[str, int | None] = {}
    lower: Counter[str] = Counter()
    for passage in passages:
        holders[passage.text].add(passage.document)
        if rows.setdefault(passage.text, passage.row) is passage.row:
            lower.update(LOWER.findall(passage.text))
    found = {text: list(_mentions(text, row)) for text, row in rows.items()}
    inner = Counter(m.name for mentions in found.values() for m in mentions if not m.opens)
    return collect([(holders[text], [kept for m in mentions if (kept := _trimmed(m, lower, inner))]) for text, mentions in found.items()])


def collect(mentions: Sequence[tuple[Collection[int], Collection[Named]]], fewest: int = 2) -> Entities:
    """Put mentions together by name.

    Args:
        mentions: For each passage the documents that it stands in, and the names in it.
        fewest: Passages that a name stands in at least.
    """
    counts: Counter[str] = Counter()
    spelt: dict[str, Counter[str]] = defaultdict(Counter)
    documents: dict[str, set[int]] = defaultdict(set)
    votes: dict[str, Counter[EntityType]] = defaultdict(Counter)
    held: list[set[str]] = []
    for holders, names in mentions:
        held.append({name.lower() for name, _ in names})
        for name, votes_here in names:
            key = name.lower()
            counts[key] += 1
            spelt[key][name] += 1
            documents[key].update(holders)
            votes[key].update(votes_here)
    standing = Counter(key for keys in held for key in keys)
    often = (key for key in counts if standing[key] >= fewest)
    kept = sorted(often, key=lambda k: (-min(len(documents[k]), standing[k]), -standing[k], k))[:MOST]
    places = {key: place for place, key in enumerate(kept)}
    rows = tuple(
        EntityRow(name=spelt[k].most_common(1)[0][0], type=_type(votes[k]), mentions=counts[k], documents=len(documents[k])) for k in kept
    )
    return Entities(rows, tuple(frozenset(places[k] for k in keys & places.keys()) for keys in held))


def _type(votes: Counter[EntityType]) -> EntityType:
    return max(get_args(EntityType), key=lambda kind: votes[kind]) if votes else "term"


def _mentions(text: str, row: int | None) -> Iterator[_Mention]:
    if row == 0:
        return
    if row is not None:
        yield from _in_cells(text)
        return
    for start, end in sentences(text):
        sentence = text[start:end]
        form = sentence.count(":") > 1  # where every value is capitalised
        if form:
            sentence = LABEL.sub(":", sentence)
        words = sentence.split()
        if not sentence.endswith(".") and sum(word[:1].isupper() for word in words) > 0.7 * len(words) > 2:
            continue  # a title, where capitals say nothing
        for match in NAME.finditer(sentence):
            if sentence[match.end() : match.end() + 1] == ":" or SHOUTED.fullmatch(match.group()):
                continue  # the label of a field, or an emphasis
            for name in _apart(match.group()):
                votes = _votes(name, sentence[: match.start()], sentence[match.end() :])
                yield _Mention(_clean(name), form or match.start() == 0, votes)


def _in_cells(text: str) -> Iterator[_Mention]:
    """Take names from the cells of a row, `column: value; …`; the column says what they are."""
    for cell in text.split("; "):
        column, _, value = cell.partition(": ")
        kind = next((kind for kind, pattern in COLUMNS.items() if pattern.search(column.strip())), None)
        if kind and NAME.fullmatch(value.strip()):
            yield _Mention(_clean(value.strip()), False, Counter({kind: 3}))
        else:
            for match in NAME.finditer(value):
                yield _Mention(_clean(match.group()), match.start() == 0, _votes(match.group(), value[: match.start()], ""))


def _apart(name: str) -> tuple[str, ...]:
    """Part a person from what they are of."""
    person, of, rest = name.partition(" of ")
    return (person, rest.removeprefix("the ")) if of and person.split()[0] in GIVEN else (name,)


def _clean(name: str) -> str:
    name = TITLE.sub("", ARTICLE.sub("", name), count=1).strip(" -'’&")
    return name.removesuffix("'s").removesuffix("’s")[:LONGEST]


def _votes(name: str, before: str, after: str) -> Counter[EntityType]:
    """Let the words of a name, and those around it, say what it is."""
    titled = TITLE.search(f"{before[-12:]}{name}")
    words = re.split(r"[ ,]+", name.rstrip("."))
    votes: Counter[EntityType] = Counter()
    votes["organization"] += 3 * (len(words) > 1 and (words[-1] in COMPANY or words[0] in ("University", "Bank", "Ministry", "Department")))
    votes["place"] += 3 * (words[0] in COUNTRIES if len(words) == 1 else words[-1] in SITE)
    votes["person"] += 2 * (2 <= len(words) <= 3 and words[0] in GIVEN) + 2 * bool(INITIALLED.fullmatch(name))
    votes["person"] += 3 * bool(titled) + 2 * bool(OFFICE.match(after))
    votes["place"] += bool(PLACED.search(before)) + (len(words) <= 2 and bool(STATE.match(after)) and bool(PLACED.search(before)))
    votes["term"] += 1
    return votes


def _trimmed(mention: _Mention, lower: Mapping[str, int], inner: Mapping[str, int]) -> Named | None:
    """Return what is left of a mention when words that are capitalised only for their place are taken away."""
    words = mention.name.split()
    while words and (words[0].lower() in NO_NAME or words[0].lower() in ("and", "of", "&") or _common(words, mention.opens, lower, inner)):
        words = words[1:]
    while words and words[-1].lower() in NO_NAME:
        words = words[:-1]
    name = " ".join(words)
    if len(name) < 3 and not ACRONYM.fullmatch(name):
        return None
    if len(words) == 1 and lower.get(name.lower(), 0) >= MOSTLY * inner.get(name, 0):
        return None
    return name, mention.votes


def _common(words: Sequence[str], opens: bool, lower: Mapping[str, int], inner: Mapping[str, int]) -> bool:
    """Whether the first word of a sentence is mostly written small elsewhere, or what follows it is a name elsewhere."""
    return opens and (lower.get(words[0].lower(), 0) > inner.get(words[0], 0) or " ".join(words[1:]) in inner)


def acronyms(texts: Iterable[str]) -> dict[str, int]:
    """Return in how many passages each acronym stands that is never spelt out beside it, nor written small."""
    used: Counter[str] = Counter()
    explained: set[str] = set()
    small: set[str] = set()
    for text in texts:
        small.update(LOWER.findall(text))
        if sum(map(str.isupper, text)) > sum(map(str.islower, text)):
            continue
        explained |= {"".join(word[0] for word in match.group().split() if word[0].isupper()) for match in NAME.finditer(text)}
        explained |= set(re.findall(r"\(([A-Z][A-Z0-9&]{1,6})s?\)", text)) | set(re.findall(r"\b([A-Z][A-Z0-9&]{1,6}) \([A-Za-z]", text))
        used.update(set(re.findall(r"(?<![\w.-])([A-Z][A-Z&]{2,5})s?(?![\w-])", text)))
    return {name: count for name, count in used.items() if name not in explained and name.lower() not in small}
