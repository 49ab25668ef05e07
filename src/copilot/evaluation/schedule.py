"""When a benchmark is due: a frequency or a cron line, the last run, and whether the documents have changed since."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from copilot.errors import BadArguments
from copilot.evaluation.basis import basis, changed
from copilot.outside.store import Store, Thing

KIND = "schedule"
NAMED = {"hourly": "0 * * * *", "daily": "0 6 * * *", "weekly": "0 6 * * 1", "monthly": "0 6 1 * *"}
"""In local time."""
FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
MOST_DAYS = 366 * 8
"""How far ahead a day is looked for: 29 February can be eight years away."""


@dataclass(frozen=True)
class Cron:
    """The minutes that a cron line names. A day matches by date or by weekday where the line restricts both."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def has_day(self, when: datetime) -> bool:
        by_date, by_weekday = when.day in self.days, when.isoweekday() % 7 in self.weekdays
        return when.month in self.months and (by_date or by_weekday if self.either else by_date and by_weekday)

    def following(self, after: datetime) -> datetime:
        """Return the first minute after a time, in its zone's wall clock; raise BadArguments when there is none."""
        start = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for days in range(MOST_DAYS):
            day = (start + timedelta(days=days)).replace(hour=0, minute=0) if days else start
            if self.has_day(day):
                for hour in sorted(hour for hour in self.hours if hour >= day.hour):
                    first = day.minute if hour == day.hour else 0
                    if minute := [m for m in sorted(self.minutes) if m >= first]:
                        return day.replace(hour=hour, minute=minute[0])
        raise BadArguments("That never comes.", "Give a day that exists, e.g. '0 6 1 * *'.")


@dataclass(frozen=True)
class Due:
    """A benchmark that is to be run on an agent, and why."""

    agent: str
    benchmark: str
    why: str


def read_cron(frequency: str) -> Cron:
    """Read `hourly`, `daily`, `weekly`, `monthly` or the five fields of a cron line; raise BadArguments for anything else."""
    parts = NAMED.get(frequency, frequency).split()
    if len(parts) != len(FIELDS):
        raise BadArguments(f"'{frequency}' is no frequency.", "Say hourly, daily, weekly, monthly, or a cron line such as '0 6 * * 1-5'.")
    minutes, hours, days, months, weekdays = (_field(part, *field) for part, field in zip(parts, FIELDS, strict=True))
    cron = Cron(minutes, hours, days, months, frozenset(d % 7 for d in weekdays), either="*" not in (parts[2][0], parts[4][0]))
    cron.following(datetime(2024, 1, 1))
    return cron


def due(store: Store, moment: datetime) -> list[Due]:
    """Return the scheduled benchmarks whose time has come, or whose agent, documents or cases have changed since their last run."""
    found = []
    for thing in store.all(KIND):
        agent, benchmark = store.find("agent", thing.body["agent"]), store.find("benchmark", thing.body["benchmark"])
        if agent is None or (benchmark is None and not thing.body["standard"]):
            continue
        last = last_run(store, thing)
        since = datetime.fromisoformat(last["started_at"] if last else thing.changed_at).astimezone(moment.tzinfo)
        if following(thing.body["frequency"], since) <= moment:
            found.append(Due(agent.name, thing.body["benchmark"], f"scheduled {thing.body['frequency']}"))
        elif last and benchmark and (why := changed(last["basis"], basis(store, benchmark, agent))):
            found.append(Due(agent.name, benchmark.name, " and ".join(why)))
    return found


def following(frequency: str, after: datetime) -> datetime:
    """Return when a frequency comes next after a time."""
    return read_cron(frequency).following(after)


def last_run(store: Store, thing: Thing) -> dict[str, str] | None:
    """Return start and basis of the last run that a schedule, or a person, began."""
    sql = "SELECT started_at, basis FROM runs WHERE owner = ? AND agent = ? AND benchmark = ? ORDER BY started_at DESC LIMIT 1"
    found = store.rows(sql, store.owner, thing.body["agent"], thing.body["benchmark"])
    return found[0] if found else None


def local_now() -> datetime:
    """The time on this machine's clock, with its zone."""
    return datetime.now(UTC).astimezone()


def _field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        numbers = [low, high] if span == "*" else [int(n) for n in (first, last if dash else first) if n.isascii() and n.isdigit()]
        every = int(step) if step.isascii() and step.isdigit() else 0 if slash else 1
        if len(numbers) != 2 or not low <= numbers[0] <= numbers[1] <= high or every < 1:
            raise BadArguments(f"'{text}' is no {name} of a cron line ({low} to {high}).", "Write it like '0 6 * * 1-5'.")
        values |= set(range(numbers[0], (high if slash and not dash else numbers[1]) + 1, every))
    return frozenset(values)
