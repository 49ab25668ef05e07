"""Ray, where it is installed: objects of ours that live on the machines of a cluster and take work one by one."""

import logging
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from copilot.errors import Unavailable


class RayPool:
    """As many workers as the cluster has processors; use as a context manager.

    The cluster is that of the variable RAY_ADDRESS, which Ray reads itself, or one that runs on this machine; none is started.

    Args:
        make: A class whose objects have a method `read`; one is made in each worker.

    Raises:
        Unavailable: Ray is not installed, or the cluster does not answer.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        try:
            import ray  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise Unavailable("Ray is not installed.", "Run: pip install 'copilot[cluster]', or leave --engine out.") from None
        self._ray = ray
        try:  # to start a cluster of our own would listen to the network, and gain nothing on one machine
            ray.init(address="auto", logging_level=logging.ERROR, log_to_driver=False)
            self.size = max(1, int(ray.cluster_resources().get("CPU", 1)))
        except Exception as error:
            raise Unavailable("No Ray cluster answers.", "Set RAY_ADDRESS to one, or leave --engine out.") from error
        worker = ray.remote(max_restarts=-1)(make)
        self._workers = [worker.remote() for _ in range(self.size)]
        self._busy: Counter[int] = Counter(range(self.size))

    def __enter__(self) -> "RayPool":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            self._ray.kill(worker)
        self._ray.shutdown()

    def submit(self, *work: Any) -> Callable[[], Any]:
        """Give work to the worker that has least; return what waits for its result, which is None when the worker died over it."""
        chosen = min(range(self.size), key=self._busy.__getitem__)
        self._busy[chosen] += 1
        reference = self._workers[chosen].read.remote(*work)

        def wait() -> Any:
            try:
                return self._ray.get(reference)
            except self._ray.exceptions.RayError:
                return None
            finally:
                self._busy[chosen] -= 1

        return wait
