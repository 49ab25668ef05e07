"""The door to AWS: sessions that reach the simulated account or the real one; nothing else knows the difference."""

import os
import re
import secrets
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from copilot.errors import CopilotError, Refused, Unavailable

__all__ = ["KEY", "BotoCoreError", "ClientError", "Session", "code_of", "explain", "session"]

KEY = secrets.token_hex(32)
"""Access key id of this process's simulated sessions: whoever shows another one to its simulated account is a stranger."""

MISSING = {
    "404", "DashboardNotFoundError", "NoSuchBucket", "NoSuchKey", "NoSuchBucketPolicy", "NoSuchTagSet", "NoSuchEntity", "NotFoundException",
    "NoSuchPublicAccessBlockConfiguration", "ResourceNotFound", "ResourceNotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError",
}  # fmt: skip
"""Codes with which the services say that something does not exist."""

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN = {"AuthFailure", "InvalidAccessKeyId", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
DENIED = {
    "403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "Forbidden",
    "UnauthorizedOperation",
}  # fmt: skip
PERMISSION = re.compile(r"not authorized to perform: ([\w-]+:\w+)(?: on resource: \"?([^\s\"]+))?")
EVERYWHERE = "us-east-1"
"""A region that every account has."""
SIGN_IN = "Sign in again, e.g. with: aws sso login"


def code_of(error: BaseException) -> str:
    """Return the service's error code, e.g. `AccessDenied`; empty when the error did not come from a service."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def explain(error: BotoCoreError | ClientError) -> CopilotError:
    """Say in a person's words why AWS did not do what was asked; of a refusal, which permission is missing."""
    code, said = code_of(error), str(error)
    if code in EXPIRED or type(error).__name__ in ("TokenRetrievalError", "UnauthorizedSSOTokenError", "SSOTokenLoadError"):
        return Unavailable(f"The AWS credentials have expired: {said}", SIGN_IN)
    if code in UNKNOWN:
        return Unavailable(f"AWS does not accept the credentials: {said}", SIGN_IN)
    if code in DENIED:
        missing = PERMISSION.search(said)
        needs = f"{missing[1]}{f' on {missing[2]}' if missing[2] else ''}" if missing else _operation(error)
        return Refused(f"The AWS credentials lack a permission: {needs}.", "Ask for it; all that is needed: copilot doctor --live --json")
    return Unavailable(f"AWS does not answer as needed: {said}", "Check the network and the region, then try again.")


def _operation(error: BaseException) -> str:
    return str(getattr(error, "operation_name", "")) or "one that AWS does not name"


class Session:
    """Clients for one region of one account.

    Args:
        region: Where regional services are reached.
        endpoint: Base URL of the simulated account; None for real AWS with the credentials of the environment.

    Raises:
        Unavailable: real AWS is wanted and there are no credentials.
    """

    def __init__(self, region: str, endpoint: str | None = None) -> None:
        self.region = region
        self.endpoint = endpoint
        self.boto = _simulated(region) if endpoint else _live(region)
        self._clients: dict[tuple[str, bool, str], Any] = {}
        self._making = Lock()

    @property
    def simulated(self) -> bool:
        return self.endpoint is not None

    def client(self, service: str, once: bool = False, region: str = "") -> Any:
        """Return the client of a service.

        Args:
            once: Send each call a single time; for creates that would make a second resource when repeated.
            region: Another region than the session's, for services that are in a few only.
        """
        place = region or self.region
        with self._making:  # clients can be shared by threads; making them cannot
            if (service, once, place) not in self._clients:
                retries = {"total_max_attempts": 1 if once else 5, "mode": "standard"}
                config = Config(retries=retries, connect_timeout=10, read_timeout=60, proxies={} if self.simulated else None)
                self._clients[service, once, place] = self.boto.client(service, place, endpoint_url=self.endpoint, config=config)
            return self._clients[service, once, place]

    @property
    def account(self) -> str:
        """The account's twelve digits; raise as `identity` does."""
        return str(self.identity["Account"])

    @cached_property
    def identity(self) -> dict[str, str]:
        """Who the credentials belong to: `Account` and `Arn`.

        Raises:
            Unavailable: they are not accepted, or have expired.
            Refused: the account has not enabled the region.
        """
        try:
            return dict(self.client("sts").get_caller_identity())
        except (BotoCoreError, ClientError) as error:
            if code_of(error) in UNKNOWN and self.region != EVERYWHERE and self._accepted_elsewhere():
                raise Refused(
                    f"The account has not enabled the region {self.region}.",
                    f"Enable it in the console, or choose another: copilot deployments configure --region {EVERYWHERE}",
                ) from error
            raise explain(error) from error

    def _accepted_elsewhere(self) -> bool:
        try:
            self.client("sts", region=EVERYWHERE).get_caller_identity()
        except (BotoCoreError, ClientError):
            return False
        return True

    def regions(self, service: str) -> list[str]:
        """Return the regions in which the SDK knows a service."""
        return list(self.boto.get_available_regions(service))

    @property
    def headers(self) -> dict[str, str]:
        """What a request to `gateway` has to carry besides its API key; nothing on real AWS."""
        return {"x-simulated-key": KEY} if self.simulated else {}

    def gateway(self, api: str, stage: str) -> str:
        """Return the base URL under which a stage of a REST API answers right now."""
        if self.endpoint:
            return f"{self.endpoint}/_aws/execute-api/{self.region}/{api}/{stage}"
        return f"https://{api}.execute-api.{self.region}.amazonaws.com/{stage}"


@lru_cache(maxsize=8)
def session(region: str, endpoint: str | None = None) -> Session:
    """Return the one session of this process for a region: making clients costs more than most calls."""
    return Session(region, endpoint)


def _simulated(region: str) -> boto3.Session:
    """Make a session that sees nothing of the machine's AWS configuration."""
    blind = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    core = botocore.session.Session(session_vars=blind)
    core.set_credentials(KEY, "simulated")
    return boto3.Session(botocore_session=core, region_name=region)


def _live(region: str) -> boto3.Session:
    try:
        session = boto3.Session(region_name=region)
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise Unavailable(f"The AWS configuration cannot be used: {error}", "Check AWS_PROFILE and ~/.aws/config.") from error
    if credentials is None:
        raise Unavailable(
            "There are no AWS credentials.", "Sign in, e.g. with: aws sso login. Or leave out --live to use the simulated account."
        )
    return session
