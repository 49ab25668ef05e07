"""Which agent, environment and deployment a call means, and whether it may be deployed."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from copilot.cloud.account import LOCAL, reachable
from copilot.context import Context
from copilot.errors import BadArguments, NeedsAnswer, NotFound, Refused
from copilot.outside.store import Thing

if TYPE_CHECKING:
    from copilot.cloud.configuration import Deployment
    from copilot.cloud.journal import Apply
    from copilot.cloud.serverless import Settings

SHORTEST_REASON = 8
"""Characters of the reason to deploy what its benchmarks hold back."""


BURST = 2
"""Requests at once, as a multiple of those that are allowed in a second."""


def configured(ctx: Context) -> "Deployment":
    """Return what was configured about deployments."""
    from copilot.cloud.configuration import read

    return read(ctx.store).deployment


def settings(said: "Deployment", environment: str | None = None) -> "Settings":
    """Return what was configured over the defaults of the environment, as the serverless graph takes it."""
    from copilot.cloud.environments import ENVIRONMENTS
    from copilot.cloud.serverless import Settings

    usual = ENVIRONMENTS[environment or said.environment or "dev"]

    burst = None if said.rate_limit is None else BURST * said.rate_limit
    chosen = {
        "memory": said.memory_mb,
        "timeout": said.timeout_seconds,
        "log_days": said.log_retention_days,
        "rate": said.rate_limit,
        "burst": burst,
    }
    defaults: dict[str, Any] = {"log_days": usual.log_days, "budget": usual.budget, "protected": usual.protected}
    return Settings(**{**defaults, **{name: value for name, value in chosen.items() if value is not None}})


def chosen_region(ctx: Context) -> str:
    """Return the region that was configured, else the one of the environment; `local` for this machine."""
    said = configured(ctx)
    return LOCAL if said.target == LOCAL else said.region or ctx.region


def taken(ctx: Context, agent: str | None, environment: str | None) -> tuple[str, ...]:
    """Say what a plan takes from the configuration, because the call does not say it."""
    said = configured(ctx).model_dump(exclude_none=True)
    said = {name: value for name, value in said.items() if not {"agent": agent, "environment": environment}.get(name)}
    listed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items())
    return (f"Taken from the configuration: {listed}.",) if listed else ()


def chosen_agent(ctx: Context, name: str | None) -> Thing:
    """Return the agent that is named, else the one in the settings, else the newest; raise NotFound when there is none."""
    name = name or configured(ctx).agent
    if name:
        return ctx.store.get("agent", name)
    agents = sorted(ctx.store.all("agent"), key=lambda agent: agent.changed_at)
    if not agents:
        raise NotFound("There is no agent to deploy.", "Create one: copilot agents create NAME --collections COLLECTION")
    return agents[-1]


def chosen_environment(ctx: Context, environment: str | None) -> str:
    return environment or configured(ctx).environment or "dev"


def deployment_name(ctx: Context, agent: Thing, environment: str) -> str:
    """Return what a deployment is called; the same agent can be simulated, live and on this machine at once."""
    where = "-local" if chosen_region(ctx) == LOCAL else "-live" if ctx.live else ""
    return f"{agent.name}-{environment}{where}"


def all_deployments(ctx: Context) -> list[Thing]:
    """Return the deployments, with those that failed and left something behind: `state` says how each stands."""
    from copilot.cloud.journal import left_over, unsettled

    torn = unsettled(ctx.store)
    known = [
        replace(t, body={"state": _state(torn[t.name]) if t.name in torn else "deployed", **t.body}) for t in ctx.store.all("deployment")
    ]
    left = [Thing("deployment", apply.deployment, 0, {**apply.body, **_left(apply)}, apply.started_at) for apply in left_over(ctx.store)]
    return sorted([*known, *left], key=lambda thing: thing.name)


def _state(apply: "Apply") -> str:
    """Say how a deployment stands after an apply that did not come to a clean end."""
    if apply.state == "running":
        return "being removed" if apply.kind == "destroy" else "being deployed"
    return "partly removed" if apply.kind == "destroy" else "partly put back after a change that failed"


def _left(apply: "Apply") -> dict[str, str]:
    state = "being deployed" if apply.state == "running" else "left over by a deployment that failed"
    return {"state": state, "endpoint": "", "deployed_at": apply.started_at}


def known_deployment(ctx: Context, name: str) -> Thing | None:
    """Return a deployment of exactly this name, or None."""
    return next((thing for thing in all_deployments(ctx) if thing.name == name), None)


def named_deployment(ctx: Context, words: str, intent: str) -> Thing:
    """Return a deployment by its name, or by its agent's name when that has only one.

    Raises:
        NotFound: nothing is called so.
        NeedsAnswer: the agent has several deployments.
    """
    known = all_deployments(ctx)
    exact = [thing for thing in known if thing.name.lower() == words.lower()]
    if exact:
        return exact[0]
    same = [thing for thing in known if thing.body["agent"].lower() == words.lower()]
    here = [thing for thing in same if _within_reach(ctx, thing)] or same
    if not here:
        return ctx.store.get("deployment", words)
    if len(here) > 1:
        names = [thing.name for thing in here]
        choices = {"choose": [{"intent": intent, "args": {"deployment": name}} for name in names]}
        raise NeedsAnswer(f"Which one: {' or '.join(names)}?", "Name the deployment.", choices)
    return here[0]


def _within_reach(ctx: Context, thing: Thing) -> bool:
    return reachable(thing.body["simulated"], thing.body["region"], ctx.live)


def check_reach(ctx: Context, thing: Thing) -> None:
    """Raise Refused when the running command does not act on the account that holds the deployment."""
    if not _within_reach(ctx, thing):
        where, how = ("the simulated account", "without --live") if thing.body["simulated"] else ("real AWS", "with --live")
        raise Refused(f"{thing.name} is in {where}.", f"Do it {how}.")


def check_region(ctx: Context, name: str) -> None:
    """Raise Refused when the deployment already is in another region."""
    thing, region = known_deployment(ctx, name), chosen_region(ctx)
    if thing and thing.body["region"] != region:
        raise Refused(
            f"{name} is deployed in {thing.body['region']}, not in {region}.",
            f"Use copilot deployments configure --region {thing.body['region']}, or remove it first: copilot deployments destroy {name}",
        )


def check_model(ctx: Context, agent: Thing) -> None:
    """Raise Refused when the agent's model can neither be packed nor be reached from where the agent would run."""
    from copilot.outside.catalogue import BUILTIN, BUILTIN_NAME

    name = agent.body["model"]
    model = ctx.store.find("model", name)
    reached = model is not None and model.body["provider"] == "bedrock" and configured(ctx).target in (None, "serverless")
    if not reached and (model.body["id"] if model else name) not in (BUILTIN.id, BUILTIN_NAME):
        raise Refused(
            f"'{agent.name}' answers with {name}, which cannot be deployed there: "
            f"the built-in model ({BUILTIN.id}) can, and to the serverless target those of Bedrock.",
            f"Give it the built-in model: copilot agents update {agent.name} --model {BUILTIN_NAME}",
        )


def shut_gates(ctx: Context, agent: Thing, environment: str) -> tuple[str, ...]:
    """Return what the benchmarks that keep an agent from being deployed say: those with a threshold, in production that one is wanted."""
    from copilot.cloud.environments import ENVIRONMENTS
    from copilot.evaluation.gate import concerns, failing_gates

    about = [benchmark for benchmark in ctx.store.all("benchmark") if concerns(ctx.store, benchmark, agent)]
    if ENVIRONMENTS[environment].gated and about and not any(b.body.get("threshold") is not None for b in about):
        return (f"{environment} takes a benchmark with a threshold, and {', '.join(b.name for b in about)} has none",)
    return tuple(str(gate) for gate in failing_gates(ctx.store, agent))


def check_gates(ctx: Context, agent: Thing, environment: str, override: str | None) -> dict[str, Any]:
    """Let a deployment pass its benchmarks; return what was overridden and why, to be kept with it.

    Raises:
        Refused: a benchmark with a threshold says no, and nobody gave a reason to go on all the same.
        BadArguments: the reason says nothing.
    """
    if override is not None and len(override.strip()) < SHORTEST_REASON:
        raise BadArguments(f"'{override}' is no reason.", "Say why, in a few words: it is kept in the audit trail.")
    shut = shut_gates(ctx, agent, environment)
    if not shut or override:
        return {"overridden": {"gates": list(shut), "reason": override}} if shut else {}
    raise Refused(
        f"'{agent.name}' may not be deployed: {'; '.join(shut)}.",
        f"Run what is stale or missing: copilot benchmarks run {agent.name}. See failures: copilot benchmarks show-report {agent.name}. "
        'To deploy all the same, give a reason for the audit trail: --override-gate "…"',
    )


def overridden(passed: dict[str, Any]) -> tuple[str, ...]:
    """Say what `check_gates` let pass against the benchmarks."""
    gate = passed.get("overridden")
    return (f"Deployed against its benchmarks ({'; '.join(gate['gates'])}): {gate['reason']}",) if gate else ()
