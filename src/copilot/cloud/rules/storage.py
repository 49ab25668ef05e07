"""Buckets, tables and log groups."""

from collections.abc import Iterator

from copilot.cloud.limits import RETENTION_DAYS
from copilot.cloud.rules.access import anybody
from copilot.cloud.rules.rule import Properties, Scene

PROJECTIONS = ("ALL", "KEYS_ONLY", "INCLUDE")
STREAMS = (None, "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
KEY_TYPES = ("S", "N", "B")
MOST_INDEXES, MOST_INCLUDED = 20, 100


def check_bucket(bucket: Properties, _: Scene) -> Iterator[str]:
    if not bucket["private"]:
        yield "the bucket would be open to the public"
    if not bucket["encryption"]:
        yield "the bucket would not be encrypted"
    policy = bucket["policy"] or {}
    if anybody(policy):
        yield "the bucket's policy allows everyone"
    if not any(s["Effect"] == "Deny" and "aws:SecureTransport" in str(s.get("Condition")) for s in policy.get("Statement", [])):
        yield "the bucket could be read without TLS"


def check_table(table: Properties, _: Scene) -> Iterator[str]:
    """Check keys and indexes; the table is paid for by request."""
    indexes = table.get("indexes", [])
    used = {key for keyed in (table, *indexes) for key in keyed["keys"]}
    types = table.get("types", dict.fromkeys(used, "S"))
    if unused := sorted(types.keys() - used):
        yield f"{', '.join(unused)} is defined as an attribute, but no key uses it: DynamoDB refuses that"
    if undefined := sorted(used - types.keys()):
        yield f"the key {', '.join(undefined)} has no type"
    if wrong := sorted({kind for kind in types.values() if kind not in KEY_TYPES}):
        yield f"a key cannot be of the type {', '.join(wrong)}: it is S, N or B"
    if table.get("stream") not in STREAMS:
        yield f"a stream cannot show {table['stream']!r}: it is one of {', '.join(filter(None, STREAMS))}"
    if table.get("throughput"):
        yield "throughput is set, but the table is paid for by request: take it out"
    if len(indexes) > MOST_INDEXES:
        yield f"{len(indexes)} indexes are more than the {MOST_INDEXES} that a table can have"
    for keyed in (table, *indexes):
        if not 1 <= len(keyed["keys"]) <= 2 or len(set(keyed["keys"])) < len(keyed["keys"]):
            yield f"{keyed['name']} needs one or two different keys"
    for index in indexes:
        yield from _index(index)


def _index(index: Properties) -> Iterator[str]:
    name, projection = index["name"], index.get("projection")
    if index.get("throughput"):
        yield f"the index {name} has a throughput, but its table is paid for by request: AWS refuses both together"
    if projection not in PROJECTIONS:
        yield f"the index {name} has the projection {projection!r}; the ProjectionType is one of {', '.join(PROJECTIONS)}"
    included = index.get("include", [])
    if (projection == "INCLUDE") != bool(included):
        yield f"the index {name} lists attributes exactly when its projection is INCLUDE"
    if len(included) > MOST_INCLUDED:
        yield f"the index {name} includes {len(included)} attributes, and {MOST_INCLUDED} is the most"


def check_log_group(group: Properties, _: Scene) -> Iterator[str]:
    if group["days"] is None:
        yield "log lines would be kept for ever: say for how many days"
    elif group["days"] not in RETENTION_DAYS:
        nearest = min(RETENTION_DAYS, key=lambda days: abs(days - group["days"]))
        yield f"log lines cannot be kept for {group['days']} days; the nearest that AWS has is {nearest}"
