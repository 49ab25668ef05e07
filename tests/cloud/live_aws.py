"""An AWS on loopback that is reached as the real one is: credentials and endpoint come from the environment.

What moto does not answer, and what AWS would refuse, is answered by the test: an action (`GetProducts`, or `PUT` and a path's
beginning for services without actions) and what comes back.
"""

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest

READS = ("Describe", "Get", "List", "Simulate", "GET ", "HEAD ")
Reply = tuple[int, str]
Answer = Callable[[dict[str, Any]], Reply | None]
"""Takes what was sent; None leaves the answer to the account."""


@dataclass
class LiveAws:
    """Args:
    answers: By action; each takes the fields that were sent.
    calls: Every action that was asked for, in order.
    """

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    @property
    def changes(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if not call.startswith(READS)]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        from werkzeug.wrappers import Response

        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        action, sent = _asked(environ, body)
        self.calls.append(action)
        answer = next((self.answers[name] for name in self.answers if action.startswith(name)), None)
        reply = answer(sent) if answer else None
        if reply:
            return Response(reply[1], status=reply[0])(environ, start_response)
        return self._account(environ, start_response)

    def _account(self, environ: dict[str, Any], start_response: Any) -> Any:
        from moto.server import DomainDispatcherApplication, create_backend_app

        if not hasattr(self, "_moto"):
            self._moto = DomainDispatcherApplication(create_backend_app)
        return self._moto(environ, start_response)


def _asked(environ: dict[str, Any], body: bytes) -> tuple[str, dict[str, Any]]:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rpartition(".")[2], json.loads(body)
    form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    form["region"] = environ.get("HTTP_AUTHORIZATION", "///").split("/")[2]  # what the signature is for
    if "Action" in form:
        return form["Action"], form
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", {}


def refusing(code: str, message: str, status: int = 403) -> Answer:
    """Refuse as the services that speak XML do."""
    text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return lambda _: (status, text)


def refusing_json(code: str, message: str, status: int = 400) -> Answer:
    """Refuse as the services that speak JSON do."""
    return lambda _: (status, json.dumps({"__type": code, "message": message}))


@contextmanager
def live_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveAws]:
    """Run it, and make it what `--live` reaches in this process and in those that it starts."""
    from werkzeug.serving import make_server

    from copilot.outside import aws

    account = LiveAws()
    server = make_server("127.0.0.1", 0, account, threaded=True)
    account.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL": account.url,
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    aws.session.cache_clear()
    try:
        yield account
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        aws.session.cache_clear()
