"""The simulated account, a deployment made of small files, and calls that go wrong."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.artifacts import Artifacts
from copilot.cloud.engine import Engine
from copilot.cloud.graph import Resource
from copilot.cloud.journal import Journal, Site
from copilot.cloud.providers import providers
from copilot.cloud.serverless import Blueprint, Content, Settings
from copilot.cloud.simulator.account import running, shut_down
from copilot.outside.aws import ClientError, Session
from copilot.outside.store import Store

EMPTY: dict[str, list[str]] = {
    name: [] for name in ("buckets", "tables", "roles", "functions", "logs", "alarms", "apis", "keys", "plans", "dashboards", "budgets")
}
READS = ("Describe", "List", "Get", "Head")
HANDLER = "def handle(event, context):\n    return {'statusCode': 200, 'body': event['body']}\n"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with running(tmp_path / "simulated") as endpoint:
        yield Session("us-east-1", endpoint)
    shut_down()


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


@pytest.fixture
def blueprint(artifacts: Artifacts, tmp_path: Path) -> Blueprint:
    return small_blueprint(artifacts, tmp_path)


def small_blueprint(artifacts: Artifacts, folder: Path, index: str = "index", settings: Settings | None = None) -> Blueprint:
    """A deployment like a real one, of a few bytes; `index` stands for the documents."""
    code = folder / "code.zip"
    with zipfile.ZipFile(code, "w") as archive:
        for name in ("copilot/__init__.py", "copilot/cloud/__init__.py"):
            archive.writestr(zipfile.ZipInfo(name), "")
        archive.writestr(zipfile.ZipInfo("copilot/cloud/handler.py"), HANDLER)
    digests = [artifacts.add(code)]
    for text in (index, "weights", "tokenizer"):
        (folder / "part").write_text(text)
        digests.append(artifacts.add(folder / "part"))
        (folder / "part").unlink()
    content = Content(*digests)
    return Blueprint(
        "helpdesk", 1, "dev", "tester", ("company",), "123456789012", "us-east-1", "python3.11", content, settings or Settings()
    )


@pytest.fixture
def engine(store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint) -> Engine:
    return Engine(Journal(store, "helpdesk-dev"), providers(session, artifacts), Site("simulated", "us-east-1", blueprint.stack))


def carry_out(engine: Engine, wanted: tuple[Resource, ...]) -> None:
    engine.apply(engine.plan(wanted), "operation")


def everything(session: Session) -> dict[str, list[str]]:
    """Name all that is in the account, by service."""
    gateway = session.client("apigateway")
    return {
        "buckets": [b["Name"] for b in session.client("s3").list_buckets()["Buckets"]],
        "tables": session.client("dynamodb").list_tables()["TableNames"],
        "roles": [r["RoleName"] for r in session.client("iam").list_roles()["Roles"]],
        "functions": [f["FunctionName"] for f in session.client("lambda").list_functions()["Functions"]],
        "logs": [g["logGroupName"] for g in session.client("logs").describe_log_groups()["logGroups"]],
        "alarms": [a["AlarmName"] for a in session.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboards": [d["DashboardName"] for d in session.client("cloudwatch").list_dashboards()["DashboardEntries"]],
        "budgets": [b["BudgetName"] for b in session.client("budgets").describe_budgets(AccountId=session.account).get("Budgets", [])],
        "apis": [a["name"] for a in gateway.get_rest_apis()["items"]],
        "keys": [k["name"] for k in gateway.get_api_keys()["items"]],
        "plans": [p["name"] for p in gateway.get_usage_plans()["items"]],
    }


class Killed(BaseException):
    """The process is gone: no call of it reaches the account any more."""


class Faults:
    """Lets one call of a session go wrong.

    `count` numbers the calls that change something, from 1. `at` says which one, and `kind` how: a refused or throttled call has
    no effect; a lost one has, and its caller hears nothing of it; `killed` ends the process before the call, `killed after` when it
    is done. `refuse` and `lose` choose calls by number and name.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.reset()
        session.boto.events.register("before-call.*.*", self._before)
        session.boto.events.register("after-call.*.*", self._after)

    def reset(self, kind: str = "", at: int = 0) -> None:
        self.kind, self.at, self.count, self.dead = kind, at, 0, False
        self.refuse: Callable[[int, str], bool] = lambda number, name: False
        self.lose: Callable[[int, str], bool] = lambda number, name: False

    def _before(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        context["number"] = 0
        if self.dead:
            raise Killed
        if model.name.startswith(READS):
            return
        self.count += 1
        context["number"] = self.count
        if self.kind == "killed" and self.count == self.at:
            self.dead = True
            raise Killed
        if self.kind == "throttled" and self.count in (self.at, self.at + 1):
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "too fast"}}, model.name)
        if self.refuse(self.count, model.name) or (self.kind == "refused" and self.count == self.at):
            raise ClientError({"Error": {"Code": "Injected", "Message": "refused"}}, model.name)

    def _after(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        number = context["number"]
        if self.kind == "killed after" and number and number == self.at:
            self.dead = True
            raise Killed
        if number and (self.lose(number, model.name) or (self.kind == "lost" and number == self.at)):
            from botocore.exceptions import ReadTimeoutError

            raise ReadTimeoutError(endpoint_url="injected")
