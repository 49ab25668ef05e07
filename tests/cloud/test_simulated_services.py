"""What the simulated account adds to moto: roles that are judged, alarms that go on, shares of calls, throttled keys, models."""

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.cloud.models import invoked
from copilot.cloud.simulator.account import running, shut_down
from copilot.cloud.simulator.alarms import percentile
from copilot.outside.aws import Session

RUNTIME = "python{}.{}".format(*sys.version_info[:2])
ROLE = "arn:aws:iam::123456789012:role/caller"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
CALLER = """
import boto3
def handle(event, context):
    if "status" in event or "body" in event:
        return {"statusCode": 200, "body": context.function_version}
    try:
        boto3.client(event["service"]).__getattribute__(event["call"])(**event["with"])
        return "ok"
    except Exception as error:
        return str(error)
"""
MODEL = "eu.amazon.nova-lite-v1:0"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """An account with a bucket, a table, and a function that makes the call of its event."""
    with running(tmp_path_factory.mktemp("home") / "simulated") as endpoint:
        session = Session("us-east-1", endpoint)
        session.client("iam").create_role(RoleName="caller", AssumeRolePolicyDocument=json.dumps(TRUST))
        for name in ("ours", "theirs"):
            session.client("s3").create_bucket(Bucket=name)
            session.client("s3").put_object(Bucket=name, Key="docs/a.txt", Body=b"a")
            keys = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]}
            attributes = [{"AttributeName": "k", "AttributeType": "S"}]
            session.client("dynamodb").create_table(TableName=name, **keys, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", CALLER)
        session.client("lambda").create_function(
            FunctionName="caller", Runtime=RUNTIME, Role=ROLE, Handler="app.handle", Timeout=20, Code={"ZipFile": packed.getvalue()}
        )
        yield session
    shut_down()


def allow(session: Session, *statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    session.client("iam").put_role_policy(RoleName="caller", PolicyName="own", PolicyDocument=json.dumps(document))


def make(session: Session, service: str, call: str, **given: Any) -> str:
    event = json.dumps({"service": service, "call": call, "with": given}).encode()
    return str(json.loads(session.client("lambda").invoke(FunctionName="caller", Payload=event)["Payload"].read()))


ITEM = {"Item": {"k": {"S": "1"}}}
TALK = {"messages": [{"role": "user", "content": [{"text": "hello"}]}]}
CALLS = [
    ("s3:GetObject", "arn:aws:s3:::ours/docs/*", ("s3", "get_object", {"Bucket": "ours", "Key": "docs/a.txt"})),
    ("s3:ListBucket", "arn:aws:s3:::ours", ("s3", "list_objects_v2", {"Bucket": "ours", "Prefix": "docs/"})),
    ("s3:PutObject", "arn:aws:s3:::ours/*", ("s3", "put_object", {"Bucket": "ours", "Key": "b.txt", "Body": "b"})),
    ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:123456789012:table/ours", ("dynamodb", "put_item", {"TableName": "ours", **ITEM})),
    ("dynamodb:Scan", "arn:aws:dynamodb:*:*:table/ours", ("dynamodb", "scan", {"TableName": "ours"})),
    ("bedrock:InvokeModel", invoked(MODEL, "us-east-1", "123456789012"), ("bedrock-runtime", "converse", {"modelId": MODEL, **TALK})),
    (
        "lambda:InvokeFunction",
        "arn:aws:lambda:us-east-1:123456789012:function:caller",
        ("lambda", "invoke", {"FunctionName": "caller", "Payload": '{"status": 1}'}),
    ),
]


@pytest.mark.parametrize(("action", "resource", "called"), CALLS, ids=[action for action, *_ in CALLS])
def test_a_function_may_do_what_its_role_allows_and_nothing_else(
    session: Session, action: str, resource: Any, called: tuple[str, str, dict[str, Any]]
) -> None:
    service, call, given_ = called
    allowed = {"Effect": "Allow", "Action": action, "Resource": resource}
    allow(session, {**allowed, "Action": "sqs:SendMessage"})
    refused = make(session, service, call, **given_)
    assert "AccessDenied" in refused
    assert f"assumed-role/caller/caller is not authorized to perform: {action} on resource: arn:aws:" in refused
    if action != "lambda:InvokeFunction":  # it would wait for itself
        allow(session, allowed)
        assert make(session, service, call, **given_) == "ok"
    allow(session, allowed, {"Effect": "Deny", "Action": f"{action.partition(':')[0]}:*", "Resource": "*"})
    assert "AccessDenied" in make(session, service, call, **given_)


def test_another_bucket_another_region_and_what_cannot_be_judged_are_refused(session: Session) -> None:
    allow(session, {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::ours/*"})
    assert "AccessDenied" in make(session, "s3", "get_object", Bucket="theirs", Key="docs/a.txt")
    assert "cannot judge this" in make(session, "s3", "get_bucket_policy", Bucket="ours")
    condition = {"Condition": {"StringEquals": {"s3:prefix": "docs/"}}}
    allow(session, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::ours", **condition})
    assert "a policy with a condition on s3:ListBucket" in make(session, "s3", "list_objects_v2", Bucket="ours")
    asked = invoked(MODEL, "us-east-1", "123456789012")
    allow(session, {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": asked[:1]})
    assert "foundation-model/amazon.nova-lite-v1:0" in make(session, "bedrock-runtime", "converse", modelId=MODEL, **TALK)


def test_a_model_that_is_not_there_is_marked_as_simulated(session: Session) -> None:
    said = session.client("bedrock-runtime").converse(modelId="amazon.nova-lite-v1:0", **TALK)
    assert said["output"]["message"]["content"][0]["text"].startswith("[simulated]")
    assert said["additionalModelResponseFields"]["simulated"] is True


@pytest.mark.parametrize(
    ("values", "settings", "state"),
    [
        ([1, 2], {"Statistic": "Sum", "Threshold": 2.5}, "ALARM"),
        ([1, 2], {"Statistic": "Sum", "Threshold": 3}, "OK"),
        ([1, 2], {"Statistic": "Sum", "Threshold": 3, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}, "ALARM"),
        ([1, 3], {"Statistic": "Average", "Threshold": 2, "ComparisonOperator": "LessThanThreshold"}, "OK"),
        ([1, 3], {"Statistic": "Minimum", "Threshold": 2, "ComparisonOperator": "LessThanThreshold"}, "ALARM"),
        ([5], {"Statistic": "SampleCount", "Threshold": 1}, "OK"),
        (list(range(101)), {"ExtendedStatistic": "p95", "Threshold": 94.5}, "ALARM"),
        (list(range(101)), {"ExtendedStatistic": "p95", "Threshold": 95}, "OK"),
        ([], {"Statistic": "Sum", "Threshold": 0}, "INSUFFICIENT_DATA"),
        ([], {"Statistic": "Sum", "Threshold": 0, "TreatMissingData": "notBreaching"}, "OK"),
        ([], {"Statistic": "Sum", "Threshold": 0, "TreatMissingData": "breaching"}, "ALARM"),
        ([5], {"Statistic": "Sum", "Threshold": 0, "EvaluationPeriods": 3}, "OK"),
        ([5], {"Statistic": "Sum", "Threshold": 0, "EvaluationPeriods": 3, "DatapointsToAlarm": 1}, "ALARM"),
        ([5], {"Statistic": "Sum", "Threshold": 0, "EvaluationPeriods": 3, "TreatMissingData": "breaching"}, "ALARM"),
    ],
)
def test_an_alarm_is_judged_by_its_statistic_periods_and_missing_data(
    session: Session, request: pytest.FixtureRequest, values: list[float], settings: dict[str, Any], state: str
) -> None:
    cloudwatch, name = session.client("cloudwatch"), request.node.name
    data = [{"MetricName": name, "Value": value, "Dimensions": [{"Name": "d", "Value": "1"}]} for value in values]
    noise = {"MetricName": name, "Value": 1000, "Dimensions": [{"Name": "d", "Value": "1"}, {"Name": "e", "Value": "2"}]}
    old = {**noise, "Dimensions": [{"Name": "d", "Value": "1"}], "Timestamp": datetime.now(UTC) - timedelta(hours=2)}
    cloudwatch.put_metric_data(Namespace="Test", MetricData=[*data, noise, old])
    usual = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Period": 300}
    dimensions = [{"Name": "d", "Value": "1"}]
    cloudwatch.put_metric_alarm(AlarmName=name, Namespace="Test", MetricName=name, Dimensions=dimensions, **{**usual, **settings})
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == state


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.floats(0, 100))
def test_percentiles_are_those_of_numpy(values: list[float], percent: float) -> None:
    assert percentile(values, percent) == pytest.approx(np.percentile(values, percent), rel=1e-9, abs=1e-6)


def test_an_alias_shares_out_calls_exactly_and_the_api_behind_a_key_is_throttled(session: Session) -> None:
    client, gateway = session.client("lambda"), session.client("apigateway")
    client.publish_version(FunctionName="caller", Description="one")
    client.update_function_configuration(FunctionName="caller", MemorySize=256)
    client.publish_version(FunctionName="caller", Description="two")
    weights = {"AdditionalVersionWeights": {"2": 0.3}}
    client.create_alias(FunctionName="caller", Name="live", FunctionVersion="1", RoutingConfig=weights)
    ran = [client.invoke(FunctionName="caller", Qualifier="live", Payload=b'{"status": 1}')["ExecutedVersion"] for _ in range(20)]
    assert ran.count("2") == 6

    api = gateway.create_rest_api(name="shared")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    where = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
    gateway.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:caller:live"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api, stageName="live")
    source = f"arn:aws:execute-api:us-east-1:123456789012:{api}/live/POST/"
    permission = {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": source}
    client.add_permission(FunctionName="caller", Qualifier="live", StatementId="api", **permission)
    key = gateway.create_api_key(name="key", enabled=True)
    stages = [{"apiId": api, "stage": "live"}]
    plan = gateway.create_usage_plan(name="plan", apiStages=stages, throttle={"rateLimit": 0.01, "burstLimit": 3})
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    headers = {"x-api-key": gateway.get_api_key(apiKey=key["id"], includeValue=True)["value"], **session.headers}
    assert [status(f"{session.gateway(api, 'live')}/", headers) for _ in range(5)] == [200, 200, 200, 429, 429]


def status(url: str, headers: dict[str, str]) -> int:
    try:
        with urlopen(Request(url, b"{}", headers)) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
