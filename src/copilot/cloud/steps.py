"""Make one change of a plan, or take it back, however far it got."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from copilot.cloud.comparison import different
from copilot.cloud.plan import Change
from copilot.cloud.providers.provider import Provider
from copilot.outside.aws import BotoCoreError, ClientError, code_of

THROTTLE_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between tries of a step that AWS says comes too fast, after those of the SDK."""
THROTTLED = {
    "BandwidthLimitExceeded", "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "RequestThrottled", "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
}  # fmt: skip

Answer = TypeVar("Answer")
Pause = Callable[[float], None]
"""Wait for so many seconds."""


class Steps:
    """Makes changes through the providers of their types.

    Args:
        pause: How to wait.
    """

    def __init__(self, providers: Mapping[str, Provider], pause: Pause) -> None:
        self.providers = providers
        self.pause = pause

    def together(self, changes: list[Change]) -> list[str | BaseException]:
        """Make changes that do not need each other; return the physical id or the error of each."""
        if len(changes) == 1:
            try:
                return [self.perform(changes[0])]
            except BaseException as error:
                return [error]
        with ThreadPoolExecutor(len(changes)) as pool:
            futures = [pool.submit(self.perform, change) for change in changes]
        return [future.exception() or future.result() for future in futures]

    def perform(self, change: Change) -> str:
        """Make a change; return the physical id of what is there now."""
        provider = self.providers[change.type]
        if change.action in ("delete", "replace") and change.physical:
            self.persist(lambda: provider.delete(change.physical))
        if change.action in ("create", "replace"):
            return self.persist(lambda: provider.create(change.after or {}))
        if change.action == "update":
            return self.persist(lambda: self._update(change))
        return change.physical

    def reverse(self, change: Change) -> str:
        """Undo a change, however far it got; return the physical id of what is there now."""
        provider, before = self.providers[change.type], change.before or {}
        if change.action in ("create", "replace"):
            made = change.physical if change.action == "create" else ""
            made = made or provider.find(change.after or {}) or ""
            if made:
                provider.delete(made)
            return provider.create(before) if change.action == "replace" else made
        if not change.physical:  # a delete of what turned out not to be there
            return ""
        live = provider.read(change.physical)
        if live is None:
            return provider.create(before)
        if different(live, before):
            provider.update(change.physical, {**before, **live}, before)
        return change.physical

    def persist(self, call: Callable[[], Answer]) -> Answer:
        """Make a call that can be repeated: with patience while AWS says that it comes too fast, once more when its answer was lost."""
        waits, lost = list(THROTTLE_WAITS), False
        while True:
            try:
                return call()
            except (BotoCoreError, ClientError) as error:
                if code_of(error) in THROTTLED and waits:
                    self.pause(waits.pop(0))
                elif not lost and _unheard(error):
                    lost = True
                else:
                    raise

    def _update(self, change: Change) -> str:
        """Change what differs now: an earlier try may have come half-way."""
        provider, after = self.providers[change.type], change.after or {}
        live = provider.read(change.physical)
        if live is None:
            return provider.create(after)
        provider.update(change.physical, {**(change.before or {}), **live}, after)
        return change.physical


def _unheard(error: Exception) -> bool:
    """Tell whether a call may have been carried out although its caller saw an error."""
    return not isinstance(error, ClientError) or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
