"""What handlers may reach, and the only place that wires it together and reads the environment."""

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from copilot.errors import BadArguments, NeedsAnswer, NeedsConfirmation
from copilot.intent import Intent
from copilot.masking import mask, masked
from copilot.outside.catalogue import BUILTIN
from copilot.progress import Progress, Silent

if TYPE_CHECKING:
    from copilot.outside.audit import Audit
    from copilot.outside.chat import Chat
    from copilot.outside.embed import Embedder
    from copilot.outside.store import Store

DEFAULT_REGION = "us-east-1"
ROUTING_TIMEOUT = 20.0
"""Seconds that a language model may think about one line; then the offline router answers."""
Consent = Literal["none", "words", "person"]
"""Who agreed to the running call: nobody; words that came through a pipe or a script; a person at a terminal or `--yes`."""

FREE_TEXT = {"question", "query", "instructions", "comment", "purpose"}


@dataclass
class Context:
    """One user's workspace, the outside doors, and the running call.

    Args:
        home: The folder with the database, the vector index and the simulated account.
        user: Whose rows are seen.
        region: AWS region that a call takes when it names none.
        live: True to reach real AWS; everything else is simulated.
        consent: Who agreed to what is running now.
        operation: Id of the running operation; empty while nothing is being written.
        route_offline: True to leave the default language model out of routing.
    """

    home: Path
    user: str
    region: str = DEFAULT_REGION
    live: bool = False
    consent: Consent = "none"
    progress: Progress = field(default_factory=Silent)
    operation: str = ""
    route_offline: bool = False

    @cached_property
    def store(self) -> "Store":
        from copilot.outside.store import Store

        return Store(self.home / "copilot.db", self.user)

    @cached_property
    def audit(self) -> "Audit":
        from copilot.outside.audit import Audit

        return Audit(self.store)

    @cached_property
    def embedder(self) -> "Embedder":
        from copilot.outside.embed import Embedder

        return Embedder.load()

    @property
    def router_chat(self) -> "Chat | None":
        """The language model that routes: the workspace's default one; None when that is the built-in model."""
        default = self.store.find("model", self.store.settings().get("model") or "")
        if self.route_offline or default is None or default.body["provider"] == BUILTIN.provider:
            return None
        from copilot.outside.chat import Chat

        body = default.body
        listed = None if body.get("context") is None else "function_calling" in body.get("capabilities", ())
        return Chat(body["id"], body.get("api_base"), 0.0, ROUTING_TIMEOUT, functions=listed)

    @property
    def account(self) -> str:
        """What the toolbar and the audit call the AWS side of this process."""
        return "live" if self.live else "simulated"

    @contextmanager
    def admit(self, intent: Intent, args: Mapping[str, Any]) -> Iterator["Context"]:
        """Stand between a validated call and its handler: confirmation, operation, audit (see `copilot.intent.Gate`)."""
        if intent.effect in ("cloud", "destructive") and not self._agreed():
            raise self._ask(intent, args)
        recorded = masked_args(args)
        if intent.effect != "read":
            self.operation = self.store.begin(intent.name, recorded, undoable=intent.effect == "write" and intent.name != "undo")
        try:
            yield self
        except BaseException as error:
            outcome = "asked" if isinstance(error, NeedsAnswer) else "failed"
            self._close(
                intent,
                recorded,
                outcome,
                "stopped by the person" if isinstance(error, KeyboardInterrupt) else mask(str(error) or type(error).__name__),
            )
            raise
        self._close(intent, recorded, "done", "")

    def _agreed(self) -> bool:
        return self.consent == "person" or (self.consent == "words" and not self.live)

    def _ask(self, intent: Intent, args: Mapping[str, Any]) -> NeedsConfirmation:
        shown, bound, once = intent.preview(self, **args) if intent.preview else (None, {}, ())
        given = {k: v for k, v in {**args, **bound}.items() if v is not None and v is not False}
        described = " ".join(f"{k}={v}" for k, v in given.items())
        where = "LIVE AWS" if self.live else "the simulated account" if intent.group == "deployments" else "this workspace"
        return NeedsConfirmation(
            f"{intent.summary.rstrip('.')}: {described}. This acts on {where}." if described else f"{intent.summary} This acts on {where}.",
            "Answer yes or no; in a script, add --yes.",
            {"confirm": {"intent": intent.name, "args": given}, **({"once": list(once)} if once else {})},
            shown,
        )

    def _close(self, intent: Intent, recorded: Mapping[str, Any], outcome: str, detail: str) -> None:
        if intent.effect == "read":
            return
        self.store.finish(self.operation, outcome)
        self.audit.append(intent.name, recorded, outcome, detail, self.operation, self.account)
        self.operation = ""


def masked_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments fit for the audit trail: free text as a digest, credentials masked, absent ones left out."""
    shown: dict[str, Any] = {}
    for name, value in args.items():
        if value is None:
            continue
        if name in FREE_TEXT:
            shown[name] = f"sha256:{sha256(str(value).encode()).hexdigest()[:16]}"
        else:
            shown[name] = masked(value)
    return shown


def open_context(
    home: Path | None = None, user: str = "", region: str = "", live: bool = False, progress: Progress | None = None
) -> Context:
    """Wire a context from the command line's words and the environment (COPILOT_HOME, COPILOT_USER, COPILOT_ROUTER, AWS_REGION).

    Raises:
        BadArguments: the home is a file.
    """
    folder = (home or Path(os.environ.get("COPILOT_HOME") or "~/.copilot")).expanduser()
    if folder.exists() and not folder.is_dir():
        raise BadArguments(f"{folder} is not a folder.", "Give a folder with --home or COPILOT_HOME.")
    return Context(
        home=folder,
        user=user or os.environ.get("COPILOT_USER") or getpass.getuser(),
        region=region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION,
        live=live,
        progress=progress or Silent(),
        route_offline=os.environ.get("COPILOT_ROUTER") == "offline",
    )
