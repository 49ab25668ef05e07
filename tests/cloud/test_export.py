"""Infrastructure code that other tools take, and that says the same as what we deploy."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.cloud.configuration import Configuration as Said
from copilot.cloud.ec2 import Ec2
from copilot.cloud.export import writer
from copilot.cloud.export.lint import lint
from copilot.cloud.graph import Resource
from copilot.cloud.providers import TYPES
from copilot.cloud.serverless import Blueprint, graph
from copilot.context import Context
from copilot.errors import AlreadyExists, BadArguments, CopilotError, Refused
from copilot.intents import REGISTRY
from tests.cloud.terraform_schema import SCHEMA, mistakes
from tests.cloud.test_another_stack import TABLES, TAGS
from tests.cloud.test_deployments import workspace
from tests.cloud.test_refused import role

ACCOUNT = "123456789012"
INSTANCES = {
    "instances": {"instance_type": "t4g.small", "spot": True, "key_name": "ops"},
    "autoscaling": {"min_size": 1, "max_size": 3, "target_cpu": 60, "availability_zones": ["us-east-1a"]},
}

CONTAINER = {"role": f"arn:aws:iam::{ACCOUNT}:role/copilot-x", "image": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/sklearn:1.2"}
MODEL = {"name": "copilot-x-1", **CONTAINER, "data": f"s3://b-{ACCOUNT}/package/x", "environment": {"SAGEMAKER_PROGRAM": "p.py"}}
HOSTED = (
    Resource("model", "sagemaker_model", {**MODEL, "tags": TAGS}),
    Resource(
        "serving", "sagemaker_config", {"name": "c", "model": "copilot-x-1", "memory": 2048, "concurrency": 20, "tags": TAGS}, ("model",)
    ),
    Resource(
        "machines", "sagemaker_config", {"name": "d", "model": "copilot-x-1", "instance_type": "ml.m5.large", "count": 1, "tags": TAGS}
    ),
    Resource("endpoint", "sagemaker_endpoint", {"name": "copilot-x-ask", "config": "c", "tags": TAGS}, ("serving",)),
    Resource(
        "runtime",
        "agent_runtime",
        {
            "name": "copilot_x",
            "role": CONTAINER["role"],
            "bucket": "copilot-bucket",
            "key": "package/x",
            "python": "PYTHON_3_12",
            "tags": TAGS,
        },
    ),
)


@pytest.fixture
def graphs(blueprint: Blueprint, tmp_path: Path) -> dict[str, tuple[Resource, ...]]:
    ec2 = Ec2(Said.model_validate(INSTANCES), "us-east-1", tmp_path).graph(blueprint)
    return {"serverless": graph(blueprint), "ec2": ec2, "hosted": HOSTED, "another stack": TABLES}


@pytest.mark.parametrize("name", ["serverless", "ec2", "hosted", "another stack"])
def test_cfn_lint_has_nothing_to_say_about_the_template(graphs: dict[str, tuple[Resource, ...]], name: str) -> None:
    written = writer("cloudformation", graphs[name], ACCOUNT, "us-east-1", "A deployment.")
    document = written.render()
    assert lint(json.dumps(document), "us-east-1") == ()
    assert written.left_out == (["token"] if name == "ec2" else [])


def test_cfn_lint_finds_what_is_wrong() -> None:
    broken = writer("cloudformation", TABLES, ACCOUNT, "us-east-1", "").render()
    broken["Resources"]["ProcessingState"]["Properties"]["BillingMode"] = "FREE"
    assert any("FREE" in said for said in lint(json.dumps(broken), "us-east-1") or ())


@pytest.mark.parametrize("name", ["serverless", "ec2", "hosted", "another stack"])
def test_terraform_fits_the_schema_of_the_provider_and_refers_to_what_there_is(graphs: dict[str, tuple[Resource, ...]], name: str) -> None:
    written = writer("terraform", graphs[name], ACCOUNT, "us-east-1", "A deployment.")
    document = written.render()
    assert written.left_out == []
    assert mistakes(document) == []
    made = {f"{kind}.{label}" for kind, named in document["resource"].items() for label in named}
    given = {f"data.{kind}.{label}" for kind, named in document.get("data", {}).items() for label in named}
    text = json.dumps(document)
    used = set(re.findall(r"(?<!\$)\$\{((?:data\.)?[a-z0-9_]+\.[a-z0-9_]+)", text)) - {"var.artifacts"}
    assert used <= made | given
    assert {first for named in document["resource"].values() for body in named.values() for first in body.get("depends_on", [])} <= made


def test_the_schema_finds_what_is_wrong() -> None:
    body = {"name": "n", "hash_key": "k", "ttl": {"attribute": "x"}}
    wrong = {"resource": {"aws_dynamodb_table": {"t": body}, "aws_dynamo_table": {"u": {}}, "aws_iam_role": {"r": {}}}}
    assert sorted(said.partition(": ")[2] for said in mistakes(wrong)) == [
        "missing argument assume_role_policy",
        "no such type",
        "ttl: unsupported argument attribute",
    ]
    assert len(SCHEMA) > 30


@pytest.mark.parametrize("form", ["cloudformation", "terraform"])
def test_every_type_of_resource_has_a_form_in_both_languages(form: Any) -> None:
    makers = writer(form, (), ACCOUNT, "us-east-1", "").makers()
    assert set(TYPES) - set(makers) <= {"token"}


@pytest.mark.parametrize("form", ["cloudformation", "terraform"])
def test_the_account_is_whichever_the_code_runs_in(graphs: dict[str, tuple[Resource, ...]], form: Any) -> None:
    for wanted in graphs.values():
        assert ACCOUNT not in json.dumps(writer(form, wanted, ACCOUNT, "us-east-1", "").render())


def test_what_needs_the_files_waits_for_them_and_what_holds_data_stays(graphs: dict[str, tuple[Resource, ...]]) -> None:
    made = writer("cloudformation", graphs["serverless"], ACCOUNT, "us-east-1", "").render()["Resources"]
    assert made["Function"]["Condition"] == made["UsagePlan"]["Condition"] == "ArtifactsUploaded"
    assert not {"Condition"} & {*made["Bucket"], *made["Table"], *made["Role"]}
    assert made["Bucket"]["DeletionPolicy"] == made["Table"]["DeletionPolicy"] == "Retain"


TOKENS = ["${API}", "$${x}", "}", "%{if}", "$", "!", "%", "${api}", ACCOUNT, "a", '"', "\n"]
TEXTS = st.lists(st.sampled_from(TOKENS), max_size=6).map("".join)


def evaluated(value: Any) -> str:
    """Read what CloudFormation makes of a string."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return {"Api": "API-ID"}[value["Ref"]]
    known = {"AWS::AccountId": "ACCOUNT-ID", "Api": "API-ID"}
    return re.sub(r"\$\{(!?)([^}]*)\}", lambda m: f"${{{m[2]}}}" if m[1] else known[m[2]], value["Fn::Sub"])


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_no_text_is_taken_for_an_expression(text: str) -> None:
    api = Resource("api", "rest_api", {})
    wanted = text.replace("${api}", "API-ID").replace(ACCOUNT, "ACCOUNT-ID")
    assert evaluated(writer("cloudformation", (api,), ACCOUNT, "us-east-1", "").string(text)) == wanted
    terraform = writer("terraform", (api,), ACCOUNT, "us-east-1", "").string(text)
    said = terraform.replace("${aws_api_gateway_rest_api.api.id}", "API-ID").replace(
        "${data.aws_caller_identity.current.account_id}", "ACCOUNT-ID"
    )
    assert said.replace("$${", "${").replace("%%{", "%{") == wanted


def test_the_policies_of_a_role_are_the_same_in_both_languages() -> None:
    wanted = role(f"arn:aws:s3:::b-{ACCOUNT}/k", action="s3:GetObject")
    there = writer("cloudformation", (wanted,), ACCOUNT, "us-east-1", "").render()["Resources"]["Role"]["Properties"]["Policies"]
    here = writer("terraform", (wanted,), ACCOUNT, "us-east-1", "").render()["resource"]["aws_iam_role_policy"]["role_ask"]["policy"]
    policy = json.loads(here.replace("${data.aws_caller_identity.current.account_id}", "${AWS::AccountId}"))
    assert there[0]["PolicyDocument"]["Statement"][0]["Resource"][0]["Fn::Sub"] == policy["Statement"][0]["Resource"][0]


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    with workspace(tmp_path_factory.mktemp("workspace")) as context:
        yield context


def test_a_template_is_written_once_with_the_files_beside_it(ctx: Context, tmp_path: Path) -> None:
    export, path = REGISTRY["export_template"], str(tmp_path / "stack.yaml")
    said = export.run({"agent": "helpdesk", "path": path, "artifacts": True}, ctx)
    assert said.findings == ()
    assert yaml.safe_load(Path(path).read_text())["Resources"]["Bucket"]
    folder = tmp_path / "artifacts"
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {upload.key for upload in said.uploads} == {file.relative_to(folder).as_posix() for file in files}
    assert all(sha256(file.read_bytes()).hexdigest() == file.name for file in files)
    assert all("ACCOUNT" in upload.bucket for upload in said.uploads)
    with pytest.raises(AlreadyExists, match=r"stack\.yaml"):
        export.run({"agent": "helpdesk", "path": path}, ctx)
    with pytest.raises(BadArguments, match="JSON syntax"):
        export.run({"agent": "helpdesk", "path": str(tmp_path / "main.tf"), "format": "terraform"}, ctx)
    (tmp_path / "main.tf.json").touch()
    terraform = export.run({"agent": "helpdesk", "path": str(tmp_path / "main.tf.json"), "format": "terraform", "force": True}, ctx)
    assert terraform.resources == said.resources
    assert mistakes(json.loads(Path(terraform.path).read_text())) == []
    assert REGISTRY["list_deployments"].run({}, ctx).deployments == ()


@pytest.mark.parametrize(("file", "blocked"), [("stack.yaml", "artifacts"), ("no folder/stack.yaml", "no folder")])
def test_where_nothing_can_be_written_the_path_is_named(ctx: Context, tmp_path: Path, file: str, blocked: str) -> None:
    (tmp_path / "artifacts").touch()
    with pytest.raises(CopilotError, match=f"{blocked}.* cannot be written"):
        REGISTRY["export_template"].run({"agent": "helpdesk", "path": str(tmp_path / file), "artifacts": True}, ctx)


def test_what_runs_on_this_machine_is_no_infrastructure(ctx: Context, tmp_path: Path) -> None:
    REGISTRY["configure_deployment"].run({"target": "local"}, ctx)
    with pytest.raises(Refused, match="not in AWS"):
        REGISTRY["export_template"].run({"agent": "helpdesk", "path": str(tmp_path / "x.yaml")}, ctx)
    REGISTRY["undo"].run({}, ctx)
