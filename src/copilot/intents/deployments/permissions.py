"""What the credentials of real AWS may do, for `copilot doctor --live`, which is no ability."""

from copilot.context import Context
from copilot.intents.deployments.workspace import chosen_region
from copilot.result import Result


class Permissions(Result):
    """What is missing of what deploying takes, None where AWS does not tell; and the least policies that grant all of it."""

    account: str
    region: str
    missing: tuple[str, ...] | None
    policies: dict[str, dict[str, object]]

    @property
    def headline(self) -> str:
        if self.missing is None:
            known = "IAM does not say what the credentials allow"
        else:
            known = f"{len(self.missing)} permissions are missing" if self.missing else "all permissions are there"
        return f"account {self.account}, {self.region}: {known}"


def live_permissions(ctx: Context) -> Permissions:
    """Ask IAM about everything that deploying takes; raise Unavailable or Refused where the credentials are not accepted."""
    from copilot.cloud.permissions import lacking, policies
    from copilot.outside.aws import session

    held = session(chosen_region(ctx))
    return Permissions(account=held.account, region=held.region, missing=lacking(held), policies=policies(held.account, held.region))
