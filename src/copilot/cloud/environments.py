"""What sets development, staging and production apart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from copilot.cloud.journal import Recorded
from copilot.cloud.providers.provider import Provider


@dataclass(frozen=True)
class Environment:
    """What deployments get where nothing else is configured, and what stands before a change.

    Args:
        log_days: How long log lines are kept.
        budget: USD a month.
        gated: Where an agent has benchmarks, one with a threshold has to be passed.
        protected: What holds data cannot be deleted by others; removing it takes the name of the deployment, and a backup first.
    """

    log_days: int
    budget: int
    gated: bool = False
    protected: bool = False


ENVIRONMENTS = {
    "dev": Environment(log_days=7, budget=20),
    "staging": Environment(log_days=30, budget=50),
    "production": Environment(log_days=365, budget=200, gated=True, protected=True),
}


def back_up(resources: Iterable[Recorded], providers: Mapping[str, Provider], label: str) -> list[str]:
    """Copy the data that a removal would lose; return where the copies are, which outlive the deployment.

    What lies in the bucket is not copied: it was made from the workspace, and can be made again.

    Args:
        label: What the copies are called after, besides the resource.
    """
    stateful = [resource for resource in resources if providers[resource.type].stateful]
    copies = [providers[r.type].back_up(r.physical, label) for r in stateful if providers[r.type].read(r.physical)]
    return [copy for copy in copies if copy]
