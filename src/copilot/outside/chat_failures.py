"""What goes wrong when a language model is asked: whether to try again, and what to tell the person."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from copilot.errors import BadArguments, CopilotError, Unavailable

LONGEST_PAUSE = 20.0
"""Seconds. An endpoint that wants to be left alone for longer is given up at once."""
ANOTHER = "Try again, or use another model: copilot models use NAME"
CATALOG = "See what exists: copilot models search-catalog"
# LiteLLM's errors, the most special first, with what happened and what to do.
FAILURES: tuple[tuple[str, type[CopilotError], str, str], ...] = (
    (
        "AuthenticationError",
        Unavailable,
        "refused the key",
        "Set the key of its provider in the environment, then: copilot models check NAME",
    ),
    ("PermissionDeniedError", Unavailable, "refused the key", "Ask for access to the model, then: copilot models check NAME"),
    ("RateLimitError", Unavailable, "takes no more requests now", ANOTHER),
    ("Timeout", Unavailable, "did not answer in time", ANOTHER),
    ("ContextWindowExceededError", BadArguments, "cannot take a request of this length", "Ask something shorter."),
    ("NotFoundError", Unavailable, "is not known to its provider", CATALOG),
    ("BadRequestError", BadArguments, "does not accept the request", CATALOG),
)
PASSING = ("RateLimitError", "InternalServerError", "ServiceUnavailableError", "APIConnectionError")
"""Errors after which the same request may succeed in a moment."""
OF_FUNCTIONS = re.compile(r"\b(?:tools?|functions?)\b|\b(?:tool|function)[_-]", re.IGNORECASE)


class NoFunctions(BadArguments):
    """The model takes no functions."""


def pause_before_next(litellm: Any, error: Exception, own: float) -> float | None:
    """Return the seconds to wait before the next try; None when another try is of no use.

    Args:
        own: Seconds that we would wait; the endpoint's Retry-After goes before when it asks for more.
    """
    if isinstance(error, litellm.Timeout) or not isinstance(error, tuple(getattr(litellm, name) for name in PASSING)):
        return None
    headers = getattr(error, "litellm_response_headers", None) or getattr(getattr(error, "response", None), "headers", None)
    wanted = retry_after(headers or {})
    return max(own, wanted) if wanted <= LONGEST_PAUSE else None


def retry_after(headers: Mapping[str, Any]) -> float:
    """Read a Retry-After header, which is seconds or a date; 0 when there is none, or none that can be read."""
    said = str(headers.get("retry-after") or "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def explained(litellm: Any, error: Exception, place: str, key: str, functions: bool = False) -> CopilotError:
    """Turn an error of LiteLLM into one that says what to do; its text may hold the request, so only its kind is told.

    Args:
        place: Where the model is, for people.
        key: What must be in the environment; empty for a self-hosted endpoint.
        functions: True when functions were sent, so that an error which speaks of them may be about them.
    """
    if functions and isinstance(error, litellm.BadRequestError) and OF_FUNCTIONS.search(str(error)):
        return NoFunctions(f"{place} takes no functions.", CATALOG)
    for name, kind, problem, hint in FAILURES:
        if isinstance(error, getattr(litellm, name)):
            return kind(f"{place} {problem}.", hint)
    hint = f"Set {key} in the environment" if key else "Check that the endpoint runs"
    return Unavailable(f"{place} cannot be reached ({type(error).__name__}).", f"{hint}, or go back with: copilot models use offline")
