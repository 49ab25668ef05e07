"""DynamoDB tables, paid for by request, with their indexes and streams."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, absent, existing, pairs, patiently, unpaired
from copilot.errors import Unavailable
from copilot.outside.aws import code_of

INDEX_WAITS = (2,) * 15 + (10,) * 57
"""Seconds between looks while an index is made or removed: ten minutes."""


class Table(Provider):
    """name, keys (one or two attributes), expiry (an attribute), recovery (point in time), tags; and where they are said:

    types (attribute -> S, N or B; all S unless said), indexes (by name: name, keys, projection, include), stream (what it shows),
    protected (against being deleted).
    """

    identity = frozenset({"name", "keys"})
    stateful = True

    @property
    def _dynamodb(self) -> Any:
        return self.session.client("dynamodb")

    def read(self, physical: str) -> dict[str, Any] | None:
        client = self._dynamodb
        table = absent(lambda: client.describe_table(TableName=physical)["Table"])
        if table is None or table["TableStatus"] == "DELETING":
            return None
        expiry = client.describe_time_to_live(TableName=physical)["TimeToLiveDescription"]
        backups = client.describe_continuous_backups(TableName=physical)["ContinuousBackupsDescription"]
        keys, indexes = _keys(table), sorted(map(_index, table.get("GlobalSecondaryIndexes", [])), key=lambda index: str(index["name"]))
        used = {*keys, *(key for index in indexes for key in index["keys"])}
        return {
            "name": physical,
            "keys": keys,
            "types": {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"] if a["AttributeName"] in used},
            "indexes": indexes,
            "stream": table.get("StreamSpecification", {}).get("StreamViewType"),
            "protected": table.get("DeletionProtectionEnabled", False),
            "expiry": expiry.get("AttributeName") if expiry["TimeToLiveStatus"] in ("ENABLED", "ENABLING") else None,
            "recovery": backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED",
            "tags": unpaired(client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]),
        }

    def create(self, properties: Properties) -> str:
        name, client = properties["name"], self._dynamodb
        create = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": _schema(properties["keys"]),
            "AttributeDefinitions": _definitions(properties),
        }
        if indexes := properties.get("indexes"):
            create["GlobalSecondaryIndexes"] = [_wanted(index) for index in indexes]
        if stream := properties.get("stream"):
            create["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": stream}
        existing(lambda: client.create_table(**create, Tags=pairs(properties["tags"])))
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 2})
        self.update(name, self.read(name) or {}, properties)
        return str(name)

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        client = self._dynamodb
        if before.get("recovery") != after["recovery"]:
            wanted = {"PointInTimeRecoveryEnabled": after["recovery"]}
            switch = partial(client.update_continuous_backups, TableName=physical, PointInTimeRecoverySpecification=wanted)
            patiently(switch, lambda error: code_of(error) == "ContinuousBackupsUnavailableException")
        if before.get("expiry") != after["expiry"]:
            attribute = after["expiry"] or before["expiry"]
            client.update_time_to_live(
                TableName=physical, TimeToLiveSpecification={"Enabled": bool(after["expiry"]), "AttributeName": attribute}
            )
        if "stream" in after and before.get("stream") != after["stream"]:
            self._stream(physical, before.get("stream"), after["stream"])
        if "indexes" in after:
            self._indexes(physical, before.get("indexes", []), after)
        if before.get("protected", False) != after.get("protected", False):
            self._protect(physical, after.get("protected", False))
        if before.get("tags") != after["tags"]:
            arn = client.describe_table(TableName=physical)["Table"]["TableArn"]
            client.tag_resource(ResourceArn=arn, Tags=pairs(after["tags"]))

    def _stream(self, physical: str, before: str | None, after: str | None) -> None:
        """Switch the stream; one that shows something else is a new one."""
        if before:
            self._change(physical, StreamSpecification={"StreamEnabled": False})
        if after:
            self._change(physical, StreamSpecification={"StreamEnabled": True, "StreamViewType": after})

    def _indexes(self, physical: str, before: Iterable[Mapping[str, Any]], after: Properties) -> None:
        """Make the indexes as wanted, one a call, as DynamoDB takes them; one that is different is made anew."""
        there, wanted = {index["name"]: index for index in before}, {index["name"]: index for index in after["indexes"]}
        for name in [name for name, index in there.items() if wanted.get(name) != index]:
            self._change(physical, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
        for name in [name for name, index in wanted.items() if there.get(name) != index]:
            made = [{"Create": _wanted(wanted[name])}]
            self._change(physical, GlobalSecondaryIndexUpdates=made, AttributeDefinitions=_definitions(after))

    def _change(self, physical: str, **change: Any) -> None:
        """Make one change of a table, and wait until it can be changed again."""
        patiently(
            partial(self._dynamodb.update_table, TableName=physical, **change), lambda error: code_of(error) == "ResourceInUseException"
        )
        for wait in INDEX_WAITS:
            table = self._dynamodb.describe_table(TableName=physical)["Table"]
            if {table["TableStatus"], *(index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", []))} == {"ACTIVE"}:
                return
            time.sleep(wait)
        raise Unavailable(f"The table {physical} is still being changed.", "Wait some minutes, and try again.")

    def back_up(self, physical: str, label: str) -> str:
        return str(self._dynamodb.create_backup(TableName=physical, BackupName=label)["BackupDetails"]["BackupArn"])

    def delete(self, physical: str) -> None:
        known = absent(lambda: self._dynamodb.describe_table(TableName=physical)["Table"], {})
        if known.get("DeletionProtectionEnabled"):
            self._protect(physical, False)
        absent(lambda: self._dynamodb.delete_table(TableName=physical))
        self._dynamodb.get_waiter("table_not_exists").wait(TableName=physical, WaiterConfig={"Delay": 2})

    def _protect(self, table: str, protected: bool) -> None:
        self._dynamodb.update_table(TableName=table, DeletionProtectionEnabled=protected)

    def owned(self, stack: str) -> Iterable[str]:
        for page in self._dynamodb.get_paginator("list_tables").paginate():
            for name in page["TableNames"]:
                live = self.read(name) if name.startswith("copilot-") else None
                if live and live["tags"].get(STACK) == stack:
                    yield name


def _keys(keyed: Mapping[str, Any]) -> list[str]:
    return [key["AttributeName"] for key in sorted(keyed["KeySchema"], key=lambda key: str(key["KeyType"]))]


def _schema(keys: Sequence[str]) -> list[dict[str, str]]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def _definitions(properties: Properties) -> list[dict[str, str]]:
    """Return the type of every attribute that is a key somewhere, and of no other."""
    used = dict.fromkeys([*properties["keys"], *(key for index in properties.get("indexes", []) for key in index["keys"])])
    types = properties.get("types", {})
    return [{"AttributeName": name, "AttributeType": types.get(name, "S")} for name in used]


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    """Return an index as the graph says it."""
    projection = index["Projection"]
    include = {"include": sorted(projection["NonKeyAttributes"])} if projection.get("NonKeyAttributes") else {}
    return {"name": index["IndexName"], "keys": _keys(index), "projection": projection["ProjectionType"], **include}


def _wanted(index: Mapping[str, Any]) -> dict[str, Any]:
    """Return an index as DynamoDB takes it."""
    include = {"NonKeyAttributes": list(index["include"])} if index.get("include") else {}
    return {
        "IndexName": index["name"],
        "KeySchema": _schema(index["keys"]),
        "Projection": {"ProjectionType": index["projection"], **include},
    }
