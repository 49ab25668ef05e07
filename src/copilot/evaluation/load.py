"""Many users at once: how soon an agent answers, how many answers it gives, and what goes wrong."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Lock

from copilot.errors import CopilotError
from copilot.progress import Advance, Progress, Silent

Put = Callable[[str], bool]
"""Puts a question; says whether it was answered rather than refused."""


@dataclass
class Load:
    """What came of it. `latencies` are milliseconds of the requests that were answered or refused; `seconds` is the whole time."""

    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    seconds: float = 0.0

    @property
    def requests(self) -> int:
        return len(self.latencies) + self.errors.total()

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Demand:
    """How many users ask at once, and until when: so many requests in all, so many seconds, or whichever comes first."""

    users: int
    requests: int | None = None
    seconds: float | None = None


def load(put: Put, questions: Sequence[str], demand: Demand, progress: Progress | None = None) -> Load:
    """Have users ask the questions in turn, each as soon as its last one is answered."""
    found, lock, began = Load(), Lock(), time.monotonic()
    taken = iter(range(demand.requests)) if demand.requests else iter(int, 1)
    count = iter(range(1 << 62))

    def user(advance: Advance) -> None:
        while demand.seconds is None or time.monotonic() - began < demand.seconds:
            with lock:
                if next(taken, None) is None:
                    return
                question = questions[next(count) % len(questions)]
            started = time.perf_counter()
            try:
                answered, problem = put(question), ""
            except CopilotError as error:
                answered, problem = False, error.problem[:120]
            milliseconds = (time.perf_counter() - started) * 1000
            with lock:
                if problem:
                    found.errors[problem] += 1
                else:
                    found.latencies.append(milliseconds)
                    found.refused += not answered
                advance(question)

    with (progress or Silent()).track(f"{demand.users} users", demand.requests) as advance:
        with ThreadPoolExecutor(demand.users, "user") as pool:
            users = [pool.submit(copy_context().run, user, advance) for _ in range(demand.users)]
        for one in users:
            one.result()
    found.seconds = time.monotonic() - began
    return found
