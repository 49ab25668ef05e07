"""Put questions to the HTTP endpoint of a deployment."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from copilot.errors import Unavailable

ANSWER_SECONDS = 40


def post(
    url: str,
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    directly: bool = False,
    forbidden_waits: Sequence[float] = (),
    seconds: float = ANSWER_SECONDS,
) -> tuple[int, dict[str, Any]]:
    """Send a JSON document; return the status and the document that came back.

    Args:
        directly: Past any proxy, for what runs on this machine.
        forbidden_waits: Seconds between tries while the answer is 403.
        seconds: How long to wait for the answer.

    Raises:
        Unavailable: nobody answers.
    """
    opener = build_opener(ProxyHandler({})) if directly else build_opener()
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})  # noqa: S310 - http(s) only
    for wait in (*forbidden_waits, 0):
        try:
            with opener.open(request, timeout=seconds) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            with error:
                if error.code != 403 or not wait:
                    return error.code, _document(error.read())
            time.sleep(wait)
        except (URLError, TimeoutError, ConnectionError) as error:
            raise Unavailable(f"{url} cannot be reached: {error}", "Check the network.") from error
    raise AssertionError("unreachable")


def _document(body: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(body))
    except (ValueError, TypeError):
        return {"message": body[:200].decode("utf-8", "replace")}
