"""Functions, the APIs in front of them, and the alarms that watch them."""

import re
from collections.abc import Iterator

from copilot.cloud.graph import Resource, in_order
from copilot.cloud.limits import MEMORY_MB, TIMEOUT_S
from copilot.cloud.rules.rule import Properties, Scene

RUNTIMES = {"python3.11", "python3.12", "python3.13"}
ENVIRONMENT_BYTES = 4096
VARIABLE = re.compile(r"[a-zA-Z]\w+", re.ASCII)
RESERVED = re.compile(
    r"_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_REGION|REGION|EXECUTION_ENV|LAMBDA_.*|ACCESS_KEY.*|SECRET_ACCESS_KEY|SESSION_TOKEN)"
)
MOST_A_SECOND = 10_000
ENDPOINT_MEMORY_MB = range(1024, 6145, 1024)
ENDPOINT_REQUESTS = range(1, 201)
AGENT_PYTHONS = ("PYTHON_3_10", "PYTHON_3_11", "PYTHON_3_12", "PYTHON_3_13")
SHORT_PERIODS = (10, 20, 30)


def check_function(function: Properties, scene: Scene) -> Iterator[str]:
    if function["runtime"] not in RUNTIMES:
        yield f"Lambda has no runtime {function['runtime']}; it has {', '.join(sorted(RUNTIMES))}"
    if function["memory"] not in MEMORY_MB:
        yield f"{function['memory']} MB of memory is outside {MEMORY_MB.start} to {MEMORY_MB.stop - 1}"
    if function["timeout"] not in TIMEOUT_S:
        yield f"a timeout of {function['timeout']} s is outside {TIMEOUT_S.start} to {TIMEOUT_S.stop - 1}"
    if sum(len(f"{name}{value}".encode()) for name, value in function["environment"].items()) > ENVIRONMENT_BYTES:
        yield f"the environment is larger than {ENVIRONMENT_BYTES} bytes: use fewer collections"
    if wrong := [name for name in function["environment"] if RESERVED.fullmatch(name) or not VARIABLE.fullmatch(name)]:
        yield f"Lambda takes no variable called {', '.join(wrong)}"
    code = function["code_bucket"], function["code_key"]
    if code not in {(held["bucket"], held["key"]) for held in scene.of("object")}:
        yield f"its code s3://{'/'.join(code)} is not put there by the deployment"


def check_logs_first(resource: Resource, scene: Scene) -> Iterator[str]:
    """Yield a problem for a function whose log group is not made, with its retention, before the function can log."""
    if resource.type != "function":
        return
    group = f"/aws/lambda/{resource.properties['name']}"
    made = [r.id for r in in_order(scene.resources)]
    groups = [r.id for r in scene.resources if r.type == "log_group" and r.properties["name"] == group]
    if not any(made.index(known) < made.index(resource.id) for known in groups):
        yield f"its log group {group} is not made before it: retention cannot be set on a group that does not exist"


def check_rest_api(api: Properties, _: Scene) -> Iterator[str]:
    if not api["key_required"]:
        yield "the API could be called without a key"


def check_usage_plan(plan: Properties, _: Scene) -> Iterator[str]:
    if plan["rate"] <= 0 or plan["burst"] <= 0 or plan["quota"] <= 0:
        yield "the limits of the usage plan have to be positive"
    if plan["rate"] > MOST_A_SECOND:
        yield f"{plan['rate']} requests a second are more than the {MOST_A_SECOND} that an account has"


def check_endpoint_config(config: Properties, _: Scene) -> Iterator[str]:
    """Check what a SageMaker endpoint runs on: memory and requests at once, or instances."""
    if "memory" not in config:
        if not str(config["instance_type"]).startswith("ml.") or config["count"] < 1:
            yield f"{config['count']} x {config['instance_type']} is nothing that SageMaker runs: it is one or more of the types ml.…"
        return
    if config["memory"] not in ENDPOINT_MEMORY_MB:
        yield f"{config['memory']} MB of memory is none of {', '.join(map(str, ENDPOINT_MEMORY_MB))}"
    if config["concurrency"] not in ENDPOINT_REQUESTS:
        yield f"{config['concurrency']} requests at once are outside {ENDPOINT_REQUESTS.start} to {ENDPOINT_REQUESTS.stop - 1}"


def check_agent_runtime(runtime: Properties, scene: Scene) -> Iterator[str]:
    if runtime["python"] not in AGENT_PYTHONS:
        yield f"AgentCore has no {runtime['python']}; it has {', '.join(AGENT_PYTHONS)}"
    if (runtime["bucket"], runtime["key"]) not in {(held["bucket"], held["key"]) for held in scene.of("object")}:
        yield f"its code s3://{runtime['bucket']}/{runtime['key']} is not put there by the deployment"


def check_alarm(alarm: Properties, _: Scene) -> Iterator[str]:
    if alarm["period"] not in SHORT_PERIODS and (alarm["period"] <= 0 or alarm["period"] % 60):
        yield f"a period of {alarm['period']} s is neither {', '.join(map(str, SHORT_PERIODS))} nor a multiple of 60"
