"""The language model of a deployed agent: how it was told to be, and talking to it through Bedrock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

MOST_TOKENS = 1000
"""Of an answer."""


class Said(NamedTuple):
    """What a model answered; the price is not known here."""

    text: str
    tokens_in: int
    tokens_out: int
    usd: None = None


@dataclass(frozen=True)
class Speaker:
    """A model of Bedrock that answers for an agent.

    Args:
        model: Id of the model or its inference profile, or the ARN of one.
        temperature: None for the model's own.
    """

    model: str
    purpose: str
    tone: str
    instructions: str
    temperature: float | None = None


class Bedrock:
    """Lets a speaker answer, and notes whether a real model did."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self.simulated = False

    def complete(self, messages: Sequence[Mapping[str, Any]]) -> Said:
        """Let the model answer a conversation; raise the SDK's ClientError when Bedrock refuses."""
        temperature = self.speaker.temperature
        chosen = {} if temperature is None else {"temperature": temperature}
        said = _client().converse(
            modelId=self.speaker.model,
            system=[{"text": m["content"]} for m in messages if m["role"] == "system"],
            messages=[{"role": m["role"], "content": [{"text": m["content"]}]} for m in messages if m["role"] != "system"],
            inferenceConfig={"maxTokens": MOST_TOKENS, **chosen},
        )
        self.simulated = bool((said.get("additionalModelResponseFields") or {}).get("simulated"))
        text = "".join(part.get("text", "") for part in said["output"]["message"]["content"])
        return Said(text, said["usage"]["inputTokens"], said["usage"]["outputTokens"])


@cache
def _client() -> Any:
    import boto3

    return boto3.client("bedrock-runtime")
