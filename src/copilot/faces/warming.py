"""Loading the embedding model while other things happen: it is half of the time of one utterance."""

from contextlib import suppress
from threading import Thread

from copilot.errors import CopilotError


def warm() -> None:
    """Start loading; an error shows where the model is used.

    The thread is no daemon: a process that ends inside ONNX Runtime is aborted.
    """
    Thread(target=_load).start()


def _load() -> None:
    from copilot.outside.embed import Embedder

    with suppress(CopilotError):
        Embedder.load()
