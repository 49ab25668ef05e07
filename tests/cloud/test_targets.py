"""An agent on instances: what is made, changed in place, made anew, and gone in the end."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.agentcore import AgentCore
from copilot.cloud.artifacts import Artifacts
from copilot.cloud.configuration import Configuration
from copilot.cloud.ec2 import Ec2, user_data
from copilot.cloud.engine import Engine, Failed
from copilot.cloud.graph import Resource
from copilot.cloud.rules import check
from copilot.cloud.sagemaker import SageMaker
from copilot.cloud.serverless import Blueprint
from copilot.cloud.target import Target
from copilot.errors import Refused, Unavailable
from copilot.outside.aws import Session
from tests.cloud.conftest import EMPTY, carry_out, everything, small_blueprint

SAID: dict[str, Any] = {
    "instances": {"instance_type": "t3.large", "volume_size": 40, "spot": True},
    "autoscaling": {"min_size": 1, "desired_capacity": 2, "max_size": 4, "target_cpu": 60},
}
Graph = Callable[..., tuple[Resource, ...]]


@pytest.fixture
def graph(blueprint: Blueprint, tmp_path: Path) -> Graph:
    """Return the graph of the ec2 target, with settings changed: `instances={…}`, `autoscaling={…}`."""

    def make(blueprint: Blueprint = blueprint, **changes: dict[str, Any]) -> tuple[Resource, ...]:
        said = {section: {**SAID.get(section, {}), **changes.get(section, {})} for section in {*SAID, *changes}}
        return Ec2(Configuration.model_validate(said), "us-east-1", tmp_path).graph(blueprint)

    return make


def compute(session: Session) -> dict[str, list[str]]:
    """Name what runs in EC2."""
    ec2, scaling = session.client("ec2"), session.client("autoscaling")
    found = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])["Reservations"]
    return {
        "groups": [g["AutoScalingGroupName"] for g in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]],
        "policies": [p["PolicyName"] for p in scaling.describe_policies()["ScalingPolicies"]],
        "templates": [t["LaunchTemplateName"] for t in ec2.describe_launch_templates()["LaunchTemplates"]],
        "walls": [g["GroupName"] for g in ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] != "default"],
        "profiles": [p["InstanceProfileName"] for p in session.client("iam").list_instance_profiles()["InstanceProfiles"]],
        "tokens": [p["Name"] for p in session.client("ssm").describe_parameters()["Parameters"]],
        "instances": [i["InstanceType"] for r in found for i in r["Instances"]],
    }


NOTHING: dict[str, list[str]] = {name: [] for name in ("groups", "policies", "templates", "walls", "profiles", "tokens", "instances")}


def test_instances_are_made_and_afterwards_nothing_is_left_to_do_or_behind(engine: Engine, session: Session, graph: Graph) -> None:
    assert check(graph()) == ()
    carry_out(engine, graph())
    assert {name: len(found) for name, found in compute(session).items()} == {**dict.fromkeys(NOTHING, 1), "instances": 2}
    assert engine.plan(graph()).changes == ()
    assert not engine.drift()
    assert engine.destroy("op") == []
    assert compute(session) == NOTHING
    assert everything(session) == EMPTY


def test_a_new_size_changes_the_group_in_place_and_its_own_scaling_is_no_drift(engine: Engine, session: Session, graph: Graph) -> None:
    carry_out(engine, graph())
    group = compute(session)["groups"][0]
    session.client("autoscaling").set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=3)
    assert engine.plan(graph()).changes == ()
    assert not engine.drift()
    larger = graph(autoscaling={"desired_capacity": 4})
    assert [(change.type, change.action) for change in engine.plan(larger).changes] == [("auto_scaling_group", "update")]
    carry_out(engine, larger)
    assert compute(session)["groups"] == [group]
    assert len(compute(session)["instances"]) == 4


def test_another_type_or_other_documents_come_up_in_a_new_group_before_the_old_one_goes(
    engine: Engine, session: Session, graph: Graph, artifacts: Artifacts, tmp_path: Path
) -> None:
    carry_out(engine, graph())
    old = compute(session)["groups"]
    for wanted in (graph(instances={"instance_type": "m5.large"}), graph(small_blueprint(artifacts, tmp_path, "other documents"))):
        planned = engine.plan(wanted)
        done = [change.action for change in planned.changes if change.type == "auto_scaling_group"]
        assert done == ["create", "delete"]
        assert [change.action for change in planned.changes if change.type == "launch_template"] == ["update"]
        carry_out(engine, wanted)
        assert engine.plan(wanted).changes == ()
        assert len(compute(session)["groups"]) == 1
        assert compute(session)["groups"] != old


def test_what_somebody_opened_or_switched_off_is_found_and_mended(engine: Engine, session: Session, graph: Graph) -> None:
    carry_out(engine, graph())
    ec2 = session.client("ec2")
    wall = next(g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] != "default")
    everybody = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=wall, IpPermissions=everybody)
    group = compute(session)["groups"][0]
    session.client("autoscaling").delete_policy(AutoScalingGroupName=group, PolicyName=f"{group}-cpu")
    found = engine.plan(graph()).changes
    assert {(change.type, change.action) for change in found} == {("security_group", "update"), ("scaling_policy", "create")}
    carry_out(engine, graph())
    assert engine.plan(graph()).changes == ()
    ports = [p["FromPort"] for p in ec2.describe_security_groups(GroupIds=[wall])["SecurityGroups"][0]["IpPermissions"]]
    assert ports == [8080]


def test_the_console_of_an_instance_tells_its_start_and_that_it_is_simulated(engine: Engine, session: Session, graph: Graph) -> None:
    carry_out(engine, graph())
    body = Ec2.record("us-east-1", {r.id: r.physical for r in engine.journal.resources()})
    lines = list(Ec2.watch(session, body))
    assert all(line.startswith("[simulated]") for line in lines)
    assert [line for line in lines if "copilot: fetching code/" in line]
    assert "the service answers on port 8080" in lines[-2]
    with pytest.raises(Unavailable, match="NotSimulated"):
        Ec2.ask(session, body, "Anybody there?")


def test_an_instance_takes_no_more_than_it_needs(graph: Graph, blueprint: Blueprint) -> None:
    made = {resource.id: resource.properties for resource in graph()}
    template = made["template"]
    assert (template["tokens"], template["encrypted"], template["spot"], template["disk"]) == ("required", True, True, 40)
    assert made["security_group"]["ingress"] == [{"port": 8080, "source": "vpc"}]
    actions = [s["Action"] for s in made["role"]["policies"]["serve"]["Statement"]]
    assert actions == ["s3:GetObject", "ssm:GetParameter"]
    script = user_data(blueprint)
    assert script.startswith("#!/bin/bash")
    assert all(f"/{digest} " in script for digest in vars(blueprint.content).values() if digest)
    assert "$" + "{" not in script.replace("$" + "{1##*/}", "")


def test_the_image_and_the_code_are_for_the_processor_of_the_type(tmp_path: Path, blueprint: Blueprint) -> None:
    for kind, machine, image in (("t4g.small", "aarch64", "arm64"), ("t3.small", "x86_64", "x86_64")):
        target = Ec2(Configuration.model_validate({"instances": {"instance_type": kind}}), "us-east-1", tmp_path)
        assert target.machine == machine
        template = next(r for r in target.graph(replace(blueprint)) if r.type == "launch_template")
        assert template.properties["image"].endswith(image)


def test_without_an_instance_type_it_says_how_to_find_one(blueprint: Blueprint, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No instance type") as refused:
        Ec2(Configuration(), "us-east-1", tmp_path).graph(blueprint)
    assert "copilot instances recommend" in refused.value.hint


def hosted_on(target: type[Target], blueprint: Blueprint, package: str, home: Path) -> tuple[Resource, ...]:
    """Return the graph of a target that takes one archive; any file will do for it."""
    sealed = replace(blueprint, content=replace(blueprint.content, package=package))
    return target(Configuration(), "us-east-1", home).graph(sealed)


def test_a_new_archive_reaches_a_runtime_in_place(engine: Engine, blueprint: Blueprint, tmp_path: Path) -> None:
    content = blueprint.content
    first, second = (hosted_on(AgentCore, blueprint, package, tmp_path) for package in (content.index, content.weights))
    carry_out(engine, first)
    done = {(change.type, change.action) for change in engine.plan(second).changes}
    assert done == {("object", "create"), ("object", "delete"), ("role", "update"), ("agent_runtime", "update")}
    carry_out(engine, second)
    assert engine.plan(second).changes == ()
    assert engine.destroy("op") == []


def test_an_endpoint_that_the_simulated_account_cannot_change_is_put_back_and_that_is_said(
    engine: Engine, blueprint: Blueprint, tmp_path: Path
) -> None:
    content = blueprint.content
    first, second = (hosted_on(SageMaker, blueprint, package, tmp_path) for package in (content.index, content.weights))
    carry_out(engine, first)
    with pytest.raises(Failed, match="NotSimulated") as failed:
        carry_out(engine, second)
    assert "Everything is back" in failed.value.hint
    assert engine.plan(first).changes == ()
    assert engine.destroy("op") == []
