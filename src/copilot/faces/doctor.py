"""`copilot doctor`: what is installed, what is missing, and the command that mends it."""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

from rich.markup import escape
from rich.table import Table

from copilot.errors import CopilotError
from copilot.outside.spending import DAY_CAP, Ledger

SETUP = "./setup_and_run.sh doctor"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `needed` is False for what only some abilities use."""

    what: str
    ok: bool
    detail: str
    mend: str = ""
    needed: bool = True


def examine(terminal: Any) -> int:
    """Show every finding; return 1 when something needed is missing."""
    found = [_safely(look, terminal) for look in LOOKS]
    broken = any(not f.ok and f.needed for f in found)
    if terminal.options.json:
        document = {"ok": not broken, "findings": [asdict(f) for f in found], **_policies(terminal)}
        sys.stdout.write(json.dumps(document) + "\n")
        return int(broken)
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for f in found:
        mark = "[green]ok[/]" if f.ok else "[red]missing[/]" if f.needed else "[yellow]absent[/]"
        table.add_row(mark, f.what, escape(f.detail) + (f"\n[dim]{escape(f.mend)}[/]" if f.mend and not f.ok else ""))
    terminal.out.print(table)
    return int(broken)


def _safely(look: Callable[[Any], Finding], terminal: Any) -> Finding:
    try:
        return look(terminal)
    except CopilotError as error:
        return Finding(look.__name__.strip("_").replace("_", " "), False, error.problem, error.hint)


def _python(_: Any) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", (3, 11) <= sys.version_info < (3, 14), version, "Use Python 3.11, 3.12 or 3.13.")


def _libraries(_: Any) -> Finding:
    names = ("boto3", "chromadb", "instructor", "litellm", "moto", "numpy", "onnxruntime", "pypdfium2", "tokenizers", "unstructured")
    missing = [name for name in names if find_spec(name) is None]
    return Finding("libraries", not missing, ", ".join(missing) or f"{len(names)} found", SETUP)


def _full_text_search(_: Any) -> Finding:
    options = [row[0] for row in sqlite3.connect(":memory:").execute("PRAGMA compile_options")]
    return Finding("full-text search", "ENABLE_FTS5" in options, f"SQLite {sqlite3.sqlite_version}", "Use a Python whose SQLite has FTS5.")


def _embedding_model(_: Any) -> Finding:
    from copilot.outside.embed import Embedder

    size = Embedder.load().encode(["ready"]).shape[1]
    return Finding("embedding model", True, f"all-MiniLM-L6-v2, {size} dimensions")


def _workspace(terminal: Any) -> Finding:
    store = terminal.ctx.store
    counts = ", ".join(f"{len(store.names(kind))} {kind}s" for kind in ("model", "collection", "agent", "benchmark", "deployment"))
    return Finding("workspace", True, f"{terminal.ctx.home}: {counts}")


def _audit_trail(terminal: Any) -> Finding:
    broken = terminal.ctx.audit.broken()
    return Finding(
        "audit trail", not broken, broken or "the chain of entries is whole", "Keep the file for the investigation; see docs/security.md."
    )


def _free_space(terminal: Any) -> Finding:
    home = terminal.ctx.home
    free = shutil.disk_usage(home if home.exists() else home.parent).free / 1e9
    return Finding("disk", free > 1, f"{free:.0f} GB free", f"Free some space on the disk of {home}.")


def _text_recognition(_: Any) -> Finding:
    found = shutil.which("tesseract")
    command = "brew install tesseract" if sys.platform == "darwin" else "sudo apt-get install tesseract-ocr"
    return Finding("text recognition (tesseract)", bool(found), found or "scanned pages are reported as needing OCR", command, needed=False)


def _aws_credentials(terminal: Any) -> Finding:
    if terminal.options.live:
        return _live_credentials(terminal)
    import botocore.session

    found = botocore.session.get_session().get_credentials() is not None
    detail = "found; used only with --live" if found else "none; everything is simulated"
    return Finding("AWS credentials", found, detail, "aws configure", needed=False)


def _live_credentials(terminal: Any) -> Finding:
    from copilot.intents.deployments.permissions import live_permissions

    found = live_permissions(terminal.ctx)
    lacks = "\n".join(f"lacks {needs}" for needs in found.missing or ())
    mend = "Ask for them; the whole policies: copilot doctor --live --json"
    return Finding("AWS credentials", not lacks, f"{found.headline}\n{lacks}".strip(), mend)


def _policies(terminal: Any) -> dict[str, Any]:
    """Return the least policies for deploying, when real AWS is what is examined."""
    if not terminal.options.live:
        return {}
    from copilot.intents.deployments.permissions import live_permissions

    try:
        return {"policies": live_permissions(terminal.ctx).policies}
    except CopilotError:
        return {}


def _language_model(terminal: Any) -> Finding:
    settings = terminal.ctx.store.settings()
    name, today = settings.get("model"), Ledger(terminal.ctx.store, "").of_day()
    keys = [k for k in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_ACCESS_KEY_ID") if os.environ.get(k)]
    reflection = settings.get("reflection", "always")
    spent = f"${today.usd:.4f} of ${settings.get('day_cap', DAY_CAP):.2f} spent today"
    detail = f"default: {name}; reflection {reflection}; {spent}" if name else "none; routing and answers are offline"
    return Finding(
        "language model", bool(name), detail + (f" ({', '.join(keys)} set)" if keys else ""), 'copilot do "register MODEL"', needed=False
    )


LOOKS: tuple[Callable[[Any], Finding], ...] = (
    _python,
    _libraries,
    _full_text_search,
    _embedding_model,
    _workspace,
    _audit_trail,
    _free_space,
    _text_recognition,
    _aws_credentials,
    _language_model,
)
