"""Ask a deployed agent over HTTP, as any client of it would."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from copilot.cloud.account import connect
from copilot.cloud.serverless import PATH
from copilot.errors import BadArguments, Refused, Unavailable
from copilot.outside.aws import BotoCoreError, ClientError, Session
from copilot.outside.store import Store

ANSWER_SECONDS = 40
KEY_WAITS = (1, 4, 10)
"""Seconds between tries while a new API key is not known to API Gateway yet."""


def invoke(store: Store, home: Path, live: bool, deployment: str, question: str) -> dict[str, Any]:
    """Put a question to a deployment and return the answer, in the form of `Answer.as_json()`.

    The API key is fetched for the call and kept nowhere.

    Args:
        home: The workspace's folder.
        live: Whether this command may reach real AWS.
        deployment: Its exact name.

    Raises:
        NotFound: there is no such deployment.
        Refused: it is on real AWS and the command is not live, or the other way round.
        Unavailable: the endpoint does not answer.
    """
    thing = store.get("deployment", deployment)
    body = thing.body
    if body["simulated"] == live:
        where, flag = ("simulated", "without --live") if body["simulated"] else ("on real AWS", "with --live")
        raise Refused(f"{thing.name} is {where}.", f"Ask it {flag}.")
    with connect(home, body["region"], live) as session:
        try:
            key = session.client("apigateway").get_api_key(apiKey=body["api_key"], includeValue=True)["value"]
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"The API key of {thing.name} cannot be fetched: {error}", _look(thing.name)) from error
        status, said = _post(session, f"{session.gateway(body['api'], body['stage'])}/{PATH}", key, {"question": question})
    if status == 200:
        return dict(said["answer"])
    if status == 400:
        raise BadArguments(f"{thing.name} does not accept the question: {said.get('error', said)}", "Ask it in other words.")
    raise Unavailable(f"{thing.name} answered {status}: {said.get('message', said)}", _look(thing.name))


def _post(session: Session, url: str, key: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    opener = build_opener(ProxyHandler({})) if session.simulated else build_opener()
    headers = {"Content-Type": "application/json", "x-api-key": key, **session.headers}
    request = Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - http(s) only
    for wait in (*KEY_WAITS, 0):
        try:
            with opener.open(request, timeout=ANSWER_SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            with error:
                if error.code != 403 or session.simulated or not wait:
                    return error.code, _document(error.read())
            time.sleep(wait)
        except (URLError, TimeoutError) as error:
            raise Unavailable(f"{url} cannot be reached: {error}", "Check the network.") from error
    raise AssertionError("unreachable")


def _document(body: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(body))
    except (ValueError, TypeError):
        return {"message": body[:200].decode("utf-8", "replace")}


def _look(name: str) -> str:
    return f"See: copilot deployments show {name} --check"
