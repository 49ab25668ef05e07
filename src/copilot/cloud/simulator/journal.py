"""The simulated account on disk: every call that changed it, in order, from which it is rebuilt."""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

INLINE_BYTES = 16 * 1024


@dataclass(frozen=True)
class Call:
    """One request that may have changed the account.

    Args:
        number: Position in the journal, from 1; also the seed of every id made by the call.
        at: Unix time at which it happened.
        environ: The WSGI variables that say what was asked.
        status: HTTP status of the answer.
    """

    number: int
    at: float
    environ: Mapping[str, str]
    body: bytes = field(repr=False)
    status: int


class Journal:
    """An append-only file of calls, one JSON document a line; large bodies lie beside it under their hash.

    The caller holds the account's lock while it appends or reads.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "account.jsonl"
        self.blobs = folder / "blobs"
        self.offset = 0

    def unread(self) -> Iterator[Call]:
        """Yield the calls that were neither appended nor yielded here before; drop a last line that was cut off."""
        if not self.path.exists():
            return
        with self.path.open("rb+") as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    file.truncate(self.offset)
                    return
                self.offset += len(line)
                if call := self._parse(json.loads(line)):
                    yield call

    def append(self, call: Call) -> None:
        """Write a call down; raise OSError when that is impossible, e.g. on a full disk, and leave the file as it was."""
        document = {"n": call.number, "at": call.at, "environ": call.environ, **self._pack(call.body), "status": call.status}
        line = json.dumps(document).encode() + b"\n"
        try:
            with self.path.open("ab") as file:
                file.write(line)
        except OSError:
            os.truncate(self.path, self.offset)
            raise
        self.offset += len(line)

    def rewind(self) -> None:
        """Count every call as unread again."""
        self.offset = 0

    def forget(self, digest: str) -> None:
        """Delete a body for good; the call that brought it is no longer replayed."""
        (self.blobs / digest).unlink(missing_ok=True)

    def _pack(self, body: bytes) -> dict[str, str]:
        if len(body) <= INLINE_BYTES:
            return {"body": base64.b64encode(body).decode()}
        digest = sha256(body).hexdigest()
        blob = self.blobs / digest
        if not blob.exists():
            self.blobs.mkdir(exist_ok=True, mode=0o700)
            part = blob.with_suffix(".part")
            try:
                part.write_bytes(body)
            except OSError:
                part.unlink(missing_ok=True)
                raise
            part.replace(blob)
        return {"blob": digest}

    def _parse(self, line: Mapping[str, Any]) -> Call | None:
        try:
            body = (self.blobs / line["blob"]).read_bytes() if "blob" in line else base64.b64decode(line["body"])
        except FileNotFoundError:
            return None
        return Call(line["n"], line["at"], line["environ"], body, line["status"])
