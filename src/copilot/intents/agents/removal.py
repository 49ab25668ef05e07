"""Deleting an agent, or only what one said to it."""

from typing import TYPE_CHECKING

from copilot.context import Context
from copilot.errors import Refused
from copilot.intent import Preview, intent
from copilot.intents.agents.results import AgentDeleted, ConversationDeleted
from copilot.outside.access import Reached, reach

if TYPE_CHECKING:
    from copilot.answering.talk import Talk


def preview_deletion(ctx: Context, name: str, conversation: bool = False) -> Preview:
    """Show what would go; raise Refused while the agent is deployed."""
    if conversation:
        talk, shown = _talk(ctx, name)
        return Preview(ConversationDeleted(agent=shown, turns=talk.count(), done=False), {"name": shown, "conversation": True})
    agent = _undeployed(ctx, name)
    return Preview(_doomed(agent, done=False), {"name": agent.name})


@intent("destructive", examples=("delete helpdesk", "get rid of the legal-bot agent", "remove agent guide"), preview=preview_deletion)
def delete_agent(ctx: Context, name: str, conversation: bool = False) -> AgentDeleted | ConversationDeleted:
    """Delete an agent.

    Args:
        name: Agent.
        conversation: Delete only what you said to it, and keep the agent.
    """
    from copilot.answering.talk import erase_all

    if conversation:
        talk, shown = _talk(ctx, name)
        forgotten = ConversationDeleted(agent=shown, turns=talk.count(), done=True)
        talk.erase()
        ctx.store.scrub()
        return forgotten
    agent = _undeployed(ctx, name)
    gone = _doomed(agent, done=True)
    with agent.store.transaction() as connection:
        connection.execute("DELETE FROM runs WHERE owner = ? AND agent = ?", (agent.store.owner, agent.thing.name))
        erase_all(agent.store, agent.thing.name)
        for kind, name in _attached(agent):
            agent.store.erase(kind, name)
        agent.store.erase("agent", agent.thing.name)
    agent.store.scrub()
    return gone


def _attached(agent: Reached) -> list[tuple[str, str]]:
    """Return kind and name of what is kept beside an agent: its roles, the figures of its load tests, its schedules."""
    store, name = agent.store, agent.thing.name
    schedules = [("schedule", thing.name) for thing in store.all("schedule") if thing.body["agent"] == name]
    return [(kind, name) for kind in ("access", "load") if store.find(kind, name)] + schedules


def _talk(ctx: Context, name: str) -> "tuple[Talk, str]":
    """Find what the user said to an agent; it stays theirs to delete when the agent is shared with them no longer."""
    from copilot.answering.talk import Talk

    owner, _, theirs = name.rpartition("/")
    if (talk := Talk(ctx.store, owner, theirs)).count():
        return talk, name
    agent = reach(ctx.store, name)
    return Talk(ctx.store, agent.store.owner, agent.thing.name), agent.name


def _undeployed(ctx: Context, name: str) -> Reached:
    agent = reach(ctx.store, name).require("owner", "delete it")
    running = [d.name for d in agent.store.all("deployment") if d.body.get("agent") == agent.thing.name]
    if running:
        raise Refused(
            f"'{agent.name}' is deployed as {', '.join(running)}.", f"Take that down first: copilot deployments destroy {running[0]}"
        )
    return agent


def _doomed(agent: Reached, done: bool) -> AgentDeleted:
    store, name = agent.store, agent.thing.name
    runs = store.rows("SELECT count(*) AS runs FROM runs WHERE owner = ? AND agent = ?", store.owner, name)[0]["runs"]
    return AgentDeleted(name=agent.name, versions=len(store.versions("agent", name)), runs=runs, done=done)
