"""`copilot router`: how a language model routes, what it may cost, and what it has cost."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from copilot.errors import Refused
from copilot.faces.layout import plain_table
from copilot.faces.show import price
from copilot.outside.spending import DAY_CAP, Ledger


def change(terminal: Any, values: Mapping[str, Any]) -> None:
    """Keep settings in the workspace, as one change that can be undone."""
    ctx = terminal.ctx
    if not values:
        return
    operation = ctx.store.begin("router", values, undoable=True)
    ctx.store.set(operation, **values)
    ctx.store.finish(operation, "done")
    ctx.audit.append("router", values, "done", "", operation, ctx.account)


def view(terminal: Any) -> int:
    """Show the settings and today's costs; return the exit code."""
    settings, ledger = terminal.ctx.store.settings(), Ledger(terminal.ctx.store, terminal.options.session)
    day, rows = ledger.of_day(), ledger.by_purpose()
    said = {
        "model": settings.get("model") or "offline",
        "reflection": settings.get("reflection", "always"),
        "day_cap": settings.get("day_cap", DAY_CAP),
        "session_cap": settings.get("session_cap"),
        "paused": _paused(ledger, settings),
    }
    if terminal.options.json:
        sys.stdout.write(json.dumps({"ok": True, **said, "today": rows}) + "\n")
        return 0
    session_cap = f", ${said['session_cap']:.2f} a conversation" if said["session_cap"] is not None else ""
    terminal.out.print(Text(f"{said['model']} routes; reflection: {said['reflection']}.", style="bold"))
    terminal.out.print(Text(f"Spent today: {price(day.usd, day.unpriced)}. Cap: ${said['day_cap']:.2f} a day{session_cap}."))
    if said["paused"]:
        terminal.out.print(Text(said["paused"], style="yellow"))
    if rows:
        table = plain_table("model", "for", "calls", "tokens in", "tokens out", "USD")
        for row in rows:
            usd = "unknown" if row["usd"] is None else f"{row['usd']:.4f}"
            table.add_row(row["model"], row["purpose"], *(f"{row[name]:,}" for name in ("calls", "tokens_in", "tokens_out")), usd)
        terminal.out.print(table)
    return 0


def _paused(ledger: Ledger, settings: Mapping[str, Any]) -> str:
    """Say which cap keeps language models from being asked; empty when none does."""
    for cap in ledger.caps(settings):
        try:
            cap.check(0)
        except Refused as error:
            return f"{error.problem} {error.hint}"
    return ""
