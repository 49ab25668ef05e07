"""What a deployment has logged, and what it is logging."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from copilot.context import Context
from copilot.errors import BadArguments, NotFound
from copilot.intent import Duration, intent
from copilot.intents.deployments.workspace import check_reach, named_deployment
from copilot.outside.store import Thing, ago
from copilot.result import Item, Result

if TYPE_CHECKING:
    from copilot.cloud.logs import Line

LOOK_SECONDS = 2
"""Between two looks while somebody follows."""
OVERLAP = timedelta(seconds=30)
"""How far each look goes back behind the one before: lines can arrive late."""


class LogLine(Item):
    at: str
    log: str
    text: str


class Logs(Result):
    """Lines of a deployment's logs, the oldest first; `log` is the log group. Those that were `followed` were shown as they came."""

    deployment: str
    simulated: bool
    since: str
    contains: str | None
    lines: tuple[LogLine, ...]
    followed: int = 0

    @property
    def headline(self) -> str:
        if self.followed:
            return f"Followed {self.deployment}: {self.followed} lines shown."
        what = f" with '{self.contains}'" if self.contains else ""
        where = "the simulated account" if self.simulated else "AWS"
        count = f"{len(self.lines)} log {'line' if len(self.lines) == 1 else 'lines'}" if self.lines else "No log lines"
        return f"{count}{what} of {self.deployment} in {where} in the last {self.since}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return () if self.lines or self.followed else (f"copilot deployments show-logs {self.deployment} --since 7d",)


@intent(
    "read",
    examples=(
        "last 15 minutes of helpdesk logs",
        "show helpdesk errors containing Timeout",
        "what has the legal-bot deployment logged since yesterday?",
    ),
)
def show_logs(ctx: Context, deployment: str, since: Duration | None = None, contains: str | None = None, follow: bool = False) -> Logs:
    """Show a deployment's logs.

    Args:
        deployment: Deployment or agent name.
        since: How far back; 1h unless said.
        contains: Only lines with this text, in upper or lower case.
        follow: Go on showing new lines until you press Ctrl-C; needs a terminal.
    """
    from copilot.cloud.journal import Journal

    thing = named_deployment(ctx, deployment, "show_logs")
    check_reach(ctx, thing)
    if follow and not ctx.progress.watched:
        raise BadArguments(
            "Nobody can follow here: --follow needs a terminal, and not --json.", "Leave it out, and ask again with --since."
        )
    groups = [r.properties["name"] for r in Journal(ctx.store, thing.name).resources() if r.type == "log_group"]
    if not groups:
        raise NotFound(f"{thing.name} keeps no logs in CloudWatch.", f"See: copilot deployments show {thing.name}")
    back, words = since or "1h", contains or ""
    lines = _read(ctx, thing, groups, _moment(back), words)
    followed = _follow(ctx, thing, groups, lines, words) if follow else 0
    shown = tuple(LogLine(at=line.at, log=line.group, text=line.text) for line in lines if not follow)
    return Logs(deployment=thing.name, simulated=thing.body["simulated"], since=back, contains=contains, lines=shown, followed=followed)


def _follow(ctx: Context, thing: Thing, groups: Iterable[str], lines: "list[Line]", contains: str) -> int:
    """Show lines as they come until the person has seen enough; return how many."""
    known: set[str] = set()
    looked = datetime.now(UTC)
    try:
        while True:
            for line in lines:
                if line.id not in known:
                    known.add(line.id)
                    ctx.progress.stream(f"{line.at}  {line.text}\n")
            time.sleep(LOOK_SECONDS)
            looked, before = datetime.now(UTC), looked
            lines = _read(ctx, thing, groups, before - OVERLAP, contains)
    except KeyboardInterrupt:
        return len(known)


def _read(ctx: Context, thing: Thing, groups: Iterable[str], since: datetime, contains: str) -> "list[Line]":
    """Hold the account for one look only, so that others can act on it in between."""
    from copilot.cloud.logs import read
    from copilot.intents.deployments.preparation import hold_account

    with hold_account(ctx, thing.body["region"]) as (session, _):
        return read(session, groups, since, contains)


def _moment(duration: str) -> datetime:
    return datetime.fromisoformat(ago(duration) or "1970-01-01T00:00:00+00:00")
