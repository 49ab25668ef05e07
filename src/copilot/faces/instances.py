"""`copilot instances refresh`: today's instance types and prices, from AWS."""

from typing import Annotated

import typer

from copilot.faces import show
from copilot.faces.commands import EVERYWHERE
from copilot.faces.terminal import Terminal
from copilot.intents.instances import refresh_table

app = typer.Typer(add_completion=False)


@app.command(epilog=EVERYWHERE)
def refresh(ctx: typer.Context, region: Annotated[str | None, typer.Option(help="AWS region code.", show_default=False)] = None) -> None:
    """Rebuild the table of instance types and prices; needs --live."""
    terminal = Terminal(ctx.find_root().obj)
    refreshed = refresh_table(terminal.ctx, region)
    if terminal.options.json:
        show.print_document(show.document("", {"region": refreshed.region}, refreshed))
    else:
        terminal.out.print(show.view(refreshed))
