"""What the simulated account answers, in the dialect of the service that was asked."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from xml.sax.saxutils import escape


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def reason(self) -> str:
        return HTTPStatus(self.status).phrase

    @classmethod
    def of_json(cls, status: int, content: Any, **headers: str) -> "Reply":
        """Answer with a JSON document; underscores in header names become dashes."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return cls(status, (("Content-Type", "application/json"), ("Content-Length", str(len(body))), *named), body)


def refusal(environ: Mapping[str, Any], code: str, message: str, status: int = 400) -> Reply:
    """Refuse a call that the simulated account cannot or may not perform, so that the SDK neither retries nor misreads it."""
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if form or "/s3/" in environ.get("HTTP_AUTHORIZATION", ""):
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = (f"<ErrorResponse>{error}</ErrorResponse>" if form else error).encode()
        return Reply(status, (("Content-Type", "text/xml"), ("Content-Length", str(len(body)))), body)
    return Reply.of_json(status, {"__type": code, "message": message}, x_amzn_errortype=code)
