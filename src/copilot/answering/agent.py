"""An agent at work: search its collections, answer with its model."""

from dataclasses import dataclass
from typing import Any

from copilot.answering.answer import Answer
from copilot.errors import NotFound, Refused
from copilot.knowledge.index import choose_index
from copilot.knowledge.search import Encoder, search
from copilot.outside.catalogue import BUILTIN, BUILTIN_NAME
from copilot.outside.store import Store, Thing

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
    )


def model_body(store: Store, name: str) -> dict[str, Any]:
    """Return a registered model's body; the built-in one is always there."""
    if name.lower() == BUILTIN_NAME and not store.find("model", name):
        return {"id": BUILTIN.id, "provider": BUILTIN.provider}
    return store.get("model", name).body


def ask(store: Store, embedder: Encoder, agent: Agent, question: str) -> Answer:
    """Answer a question from the agent's collections.

    Raises:
        Refused: the agent reads no collection.
        NotFound: one of its collections is gone.
        Unavailable: its model cannot be reached.
    """
    if not agent.collections:
        raise Refused(f"'{agent.name}' reads no collection.", f"Give it one: copilot agents update {agent.name} --add-collection NAME")
    known = store.names("collection")
    if gone := [name for name in agent.collections if name not in known]:
        raise NotFound.named(
            "collection", gone[0], known, f"Take it away: copilot agents update {agent.name} --remove-collection {gone[0]}"
        )
    index = choose_index(store, agent.collections)
    passages = search(store.connection, store.owner, embedder, agent.collections, question, PASSAGES, index)
    if agent.offline:
        from copilot.answering.extract import answer

        return answer(question, passages, embedder)
    from copilot.answering.generate import generate
    from copilot.outside.chat import Chat

    temperature = agent.temperature if agent.temperature is not None else agent.model.get("temperature")
    chat = Chat(agent.model["id"], agent.model.get("api_base"), temperature)
    return generate(question, passages, chat, agent)
