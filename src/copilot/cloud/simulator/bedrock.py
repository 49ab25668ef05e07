"""Bedrock: `converse` of the simulated account, answered by the built-in model and marked as simulated."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from copilot.cloud.simulator.reply import Reply

CONVERSE = re.compile(r"/model/(?P<model>.+)/converse")
MARK = "simulated"
CHARACTERS_A_TOKEN = 4
"""About what models count, for a usage that is not zero."""


def converse(model: str, region: str, body: bytes) -> Reply:
    """Answer a conversation. What is asked in the form of our own answer prompt gets claims with quotes; all else gets a sentence.

    The answer carries `simulated` among its additional fields, where a caller can see that no real model spoke.
    """
    said = json.loads(body or b"{}")
    asked = _texts([message for message in said.get("messages", []) if message.get("role") == "user"][-1:])
    if not asked:
        refused = {"message": "A conversation must start with a user message."}
        return Reply.of_json(400, refused, x_amzn_errortype="ValidationException")
    text = _answer(asked[-1], model)
    read = sum(map(len, _texts([*said.get("messages", []), {"content": said.get("system", [])}]))) // CHARACTERS_A_TOKEN
    written = len(text) // CHARACTERS_A_TOKEN + 1
    usage = {"inputTokens": read, "outputTokens": written, "totalTokens": read + written}
    message = {"role": "assistant", "content": [{"text": text}]}
    fields = {MARK: True, "model": model, "region": region}
    answer = {"output": {"message": message}, "stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 1}}
    return Reply.of_json(200, {**answer, "additionalModelResponseFields": fields})


def _texts(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [part["text"] for message in messages for part in message.get("content", []) if "text" in part]


def _answer(asked: str, model: str) -> str:
    try:
        prompt = json.loads(asked)
        question, passages = prompt["question"], prompt["passages"]
    except (ValueError, TypeError, KeyError):
        return f"[{MARK}] No model was called: this stands for what {model} would say."
    return json.dumps({"claims": _claims(str(question), passages), MARK: True}, ensure_ascii=False)


def _claims(question: str, numbered: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Let the built-in model answer from the passages of the prompt."""
    from copilot.answering.extract import answer
    from copilot.knowledge.search import Passage

    passages = [
        Passage(n, n, str(p["document"]), "", "", None, None, str(p.get("heading", "")), str(p["text"]), 0, len(p["text"]), 1 / n, 1.0)
        for n, p in enumerate(numbered, 1)
    ]
    found = answer(question, passages, _embedder())
    return [{"text": claim.text, "passage": claim.citation.chunk, "quote": claim.citation.quote} for claim in found.claims]


@cache
def _embedder() -> Any:
    from copilot.outside.embed import Embedder

    return Embedder.load()
