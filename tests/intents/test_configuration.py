"""What is configured turn by turn, and what it would cost."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.context import Context
from copilot.errors import BadArguments, CopilotError, NotFound
from copilot.intents import REGISTRY


def call(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def changed(result: Any) -> dict[str, tuple[Any, Any]]:
    return {change.setting: (change.before, change.after) for change in result.changes}


def test_a_turn_changes_what_it_says_and_keeps_the_rest(ctx: Context) -> None:
    call(ctx, "configure_instances", instance_type="t3.large", volume_size=100)
    said = call(ctx, "configure_instances", min_count=2, max_count=4)
    assert changed(said) == {"min_count": (None, 2), "max_count": (None, 4)}
    assert said.settings["instances"] == {"instance_type": "t3.large", "volume_size": 100, "min_count": 2, "max_count": 4}
    assert said.cost.low_usd == pytest.approx(2 * 0.0832 * 730, abs=0.01)
    assert said.cost.high_usd == pytest.approx(4 * 0.0832 * 730, abs=0.01)
    assert "volumes" in said.cost.unknown
    assert changed(call(ctx, "configure_instances", min_count=2)) == {}


def test_undo_takes_back_one_turn(ctx: Context) -> None:
    call(ctx, "configure_deployment", memory_mb=1024)
    call(ctx, "configure_deployment", memory_mb=2048)
    assert call(ctx, "show_config").serverless["memory"] == 2048
    call(ctx, "undo")
    assert call(ctx, "show_config").serverless["memory"] == 1024
    call(ctx, "undo")
    assert call(ctx, "show_config").serverless["memory"] == 1769


@pytest.mark.parametrize(
    ("ability", "args", "said"),
    [
        ("configure_deployment", {"log_retention_days": 31}, "30 and 60"),
        ("configure_deployment", {"log_retention_days": 9999}, "3653"),
        ("configure_deployment", {"memory_mb": 64}, "nearest is 128"),
        ("configure_deployment", {"timeout_seconds": 901}, "nearest is 900"),
        ("configure_deployment", {"require_api_key": False}, "never deployed"),
        ("configure_deployment", {}, "Nothing was said"),
        ("configure_instances", {"min_count": 5, "max_count": 4}, "min_count = 5 is more than max_count = 4"),
        ("configure_instances", {"image_id": "ubuntu"}, "written like ami-"),
        ("configure_autoscaling", {"min_size": 1, "desired_capacity": 7, "max_size": 6}, "desired_capacity = 7 is more than max_size = 6"),
        ("configure_autoscaling", {"target_cpu": 101}, "nearest is 100"),
        ("configure_autoscaling", {"availability_zones": ["eu-central-1a"]}, "not in us-east-1"),
    ],
)
def test_a_value_that_aws_refuses_is_refused_with_the_nearest_and_changes_nothing(
    ctx: Context, ability: str, args: dict[str, Any], said: str
) -> None:
    before = call(ctx, "show_config")
    with pytest.raises(BadArguments, match=said):
        call(ctx, ability, **args)
    assert call(ctx, "show_config") == before


def test_an_instance_type_must_be_offered_where_it_goes(ctx: Context) -> None:
    with pytest.raises(NotFound, match=r"Did you mean 't3\.large'"):
        call(ctx, "configure_instances", instance_type="t3.lage")
    call(ctx, "configure_instances", instance_type="a1.large")
    with pytest.raises(NotFound, match=r"eu-west-3 named 'a1\.large'"):
        call(ctx, "configure_deployment", region="eu-west-3")
    ctx.region = "eu-west-3"
    shown = call(ctx, "show_config")
    assert "a1.large" in shown.notes[-1]


def test_saying_a_size_turns_autoscaling_on_unless_it_was_turned_off(ctx: Context) -> None:
    assert changed(call(ctx, "configure_autoscaling", min_size=1, max_size=6, target_cpu=60))["enabled"] == (None, True)
    call(ctx, "configure_autoscaling", enabled=False)
    assert "enabled" not in changed(call(ctx, "configure_autoscaling", max_size=8))


def test_an_image_whose_architecture_is_unknown_is_said_to_be(ctx: Context) -> None:
    said = call(ctx, "configure_instances", instance_type="t4g.small", image_id="ami-0123456789abcdef0")
    assert "t4g.small is arm64" in said.notes[-1]


@given(st.fixed_dictionaries({}, optional={name: st.integers(-1, 8) for name in ("min_size", "max_size", "desired_capacity")}))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_group_is_always_in_order_whatever_is_said(ctx: Context, args: dict[str, int]) -> None:
    with suppress(CopilotError):
        call(ctx, "configure_autoscaling", **args)
    group = call(ctx, "show_config").autoscaling
    sizes = [group[name] for name in ("min_size", "desired_capacity", "max_size") if name in group]
    assert sizes == sorted(sizes)
    assert all(size >= 0 for size in sizes)


def test_instances_are_priced_without_an_agent(ctx: Context) -> None:
    said = call(ctx, "estimate_cost", instance_type="m5.large", count=3)
    assert said.infrastructure.low_usd == said.infrastructure.high_usd == pytest.approx(3 * 0.096 * 730, abs=0.01)
    assert said.tokens is None
    with pytest.raises(NotFound):
        call(ctx, "estimate_cost", instance_type="m5.lage")


def test_more_requests_cost_more_and_the_builtin_model_takes_no_tokens(ctx: Context) -> None:
    ctx.store.put("agent", "helpdesk", {"collections": [], "model": "offline"}, "op")
    few, many = (call(ctx, "estimate_cost", agent="helpdesk", requests_per_month=n) for n in (1_000, 100_000))
    assert few.infrastructure.low_usd < few.infrastructure.high_usd < many.infrastructure.low_usd
    assert many.tokens is None


def test_tokens_are_apart_and_unknown_prices_are_said_to_be(ctx: Context) -> None:
    ctx.store.put("model", "gpt", {"id": "openai/gpt-4o-mini", "provider": "openai"}, "op")
    ctx.store.put("model", "own", {"id": "openai/nobody-knows-it", "provider": "openai"}, "op")
    ctx.store.put("agent", "priced", {"collections": [], "model": "gpt"}, "op")
    ctx.store.put("agent", "unpriced", {"collections": [], "model": "own"}, "op")
    priced = call(ctx, "estimate_cost", agent="priced", requests_per_month=100_000)
    assert 0 < priced.tokens.low_usd < priced.tokens.high_usd
    unpriced = call(ctx, "estimate_cost", agent="unpriced").tokens
    assert unpriced.low_usd is None
    assert unpriced.unknown == ("tokens read", "tokens written")
    ctx.region = "ap-south-1"
    assert "unknown cost" in call(ctx, "estimate_cost", agent="unpriced").headline
