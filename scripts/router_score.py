"""Score the offline router on labelled cases, by ability: python scripts/router_score.py CASES.jsonl …"""

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from copilot.routing.names import bare
from copilot.routing.offline import OfflineRouter, catalogue
from copilot.routing.route import Route, Situation

UNCOUNTED = {"reason", "goal", "topic"}
FREE_TEXT = {"purpose", "question", "query", "instructions", "comment", "action", "tone", "contains", "subject", "source"}


@dataclass(frozen=True)
class Scored:
    """One case: what was wanted, what came, and in how many milliseconds."""

    wanted: str
    route: Route
    intent: bool
    call: bool
    risky: bool
    took: float


def score(case: Mapping[str, Any], router: OfflineRouter) -> Scored:
    """Route a case and compare."""
    known = router.known
    started = time.perf_counter()
    route = router.route(case["utterance"], Situation.from_case(case), known)
    took = (time.perf_counter() - started) * 1000
    right = [case, *case.get("also", [])]
    call = any(matches(one, {"intent": route.intent, "args": route.args}) for one in right)
    risky = known[route.intent].effect in ("cloud", "destructive") or route.intent == "confirm"
    return Scored(case["intent"], route, any(one["intent"] == route.intent for one in right), call, risky, took)


def report(scored: list[Scored]) -> None:
    inside = [s for s in scored if s.wanted != "out_of_scope"]
    outside = [s for s in scored if s.wanted == "out_of_scope"]
    acted = [s for s in scored if s.route.decision == "act"]
    figures = {
        "cases": len(scored),
        "intent": share(s.intent for s in scored),
        "call, arguments included": share(s.call for s in scored),
        "out of scope: recall": share(s.route.intent == "out_of_scope" for s in outside),
        "out of scope: false refusals": share(s.route.intent == "out_of_scope" and not s.intent for s in inside),
        "acted on": len(acted) / len(scored),
        "right of these": share(s.call for s in acted),
        "wrong of these, cloud or destructive": sum(s.risky and not s.call for s in acted),
        "ms p50, p95": "{:.1f}, {:.1f}".format(*np.percentile([s.took for s in scored], [50, 95])),
    }
    for name, value in figures.items():
        print(f"{name:40} {value:.3f}" if isinstance(value, float) else f"{name:40} {value}")


def by_ability(scored: list[Scored]) -> None:
    """Print a table, the worst first."""
    groups: dict[str, list[Scored]] = defaultdict(list)
    for one in scored:
        groups[one.wanted].append(one)
    print("\n| ability | cases | ability right | call right | taken for |\n| --- | --- | --- | --- | --- |")
    for name, own in sorted(groups.items(), key=lambda g: (share(s.call for s in g[1]), g[0])):
        others = Counter(s.route.intent for s in own if not s.intent)
        said = ", ".join(f"{other} {count}" for other, count in others.most_common(3))
        print(f"| {name} | {len(own)} | {share(s.intent for s in own):.2f} | {share(s.call for s in own):.2f} | {said} |")


def share(values: Any) -> float:
    listed = list(values)
    return float(np.mean(listed)) if listed else float("nan")


def matches(want: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    """Say whether two calls are the same in the sense of the router's cases: names without case and punctuation, free text by its words."""
    if want["intent"] != got["intent"]:
        return False
    a, b = ({k: v for k, v in call["args"].items() if k not in UNCOUNTED and v not in (None, "", [])} for call in (want, got))
    return a.keys() == b.keys() and all(_equal(name, a[name], b[name]) for name in a)


def _equal(name: str, want: Any, got: Any) -> bool:
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    if isinstance(want, int | float):
        return isinstance(got, int | float) and abs(want - got) <= 1e-6 * max(1.0, abs(want))
    if isinstance(want, list):
        return isinstance(got, list) and sorted(bare(str(w)) for w in want) == sorted(bare(str(g)) for g in got)
    if bare(str(want)) == bare(str(got)):
        return True
    x, y = (Counter(re.findall(r"[a-z0-9]+", str(text).lower())) for text in (want, got))
    return name in FREE_TEXT and bool(x) and bool(y) and 2 * (x & y).total() / (x.total() + y.total()) >= 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("--by-ability", action="store_true")
    options = parser.parse_args()
    router = OfflineRouter.load()
    cases = [json.loads(line) for path in options.cases for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    router.route("warm up", Situation(), catalogue())
    scored = [score(case, router) for case in cases]
    report(scored)
    if options.by_ability:
        by_ability(scored)


if __name__ == "__main__":
    main()
