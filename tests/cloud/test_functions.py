"""Functions of the simulated account run for real, as close to Lambda as a process on this machine can be."""

import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.simulator.account import running, shut_down
from copilot.outside.aws import ClientError, Session

RUNTIME = "python{}.{}".format(*sys.version_info[:2])
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
LOGS = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
Invoke = Callable[..., tuple[Any, str | None]]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with running(tmp_path_factory.mktemp("home") / "simulated") as endpoint:
        session = Session("us-east-1", endpoint)
        session.client("iam").create_role(RoleName="runner", AssumeRolePolicyDocument=json.dumps(TRUST))
        allow(session, {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"})
        yield session
    shut_down()


def allow(session: Session, *statements: dict[str, Any]) -> None:
    """Let the functions of this file do what is stated, and write their logs."""
    document = {"Version": "2012-10-17", "Statement": [LOGS, *statements]}
    session.client("iam").put_role_policy(RoleName="runner", PolicyName="own", PolicyDocument=json.dumps(document))


@pytest.fixture
def invoke(session: Session, request: pytest.FixtureRequest) -> Invoke:
    """Make a function of some code, run it on an event, return its answer and its kind of error."""

    def run(code: str, event: Any = None, runtime: str = RUNTIME, **settings: Any) -> tuple[Any, str | None]:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", code)
        name = request.node.name.replace("[", "-").replace("]", "")[:60]
        session.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
        session.client("lambda").create_function(
            FunctionName=name,
            Runtime=runtime,
            Role="arn:aws:iam::123456789012:role/runner",
            Handler="app.handle",
            Code={"ZipFile": packed.getvalue()},
            **settings,
        )
        said = session.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(said["Payload"].read()), said.get("FunctionError")

    return run


def test_a_function_answers_keeps_its_state_warm_and_writes_log_and_metrics(invoke: Invoke, session: Session) -> None:
    code = "count = 0\ndef handle(event, context):\n    global count\n    count += 1\n    print('hello', event)\n    return [count, event]"
    assert invoke(code, {"a": 1}) == ([1, {"a": 1}], None)
    name = "test_a_function_answers_keeps_its_state_warm_and_writes_log_and_metrics"[:60]
    again = session.client("lambda").invoke(FunctionName=name, Payload=b'"x"')
    assert json.loads(again["Payload"].read()) == [2, "x"]
    lines = [e["message"] for e in session.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
    assert [line.partition(" ")[0] for line in lines] == ["START", "hello", "END", "REPORT"] * 2
    assert lines[1] == "hello {'a': 1}"
    assert re.fullmatch(r"REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled.* MB\tMax Memory Used: \d+ MB", lines[3])
    names = {m["MetricName"] for m in session.client("cloudwatch").list_metrics(Namespace="AWS/Lambda")["Metrics"]}
    assert names == {"Invocations", "Errors", "Duration", "Throttles"}


def test_an_exception_is_reported_as_lambda_does(invoke: Invoke) -> None:
    answer, error = invoke("def handle(event, context):\n    raise ValueError('bad day')")
    assert error == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "bad day")


@pytest.mark.parametrize("library", ["pydantic", "copilot", "moto"])
def test_only_the_zip_and_the_runtime_can_be_imported(invoke: Invoke, library: str) -> None:
    answer, error = invoke(f"import boto3, {library}\ndef handle(event, context): pass")
    assert error == "Unhandled"
    assert answer["errorMessage"] == f"No module named '{library}'"


def test_a_function_reaches_the_account_and_nothing_of_this_machine(
    invoke: Invoke, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-machine")
    session.client("s3").create_bucket(Bucket="a-bucket-of-mine")
    code = """import boto3, os
def handle(event, context):
    return [[b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"]], sorted(os.environ)]"""
    (buckets, names), error = invoke(code, Environment={"Variables": {"MINE": "1"}}, Timeout=20)
    assert error is None
    assert buckets == ["a-bucket-of-mine"]
    assert {"MINE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} <= set(names)
    assert not {"OPENAI_API_KEY", "HOME", "VIRTUAL_ENV"} & set(names)


def test_a_function_that_takes_too_long_is_stopped(invoke: Invoke) -> None:
    answer, error = invoke("import time\ndef handle(event, context): time.sleep(60)", Timeout=1)
    assert error == "Unhandled"
    assert "timed out after 1.00 seconds" in answer["errorMessage"]


def test_a_function_that_takes_too_much_memory_fails_alone(invoke: Invoke) -> None:
    answer, error = invoke("def handle(event, context): return len(bytearray(4 * 2**30))", MemorySize=128)
    assert error == "Unhandled"
    assert answer["errorType"] == "MemoryError"


def test_another_python_is_not_simulated(invoke: Invoke) -> None:
    with pytest.raises(ClientError, match="NotSimulated"):
        invoke("def handle(event, context): pass", runtime="python3.9")


def test_a_function_that_does_not_exist_is_not_found(session: Session) -> None:
    with pytest.raises(session.client("lambda").exceptions.ResourceNotFoundException):
        session.client("lambda").invoke(FunctionName="nobody", Payload=b"{}")


def test_a_stage_whose_api_may_not_invoke_the_function_answers_500(session: Session, tmp_path: Path) -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    gateway = session.client("apigateway")
    api = gateway.create_rest_api(name="bare")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE", apiKeyRequired=False)
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:nobody/invocations"
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api, stageName="live")
    for path, status in (("/", 500), ("/elsewhere", 403)):
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(session.gateway(api, "live") + path, headers=session.headers))
        with refused.value as answer:
            assert answer.code == status
