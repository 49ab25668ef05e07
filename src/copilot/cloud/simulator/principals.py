"""Who may talk to the simulated account: the process that runs it, and the functions that run in it, each as its own role."""

import hmac
import re
import secrets
import threading
from typing import Any, NamedTuple

from copilot.outside.aws import KEY

CREDENTIAL = re.compile(r"Credential=([^/]+)/")


class Principal(NamedTuple):
    """Who makes a call; `role` is the ARN of a function's role, empty for the account's owner."""

    role: str = ""
    session: str = ""

    @property
    def name(self) -> str:
        """How AWS calls it in what it refuses."""
        return f"{self.role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{self.session}"


class Principals:
    """The access keys that open the account. They live in this process only."""

    def __init__(self) -> None:
        self._known = {KEY: Principal()}
        self._writing = threading.Lock()

    def admit(self, role: str, session: str) -> str:
        """Return a new access key that stands for a role."""
        key = secrets.token_hex(32)
        with self._writing:
            self._known[key] = Principal(role, session)
        return key

    def dismiss(self, key: str) -> None:
        with self._writing:
            self._known.pop(key, None)

    def take(self, environ: dict[str, Any]) -> Principal | None:
        """Say who a request shows itself to be, and take the key out: neither moto, journal nor functions get to see it."""
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        credential = CREDENTIAL.search(authorization)
        shown = environ.pop("HTTP_X_SIMULATED_KEY", None) or (credential[1] if credential else "")
        if credential:
            environ["HTTP_AUTHORIZATION"] = CREDENTIAL.sub("Credential=simulated/", authorization)
        with self._writing:
            known = list(self._known.items())
        return next((who for key, who in known if hmac.compare_digest(shown.encode(), key.encode())), None)
