"""Compile the EC2 tables of data/ from public data: python scripts/build_instances.py FOLDER, which holds the sources."""

import csv
import gzip
import json
import sys
from pathlib import Path

from copilot.cloud.offers import COLUMNS, DISCOUNTS, HEADER, OTHER, TYPES

DATA = Path(__file__).resolve().parents[1] / "data"
PRICE = "on_demand_usd_per_hour_"
US_EAST_1_AS_OF, ELSEWHERE_AS_OF = "2026-07-20", "2026-07-05"
GPU_NAMES = {"g2": "NVIDIA GRID K520"}
"""Where the source leaves the name out."""

ABOUT = {
    "what": "EC2 instance types with their on-demand prices: USD per hour, Linux, shared tenancy. A mirror, not live.",
    "units": {
        "memory_gib": "GiB",
        "gpus": "devices that a program sees; a slice of a GPU is one device",
        "gpu_share": "part of a whole GPU that a device is: 1, or 0.125 for an eighth",
        "gpu_memory_gb": "GB of each device, as marketed",
        "accelerator": "a chip for machine learning or video that is no GPU",
        "architecture": "x86_64, arm64, or x86_64_mac and arm64_mac, which run macOS only",
        "a region's code": "USD per hour; empty when not offered there or not known",
        "spot": "USD per hour, on average; in ec2_discounts.csv",
        "reserved_1yr, reserved_3yr": "USD per hour, all upfront, standard class; in ec2_discounts.csv",
    },
    "notes": [
        "20 new bare metal types carry the price of dedicated tenancy, 6 to 10 percent above the shared one.",
        "dl1 counts as 8 GPUs because AWS lists its Gaudi chips as GPUs.",
    ],
    "sources": [
        {
            "of": "prices in us-east-1; us-gov where the other source has none",
            "name": "aws/karpenter-provider-aws pkg/providers/pricing, commit 6fc13b5236fd04fd16ff3f9dc7490d0813994099",
            "licence": "Apache-2.0",
        },
        {
            "of": "prices elsewhere, spot and reserved prices, GPU memory as marketed, attributes of 13 types",
            "name": "AWS Price List as of 2026-07-05, as kept by instances.vantage.sh",
            "licence": "public list prices (facts)",
        },
        {"of": "attributes", "name": "moto 5.2.5, 5.0.28 and 4.2.14, DescribeInstanceTypes", "licence": "Apache-2.0"},
    ],
}


def compile_row(row: dict[str, str]) -> dict[str, str]:
    """Turn a row of the source into one of ours; prices are copied as they stand."""
    family = row["instance_type"].split(".")[0]
    gpus = float(row["gpus"])
    devices = max(1, int(gpus)) if gpus else 0
    memory = float(row["gpu_memory_gb_marketed"] or 0) or float(row["gpu_memory_gib"] or 0)
    return {
        "instance_type": row["instance_type"],
        "vcpus": row["vcpus"],
        "memory_gib": row["memory_gib"],
        "gpus": str(devices),
        "gpu_share": f"{min(gpus, 1):g}" if gpus else "",
        "gpu_name": (row["gpu_name"].strip() or GPU_NAMES[family]) if gpus else "",
        "gpu_memory_gb": f"{memory / devices:g}" if gpus else "",
        "accelerator": row["accelerator_name"],
        "architecture": row["architecture"].removeprefix("i386;"),
        "burstable": "1" if row["burstable"] == "true" else "",
        "bare_metal": "1" if row["bare_metal"] == "true" else "",
        "storage": row["storage"],
        "network": row["network_performance"],
    }


def compile_table(folder: Path) -> None:
    """Write both files of `data/` from the source folder."""
    with (folder / TYPES).open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["instance_type"])
    priced = {name.removeprefix(PRICE).replace("_", "-"): name for name in rows[0] if name.startswith(PRICE)}
    regions = ["us-east-1", *sorted(priced.keys() - {"us-east-1"})]
    with (DATA / TYPES).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, (*COLUMNS, *regions), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({**compile_row(row), **{region: row[priced[region]] for region in regions}})
    as_of = {region: US_EAST_1_AS_OF if region == "us-east-1" else ELSEWHERE_AS_OF for region in regions}
    header = {**ABOUT, "types": len(rows), "as_of": as_of, "discounts_as_of": dict.fromkeys(regions, ELSEWHERE_AS_OF)}
    (DATA / HEADER).write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")
    others = compile_discounts(folder, regions)
    print(f"{len(rows)} types, {len(regions)} regions, {others} of their prices with discounts")


def compile_discounts(folder: Path, regions: list[str]) -> int:
    """Write spot and reserved prices; a spot price that is no lower than the one on demand is none. Return how many rows there are."""
    with gzip.open(folder / "ec2_prices_long.csv.gz", "rt", encoding="utf-8") as source:
        rows = [_discount(row) for row in csv.DictReader(source) if row["operating_system"] == "linux" and row["region_code"] in regions]
    rows = sorted(row for row in rows if any(row[2:]))
    with (DATA / OTHER).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([DISCOUNTS, *rows])
    return len(rows)


def _discount(row: dict[str, str]) -> tuple[str, ...]:
    spot = row["spot_avg_usd_per_hour"]
    spot = "" if spot and float(spot) >= float(row["ondemand_usd_per_hour"]) else spot
    prices = spot, row["reserved_1yr_allupfront_usd_per_hour"], row["reserved_3yr_allupfront_usd_per_hour"]
    return row["instance_type"], row["region_code"], *(f"{float(price):.5g}" if price and float(price) else "" for price in prices)


if __name__ == "__main__":
    compile_table(Path(sys.argv[1]))
