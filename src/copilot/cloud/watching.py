"""What watches a serverless deployment, as a graph of resources: alarms, a dashboard and a budget."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from copilot.cloud.graph import Resource
from copilot.cloud.providers.provider import STACK
from copilot.cloud.providers.watch import mark

PERIOD = 300
"""Seconds over which an alarm looks."""
REFUSED = 100
"""Requests of a period that clients may get wrong before somebody should look."""
SLOW = 0.5
"""Share of the timeout that 95 of 100 answers have to stay below."""
WIDTH, HEIGHT = 8, 6
"""Of a dashboard's widgets; a row is 24 wide."""


class Metric(NamedTuple):
    """A metric and how its values of a period become one."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str


@dataclass(frozen=True)
class Watched:
    """What is watched.

    Args:
        prefix: How the names of what watches it begin.
        alias: The alias of the function that answers.
        timeout: Of the function, in seconds.
        usd: A month, for everything that carries the tag of the stack.
    """

    prefix: str
    region: str
    function: str
    alias: str
    api: str
    stage: str
    timeout: int
    usd: int
    tags: Mapping[str, str]

    @property
    def stack(self) -> str:
        return self.tags[STACK]

    def of_function(self, metric: str, statistic: str) -> Metric:
        return Metric("AWS/Lambda", metric, {"FunctionName": self.function, "Resource": f"{self.function}:{self.alias}"}, statistic)

    def of_api(self, metric: str, statistic: str) -> Metric:
        return Metric("AWS/ApiGateway", metric, {"ApiName": self.api, "Stage": self.stage}, statistic)


def watch(watched: Watched) -> list[Resource]:
    """Return the alarms, the dashboard and the budget of a deployment."""
    alarms = {
        "alarm": ("errors", watched.of_function("Errors", "Sum"), 0.0),
        "alarm_throttles": ("throttles", watched.of_function("Throttles", "Sum"), 0.0),
        "alarm_slow": ("slow", watched.of_function("Duration", "p95"), watched.timeout * 1000 * SLOW),
        "alarm_refused": ("4xx", watched.of_api("4XXError", "Sum"), float(REFUSED)),
        "alarm_failed": ("5xx", watched.of_api("5XXError", "Sum"), 0.0),
    }
    dashboard = {"name": f"{watched.prefix}-watch", "body": {"widgets": list(_widgets(watched))}, "tags": watched.tags}
    budget = {"name": f"{watched.prefix}-month", "usd": watched.usd, "stack": watched.stack, "tags": watched.tags}
    return [
        *(Resource(name, "alarm", _alarm(watched, *alarm), ("function", "api")) for name, alarm in alarms.items()),
        Resource("dashboard", "dashboard", dashboard, ("function", "api")),
        Resource("budget", "budget", budget),
    ]


def _alarm(watched: Watched, name: str, metric: Metric, threshold: float) -> dict[str, Any]:
    return {
        "name": f"{watched.prefix}-{name}", "namespace": metric.namespace, "metric": metric.name, "dimensions": dict(metric.dimensions),
        "statistic": metric.statistic, "threshold": threshold, "period": PERIOD, "tags": watched.tags,
    }  # fmt: skip


def _widgets(watched: Watched) -> Iterator[dict[str, Any]]:
    """Yield what the dashboard shows: a line about whose it is, then a graph a topic."""
    function, api = watched.of_function, watched.of_api
    graphs = {
        "Requests": [api("Count", "Sum"), function("Invocations", "Sum")],
        "Answered in (ms)": [function("Duration", "p50"), function("Duration", "p95"), api("Latency", "p95")],
        "Went wrong": [function("Errors", "Sum"), function("Throttles", "Sum"), api("4XXError", "Sum"), api("5XXError", "Sum")],
    }
    words = f"Deployed by copilot. {mark(watched.stack)}"
    yield {"type": "text", "x": 0, "y": 0, "width": 24, "height": 1, "properties": {"markdown": words}}
    for place, (title, metrics) in enumerate(graphs.items()):
        lines = [[m.namespace, m.name, *chain.from_iterable(m.dimensions.items()), {"stat": m.statistic}] for m in metrics]
        shown = {"title": title, "region": watched.region, "period": PERIOD, "view": "timeSeries", "metrics": lines}
        yield {"type": "metric", "x": WIDTH * place, "y": 1, "width": WIDTH, "height": HEIGHT, "properties": shown}
