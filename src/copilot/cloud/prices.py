"""What a deployment costs a month, as a range; what has no known price is said to be unknown, never free."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from copilot.cloud.instances import HOURS_A_MONTH
from copilot.cloud.offers import Offer
from copilot.cloud.serverless import Settings
from copilot.resources import resource

REQUESTS = (1_000, 100_000)
"""Requests a month at the low and at the high end."""
SECONDS = (0.5, 2.0)
"""How long one answer keeps the function busy."""
LOG_BYTES, ITEM_BYTES = 600, 300
"""What one request leaves in the log and in the table."""
MONTHS_KEPT = 1
STORED_BYTES = 200 * 10**6
"""What the bucket holds for a usual agent: its code, its index and the weights."""
ALARMS = 5
"""Alarms that watch a deployment."""
TOKENS_IN, TOKENS_OUT = (1_000, 3_500), (50, 400)
"""Tokens of one answer: the passages that are read, and what is written."""
GB = 10**9


@dataclass(frozen=True)
class UnitPrice:
    """A list price in US dollars.

    Args:
        unit: What it buys one of.
        as_of: Day on which the source said so, ISO 8601.
    """

    usd: float
    unit: str
    source: str
    as_of: str


@dataclass(frozen=True)
class Cost:
    """One line of an estimate, in US dollars a month; None where the price is unknown."""

    what: str
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Estimate:
    """A monthly cost in US dollars.

    Args:
        low: At the fewest requests; None when no price is known. `high`: at the most.
        unknown: What is not in the sums because its price is not known.
        as_of: Date of the oldest price.
    """

    costs: tuple[Cost, ...]
    low: float | None
    high: float | None
    unknown: tuple[str, ...]
    as_of: str
    assumptions: str


def estimate(settings: Settings, stored_bytes: int, region: str, requests: tuple[int, int] = REQUESTS) -> Estimate:
    """Estimate the serverless deployment.

    Args:
        stored_bytes: Size of everything that lies in the bucket.
        requests: The fewest and the most requests a month.
    """
    prices = unit_prices(region)
    uses = [_usage(settings, stored_bytes, number, seconds) for number, seconds in zip(requests, SECONDS, strict=True)]
    costs = tuple(_cost(what, uses, prices) for what in uses[0])
    assumed = f"{_span(requests)} requests a month of {SECONDS[0]} to {SECONDS[1]} s each; no free tier, tax or data transfer"
    return _sum(costs, min((price.as_of for price in prices.values()), default="unknown"), assumed)


def unit_prices(region: str) -> dict[str, UnitPrice]:
    """Return what is known of a region's prices."""
    table = json.loads(resource("data", "prices.json").read_text(encoding="utf-8"))["prices"]
    rows = ((name, entry["unit"], row) for name, entry in table.items() for row in entry["rows"] if region in row["regions"])
    return {name: UnitPrice(row["usd"], unit, row["source"], row["as_of"]) for name, unit, row in rows}


def estimate_tokens(prices: tuple[float | None, float | None], requests: tuple[int, int], as_of: str) -> Estimate:
    """Estimate what a language model takes.

    Args:
        prices: USD per million tokens read and written; None where it is not known.
        requests: The fewest and the most requests a month.
        as_of: Where the prices are from.
    """
    read, written = prices
    costs = tuple(
        Cost(what, *(None if price is None else round(n * t * price / 10**6, 4) for n, t in zip(requests, tokens, strict=True)))
        for what, price, tokens in (("tokens read", read, TOKENS_IN), ("tokens written", written, TOKENS_OUT))
    )
    return _sum(costs, as_of, f"{_span(requests)} requests a month that read {_span(TOKENS_IN)} tokens and write {_span(TOKENS_OUT)} each")


def estimate_instances(offer: Offer, count: tuple[int, int], as_of: str) -> Estimate:
    """Estimate instances that run all month, on demand; their volumes and traffic have no known price.

    Args:
        count: The fewest and the most that run at once.
    """
    low, high = (round(offer.price * HOURS_A_MONTH * number, 4) for number in count)
    costs = Cost("instances", low, high), Cost("volumes", None, None), Cost("data transfer", None, None)
    return _sum(costs, as_of, f"{_span(count)} x {offer.instance_type} for {HOURS_A_MONTH} hours at ${offer.price:.6g}, on demand, Linux")


def unknown(what: str, how: str) -> Estimate:
    """Return an estimate that says that there is none.

    Args:
        how: By what AWS counts.
    """
    return Estimate((Cost(what, None, None),), None, None, (what,), "", how)


def _sum(costs: tuple[Cost, ...], as_of: str, assumed: str) -> Estimate:
    known = [cost for cost in costs if cost.low is not None and cost.high is not None]
    return Estimate(
        costs,
        round(sum(cost.low or 0 for cost in known), 2) if known else None,
        round(sum(cost.high or 0 for cost in known), 2) if known else None,
        tuple(cost.what for cost in costs if cost.low is None),
        as_of,
        assumed,
    )


def _span(numbers: tuple[int, int]) -> str:
    low, high = numbers
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _usage(settings: Settings, stored_bytes: int, requests: int, seconds: float) -> dict[str, dict[str, float]]:
    """Return how much of each priced unit every part of the deployment uses in a month."""
    kept = requests * ITEM_BYTES * MONTHS_KEPT / GB
    logged = requests * LOG_BYTES / GB
    return {
        "function": {"lambda_request": requests, "lambda_gb_second": requests * seconds * settings.memory / 1024},
        "API": {"api_request": requests},
        "bucket": {"s3_gb_month": stored_bytes / GB, "s3_get": requests * 0.01},
        "table": {"dynamodb_write": requests, "dynamodb_gb_month": kept, "dynamodb_backup_gb_month": kept},
        "logs": {"log_gb": logged, "log_gb_month": logged * settings.log_days / 30},
        "alarms": {"alarm_month": ALARMS},
        "dashboard": {"dashboard_month": 1},
    }


def _cost(what: str, uses: list[dict[str, dict[str, float]]], prices: Mapping[str, UnitPrice]) -> Cost:
    if not uses[0][what].keys() <= prices.keys():
        return Cost(what, None, None)
    low, high = (round(sum(amount * prices[unit].usd for unit, amount in use[what].items()), 4) for use in uses)
    return Cost(what, low, high)
