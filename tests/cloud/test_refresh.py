"""The table of instance types, rebuilt from what AWS says."""

import json
from typing import Any

import pytest

from copilot.cloud.offers import COLUMNS, Table
from copilot.context import Context
from copilot.errors import Refused, Unavailable
from copilot.intents import REGISTRY
from copilot.intents.instances import refresh_table
from tests.cloud.live_aws import Reply, live_aws, refusing_json

OURS = {"t4g.nano": 0.005, "m5.large": 0.2, "g6f.large": 0.3, "inf2.xlarge": 0.8, "g5.xlarge": 1.1}


def product(name: str, price: float) -> str:
    """A product as the price list has it; what we do not read is left out."""
    reserved = {"LeaseContractLength": "1yr", "OfferingClass": "standard", "PurchaseOption": "All Upfront"}
    terms = {
        "OnDemand": {"A.J": {"priceDimensions": {"A.J.6": {"unit": "Hrs", "pricePerUnit": {"USD": f"{price:.10f}"}}}}},
        "Reserved": {
            "A.6": {"termAttributes": reserved, "priceDimensions": {"A.6.2": {"unit": "Quantity", "pricePerUnit": {"USD": "438"}}}},
            "A.7": {
                "termAttributes": {**reserved, "PurchaseOption": "No Upfront"},
                "priceDimensions": {"A.7.2": {"unit": "Hrs", "pricePerUnit": {"USD": "0.01"}}},
            },
        },
    }
    return json.dumps({"product": {"attributes": {"instanceType": name, "regionCode": "eu-west-1"}}, "terms": terms})


def price_list(sent: dict[str, Any]) -> Reply:
    """Answer GetProducts in two pages."""
    names = list(OURS)
    first = "NextToken" not in sent
    part = names[:3] if first else names[3:]
    page: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": [product(name, OURS[name]) for name in part]}
    return 200, json.dumps({**page, "NextToken": "2"} if first else page)


def test_types_and_prices_of_a_region_are_rebuilt_and_recommended_from(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {row["instance_type"]: row for row in Table.of().rows()}
    ctx.live = True
    with live_aws(monkeypatch) as account:
        account.answers["GetProducts"] = price_list
        refreshed = refresh_table(ctx, "eu-west-1")
        assert account.changes == []
    assert refreshed.priced == len(OURS)
    assert refreshed.types > 500
    table = Table.of(ctx.home)
    after = {row["instance_type"]: row for row in table.rows()}
    assert {name for name, row in after.items() if row["eu-west-1"]} == set(OURS)
    assert all(after[name]["us-east-1"] == row["us-east-1"] for name, row in before.items())
    assert after["g5.xlarge"]["gpu_memory_gb"] == "24"
    assert table.price_date("us-east-1") == "2026-07-20"
    assert table.price_date("eu-west-1") > "2026-07-20"
    assert table.discounts("eu-west-1", OURS)["m5.large"].reserved_1yr == pytest.approx(438 / 8760)
    said = REGISTRY["recommend_instance"].run({"memory": 1, "region": "eu-west-1"}, ctx)
    assert (said.instance_type, said.price) == ("m5.large", 0.2)
    changed = REGISTRY["configure_instances"].run({"instance_type": "t4g.nano"}, ctx)
    assert changed.region == "us-east-1"


def test_a_type_that_is_new_comes_as_aws_describes_it(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Table.within(ctx.home)
    own.folder.mkdir(parents=True)
    for path in Table.of().folder.glob("ec2_*"):
        lines = path.read_text().splitlines(keepends=True)
        (own.folder / path.name).write_text("".join(line for line in lines if not line.startswith(tuple(f"{name}," for name in OURS))))
    ctx.live = True
    with live_aws(monkeypatch) as account:
        account.answers["GetProducts"] = price_list
        refresh_table(ctx, "us-east-1")
    shipped = {row["instance_type"]: row for row in Table.of().rows()}
    new = {row["instance_type"]: row for row in own.rows()}
    for name, price in OURS.items():
        elsewhere = dict.fromkeys(list(shipped[name])[len(COLUMNS) :], "")
        assert new[name] == {**shipped[name], **elsewhere, "us-east-1": f"{price:g}"}


def test_it_needs_live_aws_and_says_which_permission_is_missing(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="Only real AWS"):
        refresh_table(ctx)
    ctx.live = True
    denied = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: pricing:GetProducts because no identity-based policy"
    with live_aws(monkeypatch) as account:
        account.answers["GetProducts"] = refusing_json("AccessDeniedException", denied)
        with pytest.raises(Refused, match="pricing:GetProducts"):
            refresh_table(ctx, "us-east-1")
        account.answers["GetProducts"] = lambda _: (200, json.dumps({"FormatVersion": "aws_v1", "PriceList": []}))
        with pytest.raises(Unavailable, match="no prices"):
            refresh_table(ctx, "us-east-1")
    assert Table.of(ctx.home) == Table.of()
