"""Two runs on the same cases: what differs, and whether that can be told from chance."""

from dataclasses import dataclass
from statistics import fmean

from copilot.evaluation.report import groups_of, tries_of
from copilot.evaluation.statistics import Interval, bootstrap, cases_needed, mcnemar, permutation
from copilot.outside.store import Store

ALPHA = 0.05
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Paired:
    """Rates and their difference (second less first) on the cases of both, 0..1; `interval` is that of the difference.

    `needed` is how many cases would show a difference of that size; None when none was seen. `gained` and `lost` are questions that
    only the second, or only the first, passes every time.
    """

    cases: int
    first: float
    second: float
    interval: Interval
    p_value: float
    test: str
    needed: int | None
    gained: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def difference(self) -> float:
        return self.second - self.first


def paired(store: Store, first: str, second: str) -> Paired:
    """Compare two runs case by case; those that either could not judge are left out.

    With one repeat the test is McNemar's, exact; with several, or where cases share documents, signs are permuted, by document.
    """
    one, two = _shares(store, first), _shares(store, second)
    shared = [key for key in one if key in two]
    differences = [two[key][0] - one[key][0] for key in shared]
    groups = [one[key][1] for key in shared]
    clustered = 1 < len(set(groups)) < len(groups)
    if clustered or any(d not in (-1.0, 0.0, 1.0) for d in differences):
        p_value, test = permutation(differences, groups), "permutation by document" if clustered else "permutation"
    else:
        p_value, test = mcnemar(differences.count(-1.0), differences.count(1.0)), "McNemar"
    low, high = bootstrap(differences, groups)
    return Paired(
        cases=len(shared),
        first=fmean(one[key][0] for key in shared) if shared else 0.0,
        second=fmean(two[key][0] for key in shared) if shared else 0.0,
        interval=Interval(low, high) if shared else Interval(-1.0, 1.0),
        p_value=p_value,
        test=test,
        needed=cases_needed(differences),
        gained=tuple(key[0] for key, d in zip(shared, differences, strict=True) if d > 0 and two[key][0] == 1),
        lost=tuple(key[0] for key, d in zip(shared, differences, strict=True) if d < 0 and one[key][0] == 1),
    )


def _shares(store: Store, run: str) -> dict[Key, tuple[float, str]]:
    """Return by case the share of its judged repeats that passed, and its group."""
    tries = tries_of(store, run)
    found = {}
    for case, group in zip(tries, groups_of(tries), strict=True):
        if judged := [r["passed"] for r in case if r["passed"] is not None]:
            found[case[0]["question"], case[0]["expected"], case[0]["document"]] = (fmean(judged), group)
    return found
