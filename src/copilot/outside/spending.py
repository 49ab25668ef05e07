"""What calls of language models cost: noted while they are made, summed by session and day, and capped."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from copilot.errors import Refused
from copilot.outside.store import Store, now

DAY_CAP = 5.0
"""USD a day, unless the workspace says otherwise."""
RAISE = "Raise it with: copilot router --{cap} USD; what needs no language model goes on as usual."


@dataclass(frozen=True)
class Spent:
    """One call of a language model.

    Args:
        purpose: What it was for: `route`, `repair`, `reflect`, or the ability that made it.
        usd: Its price; None when that is unknown.
        said: What the model decided, in a word or two; never what a person typed.
    """

    purpose: str
    model: str
    tokens_in: int
    tokens_out: int
    usd: float | None
    said: str = ""


@dataclass(frozen=True)
class Sum:
    """What some calls cost together; `unpriced` of them have no known price."""

    calls: int
    tokens_in: int
    tokens_out: int
    usd: float
    unpriced: int


@dataclass(frozen=True)
class Cap:
    """A limit in USD, and what was spent of it when it was looked at."""

    name: str
    limit: float
    spent: float

    def check(self, more: float) -> None:
        """Raise Refused when what was spent, and `more` since, has reached the limit."""
        if self.spent + more >= self.limit:
            raise Refused(
                f"The {self.name} of ${self.limit:.2f} for language models is reached: ${self.spent + more:.2f} was spent.",
                RAISE.format(cap=self.name.replace(" ", "-")),
            )


@dataclass
class Tab:
    """The calls made while a block runs; those of a block inside it are on its tab too."""

    purpose: str
    caps: Sequence[Cap] = ()
    outer: "Tab | None" = None
    calls: list[Spent] = field(default_factory=list)

    def note(self, spent: Spent) -> None:
        self.calls.append(spent)
        if self.outer:
            self.outer.note(spent)

    def check(self) -> None:
        for cap in self.caps:
            cap.check(sum(call.usd or 0 for call in self.calls))
        if self.outer:
            self.outer.check()


_open: ContextVar[Tab | None] = ContextVar("open_tab", default=None)


@contextmanager
def counting(purpose: str, caps: Sequence[Cap] = ()) -> Iterator[list[Spent]]:
    """Collect the calls that are made inside, and let no call begin once a cap is reached."""
    tab = Tab(purpose, caps, _open.get())
    token = _open.set(tab)
    try:
        yield tab.calls
    finally:
        _open.reset(token)


def check_caps() -> None:
    """Raise Refused when a cap of the running turn is reached; models call this before they are asked."""
    if tab := _open.get():
        tab.check()


def note(model: str, tokens_in: int, tokens_out: int, usd: float | None) -> None:
    """Put a call on the open tab, if any; models call this when they have answered."""
    if tab := _open.get():
        tab.note(Spent(tab.purpose, model, tokens_in, tokens_out, usd))


@dataclass(frozen=True)
class Ledger:
    """The calls of one user's language models, as the store keeps them.

    Args:
        session: The conversation whose sum is meant; those without a name are summed by day only.
    """

    store: Store
    session: str

    def record(self, calls: Sequence[Spent]) -> None:
        """Keep the calls of one turn."""
        sql = """INSERT INTO model_calls (owner, session, purpose, model, tokens_in, tokens_out, usd, said, at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
        if calls:
            with self.store.transaction() as connection:
                rows = [
                    (self.store.owner, self.session, c.purpose, c.model, c.tokens_in, c.tokens_out, c.usd, c.said, now()) for c in calls
                ]
                connection.executemany(sql, rows)

    def of_session(self) -> Sum:
        return self._sum("session = ?", self.session)

    def of_day(self) -> Sum:
        """Sum the calls since midnight, local time."""
        return self._sum("at >= ?", _midnight())

    def by_purpose(self) -> list[dict[str, Any]]:
        """Return today's sums by model and purpose, the dearest first."""
        sql = """SELECT model, purpose, count(*) AS calls, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, sum(usd) AS usd
            FROM model_calls WHERE owner = ? AND at >= ? GROUP BY model, purpose ORDER BY usd DESC, calls DESC, purpose DESC"""
        return self.store.rows(sql, self.store.owner, _midnight())

    def caps(self, settings: Mapping[str, Any]) -> tuple[Cap, ...]:
        """Return the caps of the workspace with what is spent of them."""
        caps = [Cap("day cap", settings.get("day_cap", DAY_CAP), self.of_day().usd)]
        if self.session and "session_cap" in settings:
            caps.append(Cap("session cap", settings["session_cap"], self.of_session().usd))
        return tuple(caps)

    def _sum(self, where: str, value: str) -> Sum:
        sql = f"""SELECT count(*) AS calls, coalesce(sum(tokens_in), 0) AS tokens_in, coalesce(sum(tokens_out), 0) AS tokens_out,
            coalesce(sum(usd), 0.0) AS usd, count(*) - count(usd) AS unpriced FROM model_calls WHERE owner = ? AND {where}"""
        return Sum(**self.store.rows(sql, self.store.owner, value)[0])


def _midnight() -> str:
    today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return today.astimezone(UTC).isoformat(timespec="microseconds")
