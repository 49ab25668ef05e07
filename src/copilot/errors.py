"""What can go wrong, in the user's words; every face renders these and nothing else.

CopilotError                 exit 1   a problem the user can fix
├── NotFound                 exit 1   a name that does not exist
├── AlreadyExists            exit 1   a name that is taken
├── BadArguments             exit 2   a value that the ability does not accept
├── Unavailable              exit 1   a program, an extra, a network or a service that is missing
├── Refused                  exit 1   a rule of the product or of the workspace forbids it
├── NeedsAnswer              exit 3   one argument is missing, or several readings are possible
├── NeedsConfirmation        exit 3   it costs money or destroys something, and nobody has agreed yet
├── OutOfScope               exit 4   no ability covers it
└── Interrupted              exit 1   the person stopped it
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


class CopilotError(Exception):
    """A problem the user can fix.

    Args:
        problem: What happened, with the value that caused it.
        hint: What to type next.
    """

    exit_code = 1
    code = "failed"

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problem, self.hint)


class NotFound(CopilotError):
    code = "not_found"

    @classmethod
    def named(cls, kind: str, name: str, existing: Iterable[str], hint: str) -> "NotFound":
        """Say that no `kind` is called `name`, offering the nearest of the `existing` names."""
        near = get_close_matches(name, list(existing), n=1)
        guess = f" Did you mean '{near[0]}'?" if near else ""
        return cls(f"No {kind} named '{name}'.{guess}", hint)


class AlreadyExists(CopilotError):
    code = "already_exists"


class BadArguments(CopilotError):
    exit_code = 2
    code = "bad_arguments"


class Unavailable(CopilotError):
    code = "unavailable"


class Refused(CopilotError):
    code = "refused"


class Interrupted(CopilotError):
    code = "interrupted"


class NeedsAnswer(CopilotError):
    """One more answer is needed before anything can run.

    Args:
        problem: The question.
        pending: `{"ask": ARGUMENT, "intent": NAME, "args": {…}}`, or `{"choose": [{"intent", "args"}, …]}`; with `"verbatim": True`
            the reply is the value that was asked for, as it is.
    """

    exit_code = 3
    code = "needs_answer"

    def __init__(self, problem: str, hint: str = "", pending: Mapping[str, Any] | None = None) -> None:
        super().__init__(problem, hint)
        self.pending = dict(pending or {})


class NeedsConfirmation(NeedsAnswer):
    """Somebody has to agree first.

    Args:
        problem: What would happen.
        pending: `{"confirm": {"intent": NAME, "args": {…}}}`.
        preview: The result of planning it, for the face to show; None when there is nothing more to see.
    """

    code = "needs_confirmation"

    def __init__(self, problem: str, hint: str = "", pending: Mapping[str, Any] | None = None, preview: Any = None) -> None:
        super().__init__(problem, hint, pending)
        self.preview = preview


class OutOfScope(CopilotError):
    exit_code = 4
    code = "out_of_scope"
