"""What AWS writes by itself when something runs: log lines and metrics of functions and of REST APIs."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from moto.core import DEFAULT_ACCOUNT_ID

from copilot.cloud.simulator.demand import Demand
from copilot.cloud.simulator.permissions import allowed
from copilot.cloud.simulator.reply import Reply

Write = Callable[[str, str, dict[str, Any]], Reply]
"""Changes the account from inside: operation (`service.name`), region, and what the operation takes."""
Metrics = Mapping[str, tuple[float, str]]
"""Name -> (value, unit)."""


class Run(NamedTuple):
    """One run of a function, as `Process.call` tells of it. `resource` is the name and what it was called by."""

    function: Any
    resource: str
    alias: str
    version: str
    request: str
    milliseconds: float
    outcome: Mapping[str, Any]


def report_run(write: Write, region: str, run: Run) -> None:
    """Write the log lines and the metrics of a run; the lines need the permission of the function's role, as on AWS."""
    name, failed = str(run.function.function_name), "error" in run.outcome
    group = f"/aws/lambda/{name}"
    place = f"arn:aws:logs:{region}:{DEFAULT_ACCOUNT_ID}:log-group:{group}:log-stream:{_stream(run.version)}"
    if all(allowed(run.function.role, Demand(f"logs:{action}", place)) for action in ("CreateLogStream", "PutLogEvents")):
        write_lines(write, region, group, _stream(run.version), _lines(run))
    metrics = {
        "Invocations": (1, "Count"), "Errors": (int(failed), "Count"), "Throttles": (0, "Count"),
        "Duration": (run.milliseconds, "Milliseconds"),
    }  # fmt: skip
    own = {"FunctionName": name, "Resource": run.resource}
    counted = [{"FunctionName": name}, own, *([{**own, "ExecutedVersion": run.version}] if run.alias else [])]
    put_metrics(write, region, "AWS/Lambda", metrics, counted)


def report_throttle(write: Write, region: str, name: str, resource: str) -> None:
    counted = [{"FunctionName": name}, {"FunctionName": name, "Resource": resource}]
    put_metrics(write, region, "AWS/Lambda", {"Throttles": (1, "Count")}, counted)


def put_metrics(write: Write, region: str, namespace: str, metrics: Metrics, counted: Iterable[Mapping[str, str]]) -> None:
    """Count metrics once for each set of dimensions."""
    data = [
        {"MetricName": metric, "Value": value, "Unit": unit, "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()]}
        for dimensions in counted
        for metric, (value, unit) in metrics.items()
    ]
    write("monitoring.PutMetricData", region, {"Namespace": namespace, "MetricData": data})


def write_lines(write: Write, region: str, group: str, stream: str, lines: Iterable[str]) -> None:
    """Append lines to a log, unless somebody deleted its group: then they are lost, as on AWS."""
    at, place = int(time.time() * 1000), {"logGroupName": group, "logStreamName": stream}
    added = {**place, "logEvents": [{"timestamp": at, "message": line} for line in lines]}
    if write("logs.PutLogEvents", region, added).status == 400 and write("logs.CreateLogStream", region, place).status == 200:
        write("logs.PutLogEvents", region, added)


def _stream(version: str) -> str:
    return f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{version}]simulated"


def _lines(run: Run) -> list[str]:
    """Return the lines in the form of Lambda's own."""
    used = f"\tMax Memory Used: {run.outcome['megabytes']} MB" if "megabytes" in run.outcome else ""
    taken = f"Duration: {run.milliseconds:.2f} ms\tBilled Duration: {int(run.milliseconds) + 1} ms"
    return [
        f"START RequestId: {run.request} Version: {run.version}",
        *run.outcome.get("log", "").splitlines(),
        f"END RequestId: {run.request}",
        f"REPORT RequestId: {run.request}\t{taken}\tMemory Size: {run.function.memory_size} MB{used}",
    ]
