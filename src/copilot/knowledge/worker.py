"""The process that reads files: a small server that forks once a file, so that a bad file costs only itself.

Started by `sandbox` with a socket as its standard input. A request is a file descriptor for the passages and a `Task` with
its limits, the answer an `Extracted` with the number of passages; both are JSON behind their length. Parsers are imported
here, once, and run in the forks under limits.
"""

import errno
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
from copilot.knowledge.extract import Task, extract, rejected

OUTPUT = 16 << 20
"""Most bytes that one file may answer with, beside its passages."""


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
    while (descriptors := socket.recv_fds(channel, 1, 1)[1]) and (request := receive(channel)):
        with suppress(ImportError):  # the child meets it too, and says so
            formats.preload(extension_type(request["path"]))
        gc.freeze()
        answer = _forked(channel, request, descriptors[0])
        os.close(descriptors[0])
        send(channel, answer)


def _forked(channel: socket.socket, request: dict[str, Any], passages: int) -> bytes:
    """Read one file in a child; its answer, or what ended it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        channel.close()
        _read_file(writer, request, passages)
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
    if ending:
        return json.dumps({**rejected(ending, "Split it, or save it again in another format."), "chunks": 0}).encode()
    return bytes(data)


def _read_file(writer: int, request: dict[str, Any], passages: int) -> None:
    """Run in the child: set limits, read the file, write the answer, exit."""
    status = 1
    try:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        _limit(request)
        gc.enable()
        data = json.dumps(_guarded(request, passages)).encode()
        with os.fdopen(writer, "wb") as out:
            out.write(data)
        status = 0
    finally:
        os._exit(status)


def _limit(request: dict[str, Any]) -> None:
    limits = (
        (resource.RLIMIT_AS, request["memory"]),
        (resource.RLIMIT_CPU, request["seconds"] + 5),
        (resource.RLIMIT_FSIZE, request["output"]),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, value in limits:
        with suppress(ValueError, OSError):  # not every system has every limit
            resource.setrlimit(kind, (value, value))


def _guarded(request: dict[str, Any], passages: int) -> dict[str, Any]:
    """Read a file; what a parser raises becomes a reason."""
    path = Path(request["path"])
    try:
        with os.fdopen(passages, "wb") as out:
            extracted = extract(Task(path, request["redact"], Path(request["folder"]), tuple(request["inside"])), out)
        return {**extracted, "chunks": len(extracted["chunks"])}
    except MemoryError:
        reason, hint = "it needs too much memory", "Split it."
    except RecursionError:
        reason, hint = "it is nested too deeply", ""
    except Exception as error:
        large = isinstance(error, OSError) and error.errno == errno.EFBIG
        name = type(error).__name__
        reason = "it holds too much text" if large else f"cannot be read as {extension_type(path.name) or 'a document'} ({name})"
        hint = "Split it." if large else "Open it and save it again."
    return {**rejected(reason, hint), "chunks": 0}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with suppress(BrokenPipeError, ConnectionResetError):
        serve(socket.socket(fileno=os.dup(sys.stdin.fileno())))
