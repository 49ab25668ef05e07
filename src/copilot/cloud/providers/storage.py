"""S3 buckets and their objects."""

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, absent, existing, pairs, unpaired
from copilot.outside.aws import ClientError

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


class Bucket(Provider):
    """name, versioned, encryption (`AES256`), private, policy (a document), tags."""

    stateful = True

    @property
    def _s3(self) -> Any:
        return self.session.client("s3")

    def read(self, physical: str) -> dict[str, Any] | None:
        s3, owner = self._s3, self.session.account  # names are predictable: a bucket of the same name may be a stranger's
        if absent(lambda: s3.head_bucket(Bucket=physical, ExpectedBucketOwner=owner)) is None:
            return None
        rules = absent(lambda: s3.get_bucket_encryption(Bucket=physical)["ServerSideEncryptionConfiguration"]["Rules"], [])
        blocks = absent(lambda: s3.get_public_access_block(Bucket=physical)["PublicAccessBlockConfiguration"], {})
        policy = absent(lambda: s3.get_bucket_policy(Bucket=physical)["Policy"])
        return {
            "name": physical,
            "versioned": s3.get_bucket_versioning(Bucket=physical).get("Status") == "Enabled",
            "encryption": rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] if rules else None,
            "private": all(blocks.get(block) for block in BLOCKS),
            "policy": json.loads(policy) if policy else None,
            "tags": unpaired(absent(lambda: s3.get_bucket_tagging(Bucket=physical)["TagSet"], [])),
        }

    def create(self, properties: Properties) -> str:
        name, region = properties["name"], self.session.region
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        existing(lambda: self._s3.create_bucket(Bucket=name, **place))
        self.update(name, {}, properties)
        return str(name)

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        s3, changed = self._s3, {name for name in after if before.get(name) != after[name]}
        if "tags" in changed:
            tags = {**before.get("tags", {}), **after["tags"]}  # the call replaces all tags, also those of others
            s3.put_bucket_tagging(Bucket=physical, Tagging={"TagSet": pairs(tags)})
        if "private" in changed:
            s3.put_public_access_block(Bucket=physical, PublicAccessBlockConfiguration=dict.fromkeys(BLOCKS, after["private"]))
        if "encryption" in changed:
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": after["encryption"]}}
            s3.put_bucket_encryption(Bucket=physical, ServerSideEncryptionConfiguration={"Rules": [rule]})
        if "versioned" in changed:
            status = "Enabled" if after["versioned"] else "Suspended"
            s3.put_bucket_versioning(Bucket=physical, VersioningConfiguration={"Status": status})
        if "policy" in changed and after["policy"]:
            s3.put_bucket_policy(Bucket=physical, Policy=json.dumps(after["policy"]))
        elif "policy" in changed:
            s3.delete_bucket_policy(Bucket=physical)

    def delete(self, physical: str) -> None:
        while True:
            found = absent(lambda: self._s3.list_object_versions(Bucket=physical), {})
            versions = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in found.get("Versions", []) + found.get("DeleteMarkers", [])]
            if not versions:
                break
            refused = self._s3.delete_objects(Bucket=physical, Delete={"Objects": versions, "Quiet": True}).get("Errors")
            if refused:  # of single objects, in an answer that says it went well
                raise ClientError({"Error": {part: refused[0].get(part, "") for part in ("Code", "Message")}}, "DeleteObjects")
        absent(lambda: self._s3.delete_bucket(Bucket=physical))

    def owned(self, stack: str) -> Iterable[str]:
        for bucket in self._s3.list_buckets()["Buckets"]:
            if not bucket["Name"].startswith("copilot-"):
                continue
            tagging = absent(partial(self._s3.get_bucket_tagging, Bucket=bucket["Name"]), {"TagSet": []})
            if unpaired(tagging["TagSet"]).get(STACK) == stack:
                yield bucket["Name"]


class BucketObject(Provider):
    """bucket, key, sha256 (of the content, which comes from the artifacts). An object is never changed: its key has the hash in it."""

    identity = frozenset({"bucket", "key", "sha256"})

    @property
    def _s3(self) -> Any:
        return self.session.client("s3")

    def find(self, properties: Properties) -> str | None:
        return f"{properties['bucket']}/{properties['key']}"

    def read(self, physical: str) -> dict[str, Any] | None:
        bucket, _, key = physical.partition("/")
        head = absent(lambda: self._s3.head_object(Bucket=bucket, Key=key))
        return head and {"bucket": bucket, "key": key, "sha256": head["Metadata"].get("sha256")}

    def create(self, properties: Properties) -> str:
        digest, physical = properties["sha256"], f"{properties['bucket']}/{properties['key']}"
        if (self.read(physical) or {}).get("sha256") == digest:  # by an earlier try, whose answer was lost
            return physical
        place = {"Bucket": properties["bucket"], "Key": properties["key"], "ExpectedBucketOwner": self.session.account}
        with self.artifacts.path(digest).open("rb") as body:
            self._s3.put_object(**place, Body=body, Metadata={"sha256": digest})
        return physical

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        self.create(after)

    def delete(self, physical: str) -> None:
        bucket, _, key = physical.partition("/")
        found = absent(lambda: self._s3.list_object_versions(Bucket=bucket, Prefix=key), {})
        for version in found.get("Versions", []) + found.get("DeleteMarkers", []):
            if version["Key"] == key:
                self._s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
