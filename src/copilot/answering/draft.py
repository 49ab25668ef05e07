"""Instructions for an agent, drafted by its language model from what it is for."""

import json

from pydantic import BaseModel, Field

from copilot.outside.chat import Chatter
from copilot.prompt import prompt


class Instructions(BaseModel):
    """The instructions of an agent."""

    text: str = Field(min_length=20, max_length=2000, description="The instructions, at most 120 words.")


def draft(chat: Chatter, purpose: str, tone: str) -> str:
    """Write instructions.

    Raises:
        Unavailable: the model cannot be reached.
        BadArguments: it does not answer in the form asked for.
    """
    said = json.dumps({"purpose": purpose, "tone": tone or "plain"}, ensure_ascii=False)
    messages = [{"role": "system", "content": prompt("draft")}, {"role": "user", "content": said}]
    return " ".join(chat.parse(messages, Instructions)[0].text.split())
