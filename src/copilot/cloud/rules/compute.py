"""EC2: launch templates, the groups that launch from them, and what may reach the instances."""

import re
from collections.abc import Iterator

from copilot.cloud.offers import Offer, Table
from copilot.cloud.rules.rule import Properties, Scene
from copilot.errors import NotFound

IMAGE = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})|resolve:ssm:\S+")
KIND = re.compile(r"(?<![a-z0-9])(x86_64|arm64)(?![a-z0-9])")
DISK_GIB = range(1, 16_385)
USER_DATA_BYTES = 16_384
EVERYONE = {"0.0.0.0/0", "::/0"}
NEVER_OPEN = {"22", "3389", "all"}
"""Ports of shells and desktops: they are open to nobody but whom a rule names."""
MOST_INSTANCES = 1000


def check_launch_template(template: Properties, scene: Scene) -> Iterator[str]:
    if not IMAGE.fullmatch(template["image"]):
        yield f"'{template['image']}' is no image: write it like ami-0123456789abcdef0"
    if not template["encrypted"]:
        yield "the disk would not be encrypted"
    if template["disk"] not in DISK_GIB:
        yield f"a disk of {template['disk']} GiB is outside {DISK_GIB.start} to {DISK_GIB.stop - 1}"
    if template["tokens"] != "required":
        yield "the metadata of the instance could be read without a token (IMDSv1)"
    if len(template["user_data"].encode()) > USER_DATA_BYTES:
        yield f"the user data is larger than {USER_DATA_BYTES} bytes"
    yield from _type(template, scene)


def _type(template: Properties, scene: Scene) -> Iterator[str]:
    """Check the instance type: that it exists where it goes, and runs what is in the image."""
    kind, region = template["instance_type"], scene.region
    try:
        offers = {offer.instance_type: offer for offer in Table.of(scene.home).offers(region)} if region else {}
    except NotFound:  # the region has no known prices, so nothing is known of its types either
        return
    if offers and kind not in offers:
        yield f"{region} does not offer the instance type {kind}"
    elif kind in offers:
        yield from _architecture(offers[kind], template)


def _architecture(offer: Offer, template: Properties) -> Iterator[str]:
    said = template.get("architecture") or next(iter(KIND.findall(template["image"])), None)
    if said and said != offer.architecture:
        yield f"{offer.instance_type} is {offer.architecture}, and the image {template['image']} is {said}"


def check_group(group: Properties, scene: Scene) -> Iterator[str]:
    low, wanted, high = group["min"], group["desired"], group["max"]
    if not 0 <= low <= wanted <= high <= MOST_INSTANCES:
        yield f"{wanted} instances, at least {low} and at most {high}: it has to be 0 ≤ least ≤ wanted ≤ most ≤ {MOST_INSTANCES}"
    if elsewhere := [zone for zone in group.get("zones", []) if scene.region and not re.fullmatch(rf"{scene.region}[a-z]", zone)]:
        yield f"{', '.join(elsewhere)} is not a zone of {scene.region}"


def check_scaling(policy: Properties, _: Scene) -> Iterator[str]:
    if not 1 <= policy["target_cpu"] <= 100:
        yield f"{policy['target_cpu']:g} percent of CPU is no target between 1 and 100"


def check_security_group(group: Properties, _: Scene) -> Iterator[str]:
    if not re.fullmatch(r"[\w .:/()#,@\[\]+=&;{}!$*-]{1,255}", group["description"], re.ASCII):
        yield "the description of a security group is 1 to 255 ASCII letters, digits and signs"
    for entry in group["ingress"]:
        first, _dash, last = str(entry["port"]).partition("-")
        open_ports = NEVER_OPEN & {first} or {p for p in NEVER_OPEN - {"all"} if last and int(first) <= int(p) <= int(last)}
        if entry["source"] in EVERYONE and open_ports:
            yield f"port {entry['port']} would be open to everyone"
