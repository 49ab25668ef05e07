"""A language model as a judge: asked in both orders, asked again where it contradicts itself, and never believed alone."""

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from copilot.errors import CopilotError
from copilot.prompt import prompt

ROUNDS = 2
"""How often it is asked in both orders at most."""


class Judgement(NamedTuple):
    """`right` is None where the judge gave no verdict or as many for as against; `agreement` is the share of the larger side."""

    right: bool | None
    why: str
    agreement: float | None


def judgement(judge: Callable[[str], str], question: str, expected: str, answer: str, rubric: str = "") -> Judgement:
    """Have an answer compared with the expected one; a call that fails counts for neither side."""
    votes: list[tuple[bool, str]] = []
    wanted, given = f"Expected answer: {_fenced(expected)}", f"Given answer: {_fenced(answer)}"
    criteria = f"It must also meet these criteria: {_fenced(rubric)}" if rubric else ""
    for _ in range(ROUNDS):
        for texts in (f"{wanted}\n{given}", f"{given}\n{wanted}"):
            votes += _vote(judge, prompt("judge", question=_fenced(question), texts=texts, criteria=criteria))
        if len({right for right, _ in votes}) == 1:
            break
    return _settle(votes)


def _settle(votes: list[tuple[bool, str]]) -> Judgement:
    if not votes:
        return Judgement(None, "the judge gave no verdict", None)
    for_it = sum(right for right, _ in votes)
    agreement = max(for_it, len(votes) - for_it) / len(votes)
    if for_it * 2 == len(votes):
        return Judgement(None, f"the judge contradicts itself: {for_it} of {len(votes)} say it is right", agreement)
    right = for_it * 2 > len(votes)
    return Judgement(right, next(why for said, why in votes if said is right), agreement)


def _vote(judge: Callable[[str], str], asked: str) -> list[tuple[bool, str]]:
    try:
        reply = judge(asked)
        found = re.search(r"\{.*\}", reply, re.DOTALL)
        verdict = json.loads(found[0]) if found else {}
    except (CopilotError, json.JSONDecodeError, RecursionError):
        return []
    if verdict.get("verdict") not in ("right", "wrong"):
        return []
    return [(verdict["verdict"] == "right", str(verdict.get("why", ""))[:300])]


def _fenced(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
