"""What the model server of a SageMaker container calls: load the agent once, answer each request."""

from pathlib import Path
from typing import Any

from copilot.cloud.handler import Agent, handle, load
from copilot.cloud.service import adopt


def model_fn(folder: str) -> Agent:
    """Load the agent that lies in the unpacked archive."""
    adopt(Path(folder) / "content")
    return load()


def transform_fn(_agent: Agent, body: str | bytes, _content_type: str, _accept: str) -> tuple[Any, str]:
    """Answer `{"question": …}`; what is wrong with a request comes back as `{"error": …}`."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return handle({"body": text}, None)["body"], "application/json"
