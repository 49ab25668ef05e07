"""Intervals and pass^k."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.evaluation.statistics import bootstrap, pass_power_k, wilson


@pytest.mark.parametrize(("successes", "n", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0)])
def test_wilson_agrees_with_published_values(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-4)


@given(n=st.integers(0, 500), share=st.floats(0, 1))
def test_wilson_holds_the_share_and_stays_within_bounds(n: int, share: float) -> None:
    successes = round(n * share)
    low, high = wilson(successes, n)
    assert 0 <= low <= high <= 1
    assert n == 0 or low <= successes / n <= high


def test_more_cases_narrow_the_interval() -> None:
    widths = [wilson(n // 2, n).high - wilson(n // 2, n).low for n in (10, 100, 1000)]
    assert widths == sorted(widths, reverse=True)


def test_bootstrap_holds_the_mean_and_is_the_same_every_time() -> None:
    values = [0.0, 0.25, 0.5, 1.0, 1.0, 0.75]
    low, high = bootstrap(values)
    assert 0 <= low < sum(values) / len(values) < high <= 1
    assert bootstrap(values) == (low, high)
    assert bootstrap([]) == (0, 1)
    assert bootstrap([0.5]) == (0.5, 0.5)


def test_pass_power_k_counts_only_what_would_pass_k_times() -> None:
    passes = [[True, True, True], [True, True, False], [False, False, False]]
    assert pass_power_k(passes, 1) == pytest.approx((1 + 2 / 3) / 3)
    assert pass_power_k(passes, 2) == pytest.approx((1 + 1 / 3) / 3)
    assert pass_power_k(passes, 3) == pytest.approx(1 / 3)
    assert pass_power_k(passes, 4) == 0
