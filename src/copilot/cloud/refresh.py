"""Rebuild a region's part of the EC2 table from what AWS says of its instance types and their prices."""

import csv
import json
import os
import shutil
import statistics
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from copilot.cloud.offers import COLUMNS, DISCOUNTS, HEADER, OTHER, TYPES, Discount, Table
from copilot.errors import Unavailable
from copilot.outside.aws import Session

PRICE_LIST_REGION = "us-east-1"
"""One of the few regions where the price list itself is served."""
SOURCE = "AWS DescribeInstanceTypes, DescribeSpotPriceHistory and the Price List API"
HOURS = {"1yr": 8_760, "3yr": 26_280}
WANTED = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "licenseModel": "No License required",
    "marketoption": "OnDemand",
}
"""Of the many prices of a type, the plain one."""

Prices = dict[str, tuple[float, Discount]]


def refresh(session: Session, home: Path) -> tuple[int, int]:
    """Write the table of a workspace anew for the session's region; other regions keep what they have.

    Args:
        home: The workspace's folder.

    Returns:
        How many types the region has, and how many of those have a price.

    Raises:
        Unavailable: AWS names no types, or no prices.
    """
    described = {row["instance_type"]: row for row in map(_row, _types(session))}
    prices = _prices(session)
    if not described or not prices:
        raise Unavailable(f"AWS names no instance types or no prices for {session.region}.", "Check the region; the table is as it was.")
    spot, table = _spot(session), Table.of(home)
    part = Table.within(home).folder.with_name(f"instances.{os.getpid()}")
    part.mkdir(parents=True)
    try:
        _write_types(table, part / TYPES, session.region, described, prices)
        _write_discounts(table, part / OTHER, session.region, prices, spot)
        _write_header(table, part / HEADER, session.region)
        _put_in_place(part, Table.within(home).folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return len(described), len(described.keys() & prices.keys())


def _types(session: Session) -> Iterator[Mapping[str, Any]]:
    for page in session.client("ec2").get_paginator("describe_instance_types").paginate():
        yield from page["InstanceTypes"]


def _row(said: Mapping[str, Any]) -> dict[str, str]:
    """Turn an answer of DescribeInstanceTypes into a row of the table."""
    gpu: Mapping[str, Any] = next(iter(said.get("GpuInfo", {}).get("Gpus", [])), {})
    chips = [d for group in ("NeuronInfo.NeuronDevices", "FpgaInfo.Fpgas", "MediaAcceleratorInfo.Accelerators") for d in _at(said, group)]
    architectures = [a for a in said["ProcessorInfo"]["SupportedArchitectures"] if a != "i386"]
    values = (
        said["InstanceType"],
        said["VCpuInfo"]["DefaultVCpus"],
        f"{said['MemoryInfo']['SizeInMiB'] / 1024:g}",
        gpu.get("LogicalGpuCount") or gpu.get("Count") or 0,
        f"{gpu.get('GpuPartitionSize') or 1:g}" if gpu else "",
        f"{gpu['Manufacturer']} {gpu['Name']}" if gpu else "",
        f"{_marketed(gpu['MemoryInfo']['SizeInMiB']):g}" if gpu else "",
        f"{chips[0].get('Manufacturer', 'AWS')} {chips[0]['Name']}" if chips else "",
        architectures[0],
        said.get("BurstablePerformanceSupported"),
        said.get("BareMetal"),
        _storage(said.get("InstanceStorageInfo", {})),
        said["NetworkInfo"]["NetworkPerformance"],
    )
    return dict(zip(COLUMNS, ("1" if v is True else "" if v is False or v is None else str(v) for v in values), strict=True))


def _storage(said: Mapping[str, Any]) -> str:
    disks = said.get("Disks", [])
    fast = "NVMe " if said.get("NvmeSupport") in ("required", "supported") else ""
    return " + ".join(f"{d['Count']} x {d['SizeInGB']} GB {fast}{d['Type'].upper()}" for d in disks) or "EBS only"


def _at(said: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
    group, _, devices = path.partition(".")
    return list(said.get(group, {}).get(devices, []))


def _marketed(mebibytes: int) -> float:
    """Return the memory that is advertised, in GB: some chips are sold by powers of two, the others by those of ten."""
    return mebibytes / 1024 if mebibytes % 1024 == 0 else round(mebibytes * 1.048576 / 1000)


def _prices(session: Session) -> Prices:
    """Return the price of each type in the session's region, on demand and reserved; page by page, one product at a time."""
    wanted = {**WANTED, "regionCode": session.region}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
    pages = session.client("pricing", region=PRICE_LIST_REGION).get_paginator("get_products")
    found: Prices = {}
    for page in pages.paginate(ServiceCode="AmazonEC2", Filters=filters):
        for text in page["PriceList"]:
            product = json.loads(text)
            price = _hourly(product["terms"])
            if price:
                found[product["product"]["attributes"]["instanceType"]] = price, _reserved(product["terms"])
    return found


def _hourly(terms: Mapping[str, Any]) -> float:
    """Return the price on demand; 0 where there is none."""
    return next((price for term in terms.get("OnDemand", {}).values() if (price := _price(term, "Hrs"))), 0.0)


def _reserved(terms: Mapping[str, Any]) -> Discount:
    hourly: dict[str, float] = {}
    for term in terms.get("Reserved", {}).values():
        said = term["termAttributes"]
        if (said["PurchaseOption"], said["OfferingClass"]) == ("All Upfront", "standard") and (paid := _price(term, "Quantity")):
            hourly[said["LeaseContractLength"]] = paid / HOURS[said["LeaseContractLength"]]
    return Discount(None, hourly.get("1yr"), hourly.get("3yr"))


def _price(term: Mapping[str, Any], unit: str) -> float:
    return next((float(d["pricePerUnit"]["USD"]) for d in term["priceDimensions"].values() if d["unit"] == unit), 0.0)


def _spot(session: Session) -> dict[str, float]:
    """Return what spot instances cost now, on average over the zones."""
    seen: dict[str, list[float]] = {}
    pages = session.client("ec2").get_paginator("describe_spot_price_history")
    for page in pages.paginate(ProductDescriptions=["Linux/UNIX"], StartTime=datetime.now(UTC)):
        for entry in page["SpotPriceHistory"]:
            seen.setdefault(entry["InstanceType"], []).append(float(entry["SpotPrice"]))
    return {name: statistics.mean(prices) for name, prices in seen.items()}


def _write_types(table: Table, path: Path, region: str, described: Mapping[str, Mapping[str, str]], prices: Prices) -> None:
    """Write every type: what is known of one does not change, and its GPUs carry their marketed memory; new ones come as AWS says."""
    known = {row["instance_type"]: row for row in table.rows()}
    columns = dict.fromkeys([*next(iter(known.values())), region], "")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for name in sorted(known | dict(described)):
            row = {**columns, **described.get(name, {}), **known.get(name, {})}
            writer.writerow({**row, region: f"{prices[name][0]:g}" if name in prices and name in described else ""})


def _write_discounts(table: Table, path: Path, region: str, prices: Prices, spot: Mapping[str, float]) -> None:
    with (table.folder / OTHER).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row[1] not in (region, DISCOUNTS[1])]
    for name, (price, reserved) in prices.items():
        cheap = spot.get(name, price)
        given = (cheap if cheap < price else None, reserved.reserved_1yr, reserved.reserved_3yr)
        if any(given):
            rows.append([name, region, *(f"{value:.5g}" if value else "" for value in given)])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([DISCOUNTS, *sorted(rows)])


def _write_header(table: Table, path: Path, region: str) -> None:
    header, today = table.header(), datetime.now(UTC).date().isoformat()
    for name in ("as_of", "discounts_as_of"):
        header[name] = {**header[name], region: today}
    sources = [source for source in header["sources"] if source["of"] != region]
    header["sources"] = [*sources, {"of": region, "name": SOURCE, "licence": "public list prices (facts)"}]
    path.write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")


def _put_in_place(part: Path, folder: Path) -> None:
    """Replace the three files; the header, which makes a table count, last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (TYPES, OTHER, HEADER):
        (part / name).replace(folder / name)
