"""Ask an agent from several threads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local

from copilot.answering.agent import ask, open_agent
from copilot.answering.answer import Answer
from copilot.outside.embed_numpy import SentenceEncoder
from copilot.outside.store import Store, Thing


@contextmanager
def asking(store: Store, embedder: SentenceEncoder, thing: Thing) -> Iterator[Callable[[str], Answer]]:
    """Give a function that puts a question to an agent; each thread that calls it has a connection of its own."""
    agent = open_agent(store, thing)
    mine, opened = local(), list[Store]()

    def put(question: str) -> Answer:
        if not hasattr(mine, "store"):
            mine.store = Store(store.path, store.owner)
            opened.append(mine.store)
        return ask(mine.store, embedder, agent, question)

    try:
        yield put
    finally:
        for own in opened:
            own.close()
