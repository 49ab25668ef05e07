"""Whatever goes wrong at any call of a deployment to instances, a runtime or an endpoint, or of another stack: nothing is left over."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.agentcore import AgentCore
from copilot.cloud.artifacts import Artifacts
from copilot.cloud.configuration import Configuration
from copilot.cloud.ec2 import Ec2
from copilot.cloud.engine import Engine
from copilot.cloud.graph import Resource
from copilot.cloud.journal import Journal, Site
from copilot.cloud.providers import providers
from copilot.cloud.providers.compute import SecurityGroup
from copilot.cloud.providers.provider import STACK
from copilot.cloud.sagemaker import SageMaker
from copilot.cloud.serverless import Blueprint
from copilot.cloud.target import Target
from copilot.outside.aws import Session
from copilot.outside.store import Store
from tests.cloud.conftest import Faults, carry_out, everything
from tests.cloud.test_another_stack import TABLES, changed, index
from tests.cloud.test_fault_sweep import KINDS, attempt, cases, recover
from tests.cloud.test_hosting import hosted
from tests.cloud.test_targets import SAID, compute

Graph = tuple[Resource, ...]
SMALLER = {**SAID, "autoscaling": {**SAID["autoscaling"], "desired_capacity": 1, "target_cpu": 70}}
OTHER_TYPE = {**SAID, "instances": {**SAID["instances"], "instance_type": "m5.large"}}
STAGES = {"session_id": "S", "timestamp": "N", "processing_stage": "S"}


def on(target: type[Target], said: dict[str, Any] | None = None) -> Callable[[Blueprint, Path], Graph]:
    def make(blueprint: Blueprint, home: Path) -> Graph:
        package = "" if target is Ec2 else blueprint.content.index  # any file will do for an archive
        sealed = replace(blueprint, content=replace(blueprint.content, package=package))
        return target(Configuration.model_validate(said or {}), "us-east-1", home).graph(sealed)

    return make


def tables(**properties: Any) -> Callable[[Blueprint, Path], Graph]:
    return lambda blueprint, _: tuple(
        replace(table, properties={**table.properties, "tags": {STACK: blueprint.stack}})
        for table in (changed("processing_state", **properties) if properties else TABLES)
    )


STACKS = {
    "instances, then fewer": (on(Ec2, SAID), on(Ec2, SMALLER)),
    "instances, then others": (on(Ec2, SAID), on(Ec2, OTHER_TYPE)),
    "tables, then other indexes": (
        tables(),
        tables(indexes=[index("processing-stage-index", ["processing_stage"])], types=STAGES, stream=None),
    ),
    "an endpoint": (on(SageMaker), on(SageMaker)),
    "instances, then a runtime": (on(Ec2, SAID), on(AgentCore)),
}
SWEEPS = [pytest.param("a sample", id="a sample"), *(pytest.param(kind, id=kind, marks=pytest.mark.sweep) for kind in KINDS)]


def state(session: Session, engine: Engine) -> Any:
    ours = {r.id: engine.providers[r.type].read(r.physical) for r in engine.journal.resources()}
    return everything(session), {k: v for k, v in compute(session).items() if k != "instances"}, hosted(session), ours


@pytest.mark.parametrize("kind", SWEEPS)
@pytest.mark.parametrize("name", STACKS)
def test_a_first_deployment_leaves_nothing_and_an_update_restores_what_ran(
    name: str, kind: str, store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint, tmp_path: Path
) -> None:
    faults = Faults(Session(session.region, session.endpoint))
    site = Site("simulated", "us-east-1", blueprint.stack)
    engine = Engine(Journal(store, "helpdesk-dev"), providers(faults.session, artifacts), site, pause=lambda _: None)
    first, second = (make(blueprint, tmp_path) for make in STACKS[name])
    for before, after in ((None, first), (first, second)):
        start = state(session, engine)
        faults.reset()
        carry_out(engine, after)
        for fault, number in cases(kind, faults):
            go_back(engine, before)
            assert state(session, engine) == start, (fault, number)
            faults.reset(fault, number)
            done = attempt(engine, after)
            recover(engine, faults)
            if done:
                assert engine.plan(after).changes == (), (fault, number)
            else:
                assert fault != "throttled", number
                assert state(session, engine) == start, (fault, number)
        carry_out(engine, after)
    go_back(engine, None)


def go_back(engine: Engine, wanted: Graph | None) -> None:
    if wanted is None:
        assert engine.destroy("op") == []
    else:
        carry_out(engine, wanted)


def test_what_others_let_in_by_another_protocol_is_seen_and_put_back_as_it_was(session: Session, artifacts: Artifacts) -> None:
    walls, ec2 = SecurityGroup(session, artifacts), session.client("ec2")
    wanted = {"name": "copilot-wall", "description": "Questions", "ingress": [{"port": 8080, "source": "vpc"}], "tags": {STACK: "x"}}
    walls.create(wanted)
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["copilot-wall"]}])["SecurityGroups"][0]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    ranges = group["IpPermissions"][0]["IpRanges"]
    theirs = [("udp", 8080, 8080), ("icmp", 8, -1), ("tcp", 1, 9)]
    permissions = [{"IpProtocol": kind, "FromPort": first, "ToPort": last, "IpRanges": ranges} for kind, first, last in theirs]
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=permissions)
    changed = walls.read("copilot-wall") or {}
    assert wanted["ingress"][0] not in changed["ingress"]
    for there, then in ((changed, wanted), (wanted, changed)):
        walls.update("copilot-wall", there, then)
        assert sorted(map(str, (walls.read("copilot-wall") or {})["ingress"])) == sorted(map(str, then["ingress"]))
    walls.delete("copilot-wall")
