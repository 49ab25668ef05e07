"""Documents in S3: list a prefix, fetch an object."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from copilot.errors import BadArguments, NotFound, Unavailable
from copilot.knowledge.ignore import hidden

ADDRESS = re.compile(r"(?i)s3://([a-z0-9][a-z0-9.-]{1,62})(?:/(.*))?", re.DOTALL)
DENIED = "Check the credentials, and that they allow s3:ListBucket and s3:GetObject."


def listed(client: Any, source: str) -> Iterator[tuple[str, str, str, int, Any]]:
    """Yield address, name, version, bytes and a function that fetches each object below a prefix, in the order of their keys.

    Raises:
        BadArguments: the address is none.
        NotFound: there is no such bucket, or nothing below the prefix.
        Unavailable: the bucket cannot be listed.
    """
    from copilot.outside.aws import BotoCoreError, ClientError, code_of

    bucket, prefix = _parts(source)
    found = False
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                key = entry["Key"]
                name = _name(key, prefix)
                if name and not any(map(hidden, name.split("/"))):
                    found = True
                    version = f"etag {entry['ETag'].strip(chr(34))}"
                    yield f"s3://{bucket}/{key}", name, version, entry["Size"], partial(_fetch, client, bucket, key)
    except (ClientError, BotoCoreError) as error:
        if code_of(error) == "NoSuchBucket":
            raise NotFound(f"There is no bucket '{bucket}'.", "Without --live, only the simulated account's are there.") from None
        raise Unavailable(f"Cannot list {source}: {error}.", DENIED) from None
    if not found:
        raise NotFound(f"Nothing to read in {source}.", "Check the prefix; it is the beginning of the keys.")


def bucket_name(source: str) -> str:
    """Return what the documents below an address are called together: the last folder of it, or the bucket."""
    bucket, prefix = _parts(source)
    return PurePosixPath(prefix).stem or bucket


def _parts(source: str) -> tuple[str, str]:
    address = ADDRESS.fullmatch(source)
    if address is None:
        raise BadArguments(f"{source[:200]!r} is not an S3 address.", "Give s3://BUCKET or s3://BUCKET/PREFIX.")
    return address[1], address[2] or ""


def _name(key: str, prefix: str) -> str:
    """Return the part of a key below the prefix; empty for what only marks a folder, or does not lie below it."""
    if key.endswith("/"):
        return ""
    folder = prefix if prefix.endswith("/") else prefix.rpartition("/")[0] + "/" * ("/" in prefix)
    if key != prefix and prefix and not prefix.endswith("/") and key.startswith(f"{prefix}/"):
        folder = f"{prefix}/"
    return key.removeprefix(folder).strip("/")


def _fetch(client: Any, bucket: str, key: str, path: Path) -> None:
    """Fetch an object into a file.

    Raises:
        Unavailable: it cannot be read.
    """
    from copilot.outside.aws import BotoCoreError, ClientError

    try:
        with path.open("wb") as out:
            for part in client.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
                out.write(part)
    except (ClientError, BotoCoreError) as error:
        raise Unavailable(f"cannot be fetched: {error}", DENIED) from None
