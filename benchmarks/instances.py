"""How long advice about EC2 instances takes once the table is read, against a plain search of the same rows.

    python -m benchmarks.instances [QUERIES]

Random requirements over all regions; each is answered, and searched for with `min` over the offers that fit, in turn.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from copilot.cloud.instances import RULES, Requirements, recommend
from copilot.cloud.offers import COLUMNS, Offer, Table
from copilot.errors import NotFound

VALUES: dict[str, tuple[Any, ...]] = {
    "vcpus": (1, 2, 4, 16, 96, 1000),
    "memory": (0.5, 3, 4, 16, 100, 768),
    "gpus": (1, 2, 8),
    "gpu_memory": (8, 24, 80),
    "gpu_name": ("L4", "A10G", "T4", "H100"),
    "architecture": ("x86_64", "arm64"),
    "max_price": (0.01, 0.1, 1.006, 10),
}


def wanted(chance: random.Random) -> Requirements:
    names = chance.sample(list(VALUES), chance.randint(1, 4))
    return Requirements(**{name: chance.choice(VALUES[name]) for name in names})


def plainly(offers: Sequence[Offer], asked: Requirements) -> Offer | None:
    """Find the cheapest, and nothing else."""
    fits = [(RULES[name].meets, value) for name, value in asked.given.items()]
    return min((o for o in offers if all(meets(o, v) for meets, v in fits)), key=lambda offer: offer.price, default=None)


def milliseconds(call: Callable[..., Any], *args: Any) -> float:
    start = time.perf_counter()
    with suppress(NotFound):
        call(*args)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    number, chance, table = int(sys.argv[1]) if len(sys.argv) > 1 else 2000, random.Random(0), Table.of()
    regions = list(next(table.rows()))[len(COLUMNS) :]
    reading = statistics.median(milliseconds(table.offers, region) for region in regions)
    offers = {region: table.offers(region) for region in regions}
    queries = [(chance.choice(regions), wanted(chance)) for _ in range(number)]
    ours, plain = zip(
        *(
            (milliseconds(recommend, offers[region], asked, region), milliseconds(plainly, offers[region], asked))
            for region, asked in queries
        ),
        strict=True,
    )
    cuts, ratio = statistics.quantiles(ours, n=100), statistics.median(ours) / statistics.median(plain)
    print(f"reading the table of one region: {reading:.1f} ms")
    print(f"{number} queries: p50 {cuts[49]:.2f} ms, p95 {cuts[94]:.2f} ms, p99 {cuts[98]:.2f} ms, {ratio:.1f} times the plain search")


if __name__ == "__main__":
    main()
