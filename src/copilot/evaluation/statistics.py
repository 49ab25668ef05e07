"""How sure a score is."""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

Z95 = 1.959964
RESAMPLES = 2000


class Interval(NamedTuple):
    """A 95 % confidence interval."""

    low: float
    high: float


def wilson(successes: int, n: int) -> Interval:
    """Return Wilson's score interval of a proportion; 0..1 when nothing was tried."""
    if n == 0:
        return Interval(0.0, 1.0)
    share = successes / n
    scale = 1 + Z95**2 / n
    middle = (share + Z95**2 / (2 * n)) / scale
    half = Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2)) / scale
    return Interval(0.0 if successes == 0 else middle - half, 1.0 if successes == n else middle + half)


def bootstrap(values: Sequence[float], seed: int = 0) -> Interval:
    """Return the percentile interval of the mean of independent values (0..1 when there are none); the same for the same seed."""
    if not values:
        return Interval(0.0, 1.0)
    draw = random.Random(seed)  # noqa: S311 - resampling, not a secret
    means = sorted(math.fsum(draw.choices(values, k=len(values))) / len(values) for _ in range(RESAMPLES))
    return Interval(means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1])


def pass_power_k(passes: Sequence[Sequence[bool]], k: int) -> float:
    """Estimate the chance that `k` tries of a case all pass, over cases with at least `k` tries each; 0 when there is none."""
    chances = [math.comb(sum(case), k) / math.comb(len(case), k) for case in passes if len(case) >= k]
    return math.fsum(chances) / len(chances) if chances else 0.0
