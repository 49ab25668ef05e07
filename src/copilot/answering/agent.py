"""An agent at work: search its collections, answer with its model."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from copilot.answering.answer import Answer
from copilot.answering.policy import Policy
from copilot.errors import NotFound, Refused
from copilot.knowledge.index import choose_index
from copilot.knowledge.search import search
from copilot.outside.catalogue import BUILTIN, BUILTIN_NAME
from copilot.outside.store import Store, Thing

if TYPE_CHECKING:
    from copilot.answering.functions import Called
    from copilot.answering.talk import Turn
    from copilot.knowledge.search import Passage
    from copilot.outside.chat import Chat
    from copilot.outside.embed_numpy import SentenceEncoder

PASSAGES = 8
"""How many passages an answer is made from."""


@dataclass(frozen=True)
class Agent:
    """What an agent is made of. `model` is the body of its model; `temperature` is None for the model's own."""

    name: str
    version: int
    model: dict[str, Any]
    collections: tuple[str, ...]
    purpose: str
    tone: str
    instructions: str
    temperature: float | None
    policy: Policy = field(default_factory=Policy)
    functions: tuple[dict[str, Any], ...] = ()

    @property
    def offline(self) -> bool:
        """Whether the built-in model answers, which needs no network."""
        return bool(self.model["id"] == BUILTIN.id)


def open_agent(store: Store, thing: Thing) -> Agent:
    """Put an agent together; raise NotFound when its model is gone."""
    body = thing.body
    return Agent(
        name=thing.name,
        version=thing.version,
        model=model_body(store, body["model"]),
        collections=tuple(body["collections"]),
        purpose=body["purpose"],
        tone=body["tone"],
        instructions=body["instructions"],
        temperature=body["temperature"],
        policy=Policy.of(body),
        functions=tuple(body.get("functions", ())),
    )


def model_body(store: Store, name: str) -> dict[str, Any]:
    """Return a registered model's body; the built-in one is always there."""
    if model := store.find("model", name):
        return model.body
    if name.lower() == BUILTIN_NAME:
        return {"id": BUILTIN.id, "provider": BUILTIN.provider}
    raise NotFound(f"No model named '{name}'.", "Register it again, or choose another one.")  # who asks may not know of its owner's others


def ask(store: Store, embedder: "SentenceEncoder", agent: Agent, question: str, turns: "Sequence[Turn]" = ()) -> Answer:
    """Answer a question from the agent's collections and functions, within its policy.

    Args:
        store: The workspace that the agent lives in.
        turns: What was asked before, oldest first; a question that leans on it is read with it.

    Raises:
        Refused: the agent reads no collection.
        NotFound: one of its collections is gone.
        Unavailable: its model cannot be reached.
    """
    from copilot.answering.functions import Called, Function, call
    from copilot.answering.guard import guarded
    from copilot.answering.talk import standalone

    _check_collections(store, agent)
    whole = standalone(question, turns)
    chat = None if agent.offline else _chat(agent)
    called = Called()

    def find() -> "list[Passage]":
        nonlocal called
        called = call([Function(**function) for function in agent.functions], whole, chat)
        index = choose_index(store, agent.collections)
        found = search(store.connection, store.owner, embedder, agent.collections, whole, PASSAGES, index) if agent.collections else []
        return [*called.passages, *found]

    def answer(passages: "list[Passage]") -> Answer:
        made = _generated(agent, question, passages, chat, turns) if chat else _extracted(whole, passages, embedder)
        return replace(_with_cost(made, called), reported=called.failed)

    return guarded(whole, agent.policy, embedder, find, answer, typed=question)


def _check_collections(store: Store, agent: Agent) -> None:
    if not agent.collections and not agent.functions:
        raise Refused(f"'{agent.name}' reads no collection.", f"Give it one: copilot agents update {agent.name} --add-collection NAME")
    known = store.names("collection")
    if gone := [name for name in agent.collections if name not in known]:  # who asks may not know of its owner's others
        raise NotFound(
            f"No collection named '{gone[0]}'.", f"Take it away: copilot agents update {agent.name} --remove-collection {gone[0]}"
        )


def _chat(agent: Agent) -> "Chat":
    from copilot.outside.chat import Chat

    temperature = agent.temperature if agent.temperature is not None else agent.model.get("temperature")
    return Chat(agent.model["id"], agent.model.get("api_base"), temperature)


def _generated(agent: Agent, question: str, passages: "list[Passage]", chat: "Chat", turns: "Sequence[Turn]") -> Answer:
    from copilot.answering.generate import generate

    return generate(question, passages, chat, agent, turns)


def _extracted(question: str, passages: "list[Passage]", embedder: "SentenceEncoder") -> Answer:
    from copilot.answering.answer import Claim, cite
    from copilot.answering.extract import answer

    # the built-in model reads documents; what a function said is quoted whole, unless it was blacked out
    if results := [p for p in passages if p.chunk < 0 and any(map(str.isalnum, p.text))]:
        claims = tuple(Claim(p.text, cite(p, 0, len(p.text))) for p in results)
        return Answer(" ".join(claim.text for claim in claims), claims, confidence=1.0)
    return answer(question, [p for p in passages if p.chunk >= 0], embedder)


def _with_cost(answer: Answer, called: "Called") -> Answer:
    """Add what choosing the functions cost."""
    if called.reply is None:
        return answer
    usd = None if answer.usd is None or called.reply.usd is None else answer.usd + called.reply.usd
    tokens_in, tokens_out = (answer.tokens_in or 0) + called.reply.tokens_in, (answer.tokens_out or 0) + called.reply.tokens_out
    return replace(answer, tokens_in=tokens_in, tokens_out=tokens_out, usd=usd)
