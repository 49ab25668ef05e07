"""Advice about EC2 instances, against a search of the table by brute force."""

import csv
import random
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.cloud.instances import Requirements, rank, recommend
from copilot.cloud.offers import COLUMNS, TYPES, Table
from copilot.errors import NotFound
from tests.conftest import shared_data

TABLE = Table.of()
REGIONS = ("us-east-1", "eu-central-1", "me-south-1", "ap-southeast-6", "us-gov-west-1")

REQUIREMENTS = st.builds(
    Requirements,
    vcpus=st.none() | st.sampled_from([1, 2, 3, 16, 96, 192, 1000]),
    memory=st.none() | st.sampled_from([0.5, 1, 3, 4, 30.5, 100, 768, 4096]),
    gpus=st.none() | st.sampled_from([1, 2, 4, 8]),
    gpu_memory=st.none() | st.sampled_from([3, 8, 16, 24, 25, 40, 80, 96]),
    gpu_name=st.none() | st.sampled_from(["L4", "nvidia a10g", "Tesla T4", "T4g", "H100", "Radeon", "A10"]),
    architecture=st.none() | st.sampled_from(["x86_64", "arm64"]),
    max_price=st.none() | st.sampled_from([0.0042, 0.1, 0.526, 1.006, 5, 50]),
)


def changed_table(folder: Path, seed: int) -> Table:
    """Write the table with its rows shuffled, its prices changed, some the same and some gone."""
    rows, chance = list(TABLE.rows()), random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        for region in REGIONS:
            row[region] = chance.choice(["", "0.1", "0.526", f"{chance.uniform(0.004, 60):.4f}", row[region], row[region]])
    chance.shuffle(rows)
    with (folder / TYPES).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return Table(folder)


def expected(rows: list[dict[str, str]], wanted: Requirements, region: str) -> list[str]:
    """Go through the rows the long way round, and return the names of those that fit, in the order of the answer."""
    found = []
    for row in rows:
        if row[region] == "":
            continue
        cells = {name: float(row[name] or 0) for name in ("vcpus", "memory_gib", "gpus", "gpu_memory_gb", region)}
        asked = re.split(r"\W+", (wanted.gpu_name or "").lower().replace("tesla", "")) if wanted.gpu_name else []
        has = re.split(r"\W+", row["gpu_name"].lower())
        misses = [
            wanted.vcpus is not None and cells["vcpus"] < wanted.vcpus,
            wanted.memory is not None and cells["memory_gib"] < wanted.memory,
            wanted.gpus is not None and cells["gpus"] < wanted.gpus,
            wanted.gpu_memory is not None and cells["gpu_memory_gb"] < wanted.gpu_memory,
            any(word not in has for word in asked if word),
            wanted.architecture is not None and row["architecture"] != wanted.architecture,
            wanted.max_price is not None and cells[region] > wanted.max_price,
        ]
        if not any(misses):
            found.append((cells[region], cells["vcpus"], cells["memory_gib"], row["instance_type"]))
    return [name for *_, name in sorted(found)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 4), wanted=REQUIREMENTS, region=st.sampled_from(REGIONS))
def test_the_ranking_equals_brute_force_on_shuffled_rows_and_changed_prices(
    tmp_path_factory: pytest.TempPathFactory, seed: int, wanted: Requirements, region: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"table-{seed}"
    table = Table(folder) if folder.exists() else changed_table(folder, seed)
    offers, names = table.offers(region), expected(list(table.rows()), wanted, region)
    assert [offer.instance_type for offer in rank(offers, wanted)] == names
    if names:
        advice = recommend(offers, wanted, region)
        assert advice.best.instance_type == names[0]
        assert advice.matches == len(names)
        assert all(offer.instance_type in names[1:] for offer, _ in advice.runners_up)
        return
    with pytest.raises(NotFound) as caught:
        recommend(offers, wanted, region)
    assert region in caught.value.problem
    for kind in re.findall(r"([a-z0-9-]+\.[a-z0-9-]+) at \$", caught.value.hint):
        assert any(row["instance_type"] == kind and row[region] for row in table.rows())


@settings(max_examples=40, deadline=None)
@given(wanted=REQUIREMENTS, region=st.sampled_from(REGIONS))
def test_our_table_answers_as_the_public_data_it_is_made_of(wanted: Requirements, region: str) -> None:
    with shared_data("ec2", TYPES).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    price = f"on_demand_usd_per_hour_{region.replace('-', '_')}"
    ours = {row["instance_type"]: row for row in TABLE.rows()}
    assert {name for name, row in ours.items() if row[region]} == {row["instance_type"] for row in rows if row[price]}
    for row in rows:
        part = float(row["gpus"])
        devices = 1 if 0 < part < 1 else int(part)
        assert (ours[row["instance_type"]]["vcpus"], ours[row["instance_type"]]["memory_gib"]) == (row["vcpus"], row["memory_gib"])
        assert int(ours[row["instance_type"]]["gpus"]) == devices
        assert ours[row["instance_type"]][region] == row[price]


def best(region: str = "us-east-1", **wanted: Any) -> str:
    return recommend(TABLE.offers(region), Requirements(**wanted), region).best.instance_type


def test_a_price_equal_to_the_cap_is_in() -> None:
    assert best(gpu_name="A10G", max_price=1.006) == "g5.xlarge"


def test_memory_is_counted_on_each_gpu_and_as_marketed() -> None:
    assert best(gpu_name="A10G", gpu_memory=24) == "g5.xlarge"
    with pytest.raises(NotFound):
        best(gpu_name="A10G", gpu_memory=25)


def test_a_slice_of_a_gpu_is_one_device_and_the_answer_says_so() -> None:
    advice = recommend(TABLE.offers("us-east-1"), Requirements(gpus=1), "us-east-1")
    assert advice.best.instance_type == "g6f.large"
    assert "slice" in advice.why
    assert any("whole GPU" in why for _, why in advice.runners_up)


def test_a_gpu_that_is_not_nvidia_is_named_with_what_it_lacks() -> None:
    advice = recommend(TABLE.offers("us-east-1"), Requirements(gpus=1, gpu_memory=8), "us-east-1")
    assert advice.best.instance_type == "g4ad.xlarge"
    assert "CUDA" in advice.why
    assert any("NVIDIA" in why for _, why in advice.runners_up)


def test_a_name_of_a_gpu_is_not_a_part_of_another_name() -> None:
    assert best(gpu_name="T4", gpus=1) == "g4dn.xlarge"
    assert best(gpu_name="t4g") == "g5g.xlarge"
    assert best(gpu_name="L40S").startswith("g6e.")


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_machines_that_run_macos_answer_neither_architecture(tmp_path: Path, architecture: str) -> None:
    offers = changed_table(tmp_path, 1).offers("us-east-1")
    macs = [offer for offer in offers if offer.family.startswith("mac")]
    assert macs
    assert not set(macs) & set(rank(offers, Requirements(architecture=architecture)))
    assert set(macs) & set(rank(offers, Requirements(memory=4)))


def test_a_family_of_a_previous_generation_is_said_to_be_one_but_not_left_out() -> None:
    advice = recommend([o for o in TABLE.offers("us-east-1") if o.family in ("m3", "m5")], Requirements(vcpus=1), "us-east-1")
    assert advice.best.family == "m3"
    assert "previous generation" in advice.why
    assert any("of a current generation" in why for _, why in advice.runners_up)


def test_a_runner_up_says_what_is_wrong_with_it_that_is_not_with_the_best() -> None:
    offers = [o for o in TABLE.offers("us-east-1") if o.instance_type in ("m5.large", "t3.large", "m5.metal")]
    advice = recommend([replace(o, price=o.price + o.burstable) for o in offers], Requirements(memory=8), "us-east-1")
    whys = {offer.instance_type: why for offer, why in advice.runners_up}
    assert "burstable" in whys["t3.large"]
    assert "bare metal" in whys["m5.metal"]


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
        TABLE.offers("eu-central-9")
    assert "eu-central-" in caught.value.problem
    assert "us-east-1" in caught.value.hint


def test_every_region_has_a_date() -> None:
    for region in list(next(TABLE.rows()))[len(COLUMNS) :]:
        assert TABLE.price_date(region).startswith("2026-")


def test_other_prices_are_lower_than_the_one_on_demand_or_not_known() -> None:
    offers = {offer.instance_type: offer.price for offer in TABLE.offers("us-east-1")}
    discounts = TABLE.discounts("us-east-1", offers)
    assert discounts["m5.large"].reserved_1yr == pytest.approx(0.056393, abs=1e-6)
    assert discounts["a1.large"].spot is None
    assert all(price is None or price > 0 for d in discounts.values() for price in (d.spot, d.reserved_1yr, d.reserved_3yr))
    assert all(d.spot is None or d.spot < offers[name] for name, d in discounts.items())


def test_a_table_of_the_workspace_goes_before_the_one_that_ships(tmp_path: Path) -> None:
    assert Table.of(tmp_path) == TABLE
    shutil.copytree(TABLE.folder, Table.within(tmp_path).folder, ignore=lambda _, names: [n for n in names if "ec2" not in n])
    assert Table.of(tmp_path) == Table.within(tmp_path)
