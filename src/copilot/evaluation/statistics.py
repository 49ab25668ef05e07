"""How sure a score is, and whether two differ."""

import math
import random
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import product
from statistics import NormalDist
from typing import NamedTuple

Z95 = NormalDist().inv_cdf(0.975)
POWER = 0.8
"""How likely a real difference shall be found, where cases are counted that would be needed for it."""
RESAMPLES = 2000
SHUFFLES = 10_000
EXACT = 13
"""Up to this many groups every way of flipping them is counted."""


class Interval(NamedTuple):
    """A 95 % confidence interval."""

    low: float
    high: float


def wilson(successes: float, n: float) -> Interval:
    """Return Wilson's score interval of a proportion; 0..1 when nothing was tried."""
    if n == 0:
        return Interval(0.0, 1.0)
    share = successes / n
    scale = 1 + Z95**2 / n
    middle = (share + Z95**2 / (2 * n)) / scale
    half = Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2)) / scale
    return Interval(0.0 if successes == 0 else middle - half, 1.0 if successes == n else middle + half)


def bootstrap(values: Sequence[float], groups: Sequence[Hashable] = (), seed: int = 0) -> Interval:
    """Return the percentile interval of the mean (0..1 when there are no values); the same for the same seed.

    Args:
        groups: What each value belongs to, such as a document: whole groups are drawn, as their values are not independent.
    """
    if not values:
        return Interval(0.0, 1.0)
    sums = _sums(values, groups)
    draw = random.Random(seed)  # noqa: S311 - resampling, not a secret
    means = []
    for _ in range(RESAMPLES):
        drawn = draw.choices(sums, k=len(sums))
        means.append(math.fsum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    return Interval(means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1])


def design_effect(values: Sequence[float], groups: Sequence[Hashable]) -> float:
    """Return by how much groups widen the variance of the mean against independent values; at least 1.

    The variance with groups is the cluster-robust one: squared sums of the deviations in each group.
    """
    n, clusters = len(values), len(set(groups))
    if clusters < 2 or clusters == n:
        return 1.0
    mean = math.fsum(values) / n
    alone = math.fsum((v - mean) ** 2 for v in values) * n / (n - 1)
    together = math.fsum((total - count * mean) ** 2 for total, count in _sums(values, groups)) * clusters / (clusters - 1)
    return max(1.0, together / alone) if alone > 0 else 1.0


def clustered_wilson(passes: Sequence[bool], groups: Sequence[Hashable]) -> Interval:
    """Return Wilson's interval for as many independent cases as these are worth, given the groups that they come from."""
    if not passes:
        return Interval(0.0, 1.0)
    share, worth = sum(passes) / len(passes), len(passes) / design_effect([float(p) for p in passes], groups)
    return wilson(worth if share == 1 else share * worth, worth)


def pass_power_k(passes: Sequence[Sequence[bool]], k: int) -> float:
    """Estimate the chance that `k` tries of a case all pass, over cases with at least `k` tries each; 0 when there is none."""
    chances = [math.comb(sum(case), k) / math.comb(len(case), k) for case in passes if len(case) >= k]
    return math.fsum(chances) / len(chances) if chances else 0.0


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the exact two-sided p-value that two agents pass alike, from the cases that only one of them passes."""
    n, least = only_first + only_second, min(only_first, only_second)
    return min(1.0, 2 * math.fsum(math.comb(n, k) * 0.5**n for k in range(least + 1))) if n else 1.0


def permutation(differences: Sequence[float], groups: Sequence[Hashable] = (), seed: int = 0) -> float:
    """Return the two-sided p-value that paired differences are as likely one way as the other.

    Whole groups change sign; up to 13 groups all ways are counted, beyond that 10,000 are drawn.
    """
    sums = [total for total, _ in _sums(differences, groups) if total != 0]
    seen = abs(math.fsum(sums)) * (1 - 1e-12)
    if not sums:
        return 1.0
    if len(sums) <= EXACT:
        flips = list(product((1, -1), repeat=len(sums)))
        return sum(abs(math.fsum(s * v for s, v in zip(signs, sums, strict=True))) >= seen for signs in flips) / len(flips)
    draw = random.Random(seed)  # noqa: S311 - resampling, not a secret
    as_far = sum(abs(math.fsum(v if draw.random() < 0.5 else -v for v in sums)) >= seen for _ in range(SHUFFLES))
    return (as_far + 1) / (SHUFFLES + 1)


def cases_needed(differences: Sequence[float]) -> int | None:
    """Return how many cases would show a difference as large as the one seen, 4 times in 5, at 5 %; None when none was seen."""
    n = len(differences)
    mean = math.fsum(differences) / n if n else 0.0
    if abs(mean) < 1e-12:
        return None
    squares = math.fsum(d * d for d in differences) / n
    beta = NormalDist().inv_cdf(POWER)
    return max(2, math.ceil(((Z95 * math.sqrt(squares) + beta * math.sqrt(max(0.0, squares - mean**2))) / mean) ** 2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for having looked several times, in the order given."""
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = worst
    return adjusted


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies, between neighbours in proportion; 0 when there are none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (place - low)


def _sums(values: Sequence[float], groups: Sequence[Hashable]) -> list[tuple[float, int]]:
    """Return the sum and the number of values of each group; without groups each value is one."""
    if not groups:
        return [(value, 1) for value in values]
    by_group: dict[Hashable, list[float]] = defaultdict(list)
    for group, value in zip(groups, values, strict=True):
        by_group[group].append(value)
    return [(math.fsum(members), len(members)) for members in by_group.values()]
