"""Intervals, pass^k and paired tests, against SciPy on random data."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from copilot.evaluation.statistics import (
    bootstrap,
    cases_needed,
    clustered_wilson,
    design_effect,
    holm,
    mcnemar,
    pass_power_k,
    permutation,
    quantile,
    wilson,
)

scores = st.lists(st.floats(0, 1, allow_nan=False), min_size=2, max_size=40)


@given(n=st.integers(1, 500), share=st.floats(0, 1))
def test_wilson_is_that_of_scipy(n: int, share: float) -> None:
    successes = round(n * share)
    theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_nothing_tried_says_nothing() -> None:
    assert wilson(0, 0) == clustered_wilson([], []) == bootstrap([]) == (0, 1)


@given(only_first=st.integers(0, 60), only_second=st.integers(0, 60))
def test_mcnemar_is_the_binomial_test_of_scipy(only_first: int, only_second: int) -> None:
    n = only_first + only_second
    expected = stats.binomtest(only_first, n).pvalue if n else 1.0
    assert mcnemar(only_first, only_second) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=2, max_size=9))
def test_an_exact_permutation_is_that_of_scipy(differences: list[int]) -> None:
    theirs = stats.permutation_test(
        (np.array(differences, float),), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert permutation([float(d) for d in differences]) == pytest.approx(min(1.0, theirs.pvalue), abs=1e-9)


def test_a_drawn_permutation_comes_near_the_exact_one() -> None:
    differences = [1.0] * 14 + [-1.0] * 4
    assert permutation(differences) == pytest.approx(stats.binomtest(14, 18).pvalue, abs=0.01)
    assert permutation(differences) == permutation(differences)


def test_cases_of_one_document_count_together() -> None:
    differences = [1.0] * 12
    assert permutation(differences) < 0.001
    assert permutation(differences, ["a"] * 6 + ["b"] * 6) == 0.5


@settings(max_examples=15, deadline=None)
@given(scores)
def test_the_bootstrap_comes_near_that_of_scipy(values: list[float]) -> None:
    ours = bootstrap(values)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=2000, method="percentile", rng=1).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.06)


def test_the_bootstrap_is_the_same_every_time_and_wider_for_groups() -> None:
    values, groups = [1.0] * 20 + [0.0] * 20, [n // 10 for n in range(40)]
    alone, together = bootstrap(values), bootstrap(values, groups)
    assert bootstrap(values, groups) == together
    assert together.high - together.low > alone.high - alone.low


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 12))
def test_groups_never_narrow_an_interval_and_it_holds_the_share(passes: list[bool], size: int) -> None:
    grouped, alone = clustered_wilson(passes, [n // size for n in range(len(passes))]), wilson(sum(passes), len(passes))
    assert 0 <= grouped.low <= sum(passes) / len(passes) <= grouped.high <= 1
    assert grouped.high - grouped.low >= alone.high - alone.low - 1e-9


def test_groups_of_equal_cases_are_worth_one_case_each() -> None:
    values = [float(n % 2) for n in range(40) for _ in range(5)]
    assert design_effect(values, [n // 5 for n in range(200)]) == pytest.approx(5, rel=0.05)


@given(scores, st.floats(0, 1))
def test_quantiles_are_those_of_numpy(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_never_below_the_p_value_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert all(adjusted[a] <= adjusted[b] for a, b in pairwise(order))
    assert min(adjusted) == min(1.0, len(p_values) * min(p_values))


def test_so_many_cases_find_the_difference_four_times_in_five() -> None:
    seen = [1.0] * 8 + [-1.0] * 2 + [0.0] * 40
    needed = cases_needed(seen)
    assert needed is not None
    rng = np.random.default_rng(5)
    drawn = rng.choice([1, -1, 0], p=[0.16, 0.04, 0.8], size=(400, needed))
    found = np.mean([mcnemar(int((d == 1).sum()), int((d == -1).sum())) < 0.05 for d in drawn])
    assert 0.7 < found < 0.9
    assert cases_needed([0.0, 1.0, -1.0]) is None


def test_pass_power_k_counts_only_what_would_pass_k_times() -> None:
    passes = [[True, True, True], [True, True, False], [False, False, False]]
    assert pass_power_k(passes, 1) == pytest.approx((1 + 2 / 3) / 3)
    assert pass_power_k(passes, 2) == pytest.approx((1 + 1 / 3) / 3)
    assert pass_power_k(passes, 3) == pytest.approx(1 / 3)
    assert pass_power_k(passes, 4) == 0


@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 5))
def test_pass_power_k_is_the_hypergeometric_chance(n: int, passed: int, k: int) -> None:
    passed = min(n, passed)
    expected = float(stats.hypergeom(n, passed, k).pmf(k)) if k <= n else 0.0
    assert math.isclose(pass_power_k([[True] * passed + [False] * (n - passed)], k), expected, abs_tol=1e-9)
