"""The table of EC2 instance types and their prices: the one that ships, or the one that a workspace has refreshed."""

import csv
import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copilot.errors import NotFound
from copilot.resources import resource

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
"""The columns about a type; each further column is a region, with the price there."""
DISCOUNTS = ("instance_type", "region", "spot", "reserved_1yr", "reserved_3yr")
TYPES, OTHER, HEADER = "ec2_instances.csv", "ec2_discounts.csv", "ec2_instances.json"


@dataclass(frozen=True)
class Offer:
    """An instance type at its price in one region.

    `memory` is in GiB; `gpu_memory` in GB of each GPU, as marketed; `gpu_share` the part of a whole GPU that each
    device is; `price` in USD per hour, on demand.
    """

    instance_type: str
    vcpus: int
    memory: float
    gpus: int
    gpu_share: float
    gpu_name: str
    gpu_memory: float
    accelerator: str
    architecture: str
    burstable: bool
    bare_metal: bool
    storage: str
    network: str
    price: float

    @property
    def family(self) -> str:
        return self.instance_type.partition(".")[0]


@dataclass(frozen=True)
class Discount:
    """What an instance type costs otherwise, in USD per hour: spot on average, reserved all upfront; None where not known."""

    spot: float | None = None
    reserved_1yr: float | None = None
    reserved_3yr: float | None = None


@dataclass(frozen=True)
class Table:
    """A folder with the types, the other prices and a header that says where they are from, and of which day.

    Args:
        folder: Holds `ec2_instances.csv`, `ec2_discounts.csv` and `ec2_instances.json`.
    """

    folder: Path

    @classmethod
    def of(cls, home: Path | None = None) -> "Table":
        """Return the table that was refreshed in a workspace's folder, else the one that ships."""
        own = cls.within(home) if home else None
        return own if own and (own.folder / HEADER).exists() else cls(resource("data"))

    @classmethod
    def within(cls, home: Path) -> "Table":
        """Return the place of a workspace's own table."""
        return cls(home / "instances")

    def offers(self, region: str) -> list[Offer]:
        """Read the offers of one region; raise NotFound when the table has no prices for it."""
        with (self.folder / TYPES).open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            columns = next(rows)
            regions = columns[len(COLUMNS) :]
            if region not in regions:
                raise NotFound.named("region with known prices", region, regions, f"Regions with prices: {', '.join(sorted(regions))}.")
            price = columns.index(region)
            return [_offer(row, row[price]) for row in rows if row[price]]

    def discounts(self, region: str, names: Container[str]) -> dict[str, Discount]:
        """Return what some types cost otherwise; without those of which nothing is known."""
        with (self.folder / OTHER).open(encoding="utf-8", newline="") as file:
            rows = (row for row in csv.reader(file) if row[1] == region and row[0] in names)
            return {row[0]: Discount(*(float(price) if price else None for price in row[2:])) for row in rows}

    def header(self) -> dict[str, Any]:
        """Return where the table is from; `as_of` and `discounts_as_of` have a day for each region."""
        return dict(json.loads((self.folder / HEADER).read_text(encoding="utf-8")))

    def price_date(self, region: str) -> str:
        """Return the day of a region's prices, ISO 8601."""
        return str(self.header()["as_of"][region])

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield the types as they stand, with the prices of all regions."""
        with (self.folder / TYPES).open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def _offer(row: Sequence[str], price: str) -> Offer:
    name, vcpus, memory, gpus, share, gpu_name, gpu_memory, accelerator, architecture, burstable, metal, storage, network = row[:13]
    return Offer(
        instance_type=name,
        vcpus=int(vcpus),
        memory=float(memory),
        gpus=int(gpus),
        gpu_share=float(share or 0),
        gpu_name=gpu_name,
        gpu_memory=float(gpu_memory or 0),
        accelerator=accelerator,
        architecture=architecture,
        burstable=bool(burstable),
        bare_metal=bool(metal),
        storage=storage,
        network=network,
        price=float(price),
    )
