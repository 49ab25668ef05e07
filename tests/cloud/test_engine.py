"""The engine on an account of our own making: any small graph, any single fault."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.cloud.comparison import different
from copilot.cloud.engine import Engine, Failed
from copilot.cloud.graph import Resource, in_order, resolve
from copilot.cloud.journal import Journal, Site
from copilot.cloud.plan import Change
from copilot.cloud.providers.provider import STACK, Properties, Provider
from copilot.errors import Refused, Unavailable
from copilot.outside.aws import BotoCoreError, ClientError
from copilot.outside.store import Store

Account = dict[str, dict[str, Any]]
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
TAGS = {STACK: "tester/x/dev"}


class Box(Provider):
    """A thing with a name, a size, and perhaps a neighbour; `shape` cannot be changed in place."""

    identity = frozenset({"name", "shape"})

    def __init__(self, account: Account, fault: Callable[[], None]) -> None:
        self.account = account
        self.fault = fault

    def read(self, physical: str) -> dict[str, Any] | None:
        found = self.account.get(physical)
        return dict(found) if found else None

    def create(self, properties: Properties) -> str:
        self.fault()
        self.account[properties["name"]] = dict(properties)
        self.fault()
        return str(properties["name"])

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        self.fault()
        self.account[physical] = dict(after)
        self.fault()

    def delete(self, physical: str) -> None:
        self.fault()
        self.account.pop(physical, None)
        self.fault()


class Broken(BotoCoreError):
    fmt = "broken"


class FailAt:
    """Fails once, at the n-th chance and for good as long as `armed`."""

    def __init__(self, chance: int) -> None:
        self.left = chance
        self.armed = True

    def __call__(self) -> None:
        self.left -= 1
        if self.armed and self.left in (0, -1):  # the engine tries a lost create twice
            raise Broken


def boxes(sizes: dict[int, tuple[int, int, int | None]]) -> tuple[Resource, ...]:
    """Make a graph: number -> (size, shape, an earlier number it refers to)."""
    made = []
    for number, (size, shape, neighbour) in sizes.items():
        near = f"${{box_{'abcdef'[neighbour]}}}" if neighbour is not None and neighbour in sizes and neighbour < number else ""
        properties = {"name": f"box-{number}", "size": size, "shape": shape, "near": near, "tags": TAGS}
        made.append(Resource(f"box_{'abcdef'[number]}", "box", properties))
    return tuple(made)


GRAPHS = st.dictionaries(st.integers(0, 5), st.tuples(st.integers(0, 3), st.integers(0, 1), st.none() | st.integers(0, 5)), max_size=6).map(
    boxes
)
WORKERS = st.sampled_from((1, 4))


def opened(folder: str, account: Account, fault: Callable[[], None] = lambda: None, workers: int = 1) -> Engine:
    journal, site = Journal(Store(Path(folder) / "c.db", "tester"), "x-dev"), Site("simulated", "us-east-1", TAGS[STACK])
    return Engine(journal, {"box": Box(account, fault)}, site, workers, pause=lambda _: None)


def carry_out(engine: Engine, wanted: tuple[Resource, ...]) -> None:
    engine.apply(engine.plan(wanted), "op")


@settings(max_examples=40, deadline=None)
@given(GRAPHS, GRAPHS, WORKERS)
def test_after_an_apply_nothing_is_left_to_do(first: tuple[Resource, ...], second: tuple[Resource, ...], workers: int) -> None:
    account: Account = {}
    with TemporaryDirectory(dir=MEMORY) as folder:
        engine = opened(folder, account, workers=workers)
        for wanted in (first, second):
            carry_out(engine, wanted)
            assert engine.plan(wanted).changes == ()
            assert set(account) == {r.properties["name"] for r in wanted}
        assert engine.drift() == []
        assert engine.destroy("op") == []
        assert account == {}
        engine.journal.store.close()


@settings(max_examples=100, deadline=None)
@given(GRAPHS, GRAPHS, st.integers(1, 12), WORKERS)
def test_a_fault_anywhere_leaves_the_account_as_it_was(
    first: tuple[Resource, ...], second: tuple[Resource, ...], chance: int, workers: int
) -> None:
    account: Account = {}
    with TemporaryDirectory(dir=MEMORY) as folder:
        engine = opened(folder, account, workers=workers)
        carry_out(engine, first)
        before, ledger = dict(account), engine.journal.resources()
        fault = FailAt(chance)
        engine.providers = {"box": Box(account, fault)}
        try:
            carry_out(engine, second)
        except Failed:
            assert account == before
            assert [(r.id, r.physical) for r in engine.journal.resources()] == [(r.id, r.physical) for r in ledger]
        else:
            fault.armed = False
            assert engine.plan(second).changes == ()
        engine.journal.store.close()


@given(GRAPHS)
def test_everything_comes_after_what_it_needs(graph: tuple[Resource, ...]) -> None:
    seen: set[str] = set()
    for resource in in_order(graph):
        assert resource.needs <= seen
        seen.add(resource.id)


def test_a_circle_or_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="need each other"):
        in_order([Resource("a", "box", {"x": "${b}"}), Resource("b", "box", {"x": "${a}"})])
    with pytest.raises(ValueError, match="unknown"):
        in_order([Resource("a", "box", {"x": "${nobody}"})])


def test_references_are_filled_in_where_they_are_known() -> None:
    assert resolve({"a": ["${x}/1", {"b": "${y}"}]}, {"x": "id"}) == {"a": ["id/1", {"b": "${y}"}]}


def test_what_can_be_written_and_not_read_is_no_difference() -> None:
    assert different({"name": "a"}, {"name": "a", "code_key": "k"}) == {}


def test_something_of_the_same_name_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    account: Account = {"box-0": {"name": "box-0", "size": 1, "shape": 0, "near": "", "tags": {}}}
    engine = opened(str(tmp_path), account)
    with pytest.raises(Refused, match="not part of this deployment"):
        engine.plan(boxes({0: (1, 0, None)}))
    engine.journal.store.close()


def test_a_change_that_would_delete_data_is_refused(tmp_path: Path) -> None:
    account: Account = {}
    engine = opened(str(tmp_path), account)
    carry_out(engine, boxes({0: (1, 0, None)}))
    engine.providers["box"].stateful = True  # type: ignore[misc]
    with pytest.raises(Refused, match="would delete what is in it"):
        engine.plan(boxes({0: (1, 1, None)}))
    engine.journal.store.close()


def test_the_same_plan_made_twice_has_the_same_id_and_another_has_another(tmp_path: Path) -> None:
    account: Account = {}
    engine = opened(str(tmp_path), account)
    wanted = boxes({0: (1, 0, None), 1: (2, 0, 0)})
    first = engine.plan(wanted)
    assert engine.plan(wanted).id == first.id
    assert engine.plan(boxes({0: (2, 0, None), 1: (2, 0, 0)})).id != first.id
    account["box-0"] = {"name": "box-0", "size": 9, "shape": 0, "near": "", "tags": TAGS}
    assert engine.plan(wanted).id != first.id
    engine.journal.store.close()


def test_a_plan_no_longer_fits_when_the_ledger_is_another(tmp_path: Path) -> None:
    engine = opened(str(tmp_path), {})
    wanted = boxes({0: (1, 0, None)})
    carry_out(engine, wanted)
    first = engine.plan(wanted)
    known = engine.journal.resources()[0]
    engine.journal.own(Change("update", known.id, known.type, 0), known.physical, {**known.properties, "size": 7})
    assert engine.plan(wanted).changes == first.changes == ()
    assert engine.plan(wanted).id != first.id
    engine.journal.store.close()


class Slow(Box):
    """Takes a while to make, and knows how many were being made at once."""

    most = 0

    def create(self, properties: Properties) -> str:
        self.now = getattr(self, "now", 0) + 1
        self.most = max(self.most, self.now)
        time.sleep(0.05)
        self.now -= 1
        return super().create(properties)


def test_what_does_not_need_each_other_is_made_at_once_and_never_more_than_allowed(tmp_path: Path) -> None:
    engine = opened(str(tmp_path), {}, workers=3)
    slow = Slow({}, lambda: None)
    engine.providers = {"box": slow}
    carry_out(engine, boxes(dict.fromkeys(range(5), (1, 0, None))))
    assert slow.most == 3
    assert [step for step, _ in engine.journal.steps(engine.journal.history()[0].id)] == [5, 4, 3, 2, 1]
    engine.journal.store.close()


class Throttled(ClientError):
    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ThrottlingException", "Message": "too fast"}}, "CreateBox")


@pytest.mark.parametrize(("times", "succeeds"), [(3, True), (99, False)])
def test_a_step_that_comes_too_fast_waits_longer_and_longer(times: int, succeeds: bool, tmp_path: Path) -> None:
    left, waited, account = [times], [], {}  # type: ignore[var-annotated]

    def fault() -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise Throttled

    engine = opened(str(tmp_path), account, fault)
    engine.pause = waited.append
    try:
        carry_out(engine, boxes({0: (1, 0, None)}))
    except Failed:
        assert not succeeds
        assert account == {}
    else:
        assert waited == [1.0, 2.0, 4.0]
    engine.journal.store.close()


class Numbered(Box):
    """A thing whose id the account makes up; `told` is whether the account says it, and answers at all."""

    identity = frozenset({"shape"})

    def __init__(self, account: Account, told: list[bool]) -> None:
        super().__init__(account, lambda: None)
        self.told = told

    def _ask(self) -> None:
        if not self.told[0]:
            raise Broken

    def find(self, properties: Properties) -> str | None:
        self._ask()
        return next((number for number, box in self.account.items() if box["name"] == properties["name"]), None)

    def read(self, physical: str) -> dict[str, Any] | None:
        assert physical
        self._ask()
        return super().read(physical)

    def create(self, properties: Properties) -> str:
        number = self.find(properties) or f"n-{len(self.account)}"
        self.account[number] = dict(properties)
        self.told[0] = self.told[0] and properties["size"] != 13
        self._ask()
        return number

    def delete(self, physical: str) -> None:
        self._ask()
        super().delete(physical)


@pytest.mark.parametrize("then", ["destroy", "deploy", "deploy less", "destroy after it went"])
def test_what_was_made_when_the_line_went_dead_is_found_again(then: str, tmp_path: Path) -> None:
    """Neither the create nor the rollback heard of its id: the ledger knows that there may be something, and not what it is called."""
    account: Account = {}
    told = [True]
    engine = opened(str(tmp_path), account)
    engine.providers = {"box": Numbered(account, told)}
    with pytest.raises(Failed, match="broken"):
        carry_out(engine, boxes({0: (1, 0, None), 1: (13, 0, None)}))
    assert [resource.physical for resource in engine.journal.resources() if resource.id == "box_b"] == [""]
    assert len(account) == 2
    told[0] = True
    if then == "destroy after it went":
        account.clear()
    if then.startswith("deploy"):
        assert {found.id for found in engine.drift()} <= {"box_a", "box_b"}
        wanted = boxes({0: (1, 0, None)} | ({} if then == "deploy less" else {1: (2, 0, None)}))
        carry_out(engine, wanted)
        assert engine.plan(wanted).changes == ()
        assert len(account) == len(wanted)
        assert all(resource.physical for resource in engine.journal.resources())
    assert engine.destroy("op") == []
    assert account == {}
    assert engine.journal.resources() == []
    engine.journal.store.close()


class Stubborn(Box):
    """Boxes of which one cannot be changed back, or removed, for a reason of ours."""

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        if physical == "box-1" and after["size"] == 1:
            raise Unavailable("box-1 is still being changed.", "Wait.")
        super().update(physical, before, after)

    def delete(self, physical: str) -> None:
        if physical == "box-1":
            raise Unavailable("box-1 is still ending.", "Wait.")
        super().delete(physical)


def test_one_that_cannot_be_put_back_keeps_no_other_from_being_put_back(tmp_path: Path) -> None:
    account: Account = {}
    fault = FailAt(0)
    engine = opened(str(tmp_path), account, fault)
    engine.providers = {"box": Stubborn(account, fault)}
    carry_out(engine, boxes(dict.fromkeys(range(3), (1, 0, None))))
    plan = engine.plan(boxes(dict.fromkeys(range(3), (2, 0, None))))
    fault.left = 5  # at the third change
    with pytest.raises(Failed) as failed:
        engine.apply(plan, "op")
    assert "box-1" in failed.value.hint
    assert {name: box["size"] for name, box in account.items()} == {"box-0": 1, "box-1": 2, "box-2": 1}
    assert engine.journal.history()[0].state == "stuck"
    assert [(left.physical, left.why) for left in engine.destroy("op")] == [("box-1", "box-1 is still ending.")]
    assert list(account) == ["box-1"]
    engine.journal.store.close()
