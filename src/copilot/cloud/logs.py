"""The log lines of a deployment, from CloudWatch Logs."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from copilot.masking import mask
from copilot.outside.aws import MISSING, ClientError, Session, code_of

MOST_LINES = 500
"""Of more lines than this, the newest are shown."""


@dataclass(frozen=True)
class Line:
    """One line of a log.

    Args:
        id: What CloudWatch calls it; tells apart what was seen already.
        at: ISO time in UTC, to the millisecond.
        group: The log group it stands in.
    """

    id: str
    at: str
    group: str
    text: str


def read(session: Session, groups: Iterable[str], since: datetime, contains: str = "") -> list[Line]:
    """Return the lines of log groups, the oldest first; credentials in them are masked.

    A group that is gone has no lines.

    Args:
        since: Only lines from then on.
        contains: Only lines with this text; upper and lower case are the same.
    """
    found = deque(sorted(_lines(session, groups, since, contains.lower()), key=lambda line: line.at), MOST_LINES)
    return list(found)


def _lines(session: Session, groups: Iterable[str], since: datetime, contains: str) -> Iterator[Line]:
    start = int(since.timestamp() * 1000)
    pages = session.client("logs").get_paginator("filter_log_events")
    for group in groups:
        try:
            for page in pages.paginate(logGroupName=group, startTime=start):
                for event in page["events"]:
                    text = mask(event["message"].rstrip())
                    if contains in text.lower():
                        yield Line(event["eventId"], _time(event["timestamp"]), group, text)
        except ClientError as error:
            if code_of(error) not in MISSING:
                raise


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
