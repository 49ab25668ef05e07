"""The simulated account as a local web server: journal, moto, and what moto lacks."""

import atexit
import io
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from filelock import FileLock, Timeout
from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from copilot.cloud.simulator import alarms, bedrock, permissions
from copilot.cloud.simulator.demand import OPERATION, Scope
from copilot.cloud.simulator.functions import Functions
from copilot.cloud.simulator.gateway import Gateway
from copilot.cloud.simulator.journal import Call, Journal
from copilot.cloud.simulator.principals import Principal, Principals
from copilot.cloud.simulator.repeatable import repeatable, seed_backends
from copilot.cloud.simulator.reply import Reply, refusal
from copilot.errors import Unavailable

LOCK_SECONDS = 120
READS = ("Describe", "List", "Get", "Head", "Query", "Scan", "BatchGet", "Filter", "Lookup", "Search", "Validate", "Estimate")
KEPT = ("REQUEST_METHOD", "PATH_INFO", "RAW_URI", "REQUEST_URI", "QUERY_STRING", "CONTENT_TYPE")
TARGETS = {"logs": "Logs_20140328", "monitoring": "GraniteServiceVersion20100801"}
"""What the services that are written to from inside are called in requests."""
INVOKE = re.compile(r"/2015-03-31/functions/(?P<function>[^/]+)/invocations")
EXECUTE = re.compile(r"/_aws/execute-api/(?P<region>[^/]+)/(?P<api>[^/]+)/(?P<stage>[^/]+)(?P<path>/.*)")
"""Where the REST APIs of the account answer; on AWS that is a host name, here a path."""

Environ = dict[str, Any]


class Moto(DomainDispatcherApplication):  # type: ignore[misc]
    """All services of moto behind one application; one it does not have is said to be missing."""

    def get_backend_for_host(self, host: str | None) -> Any:
        if host and "amazonaws.com" in host and not any(pattern.match(f"http://{host}") for _, pattern in self.backend_url_patterns):
            raise NotImplementedError(f"the service at {host}")
        return super().get_backend_for_host(host)


class SimulatedAccount:
    """One account: a WSGI application whose state is its journal.

    Args:
        folder: Where the journal, large bodies and unpacked functions lie.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self.lock = FileLock(folder / "lock", thread_local=False)  # the server's threads ask whether it is held
        self._journal = Journal(folder)
        self._calls = 0
        self._moto = Moto(create_backend_app)
        self._one_call = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=MotoRequestHandler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._principals = Principals()
        self._functions = Functions(folder / "functions", self.endpoint, self._principals, self.write)
        self._gateway = Gateway(self._functions, self.write)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the functions and the server; the account stays on disk."""
        self._functions.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.lock.release(force=True)
        BackendDict.reset()

    def catch_up(self) -> None:
        """Replay the calls that other processes added since this one last held the lock; all of them again after it was cut short."""
        try:
            for call in self._journal.unread():
                self._repeat(call)
        except BaseException:
            self._forget()
            raise

    def _repeat(self, call: Call) -> None:
        reply = self._perform({**_blank(), **call.environ}, call.body, call.number, call.at)
        self._calls = call.number
        if reply.status != call.status:
            raise Unavailable(
                f"The simulated account cannot be rebuilt: call {call.number} gave {reply.status}, and {call.status} before.",
                f"It was made by another version. Start a new one by moving {self.folder} away.",
            )

    def _forget(self) -> None:
        """Drop what is in memory: it is not what the journal says."""
        BackendDict.reset()
        self._journal.rewind()
        self._calls = 0

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        who = self._principals.take(environ)
        if who:
            reply = self._answer(who, environ, _body(environ))
        else:
            reply = refusal(environ, "AccessDenied", "This simulated account belongs to another process.", 403)
        start_response(f"{reply.status} {reply.reason}", list(reply.headers))
        return [reply.body]

    def _answer(self, who: Principal, environ: Environ, body: bytes) -> Reply:
        path = environ["PATH_INFO"]
        if not self.lock.is_locked:
            return Reply.of_json(503, {"message": "the simulated account is not in use"})
        if execute := EXECUTE.fullmatch(path):
            return self._gateway.respond(environ, body, **execute.groupdict())
        if who.role and (refused := permissions.check(who, environ, body)):
            return refused
        region, _ = Scope.of(environ)
        if environ["REQUEST_METHOD"] == "POST" and (invoke := INVOKE.fullmatch(path)):
            qualifier = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [""])[0]
            return self._functions.invoke(region, invoke["function"], body, qualifier)
        if environ["REQUEST_METHOD"] == "POST" and (converse := bedrock.CONVERSE.fullmatch(path)):
            return bedrock.converse(converse["model"], region, body)
        with self._one_call:
            if _reads(environ, body):
                if "DescribeAlarms" in _action(environ, body):
                    alarms.judge(region)
                return _ask(self._moto, environ, body)
            return self._change(environ, body)

    def write(self, operation: str, region: str, said: Mapping[str, Any]) -> Reply:
        """Make a change that AWS makes by itself, e.g. to a log, as if it had come in as a request."""
        service, _, name = operation.partition(".")
        asked = {
            "REQUEST_METHOD": "POST", "PATH_INFO": "/", "QUERY_STRING": "", "CONTENT_TYPE": "application/x-amz-json-1.1",
            "HTTP_HOST": f"{service}.{region}.amazonaws.com", "HTTP_X_AMZ_TARGET": f"{TARGETS[service]}.{name}",
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=simulated/20260101/{region}/{service}/aws4_request",
        }  # fmt: skip
        with self._one_call:
            return self._change({**_blank(), **asked}, json.dumps(said).encode())

    def _change(self, environ: Environ, body: bytes) -> Reply:
        self._calls += 1
        at = time.time()
        kept = {k: v for k, v in environ.items() if isinstance(v, str) and (k in KEPT or k.startswith("HTTP_"))}
        reply = self._perform(environ, body, self._calls, at)
        # A refused change is kept too: moto can leave a part of it behind.
        try:
            self._journal.append(Call(self._calls, at, kept, body, reply.status))
        except OSError as error:
            self._forget()
            self.catch_up()
            return refusal(environ, "SimulatorError", f"The simulated account cannot be written: {error}")
        return reply

    def _perform(self, environ: Environ, body: bytes, number: int, at: float) -> Reply:
        with repeatable(number, at):
            return _ask(self._moto, environ, body)


class _Running(NamedTuple):
    folder: Path
    account: SimulatedAccount


_running: list[_Running] = []


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Hold the account kept in `folder` while the block runs, and yield its endpoint.

    One process at a time: others wait. The server stays warm between blocks, and answers only inside one.

    Raises:
        Unavailable: another process holds the account for too long, or the journal cannot be replayed.
    """
    account = _open(folder.resolve())
    try:
        account.lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise Unavailable(f"Another copilot has been using the simulated account for {LOCK_SECONDS} s.", "Wait until it is done.") from None
    try:
        account.catch_up()
        yield account.endpoint
    finally:
        account.lock.release()


def is_running(folder: Path) -> bool:
    """Tell whether this process has the account of `folder` in memory."""
    return bool(_running) and _running[0].folder == folder.resolve()


def _open(folder: Path) -> SimulatedAccount:
    if _running and _running[0].folder != folder:
        shut_down()  # moto's state belongs to the process: one account at a time
    if not _running:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        seed_backends()
        _running.append(_Running(folder, SimulatedAccount(folder)))
    return _running[0].account


@atexit.register
def shut_down() -> None:
    """Stop the account of this process, if one is running."""
    while _running:
        _running.pop().account.close()


def _ask(moto: Any, environ: Environ, body: bytes) -> Reply:
    """Let moto answer; say NotSimulated, at once and without retries, where it cannot."""
    said: list[Any] = []
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    for name in ("HTTP_TRANSFER_ENCODING", "wsgi.input_terminated"):
        environ.pop(name, None)
    try:
        answer = b"".join(moto(environ, lambda status, headers, _=None: said.extend((status, headers))))
    except NotImplementedError as error:
        return refusal(environ, "NotSimulated", f"The simulated account cannot do this: {error}")
    except Exception as error:  # a mistake of moto's, to be shown as an answer and not as a broken server
        return refusal(environ, "SimulatorError", f"The simulated account failed: {type(error).__name__}: {error}")
    status = int(said[0][:3])
    if status == 404 and answer.startswith(b"<!doctype html>"):  # no route of moto matches
        return refusal(environ, "NotSimulated", f"The simulated account cannot do this: {environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
    return Reply(status, tuple(said[1]), answer)


def _body(environ: Environ) -> bytes:
    stream = environ["wsgi.input"]
    if environ.get("HTTP_TRANSFER_ENCODING", "") == "chunked":
        return bytes(stream.read())
    return bytes(stream.read(int(environ.get("CONTENT_LENGTH") or 0)))


def _action(environ: Mapping[str, Any], body: bytes) -> str:
    """Return the operation that a request names; empty where method and path say it."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if called := OPERATION.fullmatch(environ["PATH_INFO"]):
        return called[1]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        named = re.search(rb"(?:^|&)Action=(\w+)", body)
        return named[1].decode() if named else "unknown"
    return ""


def _reads(environ: Mapping[str, Any], body: bytes) -> bool:
    """Tell whether a request cannot change the account."""
    action = _action(environ, body)
    return action.startswith(READS) if action else environ["REQUEST_METHOD"] in ("GET", "HEAD")


def _blank() -> Environ:
    """The WSGI variables that a recorded call does not need to keep."""
    return {
        "SCRIPT_NAME": "", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
