"""The process that runs one function of an agent under limits, and ends: a request on stdin, an answer on stdout, both JSON.

A Python function gets no files but those of Python itself, no network and no other process. That keeps honest code from accidents;
code that means harm must not be given to an agent in the first place.
"""

import contextlib
import io
import json
import os
import resource
import sys
import sysconfig
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename", "os.rmdir",
             "os.mkdir", "os.chmod", "os.link", "os.symlink", "os.truncate", "shutil.", "ctypes.", "sys.addaudithook",
             "os.scandir", "os.kill")  # fmt: skip
READABLE = tuple(f"{os.path.realpath(sysconfig.get_path(name))}/" for name in ("stdlib", "platstdlib"))
ANSWER_BYTES = 64 << 10
FILE_BYTES = 1 << 20


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def confine(event: str, args: tuple[Any, ...]) -> None:
    """Refuse what a function has no need for (an audit hook); importing what belongs to Python stays possible."""
    if event in ("open", "os.listdir"):
        flags = args[2] if event == "open" else 0
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if isinstance(args[0], int) or (not writes and f"{os.path.realpath(os.fsdecode(args[0]))}/".startswith(READABLE)):
            return
        raise PermissionError("functions have no access to files")
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"functions may not use {event}")


def run(request: dict[str, Any]) -> Any:
    """Run the function of a request; what it prints goes nowhere."""
    if request["url"]:
        return _post(request["url"], request["args"], request["seconds"])
    scope: dict[str, Any] = {"__name__": "agent_function"}
    sys.addaudithook(confine)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(request["code"], "function", "exec"), scope)  # noqa: S102  the owner of the agent gave it to be run
        return scope[request["name"]](**request["args"])


def _post(url: str, args: dict[str, Any], seconds: int) -> Any:
    from copilot.knowledge.web import refuse_metadata

    refuse_metadata(url)
    body = json.dumps(args).encode()
    request = Request(url, body, {"Content-Type": "application/json", "User-Agent": "copilot"})  # noqa: S310  declared as http(s)
    with build_opener(_NoRedirects).open(request, timeout=seconds) as answer:
        text = answer.read(ANSWER_BYTES).decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def main() -> None:
    request = json.load(sys.stdin)
    for kind, most in (
        (resource.RLIMIT_AS, request["memory"]),
        (resource.RLIMIT_CPU, request["seconds"]),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # not every system has every limit
            resource.setrlimit(kind, (most, most))
    try:
        found = run(request)
        answer = {"text": found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str), "error": ""}
    except MemoryError:
        answer = {"text": "", "error": "it needs too much memory"}
    except Exception as error:
        answer = {"text": "", "error": f"{type(error).__name__}: {error}"[:200]}
    sys.stdout.write(json.dumps({**answer, "text": answer["text"][:ANSWER_BYTES]}))


if __name__ == "__main__":
    main()
