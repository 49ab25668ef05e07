"""An agent's function behind an HTTP address: it is sent JSON, and never followed elsewhere."""

import json
import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from copilot.errors import Unavailable
from copilot.knowledge.web import refuse_metadata

ANSWER_BYTES = 64 << 10


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def post(url: str, args: Mapping[str, Any], seconds: float) -> Any:
    """Send arguments to an http(s) address and return what it answers: JSON, else text.

    Raises:
        Unavailable: it cannot be reached, leads elsewhere, or answers too late or too much.
    """
    deadline, text = time.monotonic() + seconds, bytearray()
    try:
        refuse_metadata(url)
        headers = {"Content-Type": "application/json", "User-Agent": "copilot"}
        request = Request(url, json.dumps(args).encode(), headers)  # noqa: S310  declared as http(s)
        with build_opener(_NoRedirects).open(request, timeout=seconds) as answer:
            while part := answer.read1(ANSWER_BYTES):  # whatever has come: a slow one must not outlive the deadline
                text += part
                if len(text) > ANSWER_BYTES or time.monotonic() > deadline:
                    raise Unavailable(f"its answer is longer than {ANSWER_BYTES >> 10} KB, or takes longer than {seconds:g} seconds")
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise Unavailable(str(error)[:200]) from None
    said = text.decode("utf-8", "replace")
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return said
