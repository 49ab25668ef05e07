import csv
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.cloud.instances import FIRST_REGION, Requirements, load, price_date, rank, recommend
from copilot.errors import NotFound
from copilot.resources import resource
from tests.conftest import shared_data

TABLE = resource("data", "ec2_instances.csv")
REGIONS = ("us-east-1", "eu-central-1", "me-south-1")

REQUIREMENTS = st.builds(
    Requirements,
    vcpus=st.none() | st.sampled_from([1, 2, 3, 16, 96, 192]),
    memory=st.none() | st.sampled_from([0.5, 1, 3, 4, 30.5, 100, 768, 4096]),
    gpus=st.none() | st.sampled_from([1, 2, 4, 8]),
    gpu_memory=st.none() | st.sampled_from([3, 8, 16, 24, 40, 80, 96]),
    gpu_name=st.none() | st.sampled_from(["L4", "nvidia a10g", "T4", "T4g", "H100", "Radeon"]),
    architecture=st.none() | st.sampled_from(["x86_64", "arm64"]),
    max_price=st.none() | st.sampled_from([0.0042, 0.1, 0.526, 1.006, 5, 50]),
)


def fits(row: dict[str, str], wanted: Requirements, region: str) -> bool:
    """Check a row of the source the long way round."""
    price = row[f"on_demand_usd_per_hour_{region.replace('-', '_')}"]
    part = float(row["gpus"])
    devices = 1 if 0 < part < 1 else int(part)
    each = max(float(row["gpu_memory_gb_marketed"] or 0), 0) or float(row["gpu_memory_gib"] or 0)
    each = each / devices if devices else 0
    words = row["gpu_name"].lower().split()
    return (
        bool(price)
        and (wanted.vcpus is None or int(row["vcpus"]) >= wanted.vcpus)
        and (wanted.memory is None or float(row["memory_gib"]) >= wanted.memory)
        and (wanted.gpus is None or devices >= wanted.gpus)
        and (wanted.gpu_memory is None or each >= wanted.gpu_memory)
        and (wanted.gpu_name is None or all(word in words for word in wanted.gpu_name.lower().split()))
        and (wanted.architecture is None or wanted.architecture in row["architecture"].split(";"))
        and (wanted.max_price is None or float(price) <= wanted.max_price)
    )


@settings(max_examples=150, deadline=None)
@given(wanted=REQUIREMENTS, region=st.sampled_from(REGIONS))
def test_the_ranking_equals_a_search_of_the_source_by_brute_force(wanted: Requirements, region: str) -> None:
    with shared_data("ec2", "ec2_instances.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if fits(row, wanted, region)]
    price = f"on_demand_usd_per_hour_{region.replace('-', '_')}"
    ranked = rank(load(TABLE, region), wanted)
    assert {offer.instance_type for offer in ranked} == {row["instance_type"] for row in rows}
    assert [offer.price for offer in ranked] == sorted(float(row[price]) for row in rows)


@settings(max_examples=100, deadline=None)
@given(wanted=REQUIREMENTS, region=st.sampled_from(REGIONS))
def test_every_requirement_is_met_or_the_answer_says_what_there_is(wanted: Requirements, region: str) -> None:
    offers = load(TABLE, region)
    ranked = rank(offers, wanted)
    if ranked:
        advice = recommend(offers, wanted, region)
        assert advice.best == ranked[0]
        assert all(offer in ranked[1:] for offer, _ in advice.runners_up)
    else:
        with pytest.raises(NotFound) as caught:
            recommend(offers, wanted, region)
        assert region in caught.value.problem
        assert caught.value.hint


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), wanted=REQUIREMENTS)
def test_the_order_of_the_rows_does_not_matter_and_equal_prices_are_told_apart(seed: int, wanted: Requirements) -> None:
    offers = load(TABLE, "us-east-1")
    shuffled = random.Random(seed).sample(offers, len(offers))
    assert rank(shuffled, wanted) == rank(offers, wanted)


def test_another_table_with_other_prices_gives_another_answer(tmp_path: Path) -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    column = rows[0].index(FIRST_REGION)
    for row in rows[1:]:
        row[column] = "0.001" if row[0] == "m5.large" else row[column]
    changed = tmp_path / "table.csv"
    with changed.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([rows[0], *reversed(rows[1:])])
    assert recommend(load(changed, "us-east-1"), Requirements(memory=8), "us-east-1").best.instance_type == "m5.large"


def best(region: str = "us-east-1", **wanted: object) -> str:
    return recommend(load(TABLE, region), Requirements(**wanted), region).best.instance_type  # type: ignore[arg-type]


def test_a_price_equal_to_the_cap_is_in() -> None:
    assert best(gpu_name="A10G", max_price=1.006) == "g5.xlarge"


def test_memory_is_counted_on_each_gpu_and_as_marketed() -> None:
    assert best(gpu_name="A10G", gpu_memory=24) == "g5.xlarge"
    with pytest.raises(NotFound):
        best(gpu_name="A10G", gpu_memory=25)


def test_a_slice_of_a_gpu_is_one_device_and_the_answer_says_so() -> None:
    advice = recommend(load(TABLE, "us-east-1"), Requirements(gpus=1), "us-east-1")
    assert advice.best.instance_type == "g6f.large"
    assert "slice" in advice.why
    assert any("whole GPU" in why for _, why in advice.runners_up)


def test_a_gpu_that_is_not_nvidia_is_named_with_what_it_lacks() -> None:
    advice = recommend(load(TABLE, "us-east-1"), Requirements(gpus=1, gpu_memory=8), "us-east-1")
    assert advice.best.instance_type == "g4ad.xlarge"
    assert "CUDA" in advice.why
    assert any("NVIDIA" in why for _, why in advice.runners_up)


def test_a_name_of_a_gpu_is_not_a_part_of_another_name() -> None:
    assert best(gpu_name="T4", gpus=1) == "g4dn.xlarge"
    assert best(gpu_name="t4g") == "g5g.xlarge"
    assert best(gpu_name="L40S").startswith("g6e.")


def test_machines_that_run_macos_answer_neither_architecture(tmp_path: Path) -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    column = rows[0].index(FIRST_REGION)
    for row in rows[1:]:
        row[column] = "0.0001" if row[0].startswith("mac") else row[column]
    changed = tmp_path / "table.csv"
    with changed.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    for architecture in ("x86_64", "arm64"):
        chosen = recommend(load(changed, "us-east-1"), Requirements(architecture=architecture), "us-east-1").best
        assert not chosen.instance_type.startswith("mac")


def test_no_match_says_which_requirement_excludes_everything_and_what_there_is() -> None:
    with pytest.raises(NotFound) as caught:
        best(vcpus=1000, memory=1)
    assert "Nothing there has at least 1000 vCPUs" in caught.value.problem
    assert "896 vCPUs: u7i-12tb.224xlarge" in caught.value.hint


def test_a_gpu_nobody_offers_gets_the_list_of_those_there_are() -> None:
    with pytest.raises(NotFound) as caught:
        best(gpu_name="A10")
    assert "NVIDIA A10G" in caught.value.hint


def test_an_accelerator_that_is_no_gpu_is_pointed_at() -> None:
    with pytest.raises(NotFound) as caught:
        best(gpu_name="Inferentia")
    assert "inf1.xlarge" in caught.value.hint


def test_a_region_without_prices_is_an_error_that_offers_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        load(TABLE, "eu-central-9")
    assert "eu-central-" in caught.value.problem
    assert "us-east-1" in caught.value.hint


def test_every_region_has_a_date() -> None:
    with TABLE.open(encoding="utf-8") as file:
        columns = next(csv.reader(file))
    for region in columns[columns.index(FIRST_REGION) :]:
        assert price_date(resource("data", "ec2_instances.json"), region).startswith("2026-")
