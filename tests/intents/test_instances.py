import pytest

from copilot.context import Context
from copilot.errors import BadArguments, NeedsAnswer
from copilot.intents import REGISTRY

RECOMMEND = REGISTRY["recommend_instance"]


def test_the_answer_has_price_date_reason_and_runners_up(ctx: Context) -> None:
    said = RECOMMEND.run({"vcpus": 2, "memory": 4}, ctx).as_json()
    assert said["instance_type"] == "t4g.medium"
    assert said["price"] == 0.0336
    assert said["region"] == "us-east-1"
    assert said["as_of"] == "2026-07-20"
    assert 0 < said["reserved_3yr"] < said["reserved_1yr"] < said["price"]
    assert said["discounts_as_of"] == "2026-07-05"
    assert "arm64" in said["why"]
    assert "x86_64" in " ".join(runner["why"] for runner in said["runners_up"])


def test_the_region_of_the_workspace_is_taken_when_none_is_named(ctx: Context) -> None:
    ctx.region = "eu-central-1"
    assert RECOMMEND.run({"memory": 4}, ctx).region == "eu-central-1"
    assert RECOMMEND.run({"memory": 4, "region": "us-west-2"}, ctx).region == "us-west-2"


def test_without_requirements_it_asks_for_one_and_keeps_the_region(ctx: Context) -> None:
    with pytest.raises(NeedsAnswer) as caught:
        RECOMMEND.run({"region": "eu-west-1"}, ctx)
    assert caught.value.pending == {"ask": "memory", "intent": "recommend_instance", "args": {"region": "eu-west-1"}}


@pytest.mark.parametrize(
    "args", [{"vcpus": -4}, {"memory": 0}, {"gpus": 0}, {"max_price": -1}, {"memory": float("nan")}, {"region": "mars-north-1"}]
)
def test_a_number_that_makes_no_sense_is_refused(ctx: Context, args: dict[str, object]) -> None:
    with pytest.raises(BadArguments):
        RECOMMEND.run(args, ctx)
