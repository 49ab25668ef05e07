"""The catalogue of models: searching it, and comparing models."""

import re
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Le

from copilot.context import Context
from copilot.errors import BadArguments, NotFound
from copilot.intent import intent
from copilot.intents.models.results import Compared, Comparison, Found, Offered, Score
from copilot.outside.catalogue import Capability, Entry, entries, providers
from copilot.outside.model_names import distinct, provider_named, resolve

if TYPE_CHECKING:
    from copilot.outside.store import Thing

SEARCH = "Look for it: copilot models search-catalog --query NAME"


@intent(
    "read",
    examples=(
        "what models can I pick that do vision for under $2 per million tokens",
        "browse bedrock models with at least 200k context",
        "is there a llama in the catalogue that does function calling",
    ),
)
def search_catalog(
    ctx: Context,
    query: str | None = None,
    provider: str | None = None,
    capability: Capability | None = None,
    min_context: Annotated[int, Gt(0)] | None = None,
    max_price: Annotated[float, Ge(0)] | None = None,
    limit: Annotated[int, Ge(1), Le(500)] = 20,
) -> Found:
    """Browse the models that can be registered, cheapest first.

    Args:
        query: Free words: family or vendor name, e.g. 'llama', 'claude haiku'.
        provider: Provider, lower case: openai, anthropic, bedrock, azure, gemini, mistral, ollama, ...
        capability: What the model must be able to do.
        min_context: Smallest context window, in tokens (128k = 128000).
        max_price: Highest input price, USD per 1 million tokens.
        limit: How many to show.
    """
    wanted = _provider(provider) if provider else ""
    words = [_plain(word) for word in (query or "").split()]
    matching = [
        entry
        for entry in entries()
        if (not wanted or wanted in (entry.provider, entry.id.partition("/")[0]))
        and (not capability or capability in entry.capabilities)
        and (not min_context or (entry.context or 0) >= min_context)
        and all(word in _plain(entry.provider + entry.id) for word in words)
    ]
    fitting = sorted(distinct(sorted(matching, key=lambda entry: len(entry.id))), key=_cheapest_first)
    priced = fitting if max_price is None else [e for e in fitting if e.input_price is not None and e.input_price <= max_price]
    unpriced = 0 if max_price is None else sum(entry.input_price is None for entry in fitting)
    return Found(models=tuple(_row(entry) for entry in priced[:limit]), matches=len(priced), unpriced=unpriced)


@intent(
    "read",
    examples=(
        "compare gpt-4o and claude 3.5 sonnet",
        "which is cheaper, gpt-4o-mini or gemini flash",
        "put nova-lite and nova-pro side by side",
    ),
)
def compare_models(ctx: Context, models: list[str]) -> Comparison:
    """Compare models side by side: price, context, capabilities, own scores.

    Args:
        models: Model names as you would write them, two or more.
    """
    asked = list(dict.fromkeys(models))
    if len(asked) < 2:
        raise BadArguments(f"It takes two models to compare, and there is {len(asked) or 'none'}.", "Name another one.")
    return Comparison(models=tuple(_compared(ctx, name) for name in asked))


def _compared(ctx: Context, asked: str) -> Compared:
    own = ctx.store.find("model", asked)
    if own:
        said = {name: own.body[name] for name in Offered.model_fields}
        return Compared(asked=asked, scores=tuple(_scores(ctx, own)), **said)
    meant = resolve(asked)
    entry = meant.model or next(iter(meant.candidates), None)
    if entry is None:
        raise NotFound.named("model", asked, [near.id for near in meant.similar] + ctx.store.names("model"), SEARCH)
    return Compared(asked=asked, scores=(), **dict(_row(entry)))


def _row(entry: Entry) -> Offered:
    return Offered(**{name: getattr(entry, name) for name in Offered.model_fields})


def _scores(ctx: Context, model: "Thing") -> list[Score]:
    """Return the latest score of every agent on the model in every benchmark."""
    from copilot.evaluation.report import latest

    scores = []
    for agent in ctx.store.all("agent"):
        on_model = {past.version for past in ctx.store.versions("agent", agent.name) if past.body.get("model") == model.name}
        for report in latest(ctx.store, agent.name) if on_model else ():
            if report.agent_version in on_model:
                scores.append(Score(benchmark=report.benchmark, agent=agent.name, score=report.score, cases=report.cases))
    return scores


def _provider(name: str) -> str:
    found = provider_named(name)
    if not found:
        raise NotFound.named("provider", name, providers(), "Leave --provider out to see all of them.")
    return found


def _cheapest_first(entry: Entry) -> tuple[bool, float, float, int, str]:
    return (entry.input_price is None, entry.input_price or 0, entry.output_price or 0, entry.rank, entry.id)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
