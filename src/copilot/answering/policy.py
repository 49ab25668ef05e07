"""What an agent may answer and in which form, as its declaration says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Guardrail = Literal["harm", "personal_data"]
"""harm: harmful requests are refused. personal_data: addresses and telephone numbers are masked in answers too."""
GUARDRAILS: tuple[Guardrail, ...] = get_args(Guardrail)
Format = Literal["sentences", "list", "brief"]
"""sentences: as they come. list: a line for each claim. brief: the first claim alone."""
NORMAL: tuple[Guardrail, ...] = ("harm",)


@dataclass(frozen=True)
class Policy:
    """The bounds of an agent. Quarantine of injections, verified citations and masked keys and accounts are no choice.

    Args:
        topics: What it answers questions about; anything when empty.
        avoid: What it never answers questions about.
        most_words: Longest answer; None for no limit.
    """

    topics: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    guardrails: tuple[Guardrail, ...] = NORMAL
    response_format: Format = "sentences"
    most_words: int | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Policy":
        """Read the policy of an agent's body; what it does not say is as usual."""
        return cls(
            topics=tuple(body.get("topics", ())),
            avoid=tuple(body.get("avoid", ())),
            guardrails=tuple(body.get("guardrails", NORMAL)),
            response_format=body.get("response_format", "sentences"),
            most_words=body.get("most_words"),
        )
