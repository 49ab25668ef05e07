"""What speaks for a reading of an utterance: the classifier, the dialogue, and how well the words fill its arguments."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from copilot.intent import Ability
from copilot.routing.references import is_elliptic, points_back
from copilot.routing.route import Situation
from copilot.routing.slots import Filled

CLUES = (
    "score", "out_of_scope", "off_topic", "asked", "asked_typed", "asked_short", "agrees", "declines", "changes", "changes_details",
    "unasked", "again", "again_elliptic", "again_short", "again_pointing", "supplied", "missing", "left_names", "left_figures", "placed",
    "margin", "asked_score",
)  # fmt: skip


def clues(
    ability: Ability, score: float, filled: Filled, args: Mapping[str, Any], text: str, situation: Situation, answer: Any = None
) -> np.ndarray:
    """Weigh one reading; the values are those named in CLUES.

    Args:
        score: Log-probability by the classifier.
        filled: What the words gave.
        args: What the words and the dialogue gave.
        answer: The value of the asked argument, when the reply is one.
    """
    pending = situation.pending or {}
    ask = pending.get("ask") is not None
    confirm = pending.get("confirm")
    asked = ask and pending.get("intent") == ability.name
    changes = confirm is not None and confirm["intent"] == ability.name
    again = bool(situation.history) and situation.history[-1]["intent"] == ability.name and not pending
    words = len(text.split())
    settles = ability.name in ("confirm", "cancel")
    seen = {
        "score": score,
        "out_of_scope": ability.name == "out_of_scope",
        "off_topic": ability.name == "out_of_scope" and bool(pending or situation.history),
        "asked": asked,
        "asked_typed": asked and answer is not None,
        "asked_short": asked and words <= 4,
        "asked_score": score if asked else 0.0,
        "agrees": bool(confirm) and ability.name == "confirm",
        "declines": bool(pending) and ability.name == "cancel",
        "changes": changes,
        "changes_details": changes and bool(filled.args),
        "unasked": settles and not pending,
        "again": again,
        "again_elliptic": again and is_elliptic(text),
        "again_short": again and words <= 4,
        "again_pointing": again and points_back(text),
        "supplied": not again and not pending and len(args) > len(filled.args),
        "missing": min(2, sum(name not in args for name in ability.required)),
        "left_names": min(2, sum(m.kind == "names" for m in filled.left)),
        "left_figures": min(2, sum(m.kind != "names" for m in filled.left)),
        "placed": min(4, len(filled.args)),
        "margin": max(-1.0, min(3.0, filled.margin / 4)),
    }
    return np.array([float(seen[name]) for name in CLUES], np.float32)
