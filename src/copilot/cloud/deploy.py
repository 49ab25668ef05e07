"""From an agent to a plan and back: what the abilities do with a deployment, on whichever account they hold."""

import sqlite3
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from copilot.answering.agent import model_body
from copilot.answering.policy import Policy
from copilot.cloud import bundle, rules
from copilot.cloud.account import LOCAL
from copilot.cloud.artifacts import Artifacts
from copilot.cloud.engine import Engine
from copilot.cloud.graph import Resource
from copilot.cloud.journal import Journal, Site, objects_in_use, objects_made, unfinished, workspace_id
from copilot.cloud.prices import Estimate
from copilot.cloud.providers import providers
from copilot.cloud.revisions import forget_erased
from copilot.cloud.serverless import INDEX, Blueprint, Content, Settings
from copilot.cloud.speaker import Speaker
from copilot.cloud.target import Target
from copilot.cloud.targets import chosen
from copilot.errors import BadArguments, Refused, Unavailable
from copilot.knowledge.portable import export
from copilot.outside.aws import Session
from copilot.outside.embed import find_weights
from copilot.outside.store import Store, Thing

WORKERS = 4
"""Resources of real AWS that are worked on at once."""


@dataclass(frozen=True)
class Prepared:
    """A deployment that is ready to be planned."""

    session: Session
    engine: Engine
    blueprint: Blueprint
    wanted: tuple[Resource, ...]
    findings: tuple[rules.Finding, ...]
    cost: Estimate


def account_of(session: Session) -> str:
    """Return what the journal calls an account: `simulated`, `local`, or the digits of a real one."""
    return "simulated" if session.simulated else session.account


def prepare(store: Store, session: Session, home: Path, agent: Thing, name: str, environment: str, settings: Settings) -> Prepared:
    """Build what a deployment of an agent consists of.

    Args:
        home: The workspace's folder; zips and exported indexes are kept in its cache.
        name: What the deployment is called in the workspace.

    Raises:
        BadArguments: there is no such region.
        Refused: the agent has nothing to answer from, or the configuration does not say enough.
        Unavailable: the code cannot be packed on this machine.
    """
    collections = tuple(agent.body["collections"])
    if not collections:
        raise Refused(
            f"The agent '{agent.name}' has no collection to answer from.", f"Give it one: copilot agents update {agent.name} --help"
        )
    if functions := agent.body.get("functions"):
        raise Refused(
            f"'{agent.name}' has functions of its own, which run on this machine only: {', '.join(f['name'] for f in functions)}.",
            f"Take them away, or deploy an agent without: copilot agents update {agent.name} --remove-function {functions[0]['name']}",
        )
    target = chosen(store, session.region, home)
    check_region(session, target)
    version = bundle.python_version(live=bool(target.service) and not session.simulated)
    cache = _cache(home, session)
    artifacts = Artifacts(cache / "artifacts")
    content = _pack(store, cache, artifacts, collections, (version, target.machine))
    blueprint = Blueprint(
        agent.name,
        agent.version,
        environment,
        store.owner,
        collections,
        session.account,
        session.region,
        f"python{version}",
        content,
        settings,
        Policy.of(agent.body),
        workspace_id(store),
        speaker_of(store, agent),
    )
    blueprint = target.seal(blueprint, artifacts)
    wanted = target.graph(blueprint)
    stored = sum(artifacts.path(digest).stat().st_size for digest in (content.code, content.index, content.weights, content.tokenizer))
    return Prepared(
        session,
        open_engine(store, session, home, name, blueprint.stack),
        blueprint,
        wanted,
        rules.check(wanted, session.region, home),
        target.estimate(blueprint, stored),
    )


def speaker_of(store: Store, agent: Thing) -> Speaker | None:
    """Return the model of Bedrock that an agent answers with; None for the built-in model."""
    body, model = agent.body, model_body(store, agent.body["model"])
    if model["provider"] != "bedrock":
        return None
    name = str(model["id"]).removeprefix("bedrock/")
    name = name if name.startswith("arn:") else name.rpartition("/")[2]  # LiteLLM writes a region or a route before it
    temperature = body["temperature"] if body["temperature"] is not None else model.get("temperature")
    return Speaker(name, body["purpose"], body["tone"], body["instructions"], temperature)


def check_region(session: Session, target: Target) -> None:
    """Raise BadArguments when AWS has not got the target's service where the session is."""
    regions = session.regions(target.service)
    if regions and session.region not in regions:  # the SDK does not know of every service where it is
        near = get_close_matches(session.region, regions, n=1)
        raise BadArguments(f"AWS has no {target.service} in '{session.region}'.", f"Use --region {(near or ['us-east-1'])[0]}")


def open_engine(store: Store, session: Session, home: Path, name: str, stack: str) -> Engine:
    site = Site(account_of(session), session.region, stack)
    workers = 1 if session.simulated else WORKERS  # the simulated account makes one change at a time, and in a fixed order the same ids
    return Engine(Journal(store, name), providers(session, Artifacts(_cache(home, session) / "artifacts")), site, workers)


def recover(store: Store, session: Session, home: Path) -> list[str]:
    """End what a crash cut off in this account and region; return one sentence for each deployment that was put back."""
    said = []
    for apply in unfinished(store):
        if (apply.site.account, apply.site.region) == (account_of(session), session.region):
            stuck = open_engine(store, session, home, apply.deployment, apply.site.stack).recover(apply)
            left = f"; still there: {', '.join(s.physical for s in stuck)}" if stuck else ""
            done = "is partly removed: remove it again" if apply.kind == "destroy" else "has been put back as it was"
            said.append(f"{apply.deployment} was interrupted and {done}{left}.")
    return said


def clean(store: Store, session: Session, home: Path) -> None:
    """Drop the artifacts that no deployment uses any more, and the old indexes in the simulated account: they hold documents."""
    from copilot.cloud.simulator.journal import Journal as SimulatedJournal

    forget_erased(store)
    used = objects_in_use(store)
    Artifacts(_cache(home, session) / "artifacts").keep_only(used)
    simulated = SimulatedJournal(home / "simulated")
    for digest in objects_made(store, INDEX) - used:
        simulated.forget(digest)


def _cache(home: Path, session: Session) -> Path:
    """Return where files are prepared: a folder for each account that can be held, since two processes can hold one each."""
    return home / "cache" / {"simulated": "", LOCAL: LOCAL}.get(account_of(session), "live")


def _pack(store: Store, cache: Path, artifacts: Artifacts, collections: tuple[str, ...], built_for: tuple[str, str]) -> Content:
    """Put together what an agent answers with.

    Args:
        built_for: Python version and machine.
    """
    version, machine = built_for
    model = find_weights()
    index = artifacts.folder / "index.db"  # where `clean` finds it if this process is killed: it holds documents
    try:
        artifacts.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        export(store, collections, index)
        return Content(
            code=artifacts.add(bundle.build(cache, version, machine=machine)),
            index=artifacts.add(index),
            weights=artifacts.add(model / "model.safetensors"),
            tokenizer=artifacts.add(model / "tokenizer.json"),
        )
    except (OSError, sqlite3.OperationalError) as error:
        raise Unavailable(
            f"What is to be deployed cannot be written to {cache}: {error}.", "Free some space; see: copilot doctor"
        ) from error
    finally:
        index.unlink(missing_ok=True)
