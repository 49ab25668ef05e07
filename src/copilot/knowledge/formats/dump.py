"""SQL dumps of MySQL, PostgreSQL (also COPY) and SQLite: the rows that they would insert, under the names of the columns."""

import csv
from collections.abc import Iterator
from pathlib import Path

from copilot.knowledge.blocks import Block, Content
from copilot.knowledge.formats import lines
from copilot.knowledge.formats.statements import Script, Token, unescaped
from copilot.knowledge.formats.table import Table, caption, named
from copilot.knowledge.formats.text import MIXED, SAMPLE, decode, encoding_of

NO_COLUMN = {"CONSTRAINT", "PRIMARY", "FOREIGN", "UNIQUE", "KEY", "INDEX", "CHECK", "FULLTEXT", "SPATIAL", "EXCLUDE", "LIKE", "PERIOD"}


def preload(kind: str) -> None:
    """Need nothing beyond the standard library."""


def read(path: Path, kind: str) -> Content:
    """Read the rows of every table; a script without tables is read as text."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    notes: list[str] = []
    return Content(_blocks(path, decode(sample), encoding_of(sample), notes), notes=notes)


def _blocks(path: Path, start: str, encoding: str, notes: list[str]) -> Iterator[Block]:
    tables: dict[str, Table] = {}
    with path.open(encoding=encoding, errors=MIXED, newline="") as file:
        current = ""
        for name, columns, values in _Dump(Script(file, start), tables).rows():
            if name != current:
                yield caption(name)
                current = name
            table = tables.setdefault(name, Table(name, columns))
            if block := table.row(named(columns, values)):
                yield block
    for name, table in tables.items():
        if name != current or len(tables) > 1:
            yield caption(name)
        yield table.about()
    if not tables:
        notes.append("it holds no table, and was read as text")
        yield from lines.blocks(decode(path.read_bytes()))


class _Dump:
    """The statements of a dump that make tables and fill them."""

    def __init__(self, script: Script, tables: dict[str, Table]) -> None:
        self.script = script
        self.tables = tables
        self.columns: dict[str, list[str]] = {}

    def rows(self) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield table, column names and values of each row."""
        while token := self.script.next():
            if token.says("INSERT", "REPLACE"):
                yield from self._inserted()
            elif token.says("COPY"):
                yield from self._copied()
            elif token.says("CREATE"):
                self._create()
            elif token.says("DELIMITER"):
                self._pass_routines()
            elif not token.says(";"):
                self.script.skip()

    def _create(self) -> None:
        token = self.script.next()
        while token.says("TEMPORARY", "TEMP", "GLOBAL", "LOCAL", "UNLOGGED", "OR", "REPLACE", "VIRTUAL"):
            token = self.script.next()
        if token.says("TRIGGER", "FUNCTION", "PROCEDURE"):
            self._pass_body()
        elif not token.says("TABLE"):
            if not token.says(";"):
                self.script.skip()
        else:
            name, token = self._name()
            if token.says("("):
                columns = [item[0].text for item in self._items() if item and not _is_constraint(item)]
                self.columns[name] = columns
                self.tables.setdefault(name, Table(name, columns))
            if not token.says(";"):
                self.script.skip()

    def _pass_body(self) -> None:
        """Go behind a routine, whose statements are none of the dump's."""
        token, depth = self.script.next(), 0
        while token and (depth > 0 or not token.says(";")):
            depth += token.says("BEGIN", "CASE") - token.says("END")
            token = self.script.next()

    def _inserted(self) -> Iterator[tuple[str, list[str], list[str]]]:
        name, token = self._name()
        columns = self.columns.get(name, [])
        if token.says("("):
            columns = [item[-1].text for item in self._items() if item]
            token = self.script.next()
        while token and not token.says(";", "VALUES", "VALUE", "SELECT"):
            token = self.script.next()
        while token.says("VALUES", "VALUE", ","):
            if self.script.next().says("("):
                yield name, columns, [_value(item) for item in self._items()]
            token = self.script.next()
        if token and not token.says(";"):
            self.script.skip()

    def _copied(self) -> Iterator[tuple[str, list[str], list[str]]]:
        name, token = self._name()
        columns = self.columns.get(name, [])
        if token.says("("):
            columns = [item[-1].text for item in self._items() if item]
        options = [token, *self.script.rest()]
        if any(option.says("STDIN") for option in options):
            lines = self.script.lines()
            quoted = any(option.says("CSV") for option in options)
            cells = csv.reader(lines) if quoted else (map(_copied_value, line.split("\t")) for line in lines)
            yield from ((name, columns, list(row)) for row in cells)

    def _pass_routines(self) -> None:
        """Go behind the routines that MySQL writes between two changes of the delimiter."""
        while (token := self.script.next()) and not token.says("DELIMITER"):
            pass

    def _name(self) -> tuple[str, Token]:
        """Return the last part of a table's name, and the token behind it."""
        token = self.script.next()
        while token.says("INTO", "IGNORE", "OR", "REPLACE", "ABORT", "FAIL", "ROLLBACK", "LOW_PRIORITY", "DELAYED", "IF", "NOT", "EXISTS"):
            token = self.script.next()
        if token.says("ONLY"):
            token = self.script.next()
        name, token = token.text, self.script.next()
        while token.says("."):
            name, token = self.script.next().text, self.script.next()
        return name, token

    def _items(self) -> Iterator[list[Token]]:
        """Yield what stands between the commas up to the closing parenthesis, inner parentheses included."""
        item, depth = list[Token](), 1
        while token := self.script.next():
            depth += token.says("(") - token.says(")")
            if not depth:
                break
            if depth == 1 and token.says(","):
                yield item
                item = []
            else:
                item.append(token)
        yield item


def _is_constraint(item: list[Token]) -> bool:
    return item[0].kind == "word" and item[0].text.upper() in NO_COLUMN


def _copied_value(text: str) -> str:
    return "" if text == r"\N" else unescaped(text)


def _value(item: list[Token]) -> str:
    """Write a value; of an expression its only string, else its words."""
    if len(item) == 1 and item[0].kind == "bytes":
        return f"({len(item[0].text.strip('xX0').strip(chr(39))) // 2:,} bytes)"
    if len(item) == 1:
        return "" if item[0].says("NULL", "DEFAULT") else item[0].text
    strings = [token.text for token in item if token.kind == "string"]
    if item and item[0].says("REPLACE") and len(strings) == 2:
        return strings[0].replace(strings[1], "\n")  # SQLite writes line ends in this way
    return strings[0] if len(strings) == 1 else " ".join(token.text for token in item)
