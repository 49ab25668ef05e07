"""The code of a deployed agent, which runs in AWS Lambda: find passages, answer from them with citations.

Nothing of a question or a document is logged or kept: only digests and counts.
"""

import hashlib
import json
import os
import sqlite3
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from copilot.answering.answer import Answer
from copilot.answering.extract import answer
from copilot.answering.generate import generate
from copilot.answering.guard import guarded
from copilot.answering.policy import Policy
from copilot.cloud.speaker import Bedrock, Speaker
from copilot.knowledge.search import Passage, search
from copilot.outside.embed_numpy import NumpyEmbedder

LONGEST_QUESTION = 4000
SIMULATED = "no language model was called: the account is simulated"
KEPT_SECONDS = 30 * 24 * 3600
"""How long the record of an answered question is kept."""


class Agent(NamedTuple):
    """What one deployment answers from."""

    connection: sqlite3.Connection
    embedder: NumpyEmbedder
    owner: str
    collections: tuple[str, ...]
    passages: int
    policy: Policy
    speaker: Speaker | None


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the REST API: `{"question": …, "session": …}` in, `{"answer": …, "session": …}` out.

    One line is logged for each. What goes wrong is raised without its words, which could be those of a question.
    """
    started, request = time.monotonic(), getattr(context, "aws_request_id", "")
    try:
        question, session = _request(event)
    except ValueError as error:
        _log("WARN", request, started, refused_request=str(error))
        return _reply(400, {"error": str(error)})
    try:
        found = _answer(question)
        _remember(session, question, found.refused, len(found.claims))
    except Exception as error:
        what = _without_words(error)
        _log("ERROR", request, started, failed=what)
        raise RuntimeError(what) from None
    _log("INFO", request, started, refused=found.refused, claims=len(found.claims))
    return _reply(200, {"answer": found.as_json(), "session": session})


def _answer(question: str) -> Answer:
    agent = load()

    def find() -> list[Passage]:
        return search(agent.connection, agent.owner, agent.embedder, agent.collections, question, agent.passages)

    def say(passages: list[Passage]) -> Answer:
        return _spoken(agent.speaker, question, passages) if agent.speaker else answer(question, passages, agent.embedder)

    return guarded(question, agent.policy, agent.embedder, find, say)


def _spoken(speaker: Speaker, question: str, passages: list[Passage]) -> Answer:
    """Let the language model answer; where only a simulated one did, the answer says so."""
    model = Bedrock(speaker)
    made = generate(question, passages, model, speaker)
    return replace(made, reported=(*made.reported, SIMULATED)) if model.simulated else made


def _log(level: str, request: str, started: float, **said: Any) -> None:
    """Write one line, which becomes the function's log."""
    line = {"level": level, "request": request, "milliseconds": round((time.monotonic() - started) * 1000, 1), **said}
    sys.stdout.write(json.dumps(line) + "\n")


def _without_words(error: Exception) -> str:
    """Name an error: its kind, AWS's words about a call of ours, and where in our code it arose."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "copilot" in frame.filename]
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    aws = getattr(error, "response", {}).get("Error", {})
    said = f": {aws.get('Code')}: {aws.get('Message')}" if aws else ""
    return f"{type(error).__name__} in {place}{said}"


@cache
def load() -> Agent:
    """Fetch the index and the weights, once for each process."""
    here = json.loads(os.environ["COPILOT_AGENT"])
    folder = Path(tempfile.gettempdir()) / "copilot"
    index = _fetch(here["bucket"], here["index"], folder / "index.db")
    for name in ("model.safetensors", "tokenizer.json"):
        _fetch(here["bucket"], here["model"][name], folder / name)
    connection = sqlite3.connect(f"file:{index}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    speaker = Speaker(**here["speaker"]) if "speaker" in here else None
    return Agent(
        connection, NumpyEmbedder(folder), here["owner"], tuple(here["collections"]), here["passages"], Policy.of(here["policy"]), speaker
    )


def _fetch(bucket: str, key: str, path: Path) -> Path:
    """Download an object whose key ends in its hash, and prove it; a file that is there already is proved again."""
    digest = key.rpartition("/")[2]
    if not path.exists() or _digest(path) != digest:
        import boto3

        path.parent.mkdir(exist_ok=True, mode=0o700)
        boto3.client("s3").download_file(bucket, key, str(path))
        if _digest(path) != digest:
            raise RuntimeError(f"{key} is not what was deployed")
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _request(event: dict[str, Any]) -> tuple[str, str]:
    """Return the question and the session of a request; raise ValueError when it is not one."""
    try:
        body = json.loads(event.get("body") or "")
    except ValueError:
        raise ValueError('the body has to be JSON: {"question": "…"}') from None
    question = body.get("question") if isinstance(body, dict) else None
    if not isinstance(question, str) or not question.strip():
        raise ValueError("'question' has to be a text")
    if len(question) > LONGEST_QUESTION:
        raise ValueError(f"'question' is longer than {LONGEST_QUESTION} characters")
    session = body.get("session")
    return question, session if isinstance(session, str) and 0 < len(session) <= 64 else uuid4().hex


def _remember(session: str, question: str, refused: bool, claims: int) -> None:
    """Note that a question was answered, where the deployment has a table for that."""
    table = os.environ.get("COPILOT_TABLE")
    if not table:
        return
    import boto3

    now = time.time()
    item = {
        "session": {"S": session},
        "at": {"S": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"},
        "question": {"S": hashlib.sha256(question.encode()).hexdigest()},
        "refused": {"BOOL": refused},
        "claims": {"N": str(claims)},
        "expires": {"N": str(int(now) + KEPT_SECONDS)},
    }
    boto3.client("dynamodb").put_item(TableName=table, Item=item)


def _reply(status: int, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body, ensure_ascii=False)}
