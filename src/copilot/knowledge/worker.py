"""The process that reads files: a small server that forks once a file, so that a bad file costs only itself.

Started by `sandbox` with a socket as its standard input. A request is `{"path", "redact", "seconds"}`, the answer an
`Extracted`; both are JSON behind their length. Parsers are imported here, once, and run in the forks under limits.
"""

import gc
import json
import logging
import os
import resource
import select
import signal
import socket
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from copilot.knowledge import formats
from copilot.knowledge.detect import extension_type
from copilot.knowledge.extract import Extracted, extract, rejected

MEMORY = 2 << 30
OUTPUT = 256 << 20
"""Most bytes that one file may answer with, or write."""


def send(channel: socket.socket, message: Any) -> None:
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    channel.sendall(len(data).to_bytes(8, "big") + data)


def receive(channel: socket.socket) -> Any:
    """Return the next message; None when the other side has gone."""
    length = _exactly(channel, 8)
    data = _exactly(channel, int.from_bytes(length, "big")) if length else b""
    return json.loads(data) if data else None


def _exactly(channel: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        if not (part := channel.recv(min(count - len(data), 1 << 20))):
            return b""
        data += part
    return bytes(data)


def serve(channel: socket.socket) -> None:
    """Answer requests until the other side hangs up."""
    gc.disable()  # what is imported here stays shared with the forks
    while request := receive(channel):
        with suppress(ImportError):  # the child meets it too, and says so
            formats.preload(extension_type(request["path"]))
        gc.freeze()
        send(channel, _forked(channel, request))


def _forked(channel: socket.socket, request: dict[str, Any]) -> bytes:
    """Read one file in a child; its answer, or what ended it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        channel.close()
        _read_file(writer, request)
    with suppress(OSError):  # the child does the same: whoever comes first
        os.setpgid(child, child)
    os.close(writer)
    data, ending = bytearray(), ""
    deadline = time.monotonic() + request["seconds"]
    while not ending:
        ready, _, _ = select.select([reader, channel.fileno()], [], [], max(0, deadline - time.monotonic()))
        part = os.read(reader, 1 << 20) if reader in ready else b""
        data += part
        if channel.fileno() in ready:
            ending = "abandoned"
        elif not ready:
            ending = f"gave up after {request['seconds']} seconds"
        elif len(data) > OUTPUT:
            ending = "it holds too much text"
        elif not part:
            break
    os.close(reader)
    if ending:
        os.killpg(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if not ending and status:
        ending = "it needs too much memory or crashed the reader"
    return json.dumps(rejected(ending, "Split it, or save it again in another format.")).encode() if ending else bytes(data)


def _read_file(writer: int, request: dict[str, Any]) -> None:
    """Run in the child: set limits, read the file, write the answer, exit."""
    status = 1
    try:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        _limit(request["seconds"])
        gc.enable()
        data = json.dumps(_guarded(Path(request["path"]), request["redact"])).encode()
        with os.fdopen(writer, "wb") as out:
            out.write(data)
        status = 0
    finally:
        os._exit(status)


def _limit(seconds: int) -> None:
    limits = (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, seconds + 5),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, value in limits:
        with suppress(ValueError, OSError):  # not every system has every limit
            resource.setrlimit(kind, (value, value))


def _guarded(path: Path, redact: bool) -> Extracted:
    """Read a file; what a parser raises becomes a reason."""
    try:
        return extract(path, redact)
    except MemoryError:
        return rejected("it needs too much memory", "Split it.")
    except RecursionError:
        return rejected("it is nested too deeply")
    except Exception as error:
        name = type(error).__name__
        return rejected(f"cannot be read as {extension_type(path.name) or 'a document'} ({name})", "Open it and save it again.")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with suppress(BrokenPipeError, ConnectionResetError):
        serve(socket.socket(fileno=os.dup(sys.stdin.fileno())))
