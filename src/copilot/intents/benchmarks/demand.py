"""Benchmarks that come back by themselves, and agents under load."""

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Le

from copilot.context import Context
from copilot.errors import CopilotError, NotFound
from copilot.intent import Duration, Frequency, intent
from copilot.intents.agents.asking import deployed
from copilot.intents.benchmarks.results import ErrorItem, Loaded, Scheduled
from copilot.intents.benchmarks.runs import seconds_of
from copilot.intents.benchmarks.wiring import answering, named_benchmark
from copilot.outside.access import own

if TYPE_CHECKING:
    from contextlib import ExitStack

    from copilot.evaluation.load import Put
    from copilot.evaluation.schedule import Due
    from copilot.outside.store import Thing

USERS = 10
REQUESTS = 100
NEVER = "never"
PLAIN = ("What is this about?", "Who is responsible?", "When does it apply?", "How much does it cost?")
"""Asked where nothing better can be made from the agent's documents."""


@intent("write", examples=("run hr-qa on helpdesk every week", "test helpdesk for safety every night", "schedule hr-qa on helpdesk daily"))
def schedule_benchmark(ctx: Context, agent: str, benchmark: str, frequency: Frequency) -> Scheduled:
    """Run a benchmark on an agent regularly.

    Args:
        agent: Agent.
        benchmark: Benchmark.
        frequency: How often, in local time: hourly, daily, weekly, monthly or a cron line; never ends it.
    """
    from copilot.evaluation.schedule import KIND, following, local_now

    thing = own(ctx.store, agent)
    if frequency == NEVER:
        return _unscheduled(ctx, thing, benchmark)
    chosen = named_benchmark(ctx, benchmark, thing)
    first = following(frequency, local_now())
    body = {"agent": thing.name, "benchmark": chosen.name, "frequency": frequency, "standard": chosen.body["source"] == "standard"}
    ctx.store.put(KIND, f"{chosen.name} on {thing.name}", body, ctx.operation)
    return Scheduled(agent=thing.name, benchmark=chosen.name, frequency=frequency, next_run=first.isoformat(timespec="minutes"))


@intent(
    "write",
    examples=(
        "hit helpdesk with 50 concurrent users for 2 minutes",
        "load test helpdesk with 1000 requests",
        "how does helpdesk hold up under load",
    ),
)
def load_test(
    ctx: Context,
    agent: str,
    concurrency: Annotated[int, Ge(1), Le(500)] | None = None,
    requests: Annotated[int, Ge(1), Le(1_000_000)] | None = None,
    duration: Duration | None = None,
    deployment: str | None = None,
) -> Loaded:
    """Send concurrent requests to an agent; report latency and errors.

    Args:
        agent: Agent.
        concurrency: Requests at once; 10 unless said.
        requests: Requests in all; 100 unless a duration is given.
        duration: How long.
        deployment: Ask this deployment's endpoint instead of answering here.
    """
    from contextlib import ExitStack

    from copilot.evaluation.load import Demand, load
    from copilot.evaluation.statistics import quantile

    thing = own(ctx.store, agent)
    demand = Demand(concurrency or USERS, requests or (None if duration else REQUESTS), seconds_of(duration))
    questions = _questions(ctx, thing)
    with ExitStack() as held:
        put = _endpoint(ctx, thing, deployment) if deployment else _here(ctx, thing, held)
        put(questions[0])  # what is loaded once is not a user's wait
        found = load(put, questions, demand, ctx.progress)
    figures: dict[str, Any] = {
        "agent_version": thing.version,
        "deployment": deployment,
        "concurrency": demand.users,
        "requests": found.requests,
        "seconds": found.seconds,
        "throughput": found.throughput,
        "p50_milliseconds": quantile(found.latencies, 0.5),
        "p95_milliseconds": quantile(found.latencies, 0.95),
        "p99_milliseconds": quantile(found.latencies, 0.99),
        "refused": found.refused,
        "failed": found.errors.total(),
    }
    ctx.store.put("load", thing.name, figures, ctx.operation)
    errors = tuple(ErrorItem(problem=problem, times=times) for problem, times in found.errors.most_common())
    return Loaded(agent=thing.name, **figures, errors=errors)


def _unscheduled(ctx: Context, agent: "Thing", benchmark: str) -> Scheduled:
    """Take a schedule away, also one of a benchmark that is gone."""
    from copilot.evaluation.schedule import KIND

    kept = {s.body["benchmark"].lower(): s for s in ctx.store.all(KIND) if s.body["agent"] == agent.name}
    found = kept.get(benchmark.lower())
    if found is None:
        listed = ", ".join(s.body["benchmark"] for s in kept.values()) or "nothing"
        raise NotFound(f"{benchmark} is not scheduled on {agent.name}.", f"What runs on {agent.name} by itself: {listed}.")
    ctx.store.remove(KIND, found.name, ctx.operation)
    return Scheduled(agent=agent.name, benchmark=found.body["benchmark"], frequency=NEVER, next_run=None)


def due_benchmarks(ctx: Context) -> "list[Due]":
    """Return what `copilot work` has to run now."""
    from copilot.evaluation.run import mark_interrupted
    from copilot.evaluation.schedule import due, local_now

    mark_interrupted(ctx.store)
    return due(ctx.store, local_now())


def _here(ctx: Context, agent: "Thing", held: "ExitStack") -> "Put":
    from copilot.outside.store import Thing

    ask = held.enter_context(answering(ctx, Thing("benchmark", "load", 1, {}, ""), agent))
    return lambda question: not ask(question).refused


def _endpoint(ctx: Context, agent: "Thing", deployment: str) -> "Put":
    from copilot.cloud.endpoint import invoke

    target = deployed(ctx.store, agent, deployment)
    return lambda question: not invoke(ctx.store, ctx.home, ctx.live, target.name, question)["refused"]


def _questions(ctx: Context, agent: "Thing") -> list[str]:
    """Return what users ask: the cases of the agent's benchmarks, else questions made from its documents."""
    from copilot.evaluation.gate import concerns
    from copilot.evaluation.generate import generate

    asked = [case["question"] for b in ctx.store.all("benchmark") if concerns(ctx.store, b, agent) for case in b.body["cases"]]
    if asked:
        return asked
    try:
        return [case.question for case in generate(ctx.store, agent.body["collections"])]
    except CopilotError:
        return list(PLAIN)
