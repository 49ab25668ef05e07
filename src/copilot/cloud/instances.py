"""The cheapest EC2 instance that meets some requirements, why, and what else comes near."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from copilot.cloud.offers import Offer
from copilot.errors import NotFound

RUNNERS_UP = 4
HOURS_A_MONTH = 730
PREVIOUS = {"a1", "c1", "c3", "c4", "cc2", "cr1", "g2", "hs1", "i2", "m1", "m2", "m3", "m4", "r3", "r4", "t1"}
"""Families that AWS no longer recommends. The flag that comes with the data also marks some that it still does."""


@dataclass(frozen=True)
class Requirements:
    """What an instance must have, in the units of `Offer`; None asks for nothing."""

    vcpus: int | None = None
    memory: float | None = None
    gpus: int | None = None
    gpu_memory: float | None = None
    gpu_name: str | None = None
    architecture: str | None = None
    max_price: float | None = None

    @property
    def given(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Advice:
    """The best offer with the reason, the ones that come next with theirs, and how many fit in all."""

    best: Offer
    why: str
    runners_up: tuple[tuple[Offer, str], ...]
    matches: int


@dataclass(frozen=True)
class Rule:
    """One requirement: whether an offer meets the wanted value, and how it is said."""

    meets: Callable[[Offer, Any], bool]
    label: str
    most: Callable[[Offer], float] | None = None
    """The amount that is compared, for requirements that ask for at least so much."""


@dataclass(frozen=True)
class Caveat:
    """Something about a cheap offer that a person may not expect."""

    holds: Callable[[Offer, Requirements], bool]
    text: str
    without: str
    """What the cheapest offer that is free of it can say of itself."""


RULES = {
    "vcpus": Rule(lambda o, v: o.vcpus >= v, "at least {:g} vCPUs", lambda o: o.vcpus),
    "memory": Rule(lambda o, v: o.memory >= v, "at least {:g} GiB of memory", lambda o: o.memory),
    "gpus": Rule(lambda o, v: o.gpus >= v, "at least {:g} GPUs", lambda o: o.gpus),
    "gpu_memory": Rule(lambda o, v: o.gpu_memory >= v, "at least {:g} GB on each GPU", lambda o: o.gpu_memory),
    "gpu_name": Rule(lambda o, v: _named(o.gpu_name, v), "a GPU named '{}'"),
    "architecture": Rule(lambda o, v: o.architecture == v, "the architecture {}"),
    "max_price": Rule(lambda o, v: o.price <= v, "a price of at most ${:.6g} an hour"),
}

CAVEATS = (
    Caveat(lambda o, _: o.burstable, "it is burstable: full speed lasts only while its credits do", "is not burstable"),
    Caveat(lambda o, w: o.architecture == "arm64" and not w.architecture, "it runs arm64 (Graviton) programs only", "runs x86_64 programs"),
    Caveat(
        lambda o, w: bool(o.gpus) and "NVIDIA" not in o.gpu_name and not w.gpu_name,
        "its {0.gpu_name} is not an NVIDIA GPU, so there is no CUDA",
        "has an NVIDIA GPU",
    ),
    Caveat(
        lambda o, _: 0 < o.gpu_share < 1,
        "its GPU is a slice: {0.gpu_share:g} of an {0.gpu_name}, with {0.gpu_memory:g} GB",
        "has a whole GPU",
    ),
    Caveat(
        lambda o, _: o.family in PREVIOUS, "it is of a previous generation, which AWS no longer recommends", "is of a current generation"
    ),
    Caveat(lambda o, _: o.bare_metal, "it is bare metal: a whole machine that takes minutes to start", "is not bare metal"),
)


def rank(offers: Iterable[Offer], wanted: Requirements) -> list[Offer]:
    """Return the offers that meet every requirement, cheapest first; at one price the smaller, then by name."""
    return sorted(_fitting(offers, wanted), key=_order)


def _fitting(offers: Iterable[Offer], wanted: Requirements) -> list[Offer]:
    left = list(offers)
    for name, value in wanted.given.items():
        meets = RULES[name].meets
        left = [offer for offer in left if meets(offer, value)]
    return left


def _order(offer: Offer) -> tuple[float, int, float, str]:
    return offer.price, offer.vcpus, offer.memory, offer.instance_type


def recommend(offers: Sequence[Offer], wanted: Requirements, region: str) -> Advice:
    """Choose the cheapest offer and say why, with those that come next or lack its drawbacks.

    Raises:
        NotFound: nothing fits; it says which requirement excludes everything and what relaxing one would give.
    """
    ranked = rank(offers, wanted)
    if not ranked:
        raise _nothing(offers, wanted, region)
    best = ranked[0]
    drawbacks = [caveat for caveat in CAVEATS if caveat.holds(best, wanted)]
    among = f"cheapest of {len(ranked)} types" if len(ranked) > 1 else "only type"
    why = f"The {among} in {region} with {describe(wanted)}"
    why += "".join(f"; {caveat.text.format(best)}" for caveat in drawbacks) + "."
    return Advice(best, why, tuple(_runners_up(ranked, drawbacks, wanted)), len(ranked))


def describe(wanted: Requirements) -> str:
    """Say the requirements in words."""
    return " and ".join(_said(name, value) for name, value in wanted.given.items())


def _said(name: str, value: Any) -> str:
    text = RULES[name].label.format(value)
    return text.removesuffix("s") if value == 1 else text


def _runners_up(ranked: Sequence[Offer], drawbacks: Sequence[Caveat], wanted: Requirements) -> list[tuple[Offer, str]]:
    """Return the next in rank, after the first that is free of each drawback of the best."""
    best, others = ranked[0], ranked[1:]
    reasons: dict[Offer, list[str]] = {}
    for caveat in drawbacks:
        free = next((offer for offer in others if not caveat.holds(offer, wanted)), None)
        if free:
            reasons.setdefault(free, []).append(f"the cheapest that {caveat.without}")
    for offer in islice(others, RUNNERS_UP):
        if len(reasons) < RUNNERS_UP:
            reasons.setdefault(offer, [])
    chosen = sorted(reasons.items(), key=lambda item: _order(item[0]))
    new = [caveat for caveat in CAVEATS if caveat not in drawbacks]
    return [
        (offer, _passed_over(offer, best, [*said, *(c.text.format(offer) for c in new if c.holds(offer, wanted))]))
        for offer, said in chosen
    ]


def _passed_over(offer: Offer, best: Offer, said: Sequence[str]) -> str:
    more = offer.price - best.price
    cost = f"${more:.4g} an hour more ({more / best.price:.0%})" if more else "the same price"
    return "; ".join([*said, cost])


def _nothing(offers: Sequence[Offer], wanted: Requirements, region: str) -> NotFound:
    given = wanted.given
    alone = [_said(name, value) for name, value in given.items() if not any(RULES[name].meets(o, value) for o in offers)]
    problem = f"No instance type in {region} has {describe(wanted)}."
    if alone and len(given) > 1:
        problem += f" Nothing there has {' or '.join(alone)}."
    if "gpu_name" in given and not any(_named(o.gpu_name, given["gpu_name"]) for o in offers):
        return NotFound(problem, _other_chips(offers, given["gpu_name"]))
    relaxed = [said for name in given if (said := _relax(offers, wanted, name))]
    return NotFound(problem, f"What there is: {'; '.join(relaxed)}." if relaxed else "These exclude each other: ask for less.")


def _relax(offers: Sequence[Offer], wanted: Requirements, name: str) -> str:
    """Say what there is when one requirement gives way, or an empty string."""
    others = _fitting(offers, replace(wanted, **{name: None}))
    if not others:
        return ""
    rule = RULES[name]
    if rule.most:
        amount = max(map(rule.most, others))
        others = [offer for offer in others if rule.most(offer) == amount]
        gives = _said(name, amount).removeprefix("at least ")
    else:
        gives = f"without {_said(name, wanted.given[name])}"
    nearest = min(others, key=_order)
    return f"{gives}: {nearest.instance_type} at ${nearest.price:.6g}"


def _other_chips(offers: Sequence[Offer], name: str) -> str:
    others = sorted((o for o in offers if _named(o.accelerator, name)), key=lambda o: (o.price, o.instance_type))
    if others:
        return f"{others[0].accelerator} is an accelerator, not a GPU: {others[0].instance_type} has it, at ${others[0].price:.6g}."
    return f"GPUs there: {', '.join(sorted({o.gpu_name for o in offers if o.gpus}))}."


def _named(full: str, wanted: str) -> bool:
    """Tell whether every word of a wanted name is in the full one: 'l4' names the NVIDIA L4, and not the L40S."""
    words = _words(wanted) - {"tesla", "gpu"}
    return bool(words) and words <= _words(full)


@lru_cache(maxsize=256)
def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", name.lower()))
