"""Compile data/ec2_instances.csv and its header from public data: python scripts/build_instances.py FOLDER, which holds the source."""

import csv
import json
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
PRICE = "on_demand_usd_per_hour_"
US_EAST_1_AS_OF, ELSEWHERE_AS_OF = "2026-07-20", "2026-07-05"
COLUMNS = (
    "instance_type",
    "vcpus",
    "memory_gib",
    "gpus",
    "gpu_share",
    "gpu_name",
    "gpu_memory_gb",
    "accelerator",
    "architecture",
    "burstable",
    "bare_metal",
    "storage",
    "network",
)
GPU_NAMES = {"g2": "NVIDIA GRID K520"}
"""Where the source leaves the name out."""

HEADER = {
    "what": "EC2 instance types with their on-demand prices: USD per hour, Linux, shared tenancy. A mirror, not live.",
    "units": {
        "memory_gib": "GiB",
        "gpus": "devices that a program sees; a slice of a GPU is one device",
        "gpu_share": "part of a whole GPU that a device is: 1, or 0.125 for an eighth",
        "gpu_memory_gb": "GB of each device, as marketed",
        "accelerator": "a chip for machine learning or video that is no GPU",
        "architecture": "x86_64, arm64, or x86_64_mac and arm64_mac, which run macOS only",
        "a region's code": "USD per hour; empty when not offered there or not known",
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
            "of": "prices elsewhere, GPU memory as marketed, attributes of 13 types",
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
    with (folder / "ec2_instances.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["instance_type"])
    priced = {name.removeprefix(PRICE).replace("_", "-"): name for name in rows[0] if name.startswith(PRICE)}
    regions = ["us-east-1", *sorted(priced.keys() - {"us-east-1"})]
    with (DATA / "ec2_instances.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, (*COLUMNS, *regions), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({**compile_row(row), **{region: row[priced[region]] for region in regions}})
    as_of = {region: US_EAST_1_AS_OF if region == "us-east-1" else ELSEWHERE_AS_OF for region in regions}
    header = {**HEADER, "types": len(rows), "as_of": as_of}
    (DATA / "ec2_instances.json").write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")
    print(f"{len(rows)} types, {len(regions)} regions, {(DATA / 'ec2_instances.csv').stat().st_size:,} bytes")


if __name__ == "__main__":
    compile_table(Path(sys.argv[1]))
