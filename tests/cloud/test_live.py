"""Live mode: what is in the way is said before anything is changed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.bundle import WHEELS
from copilot.cloud.deploy import open_engine
from copilot.cloud.permissions import missing
from copilot.cloud.plan import Change, Plan
from copilot.cloud.preflight import obstacles
from copilot.cloud.serverless import Blueprint, graph
from copilot.context import Context
from copilot.errors import Refused, Unavailable
from copilot.faces.doctor import examine
from copilot.faces.terminal import Options, Terminal, _live_banner
from copilot.intents import REGISTRY
from copilot.intents.deployments.preparation import hold_account
from copilot.outside import aws
from copilot.outside.aws import Session
from tests.cloud.live_aws import LiveAws, Reply, live_aws, refusing, refusing_json
from tests.cloud.test_deployments import call, workspace
from tests.cloud.test_refused import template

ARN = "arn:aws:iam::123456789012:user/ann"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    with workspace(tmp_path_factory.mktemp("workspace")) as context:
        yield context


@pytest.fixture
def ctx(ready: Context) -> Iterator[Context]:
    ready.live, ready.region = True, "us-east-1"
    yield ready
    ready.live = False


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveAws]:
    with live_aws(monkeypatch) as account:
        account.answers["GetCallerIdentity"] = lambda _: (200, IDENTITY)
        account.answers["SimulatePrincipalPolicy"] = allowing()
        yield account


IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>{ARN}</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


IMAGES = '<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><imagesSet>{}</imagesSet></DescribeImagesResponse>'


def allowing(denied: str = "") -> Any:
    """Answer SimulatePrincipalPolicy: all is allowed but one action."""

    def answer(sent: dict[str, Any]) -> Reply:
        names = [value for name, value in sent.items() if name.startswith("ActionNames.member")]
        results = "".join(
            f"<member><EvalActionName>{name}</EvalActionName><EvalResourceName>*</EvalResourceName>"
            f"<EvalDecision>{'implicitDeny' if name == denied else 'allowed'}</EvalDecision></member>"
            for name in names
        )
        result = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
        return (
            200,
            f"<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>{result}</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>",
        )

    return answer


def deploy(ctx: Context) -> Any:
    return call(ctx, "deploy_agent", agent="helpdesk")


def test_without_credentials_nothing_is_even_asked(ctx: Context, account: LiveAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(Unavailable, match="no AWS credentials"):
        deploy(ctx)
    assert account.calls == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "have expired"),
        ("InvalidClientTokenId", "does not accept the credentials"),
        ("SignatureDoesNotMatch", "does not accept the credentials"),
    ],
)
def test_credentials_that_are_not_taken_are_refused_before_any_change(ctx: Context, account: LiveAws, code: str, said: str) -> None:
    account.answers["GetCallerIdentity"] = refusing(code, "The security token included in the request is bad")
    with pytest.raises(Unavailable, match=said):
        deploy(ctx)
    assert account.changes == []


def test_a_region_that_the_account_has_not_enabled_is_named(ctx: Context, account: LiveAws) -> None:
    unknown = refusing("InvalidClientTokenId", "The security token included in the request is invalid")
    account.answers["GetCallerIdentity"] = lambda sent: (200, IDENTITY) if sent["region"] == "us-east-1" else unknown(sent)
    ctx.region = "me-south-1"
    with pytest.raises(Refused, match="has not enabled the region me-south-1"):
        deploy(ctx)
    assert account.changes == []


def planned(ctx: Context, blueprint: Blueprint) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Plan a small deployment as the abilities do; return what is in the way and what is not known."""
    wanted = graph(blueprint)
    with hold_account(ctx) as (session, _):
        plan = open_engine(ctx.store, session, ctx.home, "helpdesk-dev-live", blueprint.stack).plan(wanted)
        assert len(plan.changes) == len(wanted)
        return obstacles(session, wanted, plan)


def test_a_permission_that_is_missing_is_named_before_any_change(ctx: Context, account: LiveAws, blueprint: Blueprint) -> None:
    assert planned(ctx, blueprint) == ((), ())
    account.answers["SimulatePrincipalPolicy"] = allowing(denied="lambda:CreateFunction")
    blocked, _ = planned(ctx, blueprint)
    assert blocked == (
        f"the credentials lack lambda:CreateFunction on arn:aws:lambda:us-east-1:123456789012:function:{blueprint.prefix}-ask",
    )
    assert account.changes == []


def test_a_read_that_is_denied_names_the_permission(ctx: Context, account: LiveAws, blueprint: Blueprint) -> None:
    said = f"User: {ARN} is not authorized to perform: dynamodb:DescribeTable on resource: arn:aws:dynamodb:us-east-1:1:table/t because no"
    account.answers["DescribeTable"] = refusing_json("AccessDeniedException", said)
    with pytest.raises(Refused, match="lack a permission: dynamodb:DescribeTable on arn:aws:dynamodb:us-east-1:1:table/t"):
        planned(ctx, blueprint)
    assert account.changes == []


def test_where_iam_does_not_tell_the_plan_says_so(ctx: Context, account: LiveAws, blueprint: Blueprint) -> None:
    account.answers["SimulatePrincipalPolicy"] = refusing("AccessDenied", f"User: {ARN} is not authorized")
    blocked, unknown = planned(ctx, blueprint)
    assert blocked == ()
    assert ["IAM does not say" in note for note in unknown] == [True]
    assert account.changes == []


def test_an_image_must_be_there_and_of_the_architecture_of_the_type(account: LiveAws, ctx: Context) -> None:
    session = Session("us-east-1")
    image = "ami-0123456789abcdef0"
    shown = f"<item><imageId>{image}</imageId><architecture>x86_64</architecture></item>"
    account.answers["DescribeImages"] = lambda sent: (200, IMAGES.format(shown if sent["Filter.1.Value.1"] == image else ""))
    chosen = {"arm": ("t4g.small", image), "none": ("t3.small", "ami-00000000"), "right": ("t3.small", image)}
    wanted = [
        replace(template(), id=name, properties={**template().properties, "name": name, "instance_type": kind, "image": ami})
        for name, (kind, ami) in chosen.items()
    ]
    plan = Plan("id", "d", (Change("create", "arm", "launch_template", 0, after={"name": "copilot-t"}),), tuple(chosen))
    assert obstacles(session, wanted, plan)[0] == (
        f"arm: t4g.small is arm64, and the image {image} is x86_64",
        "none: us-east-1 has no image ami-00000000 that this account may use",
    )


def test_an_agent_is_refused_and_deployed_and_removed(ctx: Context, account: LiveAws) -> None:
    if not any(WHEELS.glob("numpy-*-cp312-*")):
        pytest.skip(f"the wheels of Lambda's Python are not in {WHEELS}")
    account.answers["SimulatePrincipalPolicy"] = allowing(denied="lambda:CreateFunction")
    with pytest.raises(Refused, match="the credentials lack lambda:CreateFunction"):
        deploy(ctx)
    assert account.changes == []
    account.answers["SimulatePrincipalPolicy"] = allowing()
    deployed = deploy(ctx)
    assert (deployed.simulated, deployed.account) == (False, "123456789012")
    assert account.changes
    assert call(ctx, "destroy_deployment", deployment="helpdesk-dev-live").left == ()


def test_a_role_is_asked_about_under_its_own_name(account: LiveAws) -> None:
    account.answers["GetCallerIdentity"] = lambda _: (200, IDENTITY.replace(ARN, "arn:aws:sts::123456789012:assumed-role/Deployer/ann"))
    session = Session("us-east-1")
    trust = json.dumps({"Statement": []})
    session.client("iam").create_role(RoleName="Deployer", Path="/teams/", AssumeRolePolicyDocument=trust)
    asked: list[str] = []
    account.answers["SimulatePrincipalPolicy"] = lambda sent: asked.append(sent["PolicySourceArn"]) or allowing("s3:CreateBucket")(sent)
    change = Change("create", "bucket", "bucket", 0, after={"name": "copilot-x"})
    assert missing(session, [change]) == ("s3:CreateBucket on arn:aws:s3:::copilot-x",)
    assert asked == ["arn:aws:iam::123456789012:role/teams/Deployer"]


def test_the_banner_shows_the_region_that_is_used(ctx: Context, account: LiveAws) -> None:
    assert "account 123456789012, region us-east-1" in _live_banner(ctx)
    REGISTRY["configure_deployment"].run({"region": "eu-west-1"}, ctx)
    assert "region eu-west-1" in _live_banner(ctx)
    REGISTRY["undo"].run({}, ctx)
    aws.session.cache_clear()


def test_the_doctor_names_what_is_missing_and_gives_the_policy_that_grants_it(
    ctx: Context, account: LiveAws, capsys: pytest.CaptureFixture[str]
) -> None:
    account.answers["SimulatePrincipalPolicy"] = allowing(denied="dynamodb:CreateTable")
    code = examine(Terminal(Options(json=True, live=True, home=ctx.home, user=ctx.user)))
    document = json.loads(capsys.readouterr().out)
    credentials = next(f for f in document["findings"] if f["what"] == "AWS credentials")
    assert code == 1
    assert "lacks dynamodb:CreateTable on arn:aws:dynamodb:us-east-1:123456789012:table/copilot-*" in credentials["detail"]
    assert any("dynamodb:CreateTable" in statement["Action"] for statement in document["policies"]["serverless"]["Statement"])
    assert account.changes == []
