"""SQLite files: every table, row by row, without writing to the file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from copilot.knowledge.blocks import Block, Content, Unreadable
from copilot.knowledge.formats.table import Table, caption


def preload(kind: str) -> None:
    """Need nothing beyond the standard library."""


def read(path: Path, kind: str) -> Content:
    """Read the tables in the order of their names; views repeat them and are left out."""
    log = path.with_name(f"{path.name}-wal")
    pending = log.is_file() and log.stat().st_size > 0
    return Content(_tables(path), notes=("changes that still stand in its -wal file were not read",) if pending else ())


def _tables(path: Path) -> Iterator[Block]:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            connection.execute("PRAGMA trusted_schema = OFF")
            shadows = {row[1] for row in connection.execute("PRAGMA table_list") if row[2] == "shadow"}
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
            for name in names:
                if not name.startswith("sqlite_") and name not in shadows:
                    yield from _rows(connection, name)
    except sqlite3.DatabaseError as error:
        raise Unreadable(f"damaged: {error}", "Copy what is left of it with: sqlite3 FILE .recover") from None


def _rows(connection: sqlite3.Connection, name: str) -> Iterator[Block]:
    escaped = name.replace('"', '""')
    rows = connection.execute(f'SELECT * FROM "{escaped}"')
    columns = [column[0] for column in rows.description]
    table = Table(name, columns)
    yield caption(name)
    for row in rows:
        if block := table.row([(column, text(value)) for column, value in zip(columns, row, strict=True)]):
            yield block
    yield table.about()


def text(value: object) -> str:
    """Write a value of a database; bytes are only counted."""
    if value is None:
        return ""
    return f"({len(value):,} bytes)" if isinstance(value, bytes) else str(value)
