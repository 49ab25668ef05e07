"""Find the EC2 instance that fits, and configure how many are launched."""

from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Gt

from copilot.cloud.instances import HOURS_A_MONTH
from copilot.context import Context
from copilot.errors import NeedsAnswer, Refused
from copilot.intent import Region, intent
from copilot.intents.deployments.configuration import configure
from copilot.intents.deployments.results import Configured
from copilot.result import Item, Result

if TYPE_CHECKING:
    from copilot.cloud.offers import Offer


class RunnerUp(Item):
    """Another instance type that fits; units as in `Recommended`."""

    instance_type: str
    price: float
    vcpus: int
    memory: float
    gpu: str
    architecture: str
    why: str


class Recommended(Result):
    """The cheapest instance type that fits.

    `price` is in USD per hour, on demand, as of the day `as_of`; `spot` is an average, `reserved_1yr` and `reserved_3yr` are
    all upfront, also in USD per hour, as of `discounts_as_of`, None where not known; `memory` is in GiB; `gpu_memory` in GB of
    each GPU as marketed, None without a GPU; `matches` is how many types fit.
    """

    instance_type: str
    price: float
    region: str
    as_of: str
    spot: float | None
    reserved_1yr: float | None
    reserved_3yr: float | None
    discounts_as_of: str | None
    why: str
    vcpus: int
    memory: float
    gpus: int
    gpu_name: str
    gpu_memory: float | None
    architecture: str
    burstable: bool
    storage: str
    network: str
    matches: int
    runners_up: tuple[RunnerUp, ...]

    @property
    def headline(self) -> str:
        gpu = _gpu(self.gpus, self.gpu_name, self.gpu_memory)
        monthly = f"about ${self.price * HOURS_A_MONTH:,.2f} a month"
        others = {"spot": self.spot, "reserved for a year": self.reserved_1yr, "for three": self.reserved_3yr}
        less = ", ".join(f"{name} ${price:.4g}" for name, price in others.items() if price)
        return (
            f"{self.instance_type} has {self.vcpus} vCPUs and {self.memory:g} GiB{f', {gpu}' if gpu else ''} "
            f"for ${self.price:.6g} an hour ({monthly}) in {self.region}, as of {self.as_of}{f'; {less}' if less else ''}."
        )


@intent(
    "read",
    examples=(
        "4 RAM",
        "cheapest instance with 3 GB RAM and 2 CPUs",
        "I need a box with one A10G in Frankfurt under $2 an hour",
    ),
)
def recommend_instance(
    ctx: Context,
    vcpus: Annotated[int, Gt(0)] | None = None,
    memory: Annotated[float, Gt(0)] | None = None,
    gpus: Annotated[int, Gt(0)] | None = None,
    gpu_memory: Annotated[float, Gt(0)] | None = None,
    gpu_name: str | None = None,
    architecture: Literal["x86_64", "arm64"] | None = None,
    max_price: Annotated[float, Gt(0)] | None = None,
    region: Region | None = None,
) -> Recommended:
    """Find the cheapest EC2 instance type that meets the requirements.

    Args:
        vcpus: At least this many vCPUs.
        memory: At least this much memory, GiB.
        gpus: At least this many GPUs.
        gpu_memory: At least this much memory on each GPU, GB as marketed.
        gpu_name: GPU model, e.g. A10G, L4, H100.
        architecture: Processor architecture: x86_64 is Intel and AMD, arm64 is Graviton.
        max_price: Highest price, USD per hour.
        region: AWS region code.
    """
    from copilot.cloud.instances import Requirements, recommend
    from copilot.cloud.offers import Discount, Table

    wanted = Requirements(vcpus, memory, gpus, gpu_memory, gpu_name or None, architecture, max_price)
    if not wanted.given:
        given = {"region": region} if region else {}
        raise NeedsAnswer(
            "How much memory should it have, in GiB?",
            "Say what it needs: memory, vCPUs, GPUs, a price; e.g. copilot instances recommend --vcpus 2 --memory 4",
            {"ask": "memory", "intent": "recommend_instance", "args": given},
        )
    where, table = region or ctx.region, Table.of(ctx.home)
    advice = recommend(table.offers(where), wanted, where)
    best = advice.best
    less = table.discounts(where, {best.instance_type}).get(best.instance_type, Discount())
    return Recommended(
        instance_type=best.instance_type,
        price=best.price,
        region=where,
        as_of=table.price_date(where),
        spot=less.spot,
        reserved_1yr=less.reserved_1yr,
        reserved_3yr=less.reserved_3yr,
        discounts_as_of=table.header()["discounts_as_of"].get(where),
        why=advice.why,
        vcpus=best.vcpus,
        memory=best.memory,
        gpus=best.gpus,
        gpu_name=best.gpu_name,
        gpu_memory=best.gpu_memory or None,
        architecture=best.architecture,
        burstable=best.burstable,
        storage=best.storage,
        network=best.network,
        matches=advice.matches,
        runners_up=tuple(_runner_up(offer, why) for offer, why in advice.runners_up),
    )


def _runner_up(offer: "Offer", why: str) -> RunnerUp:
    return RunnerUp(
        instance_type=offer.instance_type,
        price=offer.price,
        vcpus=offer.vcpus,
        memory=offer.memory,
        gpu=_gpu(offer.gpus, offer.gpu_name, offer.gpu_memory),
        architecture=offer.architecture,
        why=why,
    )


class Refreshed(Result):
    """The table of instance types and prices of a region, as AWS has it today."""

    region: str
    types: int
    priced: int

    @property
    def headline(self) -> str:
        return (
            f"{self.region} has {self.types} instance types, {self.priced} of them with a price; this workspace recommends from these now."
        )


def refresh_table(ctx: Context, region: str | None = None) -> Refreshed:
    """Rebuild a region's part of the table; for `copilot instances refresh`, which is no ability.

    Raises:
        Refused: without live AWS, or a permission is missing.
        Unavailable: AWS does not answer.
    """
    if not ctx.live:
        raise Refused("Only real AWS knows today's types and prices.", "Sign in to AWS, then: copilot instances refresh --live")
    from copilot.cloud.refresh import refresh
    from copilot.outside.aws import BotoCoreError, ClientError, explain, session

    where = region or ctx.region
    try:
        types, priced = refresh(session(where), ctx.home)
    except (BotoCoreError, ClientError) as error:
        raise explain(error) from error
    return Refreshed(region=where, types=types, priced=priced)


def _gpu(count: int, name: str, memory: float | None) -> str:
    return f"{count} x {name} with {memory:g} GB" if count else ""


@intent(
    "write",
    examples=(
        "change min count to 2 and max count to 4",
        "use t3.large with a 100 GB disk",
        "launch spot instances with the key pair ops",
    ),
)
def configure_instances(
    ctx: Context,
    instance_type: str | None = None,
    image_id: str | None = None,
    min_count: int | None = None,
    max_count: int | None = None,
    key_name: str | None = None,
    volume_size: int | None = None,
    spot: bool | None = None,
) -> Configured:
    """Change the EC2 launch configuration being prepared.

    Args:
        instance_type: Instance type, e.g. t3.large.
        image_id: AMI id.
        min_count: Fewest instances.
        max_count: Most instances.
        key_name: SSH key pair.
        volume_size: Root volume, GiB.
        spot: Use spot instances.
    """
    given = {
        "instance_type": instance_type.lower() if instance_type else None,
        "image_id": image_id,
        "min_count": min_count,
        "max_count": max_count,
        "key_name": key_name,
        "volume_size": volume_size,
        "spot": spot,
    }
    return configure(ctx, "instances", given)


@intent(
    "write",
    examples=(
        "enable autoscaling",
        "change desired capacity to 5 and launch template name to test",
        "scale between 1 and 6 at 60% CPU",
    ),
)
def configure_autoscaling(
    ctx: Context,
    enabled: bool | None = None,
    min_size: int | None = None,
    max_size: int | None = None,
    desired_capacity: int | None = None,
    launch_template: str | None = None,
    target_cpu: float | None = None,
    availability_zones: list[str] | None = None,
) -> Configured:
    """Turn autoscaling on or off, or change it.

    Args:
        enabled: On or off.
        min_size: Smallest group.
        max_size: Largest group.
        desired_capacity: Desired number of instances.
        launch_template: Launch template name.
        target_cpu: Target average CPU, percent.
        availability_zones: Zones, e.g. eu-central-1a.
    """
    given = {
        "enabled": enabled,
        "min_size": min_size,
        "max_size": max_size,
        "desired_capacity": desired_capacity,
        "launch_template": launch_template,
        "target_cpu": target_cpu,
        "availability_zones": availability_zones or None,
    }
    return configure(ctx, "autoscaling", given)
