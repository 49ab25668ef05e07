"""What agents there are, how they are set up, what became of them, and what was said to them."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from copilot.answering.policy import Policy
from copilot.context import Context
from copilot.errors import NotFound
from copilot.intent import intent
from copilot.intents.agents.results import AgentItem, Agents, AgentShown, TurnItem, VersionItem
from copilot.outside.access import Reached, reach, reached, roles
from copilot.outside.catalogue import BUILTIN_NAME

if TYPE_CHECKING:
    from copilot.outside.store import Thing

SPOKEN = ("tone", "instructions", "temperature")
SHOWN_TURNS = 20
LONGEST_CHANGE = 200


@intent("read", examples=("what agents have we got?", "list my agents", "which agents do I have"))
def list_agents(ctx: Context) -> Agents:
    """List agents and their state."""
    mine = [Reached(ctx.store, thing, "owner", mine=True) for thing in ctx.store.all("agent")]
    return Agents(agents=tuple(_item(agent) for agent in (*mine, *reached(ctx.store))))


@intent("read", examples=("show me how helpdesk is configured", "what model does helpdesk run on", "details of the legal-bot agent"))
def show_agent(
    ctx: Context,
    name: str,
    versions: bool = False,
    compare: int | None = None,
    conversation: bool = False,
    search: str | None = None,
) -> AgentShown:
    """Show one agent's full configuration.

    Args:
        name: Agent.
        versions: List its versions with what each changed.
        compare: Version to compare the current one with.
        conversation: Show what you said to it and what it answered.
        search: Only the turns of the conversation that have these words.
    """
    from copilot.answering.talk import Talk

    agent = reach(ctx.store, name)
    shown_agent = shown(agent)
    talk = Talk(ctx.store, agent.store.owner, agent.thing.name)
    turns = talk.search(search or "", SHOWN_TURNS) if conversation or search is not None else []
    history = agent.store.versions("agent", agent.thing.name)
    if compare is not None and compare not in (thing.version for thing in history):
        raise NotFound(f"{agent.name} has no version {compare}.", f"See them: copilot agents show {agent.name} --versions")
    listed = _versions(history) if versions else ()
    if compare is not None:
        listed = tuple(_difference(old, agent.thing) for old in history if old.version == compare)
    return shown_agent.model_copy(
        update={
            "versions": listed,
            "conversation": tuple(TurnItem(at=t.at[:19], question=t.question, answer=t.answer, cited=t.cited, id=t.id) for t in turns),
        }
    )


def shown(agent: Reached, change: str = "", note: str = "") -> AgentShown:
    """Show an agent; `change` says what was done to it. Who has access is for its owners."""
    body, policy = agent.thing.body, Policy.of(agent.thing.body)
    moot = body["model"] == BUILTIN_NAME and any(body[field] not in ("", None) for field in SPOKEN)
    only_quotes = "The built-in model only quotes: tone, instructions and temperature act with a language model." if moot else ""
    return AgentShown(
        name=agent.name,
        version=agent.thing.version,
        role=agent.role,
        model=body["model"],
        collections=tuple(body["collections"]),
        purpose=body["purpose"],
        tone=body["tone"],
        instructions=body["instructions"],
        temperature=body["temperature"],
        topics=policy.topics,
        avoid=policy.avoid,
        guardrails=policy.guardrails,
        response_format=policy.response_format,
        most_words=policy.most_words,
        functions=tuple(function["name"] for function in body.get("functions", ())),
        access=roles(agent) if agent.allows("owner") else {},
        feedback=_feedback(agent),
        changed_at=agent.thing.changed_at[:19],
        change=change,
        note=note or only_quotes,
    )


def _item(agent: Reached) -> AgentItem:
    body = agent.thing.body
    return AgentItem(
        name=agent.name,
        model=body["model"],
        collections=tuple(body["collections"]),
        purpose=body["purpose"],
        role=agent.role,
        version=agent.thing.version,
        changed_at=agent.thing.changed_at[:19],
    )


def _feedback(agent: Reached) -> dict[str, int]:
    """Count the ratings that all its users gave."""
    sql = """SELECT json_extract(body, '$.rating') AS rating, count(*) AS given FROM things
        WHERE kind = 'feedback' AND json_extract(body, '$.agent_owner') = ? AND json_extract(body, '$.agent') = ?
        GROUP BY 1 ORDER BY 1 DESC"""
    return {row["rating"]: row["given"] for row in agent.store.rows(sql, agent.store.owner, agent.thing.name)}


def _versions(history: "list[Thing]") -> tuple[VersionItem, ...]:
    first = VersionItem(version=history[0].version, at=history[0].changed_at[:19], changes=("created",))
    return (first, *(_difference(old, new) for old, new in pairwise(history)))


def _difference(old: "Thing", new: "Thing") -> VersionItem:
    """Say what is different in the newer of two versions."""
    fields = {**old.body, **new.body}
    changes = (f"{f}: {_said(old.body.get(f))} → {_said(new.body.get(f))}" for f in fields if old.body.get(f) != new.body.get(f))
    return VersionItem(version=new.version, at=new.changed_at[:19], changes=tuple(changes), since=old.version)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(v["name"] if isinstance(v, dict) else str(v) for v in value) or "none"
    text = "none" if value in (None, "") else str(value)
    return text if len(text) <= LONGEST_CHANGE else f"{text[:LONGEST_CHANGE]}…"
