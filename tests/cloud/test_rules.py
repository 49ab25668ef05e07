"""What AWS would refuse is found before anything is called."""

from dataclasses import replace
from typing import Any

import pytest

from copilot.cloud.graph import Resource
from copilot.cloud.prices import ALARMS, estimate, unit_prices
from copilot.cloud.rules import check
from copilot.cloud.serverless import Blueprint, Settings, graph

EVERYONE = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}
MISSPELT = {"ask": {"Statement": [{"Effect": "Alow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}]}}
ALL = {"wide": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}


def changed(resources: tuple[Resource, ...], name: str, properties: dict[str, Any]) -> tuple[Resource, ...]:
    """Return the graph with some properties of one resource replaced."""
    return tuple(replace(r, properties={**r.properties, **properties}) if r.id == name else r for r in resources)


def test_the_deployment_of_an_agent_breaks_no_rule(blueprint: Blueprint) -> None:
    assert check(graph(blueprint)) == ()


@pytest.mark.parametrize(
    ("name", "properties", "problems"),
    [
        ("bucket", {"name": "Bad_Bucket"}, ["not a valid bucket name"]),
        ("bucket", {"name": "10.0.0.1"}, ["not a valid bucket name"]),
        ("bucket", {"name": "a..b"}, ["not a valid bucket name"]),
        ("bucket", {"private": False}, ["open to the public"]),
        ("bucket", {"encryption": None}, ["not be encrypted"]),
        ("bucket", {"policy": None}, ["without TLS"]),
        ("bucket", {"policy": EVERYONE}, ["allows everyone", "without TLS"]),
        ("function", {"runtime": "python9.9"}, ["no runtime python9.9"]),
        ("function", {"memory": 64}, ["64 MB"]),
        ("function", {"timeout": 900}, ["900 s"]),
        ("function", {"environment": {"LONG": "x" * 5000}}, ["environment is larger"]),
        ("function", {"environment": {"AWS_REGION": "eu-west-1"}}, ["no variable called AWS_REGION"]),
        ("function", {"name": "x" * 65}, ["not a valid function name", "log group"]),
        ("function", {"code_key": "code/elsewhere"}, ["not put there by the deployment"]),
        ("logs", {"days": 31}, ["31 days; the nearest that AWS has is 30"]),
        ("logs", {"days": None}, ["kept for ever"]),
        ("role", {"policies": ALL}, ["may do s3:*", "reaches *"]),
        ("role", {"policies": MISSPELT}, ["'Alow'"]),
        ("role", {"trust": EVERYONE}, ["anybody could assume"]),
        ("permission", {"source": None}, ["names no source"]),
        ("api", {"key_required": False}, ["without a key"]),
        ("usage_plan", {"rate": 0}, ["have to be positive"]),
        ("alarm", {"period": 45}, ["period of 45 s"]),
        ("table", {"tags": {}}, ["leave it behind"]),
    ],
)
def test_each_mistake_is_named(blueprint: Blueprint, name: str, properties: dict[str, Any], problems: list[str]) -> None:
    found = check(changed(graph(blueprint), name, properties))
    assert {finding.resource for finding in found} == {name}
    assert all(any(words in finding.problem for finding in found) for words in problems)


def test_two_resources_of_one_name_are_found(blueprint: Blueprint) -> None:
    wanted = graph(blueprint)
    table = next(r for r in wanted if r.id == "table")
    found = check((*wanted, replace(table, id="second_table")))
    assert {(finding.resource, "two resources" in finding.problem) for finding in found} == {("table", True), ("second_table", True)}


@pytest.mark.parametrize("agent", ["helpdesk", "Help Desk (new)!", "x" * 80, "日本", "--", "a.b_c"])
@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-2", "us-gov-west-1"])
def test_any_name_of_an_agent_gives_names_that_aws_takes(blueprint: Blueprint, agent: str, region: str) -> None:
    wanted = graph(replace(blueprint, agent=agent, environment="production", region=region))
    assert check(wanted) == ()


def test_agents_and_owners_that_look_alike_get_names_of_their_own(blueprint: Blueprint) -> None:
    alike = [
        replace(blueprint, agent="Help Desk"),
        replace(blueprint, agent="help-desk"),
        replace(blueprint, agent="help-desk", owner="eve"),
    ]
    assert len({each.prefix for each in alike}) == 3
    assert len({each.stack for each in alike}) == 3


@pytest.mark.parametrize(("one", "two"), [("jörg", "jürg"), ("日", "本"), ("x" * 300 + "a", "x" * 300 + "b")])
def test_what_the_characters_of_a_tag_cannot_tell_apart_is_told_apart_all_the_same(blueprint: Blueprint, one: str, two: str) -> None:
    """By the tag a removal knows what is ours: of two owners whose tags are the same, one would remove what the other made."""
    mine, other = replace(blueprint, owner=one), replace(blueprint, owner=two)
    assert mine.stack != other.stack
    assert len(mine.stack) <= 256


def test_the_cost_is_a_range_with_its_date_and_grows_with_use() -> None:
    cost = estimate(Settings(), 10**8, "us-east-1")
    assert cost.low is not None
    assert cost.high is not None
    assert 0 < cost.low < cost.high
    assert cost.unknown == ()
    assert cost.as_of.startswith("20")
    bigger = estimate(Settings(memory=3000), 10**8, "us-east-1")
    assert bigger.high is not None
    assert bigger.high > cost.high


def test_a_price_that_is_not_known_is_unknown_and_not_free() -> None:
    part = estimate(Settings(), 10**8, "eu-central-1")
    assert {"table", "logs"} <= set(part.unknown)
    assert {"function", "API"} & set(part.unknown) == set()
    assert next(c for c in part.costs if c.what == "table").low is None
    nowhere = estimate(Settings(), 10**8, "sa-east-1")
    assert (nowhere.low, nowhere.high, nowhere.as_of) == (None, None, "unknown")
    assert len(nowhere.unknown) == len(nowhere.costs)


def test_every_price_has_unit_source_and_date_and_is_not_nothing() -> None:
    for region in ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1"):
        for price in unit_prices(region).values():
            assert price.usd > 0
            assert price.unit
            assert price.source
            assert price.as_of.startswith("20")


def test_the_estimate_counts_the_alarms_and_dashboards_that_are_deployed(blueprint: Blueprint) -> None:
    types = [resource.type for resource in graph(blueprint)]
    assert (types.count("alarm"), types.count("dashboard")) == (ALARMS, 1)
