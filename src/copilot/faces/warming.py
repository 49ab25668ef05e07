"""Loading the router while other things happen: it is half of the time of one utterance."""

from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from copilot.errors import CopilotError

if TYPE_CHECKING:
    from copilot.outside.chat import Chat


def warm() -> None:
    """Start loading; an error shows where the model is used.

    The thread is no daemon: a process that ends inside ONNX Runtime is aborted.
    """
    Thread(target=_load).start()


def warm_model(chat: "Chat | None") -> None:
    """Start importing LiteLLM, which takes seconds, where a language model is configured."""
    if chat is not None:
        Thread(target=chat.load, daemon=True).start()


def _load() -> None:
    from copilot.routing.offline import OfflineRouter

    with suppress(CopilotError):
        OfflineRouter.load()
