"""From the workspace to what a run needs: benchmarks by name, the judge, an agent that can be asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from copilot.context import Context

if TYPE_CHECKING:
    from copilot.answering.answer import Answer
    from copilot.evaluation.scorers import Bench
    from copilot.outside.chat import Chat
    from copilot.outside.store import Thing


def named_benchmark(ctx: Context, name: str, agent: "Thing") -> "Thing":
    """Return a benchmark of the workspace, or a standard one put together for the agent; raise NotFound for neither."""
    from copilot.evaluation.standard import STANDARD, standard

    own = ctx.store.find("benchmark", name)
    if own is None and name.lower() in STANDARD:
        return standard(ctx.store, name.lower(), agent)
    return own or ctx.store.get("benchmark", name)


def all_benchmarks(ctx: Context, agent: "Thing") -> "list[Thing]":
    """Return the benchmarks that are about the agent; every one there is when none is, and the standard ones when there is none."""
    from copilot.evaluation.gate import concerns
    from copilot.evaluation.standard import STANDARD, standard

    existing = ctx.store.all("benchmark")
    mine = [thing for thing in existing if concerns(ctx.store, thing, agent)]
    return mine or existing or [standard(ctx.store, name, agent) for name in STANDARD]


def chat(ctx: Context) -> "Chat | None":
    """Return the workspace's language model; None when that is the built-in one."""
    from copilot.answering.agent import model_body
    from copilot.outside.catalogue import BUILTIN, BUILTIN_NAME
    from copilot.outside.chat import Chat

    body = model_body(ctx.store, ctx.store.settings().get("model") or BUILTIN_NAME)
    return None if body["id"] == BUILTIN.id else Chat(body["id"], body.get("api_base"), 0.0)


@contextmanager
def scoring(ctx: Context, benchmark: "Thing") -> "Iterator[Bench]":
    """Give the scorers the embedder, the workspace's language model as a judge when there is one, and a metric of one's own."""
    from copilot.evaluation.custom import metric
    from copilot.evaluation.scorers import Bench

    model = chat(ctx)
    judge = (lambda text: model.complete([{"role": "user", "content": text}]).text) if model else None
    criteria = benchmark.body.get("criteria", "")
    if "code" in benchmark.body:
        with metric(benchmark.body["code"], benchmark.body["passes"]) as custom:
            yield Bench(ctx.embedder, judge, criteria, custom)
    else:
        yield Bench(ctx.embedder, judge, criteria)


@contextmanager
def answering(ctx: Context, benchmark: "Thing", agent: "Thing") -> "Iterator[Callable[[str], Answer]]":
    """Give a function that puts a question to the agent, on the documents of the benchmark where it has its own."""
    from copilot.evaluation.asking import asking
    from copilot.evaluation.standard import workspace

    with workspace(ctx.store, ctx.embedder, benchmark, agent) as (store, thing), asking(store, ctx.embedder, thing) as put:
        yield put
