"""Fetch one document from a URL, within limits of size, time and place."""

import ipaddress
import mimetypes
import re
import socket
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from copilot.errors import Unavailable
from copilot.knowledge.blocks import storable

DOWNLOAD_BYTES = 100 << 20
DOWNLOAD_SECONDS = 120
ANSWER_SECONDS = 20


class _Redirects(HTTPRedirectHandler):
    """Follow a site to where a person could have meant to go, and nowhere else."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise URLError(f"it leads to {newurl[:200]}, which is no web page")
        refuse_metadata(newurl)
        if not _all_public(newurl) and _all_public(req.full_url):
            raise URLError(f"it leads to {urlsplit(newurl).netloc}, which is not on the internet")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, folder: Path) -> Path:
    """Fetch an http(s) URL into a private folder.

    Raises:
        Unavailable: it cannot be reached, leads to where it must not, is cut off, or sends too much for too long.
    """
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    try:
        refuse_metadata(url)
        request = Request(url, headers={"User-Agent": "copilot", "Accept": "*/*"})  # noqa: S310  only http(s) gets here
        with build_opener(_Redirects).open(request, timeout=ANSWER_SECONDS) as answer:
            path = folder / _name(url, answer.headers.get_content_type())
            with path.open("wb") as out:
                while part := answer.read1(1 << 20):  # whatever has come: a slow site must not outlive the deadline
                    out.write(part)
                    if out.tell() > DOWNLOAD_BYTES:
                        raise Unavailable(f"{url} is larger than {DOWNLOAD_BYTES >> 20} MB.", "Download it and ingest the file.")
                    if time.monotonic() > deadline:
                        raise Unavailable(f"{url} took longer than {DOWNLOAD_SECONDS} seconds.", "Download it and ingest the file.")
            if answer.length:
                raise URLError(f"it was cut off {answer.length} bytes before its end")
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise Unavailable(f"Cannot fetch {url}: {getattr(error, 'reason', error)}.", "Check the address and the network.") from None
    return path


def _addresses(url: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return where a URL's host is; nothing when that cannot be told, as behind a proxy."""
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, None)
    except OSError:
        return []
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return [getattr(address, "ipv4_mapped", None) or address for address in addresses]


def _all_public(url: str) -> bool:
    return all(address.is_global for address in _addresses(url))


def refuse_metadata(url: str) -> None:
    """Refuse link-local addresses: no document is there, but the credentials of cloud machines are."""
    if any(address.is_link_local for address in _addresses(url)):
        raise URLError("link-local addresses hold no documents")


def _name(url: str, kind: str) -> str:
    """Name a download by the last part of its address, with the extension of its type where it has none."""
    last = storable(re.sub(r"[^\w.-]+", "-", unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]).strip("-.")[-100:])
    name = last or re.sub(r"[^\w.-]+", "-", urlsplit(url).hostname or "page")
    extension = mimetypes.guess_extension(kind) or ""
    return name if last and Path(name).suffix else f"{name}{extension}"
