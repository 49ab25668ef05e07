"""The simulated account: repeatable across processes, honest about what it cannot do."""

import io
import json
import resource
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest

from copilot.cloud.engine import Engine
from copilot.cloud.serverless import Blueprint, graph
from copilot.cloud.simulator.account import running, shut_down
from copilot.cloud.simulator.journal import INLINE_BYTES, Call, Journal
from copilot.errors import Unavailable
from copilot.outside.aws import KEY, ClientError, Session
from tests.cloud.conftest import carry_out

PRINT_ACCOUNT = """
import json, sys
from pathlib import Path
from copilot.cloud.simulator.account import running
from copilot.outside.aws import Session
from tests.cloud.test_simulator import picture
with running(Path(sys.argv[1])) as endpoint:
    print(json.dumps(picture(Session("us-east-1", endpoint)), default=str, sort_keys=True))
"""


def picture(session: Session) -> dict[str, Any]:
    """Everything a client can see of ids, ARNs and times."""
    gateway, s3, dynamodb = session.client("apigateway"), session.client("s3"), session.client("dynamodb")
    buckets = s3.list_buckets()["Buckets"]
    seen = {
        "buckets": buckets,
        "versions": [s3.list_object_versions(Bucket=b["Name"]).get("Versions", []) for b in buckets],
        "tables": [dynamodb.describe_table(TableName=name)["Table"] for name in dynamodb.list_tables()["TableNames"]],
        "roles": session.client("iam").list_roles()["Roles"],
        "functions": session.client("lambda").list_functions()["Functions"],
        "logs": session.client("logs").describe_log_groups()["logGroups"],
        "alarms": session.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "apis": gateway.get_rest_apis()["items"],
        "keys": gateway.get_api_keys(includeValues=True)["items"],
        "plans": gateway.get_usage_plans()["items"],
    }
    return dict(json.loads(json.dumps(seen, default=str)))


def test_another_process_sees_the_same_account_to_the_last_id_and_time(
    tmp_path: Path, session: Session, engine: Engine, blueprint: Blueprint
) -> None:
    carry_out(engine, graph(blueprint))
    session.client("s3").put_object(Bucket=blueprint_bucket(blueprint), Key="large", Body=b"x" * (INLINE_BYTES + 1))
    upload = session.client("s3").create_multipart_upload(Bucket=blueprint_bucket(blueprint), Key="parts")["UploadId"]
    session.client("s3").abort_multipart_upload(Bucket=blueprint_bucket(blueprint), Key="parts", UploadId=upload)
    here = picture(session)
    shut_down()
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", PRINT_ACCOUNT, str(tmp_path / "simulated")]
    there = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(there.stdout) == here


def blueprint_bucket(blueprint: Blueprint) -> str:
    return f"{blueprint.prefix}-{blueprint.account}-{blueprint.region}"


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("apigateway", "test_invoke_method", {"restApiId": "a", "resourceId": "b", "httpMethod": "GET"}),
        ("iam", "simulate_principal_policy", {"PolicySourceArn": "arn:aws:iam::123456789012:role/role", "ActionNames": ["s3:GetObject"]}),
        ("dynamodb", "list_imports", {}),
        ("pricing", "get_products", {"ServiceCode": "AmazonEC2"}),
    ],
)
def test_what_is_not_simulated_says_so_at_once(session: Session, service: str, call: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(session.client(service), call)(**arguments)
    assert refused.value.response["Error"]["Code"] == "NotSimulated"
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_a_journal_whose_last_line_was_cut_off_is_read_up_to_it(tmp_path: Path) -> None:
    first, second = (Call(n, 1.5, {"REQUEST_METHOD": "PUT"}, b"x" * size, 200) for n, size in ((1, 10), (2, INLINE_BYTES + 1)))
    journal = Journal(tmp_path)
    journal.append(first)
    journal.append(second)
    with journal.path.open("ab") as file:
        file.write(b'{"n": 3, "at"')
    again = Journal(tmp_path)
    assert list(again.unread()) == [first, second]
    again.append(Call(3, 2.0, {}, b"", 200))
    assert [call.number for call in Journal(tmp_path).unread()] == [1, 2, 3]
    assert list(again.unread()) == []


def test_a_journal_that_does_not_repeat_is_reported(tmp_path: Path, session: Session) -> None:
    session.client("s3").create_bucket(Bucket="a-bucket-of-mine")
    shut_down()
    path = tmp_path / "simulated" / "account.jsonl"
    path.write_text(path.read_text().replace('"status": 200', '"status": 409'))
    for _ in range(2):  # the second time it must not go on behind the call that failed
        with pytest.raises(Unavailable, match="cannot be rebuilt: call 1 gave 200, and 409 before"), running(tmp_path / "simulated"):
            pass


def test_a_full_disk_refuses_a_change_and_breaks_nothing(tmp_path: Path, session: Session) -> None:
    s3 = session.client("s3")
    s3.create_bucket(Bucket="the-first")
    written = (tmp_path / "simulated" / "account.jsonl").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (written + 100, hard))
    try:
        for size in (10, INLINE_BYTES + 1):
            with pytest.raises(ClientError, match="cannot be written"):
                s3.put_object(Bucket="the-first", Key="a", Body=b"x" * size)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert s3.list_objects_v2(Bucket="the-first")["KeyCount"] == 0
    s3.create_bucket(Bucket="the-second")
    assert list((tmp_path / "simulated" / "blobs").glob("*")) == []
    shut_down()
    with running(tmp_path / "simulated") as endpoint:
        names = [b["Name"] for b in Session("us-east-1", endpoint).client("s3").list_buckets()["Buckets"]]
    assert names == ["the-first", "the-second"]


def test_nothing_answers_while_no_command_holds_the_account(tmp_path: Path) -> None:
    with running(tmp_path / "simulated") as endpoint:
        session = Session("us-east-1", endpoint)
        assert session.account == "123456789012"
    with pytest.raises(ClientError, match="503"):
        session.client("dynamodb").list_tables()
    shut_down()


def function_of(code: str, name: str) -> dict[str, Any]:
    """The arguments of a CreateFunction call."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    runtime, role = "python{}.{}".format(*sys.version_info[:2]), "arn:aws:iam::123456789012:role/runner"
    return {"FunctionName": name, "Runtime": runtime, "Role": role, "Handler": "app.handle", "Code": {"ZipFile": packed.getvalue()}}


@pytest.mark.parametrize("key", ["simulated", "AKIAIOSFODNN7EXAMPLE", "\xe9"])
def test_another_user_of_this_machine_is_refused_and_leaves_no_trace(tmp_path: Path, session: Session, key: str) -> None:
    session.client("iam").create_role(RoleName="runner", AssumeRolePolicyDocument="{}")
    ran = tmp_path / "ran"
    function = function_of(f"def handle(event, context):\n    open({str(ran)!r}, 'w')", "ours")
    session.client("lambda").create_function(**function)
    journal = tmp_path / "simulated" / "account.jsonl"
    before = journal.read_bytes()
    stranger = boto3.Session(aws_access_key_id=key, aws_secret_access_key="x", region_name="us-east-1")
    for service, call, arguments in (
        ("lambda", "create_function", {**function, "FunctionName": "theirs"}),
        ("lambda", "invoke", {"FunctionName": "ours"}),
        ("s3", "create_bucket", {"Bucket": "a-bucket-of-theirs"}),
        ("dynamodb", "list_tables", {}),
        ("iam", "list_roles", {}),
    ):
        with pytest.raises(ClientError) as refused:
            getattr(stranger.client(service, endpoint_url=session.endpoint), call)(**arguments)
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert journal.read_bytes() == before
    assert not ran.exists()


@pytest.mark.parametrize("path", ["/_aws/execute-api/us-east-1/abc/live/ask", "/moto-api/reset", "/"])
@pytest.mark.parametrize("headers", [{}, {"x-api-key": "guessed", "x-simulated-key": "guessed"}])
def test_a_request_without_the_key_of_the_process_is_refused(session: Session, path: str, headers: dict[str, str]) -> None:
    session.client("s3").create_bucket(Bucket="a-bucket-of-mine")
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{session.endpoint}{path}", b"{}", headers))
    with refused.value as answer:
        assert answer.code == 403
        assert b"AccessDenied" in answer.read()
    assert len(session.client("s3").list_buckets()["Buckets"]) == 1


def test_the_key_of_the_process_opens_the_account_to_functions_and_is_kept_nowhere(tmp_path: Path, session: Session) -> None:
    session.client("iam").create_role(RoleName="runner", AssumeRolePolicyDocument="{}")
    allowed = {"Statement": {"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": "arn:aws:s3:::made-*"}, "Version": "2012-10-17"}
    session.client("iam").put_role_policy(RoleName="runner", PolicyName="make", PolicyDocument=json.dumps(allowed))
    code = "import boto3\ndef handle(event, context):\n    boto3.client('s3').create_bucket(Bucket='made-by-a-function')"
    session.client("logs").create_log_group(logGroupName="/aws/lambda/maker")
    session.client("lambda").create_function(**function_of(code, "maker"))
    assert "FunctionError" not in session.client("lambda").invoke(FunctionName="maker")
    here = picture(session)
    shut_down()
    kept = [file.read_bytes() for file in (tmp_path / "simulated").rglob("*") if file.is_file()]
    assert kept
    assert not any(KEY.encode() in content for content in kept)
    journal = tmp_path / "simulated" / "account.jsonl"
    journal.write_text(journal.read_text().replace("Credential=simulated/", "Credential=older/"))
    with running(tmp_path / "simulated") as endpoint:
        again = picture(Session("us-east-1", endpoint))
    assert again == here
    assert [b["Name"] for b in again["buckets"]] == ["made-by-a-function"]


def test_a_second_process_waits_and_then_sees_what_the_first_did(tmp_path: Path) -> None:
    root, folder = Path(__file__).resolve().parents[2], tmp_path / "simulated"
    script = (
        "import sys, time; from pathlib import Path; from copilot.cloud.simulator.account import running\n"
        "from copilot.outside.aws import Session\n"
        "with running(Path(sys.argv[1])) as e:\n"
        "    print('held', flush=True); sys.stdin.readline(); Session('us-east-1', e).client('s3').create_bucket(Bucket='from-the-first')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as first:
        assert first.stdout
        assert first.stdin
        assert first.stdout.readline() == "held\n"
        entered: list[float] = []
        released = []

        def let_go() -> None:
            time.sleep(0.3)
            released.append(time.monotonic())
            assert first.stdin
            first.stdin.write("\n")
            first.stdin.flush()

        thread = threading.Thread(target=let_go)
        thread.start()
        with running(folder) as endpoint:
            entered.append(time.monotonic())
            names = [b["Name"] for b in Session("us-east-1", endpoint).client("s3").list_buckets()["Buckets"]]
        thread.join()
    shut_down()
    assert names == ["from-the-first"]
    assert entered[0] > released[0]


def test_two_homes_are_two_accounts(tmp_path: Path) -> None:
    seen = []
    for home in ("one", "two", "one"):
        with running(tmp_path / home) as endpoint:
            s3 = Session("us-east-1", endpoint).client("s3")
            seen.append([b["Name"] for b in s3.list_buckets()["Buckets"]])
            if seen == [[]]:
                s3.create_bucket(Bucket="bucket-of-one")
    shut_down()
    assert seen == [[], [], ["bucket-of-one"]]


def test_ambient_aws_configuration_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with running(tmp_path / "simulated") as endpoint:
        session = Session("us-east-1", endpoint)
        session.client("s3").create_bucket(Bucket="a-bucket-of-mine")
        session.client("dynamodb").list_tables()
        assert session.account == "123456789012"
    shut_down()


def test_live_without_credentials_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Unavailable, match="no AWS credentials"):
        Session("us-east-1")
