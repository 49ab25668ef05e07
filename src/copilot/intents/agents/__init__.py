"""Agents: build them on collections, ask them, change and delete them."""

import re
import time
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Le

from copilot.context import Context
from copilot.errors import BadArguments, NeedsAnswer, NotFound, Refused
from copilot.intent import Preview, intent
from copilot.intents.agents.results import AgentDeleted, AgentItem, Agents, AgentShown, Answered, CitationItem
from copilot.outside.catalogue import BUILTIN_NAME

if TYPE_CHECKING:
    from copilot.answering.answer import Answer
    from copilot.outside.store import Thing

NAME = r"\w[\w .-]{0,62}"
LONGEST_QUESTION = 4000
SPOKEN = ("tone", "instructions", "temperature")
Temperature = Annotated[float, Ge(0), Le(2)]


@intent(
    "write",
    examples=(
        "build an agent called helpdesk on haiku using the hr and it-faq collections",
        "create a formal agent legal-bot that answers contract questions",
        "make me an agent named guide on the manuals",
    ),
)
def create_agent(
    ctx: Context,
    name: str,
    model: str | None = None,
    collections: list[str] | None = None,
    purpose: str | None = None,
    tone: str | None = None,
    instructions: str | None = None,
    temperature: Temperature | None = None,
) -> AgentShown:
    """Create an agent: a model and the collections it may use.

    Args:
        name: Agent's name.
        model: Model it runs on; the workspace's default unless said.
        collections: Collections it may use; the only one there is unless said.
        purpose: What it is for, in the user's words.
        tone: Tone or personality, e.g. friendly, formal, concise.
        instructions: Instruction text for a language model.
        temperature: Temperature of a language model, 0 to 2.
    """
    if not re.fullmatch(NAME, name):
        raise BadArguments(
            f"'{name[:80]}' cannot be an agent's name.", "Use letters, digits, spaces, '-', '_' and '.', at most 63 of them."
        )
    existing = ctx.store.names("collection")
    chosen = [ctx.store.get("collection", c).name for c in collections] if collections else existing if len(existing) == 1 else []
    body = {
        "model": _model(ctx, model or ctx.store.settings().get("model") or BUILTIN_NAME),
        "collections": list(dict.fromkeys(chosen)),
        "purpose": purpose or "",
        "tone": tone or "",
        "instructions": instructions or "",
        "temperature": temperature,
    }
    return _shown(ctx.store.add("agent", name, body, ctx.operation), "Created")


@intent(
    "write",
    examples=("set helpdesk's temperature to 0.2", "give legal-bot access to the contracts data", "make helpdesk sound friendlier"),
)
def update_agent(
    ctx: Context,
    name: str,
    model: str | None = None,
    temperature: Temperature | None = None,
    tone: str | None = None,
    purpose: str | None = None,
    instructions: str | None = None,
    add_collection: str | None = None,
    remove_collection: str | None = None,
) -> AgentShown:
    """Change an existing agent.

    Args:
        name: Agent.
        model: New model.
        temperature: New temperature, 0 to 2.
        tone: New tone.
        purpose: New purpose.
        instructions: Instruction text to set.
        add_collection: Collection to add.
        remove_collection: Collection to take away.
    """
    thing = ctx.store.get("agent", name)
    given = {"temperature": temperature, "tone": tone, "purpose": purpose, "instructions": instructions}
    changed: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if model:
        changed["model"] = _model(ctx, model)
    if add_collection or remove_collection:
        changed["collections"] = _collections(ctx, thing, add_collection, remove_collection)
    if not changed:
        raise BadArguments(f"Nothing to change in '{thing.name}' was named.", f"See: copilot agents update {thing.name} --help")
    return _shown(ctx.store.put("agent", thing.name, {**thing.body, **changed}, ctx.operation), "Updated")


@intent("read", examples=("what agents have we got?", "list my agents", "which agents do I have"))
def list_agents(ctx: Context) -> Agents:
    """List agents and their state."""
    return Agents(
        agents=tuple(
            AgentItem(
                name=thing.name,
                model=thing.body["model"],
                collections=tuple(thing.body["collections"]),
                purpose=thing.body["purpose"],
                version=thing.version,
                changed_at=thing.changed_at[:19],
            )
            for thing in ctx.store.all("agent")
        )
    )


@intent("read", examples=("show me how helpdesk is configured", "what model does helpdesk run on", "details of the legal-bot agent"))
def show_agent(ctx: Context, name: str) -> AgentShown:
    """Show one agent's full configuration.

    Args:
        name: Agent.
    """
    return _shown(ctx.store.get("agent", name))


@intent(
    "read", examples=("ask helpdesk how many vacation days I get", "let me talk to legal-bot", "what does guide say about the warranty?")
)
def ask_agent(ctx: Context, agent: str, question: str | None = None, deployment: str | None = None) -> Answered:
    """Put a question to an agent and show its cited answer.

    Args:
        agent: Agent.
        question: The question, verbatim; asked for when left out.
        deployment: Ask this deployment's endpoint instead of answering here.
    """
    thing = ctx.store.get("agent", agent)
    if not question:
        args = {"agent": thing.name} | ({"deployment": deployment} if deployment else {})
        pending = {"ask": "question", "intent": "ask_agent", "args": args}
        raise NeedsAnswer(f"What do you want to ask {thing.name}?", f'In a script: copilot agents ask {thing.name} "…"', pending)
    if len(question) > LONGEST_QUESTION:
        raise BadArguments(f"The question has {len(question):,} characters; {LONGEST_QUESTION:,} are read.", "Ask a shorter one.")
    started = time.perf_counter()
    said = _ask_deployment(ctx, thing, deployment, question) if deployment else _ask_here(ctx, thing, question)
    return Answered(
        agent=thing.name,
        deployment=deployment,
        text=said["text"],
        refused=said["refused"],
        why=said["why"],
        confidence=said["confidence"],
        citations=tuple(_citation(n, claim["citation"]) for n, claim in enumerate(said["claims"], 1)),
        milliseconds=(time.perf_counter() - started) * 1000,
        tokens_in=said["tokens_in"],
        tokens_out=said["tokens_out"],
        usd=said["usd"],
    )


def preview_deletion(ctx: Context, name: str) -> Preview:
    """Show what would go; raise Refused while the agent is deployed."""
    thing = _undeployed(ctx, name)
    return Preview(_doomed(ctx, thing, done=False), {"name": thing.name})


@intent("destructive", examples=("delete helpdesk", "get rid of the legal-bot agent", "remove agent guide"), preview=preview_deletion)
def delete_agent(ctx: Context, name: str) -> AgentDeleted:
    """Delete an agent.

    Args:
        name: Agent.
    """
    thing = _undeployed(ctx, name)
    gone = _doomed(ctx, thing, done=True)
    with ctx.store.transaction() as connection:
        connection.execute("DELETE FROM runs WHERE owner = ? AND agent = ?", (ctx.store.owner, thing.name))
        ctx.store.erase("agent", thing.name)
    ctx.store.scrub()
    return gone


def _shown(thing: "Thing", change: str = "") -> AgentShown:
    moot = thing.body["model"] == BUILTIN_NAME and any(thing.body[field] not in ("", None) for field in SPOKEN)
    note = "The built-in model only quotes: tone, instructions and temperature act with a language model." if moot else ""
    return AgentShown(name=thing.name, version=thing.version, changed_at=thing.changed_at[:19], change=change, note=note, **thing.body)


def _model(ctx: Context, name: str) -> str:
    """Return the registered name of a model; raise NotFound with the nearest one."""
    if found := ctx.store.find("model", name):
        return found.name
    if name.lower() == BUILTIN_NAME:
        return BUILTIN_NAME
    raise NotFound.named("model", name, [*ctx.store.names("model"), BUILTIN_NAME], "See: copilot models list")


def _collections(ctx: Context, agent: "Thing", add: str | None, remove: str | None) -> list[str]:
    names = list(agent.body["collections"])
    if add:
        names.append(ctx.store.get("collection", add).name)
    if remove:
        used = {name.lower(): name for name in names}
        if remove.lower() not in used:
            raise NotFound.named("collection", remove, names, f"{agent.name} reads: {', '.join(names) or 'none'}.")
        names.remove(used[remove.lower()])
    return list(dict.fromkeys(names))


def _ask_here(ctx: Context, thing: "Thing", question: str) -> dict[str, Any]:
    from copilot.answering.agent import ask, open_agent

    answer: Answer = ask(ctx.store, ctx.embedder, open_agent(ctx.store, thing), question)
    return answer.as_json()


def _ask_deployment(ctx: Context, thing: "Thing", deployment: str, question: str) -> dict[str, Any]:
    """Ask over HTTP; the endpoint answers in the same form."""
    from copilot.cloud.endpoint import invoke

    target = ctx.store.find("deployment", f"{thing.name}-{deployment}") or ctx.store.get("deployment", deployment)
    if target.body["agent"] != thing.name:
        raise BadArguments(
            f"{target.name} runs {target.body['agent']}, not {thing.name}.", f"Ask it: copilot agents ask {target.body['agent']}"
        )
    return invoke(ctx.store, ctx.home, ctx.live, target.name, question)


def _citation(number: int, citation: dict[str, Any]) -> CitationItem:
    return CitationItem(number=number, **{f: citation[f] for f in CitationItem.model_fields if f != "number"})


def _undeployed(ctx: Context, name: str) -> "Thing":
    thing = ctx.store.get("agent", name)
    running = [d.name for d in ctx.store.all("deployment") if d.body.get("agent") == thing.name]
    if running:
        raise Refused(
            f"'{thing.name}' is deployed as {', '.join(running)}.", f"Take that down first: copilot deployments destroy {running[0]}"
        )
    return thing


def _doomed(ctx: Context, thing: "Thing", done: bool) -> AgentDeleted:
    runs = ctx.store.rows("SELECT count(*) AS runs FROM runs WHERE owner = ? AND agent = ?", ctx.store.owner, thing.name)[0]["runs"]
    return AgentDeleted(name=thing.name, versions=len(ctx.store.versions("agent", thing.name)), runs=runs, done=done)
