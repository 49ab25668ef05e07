"""What is not as it was deployed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from copilot.cloud.comparison import Differences, different, noise
from copilot.cloud.journal import Recorded
from copilot.cloud.providers.provider import Provider


@dataclass(frozen=True)
class Drift:
    """A resource that is not as it was deployed.

    Args:
        kind: ignored: it differs in what nobody has to care about; extra: it carries our tag and is in no ledger.
        differences: Property -> (as deployed, as it is).
        why: Why it is ignored.
    """

    id: str
    type: str
    physical: str
    kind: Literal["missing", "changed", "extra", "ignored"]
    differences: Differences = field(default_factory=dict)
    why: str = ""

    def __str__(self) -> str:
        return f"changed: {', '.join(sorted(self.differences))}" if self.kind == "changed" else self.kind


def drifts(resources: Iterable[Recorded], providers: Mapping[str, Provider]) -> Iterator[Drift]:
    """Read resources and yield what is missing, changed, or differs in a way that is ignored."""
    for known in resources:
        said = known.id, known.type, known.physical
        live = providers[known.type].read(known.physical) if known.physical else None
        if live is None:
            yield Drift(*said, "missing")
            continue
        if changed := different(live, known.properties):
            yield Drift(*said, "changed", {name: (deployed, there) for name, (there, deployed) in changed.items()})
        for name, why in noise(live, known.properties):
            yield Drift(*said, "ignored", {name: (known.properties[name], live[name])}, why)


def extras(resources: Iterable[Recorded], providers: Mapping[str, Provider], stack: str) -> Iterator[Drift]:
    """Yield what carries the tag of a deployment and is not among its resources."""
    known = {(resource.type, resource.physical) for resource in resources}
    for name, provider in providers.items():
        for physical in provider.owned(stack):
            if (name, physical) not in known:
                yield Drift("", name, physical, "extra")
