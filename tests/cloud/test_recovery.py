"""A deployment that dies in the middle."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from copilot.cloud.deploy import recover
from copilot.cloud.journal import Journal, Site, objects_in_use, unfinished
from copilot.cloud.plan import Change
from copilot.cloud.simulator.account import running, shut_down
from copilot.outside.aws import Session
from copilot.outside.store import Store
from tests.cloud.conftest import EMPTY, everything

DEPLOY_AND_DIE = """
import os, signal, sys
from pathlib import Path
from copilot.cloud.artifacts import Artifacts
from copilot.cloud.simulator.account import running
from copilot.outside.aws import Session
from copilot.outside.store import Store
from tests.cloud.conftest import Faults, carry_out, small_blueprint
from tests.cloud.test_deploy_faults import fresh, graph
home, number = Path(sys.argv[1]), int(sys.argv[2])
with running(home / "simulated") as endpoint:
    artifacts = Artifacts(home / "cache" / "artifacts")
    blueprint = small_blueprint(artifacts, home)
    store = Store(home / "copilot.db", "tester")
    engine, faults = fresh(store, Session("us-east-1", endpoint), artifacts, blueprint)
    faults.lose = lambda n, name: n == number and os.kill(os.getpid(), signal.SIGKILL)
    carry_out(engine, graph(blueprint))
"""


@pytest.mark.parametrize("number", [pytest.param(n, marks=() if n == 24 else pytest.mark.sweep) for n in (1, 7, 15, 19, 21, 24, 27, 28)])
def test_a_deployment_that_is_killed_is_rolled_back_at_the_next_start(number: int, tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    killed = subprocess.run([sys.executable, "-c", DEPLOY_AND_DIE, str(tmp_path), str(number)], cwd=root, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    store = Store(tmp_path / "copilot.db", "tester")
    assert len(unfinished(store)) == 1
    with running(tmp_path / "simulated") as endpoint:
        session = Session("us-east-1", endpoint)
        assert "put back" in recover(store, session, tmp_path)[0]
        assert everything(session) == EMPTY
        assert recover(store, session, tmp_path) == []
    shut_down()
    assert unfinished(store) == []
    assert Journal(store, "helpdesk-dev").resources() == []
    store.close()


def test_what_a_rollback_will_need_is_in_use_whoever_asks(store: Store) -> None:
    journal = Journal(store, "helpdesk-dev")
    apply = journal.open("deploy", Site("simulated", "us-east-1", "stack"), "op")
    gone = Change("delete", "object", "object", 1, "bucket/key", {"bucket": "bucket", "key": "key", "sha256": "the-old-index"})
    journal.finish(journal.begin(apply, gone), gone, gone.physical)
    other = Store(store.path, "somebody-else")
    assert objects_in_use(other) == {"the-old-index"}
    journal.close(apply, "rolled_back")
    assert objects_in_use(other) == set()
    other.close()
