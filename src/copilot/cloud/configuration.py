"""What the next deployment is made of, said turn by turn and checked as a whole."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from copilot.cloud.limits import MEMORY_MB, RETENTION_DAYS, TIMEOUT_S
from copilot.cloud.offers import Offer, Table
from copilot.errors import BadArguments, NotFound
from copilot.outside.store import Store

KIND, NAME = "configuration", "workspace"
GROUP_SIZE = ("min_size", "max_size", "desired_capacity", "target_cpu")
SHOW = "See what is set: copilot deployments show-config"


def _between(low: int, high: int, unit: str) -> AfterValidator:
    def check(value: float) -> float:
        if not low <= value <= high:
            raise ValueError(f"AWS takes {low:,} to {high:,} {unit}; the nearest is {low if value < low else high:,}")
        return value

    return AfterValidator(check)


def _written(pattern: str, how: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"it is {how}")
        return value

    return AfterValidator(check)


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        below, above = [d for d in RETENTION_DAYS if d < days], [d for d in RETENTION_DAYS if d > days]
        near = " and ".join(str(d) for d in (max(below, default=None), min(above, default=None)) if d)
        raise ValueError(f"AWS does not keep logs for so many days; the nearest that it has: {near}")
    return days


def _keyed(required: bool) -> bool:
    if not required:
        raise ValueError("an endpoint that anybody can call is never deployed")
    return required


class Section(BaseModel):
    """One part of the configuration; None is what nobody has said."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _ascending(section: Section, *names: str) -> None:
    given = [(name, getattr(section, name)) for name in names if getattr(section, name) is not None]
    for (small, low), (large, high) in pairwise(given):
        if low > high:
            raise ValueError(f"{small} = {low} is more than {large} = {high}: change both")


class Deployment(Section):
    """Where an agent goes and what its function may use; the rate is in requests a second."""

    agent: str | None = None
    target: Literal["serverless", "ec2", "sagemaker", "agentcore", "local"] | None = None
    region: str | None = None
    environment: Literal["dev", "staging", "production"] | None = None
    memory_mb: Annotated[int, _between(MEMORY_MB.start, MEMORY_MB.stop - 1, "MB")] | None = None
    timeout_seconds: Annotated[int, _between(1, 900, "seconds")] | None = None
    log_retention_days: Annotated[int, AfterValidator(_retention)] | None = None
    require_api_key: Annotated[bool, AfterValidator(_keyed)] | None = None
    rate_limit: Annotated[int, _between(1, 10_000, "requests a second")] | None = None


class Instances(Section):
    """How EC2 instances are launched; the volume is in GiB."""

    instance_type: str | None = None
    image_id: Annotated[str, _written(r"ami-([0-9a-f]{8}|[0-9a-f]{17})", "written like ami-0123456789abcdef0")] | None = None
    min_count: Annotated[int, _between(1, 1000, "instances")] | None = None
    max_count: Annotated[int, _between(1, 1000, "instances")] | None = None
    key_name: Annotated[str, _written(r"[ -~]{1,255}", "1 to 255 ASCII characters")] | None = None
    volume_size: Annotated[int, _between(1, 16_384, "GiB")] | None = None
    spot: bool | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Instances":
        _ascending(self, "min_count", "max_count")
        return self


class Autoscaling(Section):
    """The group of instances; `target_cpu` is in percent. Saying its size turns it on, unless it was turned off."""

    enabled: bool | None = None
    min_size: Annotated[int, _between(0, 1000, "instances")] | None = None
    max_size: Annotated[int, _between(0, 1000, "instances")] | None = None
    desired_capacity: Annotated[int, _between(0, 1000, "instances")] | None = None
    launch_template: Annotated[str, _written(r"[\w().\-/]{3,128}", "3 to 128 letters, digits and ( ) . - / _")] | None = None
    target_cpu: Annotated[float, _between(1, 100, "percent")] | None = None
    availability_zones: tuple[str, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _turn_on(cls, said: dict[str, Any]) -> dict[str, Any]:
        sized = any(said.get(name) is not None for name in GROUP_SIZE)
        return {**said, "enabled": True} if sized and said.get("enabled") is None else said

    @model_validator(mode="after")
    def _in_order(self) -> "Autoscaling":
        _ascending(self, "min_size", "desired_capacity", "max_size")
        return self


class Configuration(Section):
    """Everything that was said about the next deployment."""

    deployment: Deployment = Deployment()
    instances: Instances = Instances()
    autoscaling: Autoscaling = Autoscaling()

    @property
    def group_size(self) -> tuple[int, int]:
        """The fewest and the most instances that can run at once."""
        group = self.autoscaling
        if group.enabled:
            low = group.min_size if group.min_size is not None else group.desired_capacity or 1
            return low, max(low, group.max_size or group.desired_capacity or 0)
        low = self.instances.min_count or 1
        return low, max(low, self.instances.max_count or 0)

    def said(self) -> dict[str, dict[str, Any]]:
        """Return what was said, by section."""
        return {name: part for name, part in self.model_dump(mode="json", exclude_none=True).items() if part}


def read(store: Store) -> Configuration:
    """Return the configuration of the workspace."""
    thing = store.find(KIND, NAME)
    return Configuration.model_validate(thing.body) if thing else Configuration()


def change(store: Store, operation: str, section: str, given: Mapping[str, Any], region: str) -> tuple[Configuration, Configuration]:
    """Set what is given (None leaves as it is), as a new version; return the configuration before and after.

    Args:
        section: `deployment`, `instances` or `autoscaling`.
        region: The one that counts while none is configured.

    Raises:
        BadArguments: nothing is given, AWS would refuse a value, or values contradict each other.
        NotFound: there is no such region, or it does not have the instance type.
    """
    said = {name: value for name, value in given.items() if value is not None}
    if not said:
        raise BadArguments("Nothing was said to change.", f"It can change: {', '.join(given)}. {SHOW}")
    with store.transaction():
        before = read(store)
        after = _revised(before, section, said)
        _check_region(after, region, store.path.parent)
        if after != before:
            store.put(KIND, NAME, after.said(), operation)
    return before, after


def _revised(before: Configuration, section: str, said: Mapping[str, Any]) -> Configuration:
    known = before.said()
    try:
        return Configuration.model_validate({**known, section: {**known.get(section, {}), **said}})
    except ValidationError as error:
        first = error.errors()[0]
        why = str(first["msg"]).removeprefix("Value error, ")
        place = f"{first['loc'][1]} = {first['input']!r}: " if len(first["loc"]) > 1 else ""
        raise BadArguments(f"{place}{why}.", f"Nothing was changed. {SHOW}") from None


def differences(before: Configuration, after: Configuration) -> Iterator[tuple[str, Any, Any]]:
    """Yield each setting that differs, with the value before and after; None is what nobody has said."""
    for section in Configuration.model_fields:
        old, new = getattr(before, section), getattr(after, section)
        for name in type(new).model_fields:
            if getattr(old, name) != getattr(new, name):
                yield name, getattr(old, name), getattr(new, name)


def offer(instance_type: str, region: str, home: Path | None = None) -> Offer:
    """Return an instance type at its price in a region; raise NotFound when the region has none.

    Args:
        home: The workspace's folder, which may have prices of its own.
    """
    offers = {o.instance_type: o for o in Table.of(home).offers(region)}
    if instance_type.lower() not in offers:
        find = f"See what fits: copilot instances recommend --memory 4 --region {region}"
        raise NotFound.named(f"instance type with a price in {region}", instance_type, offers, find)
    return offers[instance_type.lower()]


def _check_region(configuration: Configuration, region: str, home: Path) -> None:
    deployment, instances, group = configuration.deployment, configuration.instances, configuration.autoscaling
    where = deployment.region or region
    if deployment.region:
        Table.of(home).offers(where)
    if instances.instance_type:
        offer(instances.instance_type, where, home)
    for zone in group.availability_zones or ():
        if not re.fullmatch(rf"{where}[a-z]", zone):
            raise BadArguments(f"The zone {zone} is not in {where}.", f"Write it like {where}a, or configure the region first.")


CAUTIONS: tuple[tuple[Callable[[Configuration], bool], str], ...] = (
    (
        lambda c: c.deployment.target == "ec2" and not c.instances.instance_type,
        "The ec2 target needs an instance type: copilot instances recommend finds one.",
    ),
    (
        lambda c: c.deployment.target == "ec2" and bool(c.instances.image_id),
        "The image has to be like Amazon Linux 2023: with dnf, systemd and the AWS command line.",
    ),
    (
        lambda c: bool(c.instances.key_name),
        "The key pair is put on the instances, and no port is opened for it.",
    ),
    (
        lambda c: (c.deployment.timeout_seconds or 0) >= TIMEOUT_S.stop,
        f"The endpoint's gateway waits {TIMEOUT_S.stop - 1} seconds at most: a longer timeout is refused when it is planned.",
    ),
    (lambda c: bool(c.instances.spot), "Spot prices change and are not known here: the on-demand price is the most that it costs."),
)


def cautions(configuration: Configuration, region: str, home: Path) -> tuple[str, ...]:
    """Return what a person should know about the configuration as it stands."""
    said = [text for holds, text in CAUTIONS if holds(configuration)]
    instances = configuration.instances
    if instances.instance_type:
        try:
            architecture = offer(instances.instance_type, configuration.deployment.region or region, home).architecture
        except NotFound as error:
            return (*said, error.problem)
        if instances.image_id:
            said.append(f"{instances.instance_type} is {architecture}: whether {instances.image_id} is too is not known here.")
    return tuple(said)
