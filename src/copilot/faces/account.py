"""`copilot account`: the simulated AWS account of this workspace."""

from pathlib import Path
from typing import Any

from copilot.errors import BadArguments, NeedsConfirmation
from copilot.faces import show
from copilot.faces.terminal import agrees
from copilot.intents.deployments.account import export_account, reset_account, show_account


def manage(terminal: Any, what: str, path: Path | None, force: bool) -> int:
    """Show, reset or export the account; return the exit code.

    Raises:
        BadArguments: there is no file to export to.
        NeedsConfirmation: a reset that nobody has agreed to.
    """
    if what == "export" and path is None:
        raise BadArguments("There is no file to write to.", "Try: copilot account export account.json")
    if what == "export" and path:
        result: Any = export_account(terminal.ctx, path, force)
    elif what == "reset":
        result = _reset(terminal)
    else:
        result = show_account(terminal.ctx)
    if terminal.options.json:
        show.print_document(show.document("", {}, result))
    else:
        terminal.out.print(show.view(result))
    return 0


def _reset(terminal: Any) -> Any:
    terminal.ctx.consent = "person" if terminal.options.yes else "none"
    try:
        return reset_account(terminal.ctx)
    except NeedsConfirmation as asked:
        if not terminal.attended or terminal.options.json:
            raise
        terminal.out.print(show.view_error(asked))
        if not agrees():
            raise
    terminal.ctx.consent = "person"
    return reset_account(terminal.ctx)
