"""From words about instances to instances in the simulated account, and back to nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from copilot.cloud.account import connect
from copilot.cloud.endpoint import invoke
from copilot.cloud.simulator.account import shut_down
from copilot.context import Context
from copilot.errors import Refused, Unavailable
from copilot.faces.commands import parse_line
from copilot.intent import Intent
from copilot.intents import REGISTRY
from copilot.intents.deployments.results import Deployed
from copilot.routing.conversation import Conversation
from tests.cloud.conftest import EMPTY, everything
from tests.cloud.test_targets import NOTHING, compute


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A workspace with one agent that goes to instances; tests of this file use it in order."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "handbook.md").write_text("# Leave\n\nEmployees get 28 days of paid holiday a year.\n")
    context = Context(home=folder / "home", user="tester", consent="person")
    call(context, "ingest_data", source=str(folder / "handbook.md"), collection="company")
    call(context, "create_agent", name="helpdesk", collections=["company"])
    yield context
    context.store.close()
    shut_down()


def call(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def test_what_is_still_missing_is_said_before_anything_is_made(ctx: Context) -> None:
    notes = call(ctx, "configure_deployment", target="ec2").notes
    assert [note for note in notes if "needs an instance type" in note]
    with pytest.raises(Refused, match="No instance type"):
        call(ctx, "plan_deployment")


def test_instances_are_planned_with_their_cost(ctx: Context) -> None:
    call(ctx, "configure_instances", instance_type="t4g.medium")
    call(ctx, "configure_autoscaling", min_size=1, max_size=3, desired_capacity=2, target_cpu=60)
    planned = call(ctx, "plan_deployment")
    assert planned.problems == ()
    assert planned.cost.low_usd == pytest.approx(1 * 0.0336 * 730, abs=0.01)
    assert planned.cost.high_usd == pytest.approx(3 * 0.0336 * 730, abs=0.01)


def test_words_that_agree_to_what_was_shown_plan_it_and_only_a_second_yes_deploys(ctx: Context) -> None:
    def perform(intent: Intent, args: Mapping[str, Any], confirmed: bool) -> Any:
        ctx.consent = "words" if confirmed else "none"
        return intent.run(args, ctx)

    nobody: Any = None
    conversation = Conversation(ctx.store, "", REGISTRY, nobody, nobody, parse_line, perform)
    try:
        for shown in ("instances configure --volume-size 30", "deployments show-config", "deployments plan"):
            assert conversation.say(shown).error is None
            asked = conversation.say("config looks good")
            assert asked.asks_for_yes
            assert asked.route.intent == "deploy_agent"
            conversation.say("no")
            assert isinstance(conversation.say("looks good").error, Refused)
        conversation.say("deployments show-config")
        conversation.say("the settings look good, go ahead")
        deployed = conversation.say("yes").result
    finally:
        ctx.consent = "person"
    assert isinstance(deployed, Deployed)
    assert all(line.startswith("[simulated]") for line in deployed.console)
    assert [line for line in deployed.console if "the service answers on port 8080" in line]
    with connect(ctx.home, ctx.region, live=False) as session:
        assert compute(session)["instances"] == ["t4g.medium"] * 2
    again = call(ctx, "deploy_agent")
    assert (again.created, again.updated, again.deleted, again.console) == (0, 0, 0, ())


def test_it_is_shown_and_what_somebody_changed_is_found(ctx: Context) -> None:
    assert "as deployed" in call(ctx, "show_deployment", deployment="helpdesk-dev", check=True).health
    with connect(ctx.home, ctx.region, live=False) as session:
        group = compute(session)["groups"][0]
        session.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=group, MaxSize=9)
    shown = call(ctx, "show_deployment", deployment="helpdesk-dev", check=True)
    assert {row.type: row.state for row in shown.resources if row.state != "as deployed"} == {"auto_scaling_group": "changed: max"}
    assert [change.type for change in call(ctx, "plan_deployment").changes] == ["auto_scaling_group"]


def test_what_the_simulated_account_does_not_run_is_not_said_to_answer(ctx: Context) -> None:
    with pytest.raises(Unavailable, match="NotSimulated"):
        invoke(ctx.store, ctx.home, False, "helpdesk-dev", "How many days of holiday?")


def test_a_smaller_group_is_an_update_and_going_back_undoes_it(ctx: Context) -> None:
    call(ctx, "configure_autoscaling", desired_capacity=1, max_size=1)
    assert [(change.type, change.action) for change in call(ctx, "plan_deployment").changes] == [("auto_scaling_group", "update")]
    call(ctx, "deploy_agent")
    call(ctx, "rollback_deployment", deployment="helpdesk-dev")
    with connect(ctx.home, ctx.region, live=False) as session:
        assert len(compute(session)["instances"]) == 2


def test_when_it_is_removed_nothing_is_left(ctx: Context) -> None:
    assert call(ctx, "destroy_deployment", deployment="helpdesk-dev").left == ()
    with connect(ctx.home, ctx.region, live=False) as session:
        assert compute(session) == NOTHING
        assert everything(session) == EMPTY


def test_the_same_agent_moves_from_one_target_to_another_and_leaves_nothing_there(ctx: Context) -> None:
    call(ctx, "deploy_agent")
    call(ctx, "configure_deployment", target="serverless")
    call(ctx, "deploy_agent")
    with connect(ctx.home, ctx.region, live=False) as session:
        assert compute(session) == NOTHING
    assert "28 days" in invoke(ctx.store, ctx.home, False, "helpdesk-dev", "How many days of paid holiday do employees get?")["text"]
    call(ctx, "destroy_deployment", deployment="helpdesk-dev")
    with connect(ctx.home, ctx.region, live=False) as session:
        assert everything(session) == EMPTY
