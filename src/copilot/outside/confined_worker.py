"""The process that runs code which is not ours: a request a line on standard input, an answer a line back, both JSON.

It is started by `confined` as a file, with Python's own modules only. The code gets no file but Python's own, no network and no
other process. That keeps honest code from accidents; it is no wall against code that means harm.
"""

import contextlib
import json
import os
import resource
import sys
import sysconfig
import zoneinfo
from typing import IO, Any

HARMLESS = ("import", "compile", "exec", "marshal.", "pickle.", "object.", "code.", "function.", "array.", "builtins.id", "gc.",
            "cpython.", "sys._getframe", "sys.excepthook", "sys.unraisablehook", "time.sleep")  # fmt: skip
"""What Python says it does when code computes. Whatever else it says it does (see its table of audit events) reaches outside."""
READABLE = tuple(
    f"{os.path.realpath(folder)}/" for folder in (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), *zoneinfo.TZPATH)
)


def confine(event: str, args: tuple[Any, ...]) -> None:
    """Refuse what reaches outside (an audit hook); importing what belongs to Python stays possible."""
    if event in ("open", "os.listdir"):
        writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes or isinstance(args[0], int) or not f"{os.path.realpath(os.fsdecode(args[0]))}/".startswith(READABLE):
            raise PermissionError("this code has no access to files")
    elif not event.startswith(HARMLESS):
        raise PermissionError(f"this code may not use {event}")


def limit(cpu_seconds: int, memory: int) -> None:
    limits = (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, most in limits:
        with contextlib.suppress(ValueError, OSError):  # not every system has every limit
            resource.setrlimit(kind, (most, most))


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Say that the process is ready for the code of the first line; answer each other with what its function returned, or why not."""
    begin = json.loads(requests.readline())
    limit(begin["cpu_seconds"], begin["memory"])
    sys.addaudithook(confine)
    print("{}", file=answers, flush=True)
    scope: dict[str, Any] = {"__name__": "confined"}
    broken = ""
    try:
        exec(compile(begin["code"], "code", "exec"), scope)  # noqa: S102  this is what the process is for
    except BaseException as error:
        broken = said(error)
    for line in requests:
        print(broken or answer(scope, json.loads(line), begin["most_characters"]), file=answers, flush=True)


def answer(scope: dict[str, Any], request: dict[str, Any], most: int) -> str:
    try:
        text = json.dumps({"value": scope[request["function"]](*request["args"], **request["named"])}, default=str)
    except BaseException as error:
        return said(error)
    return text if len(text) <= most else json.dumps({"error": f"its answer has more than {most:,} characters"})


def said(error: BaseException) -> str:
    """Say what went wrong, as an answer."""
    if isinstance(error, MemoryError):
        return json.dumps({"error": "it needs too much memory"})
    return json.dumps({"error": f"{type(error).__name__}: {error}"[:300]})


if __name__ == "__main__":
    channel = os.dup(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)  # what the code prints or reads goes nowhere; so do the errors, see `confined`
    serve(os.fdopen(channel), os.fdopen(os.dup(channel), "w"))
