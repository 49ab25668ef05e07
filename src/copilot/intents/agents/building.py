"""Creating agents and changing them; every change is a version."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Le

from copilot.answering.policy import GUARDRAILS, NORMAL, Format
from copilot.context import Context
from copilot.errors import BadArguments, CopilotError, NeedsConfirmation, NotFound, Refused
from copilot.intent import intent
from copilot.intents.agents.results import AgentShown, Draft
from copilot.intents.agents.showing import shown
from copilot.outside.access import Reached, reach
from copilot.outside.catalogue import BUILTIN_NAME

if TYPE_CHECKING:
    from copilot.outside.store import Store

NAME = r"\w[\w .-]{0,62}"
NOTHING = "none"
"""Empties a list."""
Temperature = Annotated[float, Ge(0), Le(2)]
Words = Annotated[int, Ge(5), Le(2000)]
OWNERS_ALONE = ("collections", "functions", "guardrails", "topics", "avoid")
"""What widens the reach of an agent is for its owners: an editor could otherwise read through it what nobody gave them."""


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
    topics: list[str] | None = None,
    avoid: list[str] | None = None,
    guardrails: list[str] | None = None,
    response_format: Format | None = None,
    most_words: Words | None = None,
    functions: list[str] | None = None,
) -> AgentShown:
    """Create an agent: a model and the collections it may use.

    Args:
        name: Agent's name.
        model: Model it runs on; the workspace's default unless said.
        collections: Collections it may use; the only one there is unless said.
        purpose: What it is for, in the user's words.
        tone: Tone or personality, e.g. friendly, formal, concise.
        instructions: Instruction text for a language model; drafted from the purpose and shown first unless said.
        temperature: Temperature of a language model, 0 to 2.
        topics: The only topics it answers questions about.
        avoid: Topics it never answers questions about.
        guardrails: Guardrails to have: harm, personal_data, or none; harm unless said.
        response_format: Form of its answers.
        most_words: Most words of an answer.
        functions: Files that declare functions it may call.
    """
    if not re.fullmatch(NAME, name):
        raise BadArguments(
            f"'{name[:80]}' cannot be an agent's name.", "Use letters, digits, spaces, '-', '_' and '.', at most 63 of them."
        )
    store, existing = ctx.store, ctx.store.names("collection")
    chosen = [store.get("collection", c).name for c in collections] if collections else existing if len(existing) == 1 else []
    body = {
        "model": _model(store, model or store.settings().get("model") or BUILTIN_NAME),
        "collections": list(dict.fromkeys(chosen)),
        "purpose": purpose or "",
        "tone": tone or "",
        "instructions": instructions or "",
        "temperature": temperature,
        "topics": _listed(topics),
        "avoid": _listed(avoid),
        "guardrails": _guardrails(guardrails) if guardrails is not None else list(NORMAL),
        "response_format": response_format or "sentences",
        "most_words": most_words,
        "functions": _declared(functions or [], []),
    }
    note = "" if instructions or store.find("agent", name) else _draft(ctx, name, body, functions or [])
    made = store.add("agent", name, body, ctx.operation)
    return shown(Reached(store, made, "owner", mine=True), "Created", note)


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
    topics: list[str] | None = None,
    avoid: list[str] | None = None,
    guardrails: list[str] | None = None,
    response_format: Format | None = None,
    most_words: Words | None = None,
    add_function: str | None = None,
    remove_function: str | None = None,
    restore: Annotated[int, Ge(1)] | None = None,
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
        topics: The only topics it answers questions about; none for any.
        avoid: Topics it never answers questions about; none for no such topic.
        guardrails: Guardrails to have: harm, personal_data, or none.
        response_format: Form of its answers.
        most_words: Most words of an answer.
        add_function: File that declares a function to add.
        remove_function: Function to take away.
        restore: Version to bring back; other changes are made to it.
    """
    agent = reach(ctx.store, name).require("editor", "change it")
    body = _version(agent, restore) if restore else dict(agent.thing.body)
    spoken = {"temperature": temperature, "tone": tone, "purpose": purpose, "instructions": instructions}
    given = {**spoken, "response_format": response_format, "most_words": most_words}
    changed: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if model:
        changed["model"] = _model(agent.store, model)
    if add_collection or remove_collection:
        changed["collections"] = _collections(agent, body, add_collection, remove_collection)
    changed |= {field: _listed(value) for field, value in (("topics", topics), ("avoid", avoid)) if value is not None}
    if guardrails is not None:
        changed["guardrails"] = _guardrails(guardrails)
    if add_function or remove_function:
        changed["functions"] = _functions(agent, body, add_function, remove_function)
    if not changed and not restore:
        raise BadArguments(f"Nothing to change in '{agent.name}' was named.", f"See: copilot agents update {agent.name} --help")
    return _changed(ctx, agent, {**body, **changed}, f"Restored version {restore} of" if restore else "Updated")


def _changed(ctx: Context, agent: Reached, body: dict[str, Any], change: str) -> AgentShown:
    """Write the next version; raise Refused when it widens the reach of the agent and the user is no owner."""
    if any(body.get(field) != agent.thing.body.get(field) for field in OWNERS_ALONE):
        agent.require("owner", f"change its {', '.join(OWNERS_ALONE)}")
    if set(body["collections"]) - set(agent.thing.body["collections"]):
        _check_maker(agent)
    thing = agent.store.put("agent", agent.thing.name, body, ctx.operation)
    return shown(Reached(agent.store, thing, agent.role, agent.mine), change)


def _draft(ctx: Context, name: str, body: dict[str, Any], functions: list[str]) -> str:
    """Let the agent's language model draft its instructions into the body; return what there is to say about it.

    Args:
        functions: The files that declare them, to be read again after a yes.

    Raises:
        NeedsConfirmation: nobody has agreed to the draft yet; agreeing creates the agent with it.
    """
    from copilot.answering.agent import model_body
    from copilot.answering.draft import draft
    from copilot.outside.catalogue import BUILTIN
    from copilot.outside.chat import Chat

    model = model_body(ctx.store, body["model"])
    if not body["purpose"] or model["id"] == BUILTIN.id:
        return ""
    try:
        text = draft(Chat(model["id"], model.get("api_base"), 0.0), body["purpose"], body["tone"])
    except CopilotError as error:
        return f"No instructions were drafted: {error.problem}"
    if ctx.consent == "none":
        given = {field: value for field, value in {**body, "functions": functions}.items() if value not in (None, "", [])}
        args = {"name": name, **given, "instructions": text} | ({"guardrails": [NOTHING]} if not body["guardrails"] else {})
        raise NeedsConfirmation(
            f"Create agent {name} with these instructions?",
            "Answer yes or no; give your own with --instructions; in a script, add --yes.",
            {"confirm": {"intent": "create_agent", "args": args}},
            Draft(name=name, instructions=text),
        )
    body["instructions"] = text
    return "The instructions were drafted by its model."


def _model(store: "Store", name: str) -> str:
    """Return the registered name of a model; raise NotFound with the nearest one."""
    if found := store.find("model", name):
        return found.name
    if name.lower() == BUILTIN_NAME:
        return BUILTIN_NAME
    raise NotFound.named("model", name, [*store.names("model"), BUILTIN_NAME], "See: copilot models list")


def _collections(agent: Reached, body: dict[str, Any], add: str | None, remove: str | None) -> list[str]:
    names = list(body["collections"])
    if add:
        agent.require("owner", "give it a collection")
        _check_maker(agent)  # before looking: who may not add one learns no names
        names.append(agent.store.get("collection", add).name)
    if remove:
        used = {name.lower(): name for name in names}
        if remove.lower() not in used:
            raise NotFound.named("collection", remove, names, f"{agent.name} reads: {', '.join(names) or 'none'}.")
        names.remove(used[remove.lower()])
    return list(dict.fromkeys(names))


def _check_maker(agent: Reached) -> None:
    """Raise Refused for all but who made the agent: its collections are theirs, and an owner's role is about the agent alone."""
    if not agent.mine:
        raise Refused(
            f"Only {agent.store.owner} can give {agent.name} a collection, as the documents are theirs.", f"Ask {agent.store.owner}."
        )


def _functions(agent: Reached, body: dict[str, Any], add: str | None, remove: str | None) -> list[dict[str, Any]]:
    functions = list(body.get("functions", ()))
    if remove:
        names = [f["name"] for f in functions]
        if remove not in names:
            raise NotFound.named("function", remove, names, f"{agent.name} has: {', '.join(names) or 'none'}.")
        functions = [f for f in functions if f["name"] != remove]
    return _declared([add], functions) if add else functions


def _declared(paths: list[str], functions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the functions with those of the files; one of the same name is replaced."""
    from copilot.answering.functions import declare

    found = {f["name"]: f for f in functions}
    for path in paths:
        found |= {f.name: f.as_json() for f in declare(Path(path).expanduser())}
    return list(found.values())


def _guardrails(names: list[str]) -> list[str]:
    wanted = _listed(names)
    if unknown := [name for name in wanted if name not in GUARDRAILS]:
        raise BadArguments(f"'{unknown[0]}' is no guardrail.", f"Choose from {', '.join(GUARDRAILS)}, or {NOTHING}.")
    return wanted


def _listed(values: list[str] | None) -> list[str]:
    return [value.strip() for value in dict.fromkeys(values or ()) if value.strip() and value.strip().lower() != NOTHING]


def _version(agent: Reached, number: int) -> dict[str, Any]:
    """Return what the agent was at a version; raise NotFound when there was none."""
    versions = {thing.version: thing.body for thing in agent.store.versions("agent", agent.thing.name)}
    if number not in versions:
        raise NotFound(f"{agent.name} has no version {number}.", f"See them: copilot agents show {agent.name} --versions")
    return dict(versions[number])
