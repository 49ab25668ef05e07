"""What a deployment costs a month, as a range; what has no known price is said to be unknown, never free."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from copilot.cloud.serverless import Settings
from copilot.resources import resource

REQUESTS = (1_000, 100_000)
"""Requests a month at the low and at the high end."""
SECONDS = (0.5, 2.0)
"""How long one answer keeps the function busy."""
LOG_BYTES, ITEM_BYTES = 600, 300
"""What one request leaves in the log and in the table."""
MONTHS_KEPT = 1
GB = 10**9


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
        low: At 1,000 requests a month; None when no price is known. `high`: at 100,000.
        unknown: What is not in the sums because its price is not known.
        as_of: Date of the prices.
    """

    costs: tuple[Cost, ...]
    low: float | None
    high: float | None
    unknown: tuple[str, ...]
    as_of: str
    assumptions: str


def estimate(settings: Settings, stored_bytes: int, region: str) -> Estimate:
    """Estimate the serverless deployment.

    Args:
        stored_bytes: Size of everything that lies in the bucket.
    """
    table = json.loads(resource("data", "prices.json").read_text(encoding="utf-8"))
    prices = {name: entry["usd"].get(region) for name, entry in table["prices"].items()}
    uses = [_usage(settings, stored_bytes, requests, seconds) for requests, seconds in zip(REQUESTS, SECONDS, strict=True)]
    costs = tuple(_cost(what, uses, prices) for what in uses[0])
    known = [cost for cost in costs if cost.low is not None and cost.high is not None]
    return Estimate(
        costs,
        round(sum(cost.low or 0 for cost in known), 2) if known else None,
        round(sum(cost.high or 0 for cost in known), 2) if known else None,
        tuple(cost.what for cost in costs if cost.low is None),
        table["as_of"],
        f"{REQUESTS[0]:,} to {REQUESTS[1]:,} requests a month of {SECONDS[0]} to {SECONDS[1]} s each; no free tier, tax or data transfer",
    )


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
        "alarm": {"alarm_month": 1},
    }


def _cost(what: str, uses: list[dict[str, dict[str, float]]], prices: Mapping[str, Any]) -> Cost:
    if any(prices.get(unit) is None for unit in uses[0][what]):
        return Cost(what, None, None)
    low, high = (round(sum(amount * prices[unit] for unit, amount in use[what].items()), 4) for use in uses)
    return Cost(what, low, high)
