"""Giving other users a role on an agent, and taking it back."""

from copilot.context import Context
from copilot.intent import intent
from copilot.intents.agents.results import Access
from copilot.outside.access import Role, grant, reach, revoke, roles


@intent(
    "write",
    examples=("make dana@acme.com an editor of helpdesk", "let sam ask the legal-bot agent", "give the user kim viewer access to guide"),
)
def grant_access(ctx: Context, agent: str, user: str, role: Role) -> Access:
    """Give a user a role on an agent.

    Args:
        agent: Agent.
        user: User name or e-mail.
        role: Role to give: viewers see it, users ask it, editors change it, owners do everything.
    """
    reached = reach(ctx.store, agent).require("owner", "share it")
    before = grant(reached, user, role, ctx.operation)
    return Access(agent=reached.name, user=user, role=role, before=before, access=roles(reached))


@intent(
    "write",
    examples=("remove dana@acme.com from helpdesk", "sam should no longer use the legal-bot", "take kim's access to guide away"),
)
def revoke_access(ctx: Context, agent: str, user: str) -> Access:
    """Take away a user's access to an agent.

    Args:
        agent: Agent.
        user: User name or e-mail.
    """
    reached = reach(ctx.store, agent).require("owner", "unshare it")
    before = revoke(reached, user, ctx.operation)
    return Access(agent=reached.name, user=user, role=None, before=before, access=roles(reached))
