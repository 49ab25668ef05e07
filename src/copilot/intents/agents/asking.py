"""Asking an agent, here or where it is deployed."""

import time
from typing import TYPE_CHECKING

from copilot.context import Context
from copilot.errors import BadArguments, NeedsAnswer, NotFound
from copilot.intent import intent
from copilot.intents.agents.results import Answered, CitationItem
from copilot.outside.access import Reached, reach

if TYPE_CHECKING:
    from copilot.answering.answer import Answer, Citation
    from copilot.answering.talk import Talk
    from copilot.outside.store import Store, Thing

LONGEST_QUESTION = 4000


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
    from copilot.answering.talk import Talk

    reached = reach(ctx.store, agent).require("user", "ask it")
    if not question:
        args = {"agent": reached.name} | ({"deployment": deployment} if deployment else {})
        pending = {"ask": "question", "intent": "ask_agent", "args": args}
        raise NeedsAnswer(f"What do you want to ask {reached.name}?", f'In a script: copilot agents ask {reached.name} "…"', pending)
    if len(question) > LONGEST_QUESTION:
        raise BadArguments(f"The question has {len(question):,} characters; {LONGEST_QUESTION:,} are read.", "Ask a shorter one.")
    started = time.perf_counter()
    talk = Talk(ctx.store, reached.store.owner, reached.thing.name)
    said = _ask_deployment(ctx, reached, deployment, question) if deployment else _ask_here(ctx, reached, talk, question)
    return Answered(
        agent=reached.name,
        deployment=deployment,
        text=said.text,
        refused=said.refused,
        why=said.why,
        confidence=said.confidence,
        citations=tuple(_citation(n, claim.citation) for n, claim in enumerate(said.claims, 1)),
        nearest=tuple(_citation(n, citation) for n, citation in enumerate(said.nearest, 1)),
        reported=said.reported,
        turn=talk.remember(reached.thing, question, said),
        milliseconds=(time.perf_counter() - started) * 1000,
        tokens_in=said.tokens_in,
        tokens_out=said.tokens_out,
        usd=said.usd,
    )


def _ask_here(ctx: Context, agent: Reached, talk: "Talk", question: str) -> "Answer":
    from copilot.answering.agent import ask, open_agent

    return ask(agent.store, ctx.embedder, open_agent(agent.store, agent.thing), question, talk.recent())


def _ask_deployment(ctx: Context, agent: Reached, deployment: str, question: str) -> "Answer":
    """Ask over HTTP; the endpoint answers in the same form, under the policy that the agent had when it was deployed."""
    from copilot.answering.answer import Answer
    from copilot.cloud.endpoint import invoke

    return Answer.from_json(invoke(agent.store, ctx.home, ctx.live, deployed(agent.store, agent.thing, deployment).name, question))


def deployed(store: "Store", agent: "Thing", name: str) -> "Thing":
    """Return a deployment of an agent by its name or its environment; raise NotFound, which names no deployment of another agent."""
    own = {d.name.lower(): d for d in store.all("deployment") if d.body.get("agent") == agent.name}
    found = own.get(f"{agent.name}-{name}".lower()) or own.get(name.lower())
    if found is None:
        listed = (
            f"It runs as: {', '.join(d.name for d in own.values())}."
            if own
            else f"Deploy it: copilot deployments deploy-agent --agent {agent.name}"
        )
        raise NotFound.named(f"deployment of {agent.name}", name, (d.name for d in own.values()), listed)
    return found


def _citation(number: int, citation: "Citation") -> CitationItem:
    return CitationItem(number=number, **{f: getattr(citation, f) for f in CitationItem.model_fields if f != "number"})
