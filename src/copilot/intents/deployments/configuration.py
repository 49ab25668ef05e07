"""Configure the next deployment turn by turn, show it, and say what it costs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt

from copilot.context import Context
from copilot.errors import NotFound
from copilot.intent import Region, intent
from copilot.intents.deployments.results import Changed, Config, Configured, Cost, Environment, EstimatedCost
from copilot.intents.deployments.shown import cost_of
from copilot.intents.deployments.workspace import chosen_agent, chosen_environment, chosen_region, settings
from copilot.outside.catalogue import BUILTIN, entries
from copilot.outside.store import Thing

if TYPE_CHECKING:
    from copilot.cloud.configuration import Configuration

Target = Literal["serverless", "ec2", "sagemaker", "agentcore", "local"]


def configure(ctx: Context, section: str, given: Mapping[str, Any]) -> Configured:
    """Change a section of the configuration and say what changed."""
    from copilot.cloud.configuration import cautions, change, differences

    before, after = change(ctx.store, ctx.operation, section, given, ctx.region)
    return Configured(
        changes=tuple(Changed(setting=name, before=old, after=new) for name, old, new in differences(before, after)),
        region=after.deployment.region or ctx.region,
        settings=after.said(),
        cost=_cost(ctx, after, section != "deployment" or after.deployment.target == "ec2"),
        notes=cautions(after, ctx.region, ctx.home),
    )


@intent(
    "write",
    examples=(
        "deploy to Frankfurt, keep logs 30 days",
        "use the ec2 target for staging",
        "require an API key and limit it to 20 requests per second",
    ),
)
def configure_deployment(
    ctx: Context,
    agent: str | None = None,
    target: Target | None = None,
    region: Region | None = None,
    environment: Environment | None = None,
    memory_mb: int | None = None,
    timeout_seconds: int | None = None,
    log_retention_days: int | None = None,
    require_api_key: bool | None = None,
    rate_limit: int | None = None,
) -> Configured:
    """Change the deployment configuration being prepared.

    Args:
        agent: Agent.
        target: Where it runs; local is a process on this machine.
        region: AWS region code.
        environment: Environment.
        memory_mb: Lambda memory, MB: 128 to 10240.
        timeout_seconds: Lambda timeout, seconds; an endpoint waits 29 at most.
        log_retention_days: Days logs are kept, e.g. 7, 30, 90 or 365.
        require_api_key: Endpoint needs an API key; it always does.
        rate_limit: Requests per second per key.
    """
    given = {
        "agent": ctx.store.get("agent", agent).name if agent else None,
        "target": target,
        "region": region,
        "environment": environment,
        "memory_mb": memory_mb,
        "timeout_seconds": timeout_seconds,
        "log_retention_days": log_retention_days,
        "require_api_key": require_api_key,
        "rate_limit": rate_limit,
    }
    return configure(ctx, "deployment", given)


@intent("read", examples=("display config", "show deployment settings", "what would be deployed, and where?"))
def show_config(ctx: Context) -> Config:
    """Show the deployment configuration being prepared."""
    from copilot.cloud.configuration import cautions, read

    configuration = read(ctx.store)
    target = configuration.deployment.target or "serverless"
    try:
        agent = chosen_agent(ctx, None).name
    except NotFound:
        agent = None
    return Config(
        agent=agent,
        environment=chosen_environment(ctx, None),
        region=chosen_region(ctx),
        account=ctx.account,
        target=target,
        serverless=asdict(settings(configuration.deployment)),
        instances=configuration.said().get("instances", {}),
        autoscaling=configuration.said().get("autoscaling", {}),
        cost=_cost(ctx, configuration, target == "ec2"),
        notes=cautions(configuration, ctx.region, ctx.home),
    )


def _cost(ctx: Context, configuration: "Configuration", on_instances: bool) -> Cost | None:
    """Return what the configured deployment costs; None while no instance type is said, or none that the region has."""
    from copilot.cloud.prices import STORED_BYTES, estimate

    if not on_instances:
        return cost_of(estimate(settings(configuration.deployment), STORED_BYTES, configuration.deployment.region or ctx.region))
    kind = configuration.instances.instance_type
    try:
        return _instances_cost(ctx, kind, configuration.group_size, configuration.deployment.region or ctx.region) if kind else None
    except NotFound:
        return None


def _instances_cost(ctx: Context, instance_type: str, count: tuple[int, int], region: str) -> Cost:
    from copilot.cloud.configuration import offer
    from copilot.cloud.offers import Table
    from copilot.cloud.prices import estimate_instances

    found = offer(instance_type, region, ctx.home)
    return cost_of(estimate_instances(found, count, Table.of(ctx.home).price_date(region)))


@intent(
    "read",
    examples=(
        "what will helpdesk cost at 100k requests a month?",
        "how much are three m5.large a month?",
        "estimate the monthly cost of the legal-bot deployment",
    ),
)
def estimate_cost(
    ctx: Context,
    agent: str | None = None,
    requests_per_month: Annotated[int, Ge(0)] | None = None,
    instance_type: str | None = None,
    count: Annotated[int, Gt(0)] | None = None,
) -> EstimatedCost:
    """Estimate what a deployment or an instance costs a month.

    Args:
        agent: Agent; the newest unless said.
        requests_per_month: Expected requests a month; 1,000 to 100,000 unless said.
        instance_type: Price this EC2 type, instead of a serverless deployment.
        count: Number of instances; what is configured unless said, else 1.
    """
    from copilot.cloud.configuration import read
    from copilot.cloud.prices import REQUESTS, STORED_BYTES, estimate

    configuration, region = read(ctx.store), chosen_region(ctx)
    requests = REQUESTS if requests_per_month is None else (requests_per_month, requests_per_month)
    kind = instance_type or (configuration.instances.instance_type if count or configuration.deployment.target == "ec2" else None)
    thing = None if kind and not agent else chosen_agent(ctx, agent)
    if kind:
        size = (count, count) if count else (1, 1) if instance_type else configuration.group_size
        infrastructure = _instances_cost(ctx, kind.lower(), size, region)
    else:
        infrastructure = cost_of(estimate(settings(configuration.deployment), STORED_BYTES, region, requests))
    return EstimatedCost(
        what=" on ".join(part for part in (thing.name if thing else "", kind or "") if part),
        region=region,
        infrastructure=infrastructure,
        tokens=_tokens(ctx, thing, requests) if thing else None,
    )


def _tokens(ctx: Context, agent: Thing, requests: tuple[int, int]) -> Cost | None:
    """Return what the agent's language model takes; None when it answers without one."""
    from copilot.answering.agent import model_body
    from copilot.cloud.prices import estimate_tokens

    model = model_body(ctx.store, agent.body["model"])["id"]
    if model == BUILTIN.id:
        return None
    listed = next((entry for entry in entries() if entry.id == model), None)
    prices = (listed.input_price, listed.output_price) if listed else (None, None)
    return cost_of(estimate_tokens(prices, requests, "the installed litellm catalogue"))
