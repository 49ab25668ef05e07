"""How much a collection holds of each type, how well it was read, and which of its documents are old."""

import json
import re
from calendar import month_name
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.knowledge.analysis.corpus import Corpus, Passage
from copilot.knowledge.analysis.results import GapRow, StaleRow, TypeRow
from copilot.knowledge.source import INSIDE

if TYPE_CHECKING:
    from copilot.outside.store import Store

GARBLED = 0.5
"""A passage with less than this share of letters and digits is garbled."""
OLD_YEARS = 3
MOST_STALE, MOST_UNREAD = 50, 5
MONTHS = tuple(month.lower() for month in month_name if month)
DATE = re.compile(
    r"\b(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])(?:-\d\d)?\b|\b\d{1,2}[/.]\d{1,2}[/.](?P<plain>(?:19|20)\d\d)\b"
    rf"|\b(?P<name>{'|'.join(MONTHS)})\s+(?:\d{{1,2}},?\s+)?(?P<named>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def by_type(store: "Store", collection: str, corpus: Corpus) -> tuple[TypeRow, ...]:
    """Count documents by type, the most frequent first."""
    sql = """SELECT d.id, type, status, ifnull(pages, 0) AS pages, characters, bytes, details,
        (SELECT count(*) FROM chunks WHERE document = d.id) AS passages
        FROM documents d WHERE owner = ? AND collection = ? AND removed_by IS NULL ORDER BY name, d.id"""
    rows = store.rows(sql, store.owner, collection)
    indexed = [row for row in rows if row["status"] == "indexed"]
    looked, garbled = Counter[str](), Counter[str]()
    for passage in corpus.passages:
        kind = indexed[passage.document]["type"]
        looked[kind] += 1
        garbled[kind] += _is_garbled(passage.text)
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["type"]].append(row)
    found = [_type_row(kind, group, garbled[kind] / looked[kind] if looked[kind] else None) for kind, group in groups.items()]
    return tuple(sorted(found, key=lambda row: (-row.documents, row.type)))


def _type_row(kind: str, group: Sequence[dict[str, Any]], garbled: float | None) -> TypeRow:
    read = [row for row in group if row["status"] == "indexed"]
    return TypeRow(
        type=kind or "unknown",
        documents=len(read),
        unread=len(group) - len(read),
        pages=sum(row["pages"] for row in read),
        passages=sum(row["passages"] for row in read),
        characters=sum(row["characters"] for row in read),
        bytes=sum(row["bytes"] for row in group),
        noted=sum(bool(json.loads(row["details"]).get("notes")) for row in read),
        garbled=None if garbled is None else round(garbled, 4),
    )


def _is_garbled(text: str) -> bool:
    dense = "".join(text.split())
    return sum(map(str.isalnum, dense)) < GARBLED * len(dense)


def unread(store: "Store", collection: str) -> list[GapRow]:
    """Return the files that could not be read, by reason: what they say is missing."""
    sql = """SELECT reason, count(*) AS files, min(name) AS example FROM documents
        WHERE owner = ? AND collection = ? AND removed_by IS NULL AND status = 'failed'
        GROUP BY reason ORDER BY files DESC, reason LIMIT ?"""
    rows = store.rows(sql, store.owner, collection, MOST_UNREAD)
    counted = ((row["example"] if row["files"] == 1 else f"{row['files']} files, such as {row['example']}", row["reason"]) for row in rows)
    return [GapRow(kind="unread", what=what, why=why) for what, why in counted]


def find_stale(corpus: Corpus, today: date) -> tuple[StaleRow, ...]:
    """Return documents whose file has changed or gone since it was read, and those whose newest date is OLD_YEARS years old."""
    newest: dict[int, str] = {}
    for passage in corpus.passages:
        if latest := _latest(passage):
            newest[passage.document] = max(newest.get(passage.document, ""), latest)
    limit = f"{today.year - OLD_YEARS}-{today.month:02}"
    rows = []
    for place, document in enumerate(corpus.documents):
        if why := _changed(document.source, document.added_at):
            rows.append(StaleRow(document=document.name, why=why))
        elif "" < newest.get(place, "") < limit:
            rows.append(StaleRow(document=document.name, why=f"the newest date in it is {newest[place]}"))
    return tuple(sorted(rows, key=lambda row: (row.why.startswith("the newest"), row.why, row.document))[:MOST_STALE])


def _latest(passage: Passage) -> str:
    """Return the latest month that a passage names, as 2026-03; empty when it names none."""
    return max(map(_month, DATE.finditer(passage.text)), default="")


def _month(found: re.Match[str]) -> str:
    if found["plain"]:
        return f"{found['plain']}-12"  # day and month change places from country to country: the latest that it can be
    return f"{found['year']}-{found['month']}" if found["year"] else f"{found['named']}-{MONTHS.index(found['name'].lower()) + 1:02}"


def _changed(source: str, read_at: str) -> str:
    """Say what became of the file behind a document since it was read; empty for what is no file of this machine."""
    path = Path(source.partition(INSIDE)[0])
    if "://" in source or not path.is_absolute():
        return ""
    try:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return "its file is no longer there"
    except OSError:
        return ""
    return "its file has changed since it was read" if changed.isoformat() > read_at else ""
