"""What the abilities about deployments return."""

from typing import Any, Literal

from copilot.cloud.account import LOCAL
from copilot.result import Item, Result

Environment = Literal["dev", "staging", "production"]


def place(account: str, region: str = "") -> str:
    """Say where something is."""
    if account == LOCAL:
        return "on this machine"
    return ", ".join(
        part for part in ("in the simulated account" if account == "simulated" else f"in AWS account {account}", region) if part
    )


class ChangeRow(Item):
    action: str
    resource: str
    type: str
    details: str


class CostRow(Item):
    what: str
    low_usd: float | None
    high_usd: float | None


class Cost(Item):
    """US dollars a month."""

    low_usd: float | None
    high_usd: float | None
    as_of: str
    assumptions: str
    unknown: tuple[str, ...]
    parts: tuple[CostRow, ...]

    @property
    def phrase(self) -> str:
        if self.low_usd is None or self.high_usd is None:
            return "at an unknown cost"
        extra = f" and the unknown price of {', '.join(self.unknown)}" if self.unknown else ""
        span = f"{self.low_usd:,.2f}" if self.low_usd == self.high_usd else f"{self.low_usd:,.2f} to {self.high_usd:,.2f}"
        return f"for about {span} USD a month{extra}"


class PlannedDeployment(Result):
    """What deploying would do; `more_low_usd` and `more_high_usd` are what it costs more a month than what runs now."""

    deployment: str
    agent: str
    environment: str
    account: str
    region: str
    simulated: bool
    plan: str
    changes: tuple[ChangeRow, ...]
    unchanged: int
    cost: Cost
    more_low_usd: float | None = None
    more_high_usd: float | None = None
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        where = place(self.account)
        if self.problems:
            return f"{self.deployment} cannot be deployed: {'; '.join(self.problems)}."
        if not self.changes:
            return f"{self.deployment} is already as wanted {where}: nothing to change."
        counts = ", ".join(f"{n} to {action}" for action in ("create", "update", "replace", "delete") if (n := self._count(action)))
        more = "" if self.more_low_usd is None else f" ({self.more_low_usd:+,.2f} to {self.more_high_usd:+,.2f} against what runs)"
        return f"Deploying {self.deployment} {where}: {counts}, {self.cost.phrase}{more}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (
            ()
            if self.problems
            else (f"copilot deployments deploy-agent --agent {self.agent} --environment {self.environment} --plan {self.plan}",)
        )

    @property
    def on_yes(self) -> tuple[str, dict[str, Any]] | None:
        args = {"agent": self.agent, "environment": self.environment}
        return None if self.problems or not self.changes else ("deploy_agent", args)

    def _count(self, action: str) -> int:
        return sum(1 for change in self.changes if change.action == action)


class Deployed(Result):
    """What was done; `console` has the lines of what started, unless they were shown as they came."""

    deployment: str
    agent: str
    agent_version: int
    environment: str
    account: str
    region: str
    simulated: bool
    endpoint: str
    plan: str
    created: int
    updated: int
    deleted: int
    cost: Cost
    console: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        where = place(self.account, self.region)
        if not self.created + self.updated + self.deleted:
            return f"{self.deployment} was already as wanted {where}."
        return f"Deployed {self.agent} as {self.deployment} {where}: {self.created + self.updated} resources."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f'copilot agents ask {self.agent} "…" --deployment {self.deployment}', f"copilot deployments show {self.deployment}")


class DeploymentRow(Item):
    name: str
    agent: str
    environment: str
    region: str
    account: str
    state: str
    endpoint: str
    deployed_at: str


class Deployments(Result):
    deployments: tuple[DeploymentRow, ...]

    @property
    def headline(self) -> str:
        if not self.deployments:
            return "Nothing is deployed."
        return (
            f"{len(self.deployments)} deployment{'s' if len(self.deployments) > 1 else ''}: {', '.join(d.name for d in self.deployments)}."
        )


class ResourceRow(Item):
    id: str
    type: str
    name: str
    state: str


class EventRow(Item):
    """What was done; `revision` runs since then, None where nothing new did."""

    at: str
    what: str
    revision: int | None
    agent_version: int | None
    outcome: str
    error: str


class ShownDeployment(Result):
    name: str
    agent: str
    agent_version: int
    environment: str
    region: str
    account: str
    simulated: bool
    endpoint: str
    health: str
    resources: tuple[ResourceRow, ...]
    history: tuple[EventRow, ...]

    @property
    def headline(self) -> str:
        where = place(self.account, self.region)
        return f"{self.name} runs {self.agent} (version {self.agent_version}) {where}: {self.health}."


class DoomedDeployment(Result):
    """What a removal would delete."""

    name: str
    account: str
    region: str
    resources: tuple[ResourceRow, ...]

    @property
    def headline(self) -> str:
        return f"Removing {self.name} deletes {len(self.resources)} resources in {self.region}, and what is stored in them."


class DestroyedDeployment(Result):
    """What a removal did; `backups` outlive it, and cost until somebody deletes them."""

    name: str
    deleted: int
    left: tuple[str, ...]
    backups: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        if self.left:
            return f"{self.name} is removed except for {len(self.left)}: {'; '.join(self.left)}."
        kept = f" but {len(self.backups)} backup of its data" if self.backups else ""
        return f"{self.name} is gone: {self.deleted} resources deleted, nothing is left{kept}."


class Changed(Item):
    """A setting with its value before and after; None is what nobody has said."""

    setting: str
    before: Any
    after: Any


class Configured(Result):
    """What was changed in the configuration, and all that is set now."""

    changes: tuple[Changed, ...]
    region: str
    settings: dict[str, dict[str, Any]]
    cost: Cost | None
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        if not self.changes:
            return "That is what was set already: nothing changed."
        said = "; ".join(f"{c.setting.replace('_', ' ')}: {_said(c.before)} → {_said(c.after)}" for c in self.changes)
        return f"Set {said}{f', {self.cost.phrase}' if self.cost else ''}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return ("copilot deployments show-config", "copilot deployments plan", "copilot undo")

    @property
    def on_yes(self) -> tuple[str, dict[str, Any]]:
        return "deploy_agent", {}


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(value)
    return "not set" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


class Config(Result):
    """The settings that the next deployment takes; `serverless` are those of the function and its endpoint."""

    agent: str | None
    environment: str
    region: str
    account: str
    target: str
    serverless: dict[str, Any]
    instances: dict[str, Any]
    autoscaling: dict[str, Any]
    cost: Cost | None
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        what = f"{self.agent} to {self.environment}" if self.agent else f"an agent to {self.environment}"
        cost = f", {self.cost.phrase}" if self.cost else ""
        return f"The next deployment takes {what} in {self.region} ({self.target}, {self.account} account){cost}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return ("copilot deployments plan", "copilot deployments deploy-agent")

    @property
    def on_yes(self) -> tuple[str, dict[str, Any]]:
        return "deploy_agent", {}


class EstimatedCost(Result):
    """What something costs a month; tokens apart, None where no model is asked."""

    what: str
    region: str
    infrastructure: Cost
    tokens: Cost | None

    @property
    def headline(self) -> str:
        words = f"{self.what} would run in {self.region} {self.infrastructure.phrase}"
        return f"{words}; the model's tokens come {self.tokens.phrase}." if self.tokens else f"{words}."
