"""The models of a workspace: registering, checking, choosing and removing them."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from annotated_types import Ge, Le

from copilot.context import Context
from copilot.errors import BadArguments, NeedsAnswer, NotFound, Refused, Unavailable
from copilot.intent import Url, intent
from copilot.intents.models.browse import SEARCH
from copilot.intents.models.results import Checked, Listed, Own, Registered, Removed, Used
from copilot.outside.catalogue import BUILTIN, BUILTIN_NAME, Entry, credentials, entries
from copilot.outside.model_names import resolve, self_hosted, short, uncharted

if TYPE_CHECKING:
    from copilot.outside.store import Thing

NAME_LENGTH = 64
Row = TypeVar("Row", Own, Registered)
Ask = Callable[[], tuple[str, float | None]]
"""Asks a model one tiny thing; returns its answer and what it cost in USD."""


@intent("read", examples=("which models do I have set up?", "list my models", "what models are registered here"))
def list_models(ctx: Context) -> Listed:
    """List the models registered in this workspace."""
    default = _default(ctx)
    bodies = {BUILTIN_NAME: _body(BUILTIN), **{thing.name: thing.body for thing in ctx.store.all("model")}}
    return Listed(models=tuple(_as(Own, body, name=name, default=name == default) for name, body in bodies.items()))


@intent(
    "write",
    examples=(
        "register bedrock/anthropic.claude-3-haiku as haiku",
        "add the llama3.2 model running at http://localhost:11434",
        "register the built-in offline model",
    ),
)
def register_model(
    ctx: Context,
    model: str,
    name: str | None = None,
    temperature: Annotated[float, Ge(0), Le(2)] | None = None,
    api_base: Url | None = None,
) -> Registered:
    """Add a model to the workspace so that agents can use it.

    Args:
        model: The model's id or name as you would write it.
        name: Short name (alias) to give it.
        temperature: Default sampling temperature.
        api_base: Base URL of a self-hosted endpoint.
    """
    entry = self_hosted(model, api_base) if api_base else _meant(model, {"name": name, "temperature": temperature})
    alias = name or (BUILTIN_NAME if entry == BUILTIN else short(entry.id))
    if not 0 < len(alias) <= NAME_LENGTH or not alias.isprintable():
        raise BadArguments(f"'{alias[:NAME_LENGTH]}' is no name for a model.", f"Give one of at most {NAME_LENGTH} characters with --name.")
    if alias.lower() == BUILTIN_NAME and entry != BUILTIN:
        raise Refused(f"'{BUILTIN_NAME}' means the built-in model, which never leaves this machine.", "Choose another name with --name.")
    body = _body(entry, api_base, temperature)
    ctx.store.add("model", alias, body, ctx.operation)
    similar = () if api_base or entry in entries() else _similar(model)
    return _as(Registered, body, name=alias, similar=similar, credentials="" if api_base else credentials(entry.provider))


@intent("read", examples=("is haiku working?", "ping the gpt4 model", "check that the offline model answers"))
def check_model(ctx: Context, name: str) -> Checked:
    """Check that a model answers: credentials, one tiny call, its latency.

    Args:
        name: Registered model.
    """
    thing = _registered(ctx, name)
    ask = _builtin(ctx) if thing.body["id"] == BUILTIN.id else _remote(thing)
    started = time.perf_counter()
    said, usd = ask()
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    return Checked(name=thing.name, id=thing.body["id"], said=said, usd=usd, milliseconds=milliseconds)


@intent("write", examples=("switch to haiku", "make gpt4 the default model", "use the offline model from now on"))
def use_model(ctx: Context, name: str) -> Used:
    """Make a registered model the workspace default.

    Args:
        name: Registered model.
    """
    thing, before = _registered(ctx, name), _default(ctx)
    ctx.store.set(ctx.operation, model=thing.name)
    return Used(name=thing.name, before=before)


@intent("write", examples=("drop the haiku model", "remove gpt4 from my models", "unregister the sonnet model"))
def remove_model(ctx: Context, name: str) -> Removed:
    """Remove a model from the workspace.

    Args:
        name: Registered model.
    """
    thing = ctx.store.get("model", name)
    users = [agent.name for agent in ctx.store.all("agent") if agent.body.get("model") == thing.name]
    if users:
        raise Refused(
            f"'{thing.name}' is used by {', '.join(users)}.",
            f"Give them another model first: copilot agents update {users[0]} --model NAME",
        )
    was_default = _default(ctx) == thing.name
    ctx.store.remove("model", thing.name, ctx.operation)
    if was_default:
        ctx.store.set(ctx.operation, model=None)
    return Removed(name=thing.name, default=_default(ctx))


def _default(ctx: Context) -> str:
    chosen = str(ctx.store.settings().get("model") or "")
    return chosen if chosen and ctx.store.find("model", chosen) else BUILTIN_NAME


def _body(entry: Entry, api_base: str | None = None, temperature: float | None = None) -> dict[str, Any]:
    known = {name: value for name, value in asdict(entry).items() if name != "mode"}
    return {**known, "api_base": api_base, "temperature": temperature}


def _as(kind: type[Row], body: dict[str, Any], **more: Any) -> Row:
    """Show a registered model as a row of a result."""
    return kind(**{name: body[name] for name in kind.model_fields if name in body}, **more)


def _registered(ctx: Context, name: str) -> "Thing":
    """Return a registered model; the built-in one is there without being registered."""
    from copilot.outside.store import Thing

    if name.lower() == BUILTIN_NAME and not ctx.store.find("model", name):
        return Thing("model", BUILTIN_NAME, 0, _body(BUILTIN), "")
    return ctx.store.get("model", name)


def _meant(model: str, more: dict[str, Any]) -> Entry:
    """Return the model that a person means; ask when it could be several.

    Raises:
        NeedsAnswer: several models have that name in theirs.
        NotFound: nothing is called so, and no provider is named that might know it.
    """
    meant = resolve(model)
    entry = meant.model or uncharted(model)
    if entry:
        return entry
    if meant.candidates:
        given = {name: value for name, value in more.items() if value is not None}
        choices = [{"intent": "register_model", "args": {"model": near.id, **given}} for near in meant.candidates]
        names = ", ".join(near.id for near in meant.candidates)
        raise NeedsAnswer(f"'{model}' could be any of these: {names}.", "Name one of them.", {"choose": choices})
    raise NotFound.named("model", model, [near.id for near in meant.similar], SEARCH)


def _similar(model: str) -> tuple[str, ...]:
    meant = resolve(model)
    return tuple(near.id for near in meant.candidates or meant.similar)


def _remote(thing: "Thing") -> Ask:
    """Load what reaches a model, and return the call that asks it."""
    from copilot.outside.chat import Chat

    body = thing.body
    if "chat" not in body["capabilities"]:
        able = ", ".join(body["capabilities"])
        raise Unavailable(f"'{thing.name}' does not chat, it can do: {able}.", "Check a model that answers questions.")
    chat = Chat(body["id"], api_base=body["api_base"], temperature=body["temperature"])
    chat.load()

    def ask() -> tuple[str, float | None]:
        try:
            reply = chat.complete([{"role": "user", "content": "Answer with the word ready."}])
        except Unavailable as error:
            needed = "" if body["api_base"] else credentials(body["provider"])
            hint = f"'{thing.name}' needs {needed} in the environment. {error.hint}" if needed else error.hint
            raise Unavailable(error.problem, hint) from error
        return reply.text, reply.usd

    return ask


def _builtin(ctx: Context) -> Ask:
    from copilot.answering.extract import answer
    from copilot.knowledge.search import Passage

    text = "The spare key is kept in the blue drawer."
    passage = Passage(1, 1, "check", "check", "check", None, None, "", text, 0, len(text), 1.0, 1.0)
    embedder = ctx.embedder
    return lambda: (answer("Where is the spare key kept?", [passage], embedder).text, 0.0)
