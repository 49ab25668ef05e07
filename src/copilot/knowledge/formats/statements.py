"""SQL as tokens, read piece by piece: strings in the ways of MySQL, PostgreSQL and SQLite, names in any quotes."""

import re
from collections import deque
from collections.abc import Iterator
from typing import IO, NamedTuple

PIECE = 1 << 18
MAX_TOKEN = 64 << 20
MYSQL = re.compile(r"\b(?:TABLE|INTO|EXISTS|USE)\s+`|^\s*\)\s*ENGINE\s*=|^-- (?:MySQL|MariaDB) dump", re.IGNORECASE | re.MULTILINE)
PLAIN = r"'(?:[^']++|'')*+'"
ESCAPED = r"'(?:[^'\\]++|''|\\.)*+'"
SYNTAX = r"""
    (?P<space>\s++|--[^\n]*+\n?|/\*(?s:.*?)\*/{hash})
    |(?P<bytes>[xX]'[0-9a-fA-F]*+'|0[xX][0-9a-fA-F]++)
    |(?P<string>[eE]{escaped}|(?:[nNbB]|[uU]&|_\w+\s*)?{string}|\$(?P<tag>\w*)\$(?s:.*?)\$(?P=tag)\$)
    |(?P<name>`(?:[^`]++|``)*+`|"(?:[^"]++|"")*+"|\[[^\]\n]*+\])
    |(?P<number>[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?(?!\w))
    |(?P<word>\w[\w$]*+)
    |(?P<sign>.)
"""
OPENING = re.compile(r"['\"`]|/\*|\$\w*\$")
"""How a token begins that may end far away."""
NEAR = 256
"""Any other token is shorter than this."""
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "", "b": "", "Z": "", "f": "\f", "v": "\v", "\\": "\\", "'": "'", '"': '"'}


class Token(NamedTuple):
    """A piece of SQL; `text` is the value of a string, the name without its quotes, else as it was written."""

    kind: str
    text: str

    def __bool__(self) -> bool:
        return bool(self.kind)

    def says(self, *words: str) -> bool:
        return self.kind in ("word", "sign") and self.text.upper() in words


END = Token("", "")


class Script:
    """The tokens of a file, one after the other; holds a piece of the file at a time.

    Args:
        file: Opened as text.
        start: How the file begins, to tell whether a backslash escapes.
    """

    def __init__(self, file: IO[str], start: str) -> None:
        self._file = file
        self._buffer, self._position, self._ended = "", 0, False
        self._backslashes = bool(MYSQL.search(start))
        marks = (ESCAPED, r"|\#[^\n]*+\n?") if self._backslashes else (PLAIN, "")
        self._syntax = re.compile(SYNTAX.format(string=marks[0], hash=marks[1], escaped=ESCAPED), re.VERBOSE | re.DOTALL)

    def next(self) -> Token:
        """Return the next token; END after the last one."""
        while True:
            match = self._syntax.match(self._buffer, self._position)
            if (match is None or self._is_cut(match)) and self._more():
                continue
            if match is None:
                return END
            self._position = match.end()
            kind = match.lastgroup or ""
            if kind != "space":
                return Token(kind, self._value(kind, match.group()))

    def rest(self) -> Iterator[Token]:
        """Yield what is left of a statement, and go behind its semicolon."""
        while (token := self.next()) and not token.says(";"):
            yield token

    def skip(self) -> Token:
        """Go behind the next semicolon; return the token before it."""
        return next(iter(deque(self.rest(), 1)), END)

    def lines(self) -> Iterator[str]:
        """Yield the lines from the next one to the end of the data of a COPY, a line that says `\\.`."""
        self._line()
        while (line := self._line()) and line.rstrip("\r\n") != r"\.":
            yield line.rstrip("\r\n")

    def _line(self) -> str:
        """Return what is left of the line, with its end; empty at the end of the file."""
        while (end := self._buffer.find("\n", self._position)) < 0 and self._more():
            pass
        start, self._position = self._position, end + 1 if end >= 0 else len(self._buffer)
        return self._buffer[start : self._position]

    def _is_cut(self, match: re.Match[str]) -> bool:
        """Whether a token may go on behind what has been read."""
        unclosed = match.lastgroup == "sign" and bool(OPENING.match(self._buffer, match.start()))
        return unclosed or match.end() > len(self._buffer) - NEAR

    def _more(self) -> bool:
        """Read on, twice as much each time a token does not end; False at the end of the file."""
        left = len(self._buffer) - self._position
        if self._ended or left > MAX_TOKEN:
            return False
        piece = self._file.read(max(PIECE, left))
        self._ended = not piece
        if piece:
            self._buffer, self._position = self._buffer[self._position :] + piece, 0
        return bool(piece)

    def _value(self, kind: str, written: str) -> str:
        if kind == "name":
            quote = written[-1]
            return written[1:-1].replace(quote * 2, quote)
        if kind != "string":
            return written
        if written.startswith("$"):
            return written[written.index("$", 1) + 1 : written.rindex("$", 0, -1)]
        text = written[written.index("'") + 1 : -1].replace("''", "'")
        return unescaped(text) if self._backslashes or written[0] in "eE" else text


def unescaped(text: str) -> str:
    """Resolve escapes with a backslash; before anything else it stands for itself, as whoever wrote it must have meant."""
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[0]), text, flags=re.DOTALL) if "\\" in text else text
