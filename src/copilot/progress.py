"""How long work reports itself to whoever is watching."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[str], None]
"""Called once for each finished step, with the name of what was finished."""


class Progress(Protocol):
    """What a face offers to long work."""

    @property
    def watched(self) -> bool:
        """Whether a person sees what is streamed."""

    def track(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Show a bar (or a spinner when `total` is None) while the block runs."""

    def stream(self, text: str) -> None:
        """Show a piece of an answer as it is made."""


class Silent:
    """Nobody is watching."""

    watched = False

    @contextmanager
    def track(self, label: str, total: int | None = None) -> Iterator[Advance]:
        yield lambda _: None

    def stream(self, text: str) -> None:
        pass
