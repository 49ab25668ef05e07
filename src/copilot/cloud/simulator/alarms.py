"""CloudWatch alarms of the simulated account, judged from the metrics that runs have left."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": gt, "GreaterThanOrEqualToThreshold": ge, "LessThanThreshold": lt, "LessThanOrEqualToThreshold": le,
}  # fmt: skip
STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum, "Average": lambda values: sum(values) / len(values), "Minimum": min, "Maximum": max, "SampleCount": len,
}  # fmt: skip


def judge(region: str) -> None:
    """Bring the state of every alarm of a region up to date.

    AWS looks once a minute at periods that begin on the full minute; here the periods end now.
    """
    backend, now = cloudwatch_backends[DEFAULT_ACCOUNT_ID][region], datetime.now(UTC)
    for alarm in list(backend.alarms.values()):
        if alarm.metric_name and alarm.comparison_operator in COMPARISONS:
            measured = _measured(alarm, list(backend.metric_data))
            state, reason = _judged(alarm, _points(alarm, measured, now))
            if state != alarm.state_value or alarm.state_reason.startswith("Unchecked"):
                alarm.update_state(reason, "{}", state)
                alarm.state_updated_timestamp = max((datum.timestamp for datum in measured), default=alarm.configuration_updated_timestamp)


def _measured(alarm: Any, data: Sequence[Any]) -> list[Any]:
    """Return what was measured of an alarm's metric."""
    metric, wanted = (alarm.namespace, alarm.metric_name), sorted((d.name, d.value) for d in alarm.dimensions)
    same = (datum for datum in data if (datum.namespace, datum.name) == metric)
    return [datum for datum in same if sorted((d.name, d.value) for d in datum.dimensions) == wanted]


def _points(alarm: Any, measured: Sequence[Any], now: datetime) -> list[float | None]:
    """Return the value of each period that counts, the newest first; None where nothing was measured."""
    periods: list[list[float]] = [[] for _ in range(alarm.evaluation_periods)]
    for datum in measured:
        back = int((now - datum.timestamp.replace(tzinfo=UTC)).total_seconds() // alarm.period)
        if 0 <= back < len(periods):
            periods[back].append(float(datum.value))
    return [_statistic(alarm, values) if values else None for values in periods]


def _statistic(alarm: Any, values: Sequence[float]) -> float:
    if alarm.extended_statistic:
        return percentile(values, float(alarm.extended_statistic.removeprefix("p")))
    return float(STATISTICS[alarm.statistic](values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which so many per cent lie, between neighbours in proportion."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _judged(alarm: Any, points: Sequence[float | None]) -> tuple[str, str]:
    """Return the state, and why."""
    missing = alarm.treat_missing_data or "missing"
    if all(point is None for point in points):
        state = {"breaching": "ALARM", "notBreaching": "OK", "ignore": alarm.state_value}.get(missing, "INSUFFICIENT_DATA")
        return state, "Threshold Crossed: no datapoints were received"
    beyond = COMPARISONS[alarm.comparison_operator]
    breaching = [missing == "breaching" if point is None else beyond(point, alarm.threshold) for point in points]
    needed = alarm.datapoints_to_alarm or len(points)
    seen = ", ".join("missing" if point is None else f"{point:g}" for point in points)
    state = "ALARM" if sum(breaching) >= needed else "OK"
    crossed = "crossed" if state == "ALARM" else "not crossed"
    return state, f"Threshold {crossed}: {sum(breaching)} of {len(points)} datapoints [{seen}] against {alarm.threshold:g}"
