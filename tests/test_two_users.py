"""What one user has is out of another's reach through every ability, unless it was granted."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.context import Context
from copilot.errors import BadArguments, CopilotError, NotFound, Refused
from copilot.intent import Intent
from copilot.intents import REGISTRY

FACT = "The spare vault key is kept under the blue heron statue."
SECRETS = ("heron statue", "purpose-of-alice", "Where is the spare vault key", "case-of-alice")
NAMES = {"model": "wren-model", "collection": "wren-docs", "agent": "wren-desk", "benchmark": "wren-qa", "deployment": "wren-desk-dev"}
GIVEN = {"source": "wren-docs", "question": "Where is the spare vault key kept?", "query": "vault key", "rating": "bad", "user": "carol",
         "role": "viewer", "vcpus": 2, "memory_gib": 4}  # fmt: skip
OWNED = "SELECT * FROM {} WHERE owner = 'alice' ORDER BY 1, 2, 3"
TABLES = ("things", "versions", "documents", "runs", "turns", "sessions", "resources", "applies", "plans")


def run(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def opened(home: Path, user: str) -> Context:
    return Context(home=home, user=user, consent="person")


@pytest.fixture(scope="module")
def alices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which Alice has one of everything."""
    folder = tmp_path_factory.mktemp("alice")
    (folder / "vault.txt").write_text(f"{FACT}\n\nThe vault is opened by two people.\n")
    (folder / "qa.csv").write_text("question,answer\nWhat is case-of-alice?,two people\n")
    alice = opened(folder / "home", "alice")
    run(alice, "register_model", model="openai/scripted", name=NAMES["model"], api_base="http://127.0.0.1:9")
    run(alice, "ingest_data", source=str(folder / "vault.txt"), collection=NAMES["collection"])
    run(alice, "create_agent", name=NAMES["agent"], model="offline", collections=[NAMES["collection"]], purpose="purpose-of-alice")
    run(alice, "create_benchmark", name=NAMES["benchmark"], source=str(folder / "qa.csv"))
    alice.store.add("deployment", NAMES["deployment"], {"agent": NAMES["agent"], "environment": "dev", "simulated": True}, "op")
    assert "heron statue" in run(alice, "ask_agent", agent=NAMES["agent"], question=GIVEN["question"]).text
    alice.store.close()
    return folder / "home"


@pytest.fixture
def home(alices: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(alices, tmp_path / "home"))


@pytest.fixture
def alice(home: Path) -> Iterator[Context]:
    ctx = opened(home, "alice")
    yield ctx
    ctx.store.close()


@pytest.fixture
def bob(home: Path) -> Iterator[Context]:
    ctx = opened(home, "bob")
    yield ctx
    ctx.store.close()


def snapshot(ctx: Context) -> list[list[dict[str, Any]]]:
    return [ctx.store.rows(OWNED.format(table)) for table in TABLES]


def arguments(ability: Intent) -> dict[str, Any]:
    """Name Alice's things wherever a thing can be named, and say something plausible where an argument is required."""
    args: dict[str, Any] = {}
    for argument in ability.args:
        kind = ability.kind_of(argument.name)
        if kind:
            args[argument.name] = [NAMES[kind]] if argument.many else NAMES[kind]
        elif argument.required:
            args[argument.name] = GIVEN.get(argument.name, "x")
    return args


@pytest.mark.parametrize("name", [a.name for a in REGISTRY.values()])
def test_an_ability_shows_and_changes_nothing_of_another_user(name: str, bob: Context) -> None:
    before = snapshot(bob)
    args = arguments(REGISTRY[name])
    try:
        said = run(bob, name, **args).model_dump_json()
    except CopilotError as error:
        said = f"{error.problem} {error.hint}"
    assert not [secret for secret in SECRETS if secret in said and secret not in str(args)]
    assert not [known for known in NAMES.values() if known in said and known not in str(args)]
    assert snapshot(bob) == before


@pytest.mark.parametrize("ability", ["show_agent", "update_agent", "delete_agent", "ask_agent", "grant_access", "record_feedback"])
def test_a_name_that_is_nearly_right_is_not_corrected_to_another_users(ability: str, bob: Context) -> None:
    args = arguments(REGISTRY[ability]) | {("name" if "name" in REGISTRY[ability].required else "agent"): "wren-des"}
    with pytest.raises(NotFound) as raised:
        run(bob, ability, **args)
    assert "wren-desk" not in f"{raised.value.problem} {raised.value.hint}"


MAY = {
    "show_agent": "viewer",
    "ask_agent": "user",
    "record_feedback": "user",
    "update_agent": "editor",
    "grant_access": "owner",
    "revoke_access": "owner",
    "delete_agent": "owner",
}
RANKS = ("viewer", "user", "editor", "owner")


@pytest.mark.parametrize("role", RANKS)
@pytest.mark.parametrize("ability", MAY)
def test_a_role_allows_what_it_says_and_no_more(ability: str, role: str, alice: Context, bob: Context) -> None:
    alice.store.remove("deployment", NAMES["deployment"], "op")
    run(alice, "grant_access", agent="wren-desk", user="bob", role=role)
    run(alice, "grant_access", agent="wren-desk", user="carol", role="viewer")
    if ability == "record_feedback" and RANKS.index(role) > 0:
        run(bob, "ask_agent", agent="wren-desk", question="Who opens the vault?")
    args = {name: arguments(REGISTRY[ability])[name] for name in REGISTRY[ability].required}
    args |= {"update_agent": {"tone": "warm"}, "ask_agent": {"question": "Who opens the vault?"}}.get(ability, {})
    before = snapshot(bob)
    if RANKS.index(role) >= RANKS.index(MAY[ability]):
        run(bob, ability, **args)
    else:
        with pytest.raises(Refused, match=f"You are {role} of alice/wren-desk"):
            run(bob, ability, **args)
        assert snapshot(bob) == before


def test_what_was_shared_is_listed_with_its_owner_and_gone_when_it_is_revoked(alice: Context, bob: Context) -> None:
    run(alice, "grant_access", agent="wren-desk", user="bob", role="user")
    (listed,) = run(bob, "list_agents").agents
    assert (listed.name, listed.role) == ("alice/wren-desk", "user")
    assert "heron statue" in run(bob, "ask_agent", agent="alice/wren-desk", question=GIVEN["question"]).text
    with pytest.raises(NotFound):
        run(bob, "search_data", query="vault", collection="wren-docs")
    run(alice, "revoke_access", agent="wren-desk", user="bob")
    assert run(bob, "list_agents").agents == ()
    with pytest.raises(NotFound):
        run(bob, "ask_agent", agent="alice/wren-desk", question=GIVEN["question"])


def test_a_grant_is_undone_and_the_makers_own_access_stays(alice: Context, bob: Context) -> None:
    run(alice, "grant_access", agent="wren-desk", user="bob", role="owner")
    with pytest.raises(Refused, match="belongs to alice"):
        run(bob, "revoke_access", agent="wren-desk", user="alice")
    run(alice, "undo")
    with pytest.raises(NotFound):
        run(bob, "show_agent", name="wren-desk")
    assert run(alice, "show_agent", name="wren-desk").access == {}


@pytest.mark.parametrize(
    "widening", [{"add_collection": "payroll"}, {"guardrails": ["none"]}, {"topics": ["none", "x"]}, {"add_function": "f.py"}]
)
def test_an_editor_cannot_widen_what_an_agent_reaches(
    widening: dict[str, Any], alice: Context, bob: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.py").write_text("def rate() -> str:\n    return '1'\n")
    (tmp_path / "pay.txt").write_text("The fitter earns 40,000 a year.\n")
    run(alice, "ingest_data", source=str(tmp_path / "pay.txt"), collection="payroll")
    run(alice, "grant_access", agent="wren-desk", user="bob", role="editor")
    with pytest.raises(Refused, match="it takes owner"):
        run(bob, "update_agent", name="wren-desk", **widening)


def test_an_owner_of_anothers_agent_cannot_read_the_makers_other_documents_through_it(alice: Context, bob: Context, tmp_path: Path) -> None:
    (tmp_path / "pay.txt").write_text("The fitter earns 40,000 a year.\n")
    run(alice, "ingest_data", source=str(tmp_path / "pay.txt"), collection="payroll")
    run(alice, "update_agent", name="wren-desk", add_collection="payroll")
    run(alice, "update_agent", name="wren-desk", remove_collection="payroll")
    run(alice, "grant_access", agent="wren-desk", user="bob", role="owner")
    for widening in ({"add_collection": "payroll"}, {"add_collection": "payrol"}, {"restore": 2}):
        with pytest.raises(Refused, match="Only alice can give alice/wren-desk a collection"):
            run(bob, "update_agent", name="wren-desk", **widening)
    assert run(bob, "update_agent", name="wren-desk", remove_collection="wren-docs").collections == ()


def test_an_edit_of_a_shared_agent_is_undone_by_who_made_it_while_they_may(alice: Context, bob: Context) -> None:
    run(alice, "grant_access", agent="wren-desk", user="bob", role="editor")
    run(bob, "update_agent", name="wren-desk", tone="warm")
    run(bob, "undo")
    assert run(alice, "show_agent", name="wren-desk").tone == ""
    run(bob, "update_agent", name="wren-desk", tone="cold")
    run(alice, "revoke_access", agent="wren-desk", user="bob")
    with pytest.raises(NotFound):
        run(bob, "undo")
    assert run(alice, "show_agent", name="wren-desk").tone == "cold"


def test_conversations_are_each_users_own_also_on_a_shared_agent(alice: Context, bob: Context) -> None:
    run(alice, "grant_access", agent="wren-desk", user="bob", role="owner")
    run(bob, "ask_agent", agent="wren-desk", question="Who opens the vault?")
    seen = run(bob, "show_agent", name="wren-desk", conversation=True).conversation
    assert [turn.question for turn in seen] == ["Who opens the vault?"]
    assert run(bob, "delete_agent", name="wren-desk", conversation=True).turns == 1
    assert len(run(alice, "show_agent", name="wren-desk", conversation=True).conversation) == 1


def test_who_may_ask_one_agent_learns_nothing_of_the_owners_other_things(alice: Context, bob: Context) -> None:
    alice.store.add("deployment", "wren-vault-dev", {"agent": "wren-vault", "environment": "dev", "simulated": True}, "op")
    run(alice, "grant_access", agent="wren-desk", user="bob", role="user")
    for deployment in ("wren-vault-dev", "wren-vault-de", "staging"):
        with pytest.raises(NotFound) as raised:
            run(bob, "ask_agent", agent="wren-desk", question="Who opens the vault?", deployment=deployment)
        assert "wren-vault" not in f"{raised.value.problem} {raised.value.hint}".replace(f"'{deployment}'", "")
    alice.store.put("collection", "wren-docs-2", {}, "op")
    alice.store.remove("collection", "wren-docs", "op")
    with pytest.raises(NotFound) as raised:
        run(bob, "ask_agent", agent="wren-desk", question="Who opens the vault?")
    assert "wren-docs-2" not in f"{raised.value.problem} {raised.value.hint}"


def test_what_is_not_shared_with_an_agent_says_whose_it_is(alice: Context, bob: Context) -> None:
    run(alice, "grant_access", agent="wren-desk", user="bob", role="owner")
    for ability, args in (
        ("run_benchmark", {"agent": "wren-desk"}),
        ("show_report", {"agent": "alice/wren-desk"}),
        ("load_test", {"agent": "wren-desk"}),
        ("schedule_benchmark", {"agent": "wren-desk", "benchmark": "safety", "frequency": "daily"}),
        ("compare_agents", {"agents": ["wren-desk@1", "wren-desk@2"]}),
    ):
        with pytest.raises(Refused, match="alice/wren-desk is alice's"):
            run(bob, ability, **args)


def test_what_one_said_can_be_deleted_after_the_access_was_taken_away(alice: Context, bob: Context) -> None:
    run(alice, "grant_access", agent="wren-desk", user="bob", role="user")
    run(bob, "ask_agent", agent="wren-desk", question="Who opens the vault?")
    run(alice, "revoke_access", agent="wren-desk", user="bob")
    assert run(bob, "delete_agent", name="alice/wren-desk", conversation=True).turns == 1
    with pytest.raises(NotFound):
        run(bob, "delete_agent", name="alice/wren-desk", conversation=True)
    assert len(run(alice, "show_agent", name="wren-desk", conversation=True).conversation) == 1


def test_two_agents_of_one_name_are_told_apart_by_their_owners(alice: Context, bob: Context, home: Path) -> None:
    carol = opened(home, "carol")
    run(bob, "create_agent", name="wren-desk")
    for owner in (alice, bob):
        run(owner, "grant_access", agent="wren-desk", user="carol", role="viewer")
    with pytest.raises(BadArguments, match="Several agents"):
        run(carol, "show_agent", name="wren-desk")
    assert run(carol, "show_agent", name="bob/wren-desk").collections == ()
    carol.store.close()


def test_deleting_an_agent_takes_the_access_and_every_users_talk_with_it(alice: Context, bob: Context, home: Path) -> None:
    alice.store.remove("deployment", NAMES["deployment"], "op")
    run(alice, "grant_access", agent="wren-desk", user="bob", role="user")
    run(bob, "ask_agent", agent="wren-desk", question="Who opens the vault, the owl or the lark?")
    run(bob, "record_feedback", agent="wren-desk", rating="bad", comment="the lark was not named")
    bob.store.close()
    run(alice, "delete_agent", name="wren-desk")
    alice.store.close()
    for word in (b"the owl or the lark", b"lark was not named"):
        assert not any(word in file.read_bytes() for file in home.rglob("*") if file.is_file())
    run(alice, "create_agent", name="wren-desk")
    with pytest.raises(NotFound):
        run(bob, "show_agent", name="wren-desk")


def test_the_command_line_keeps_users_apart_too(alices: Path, copilot_as: Any) -> None:
    assert copilot_as("bob", "agents", "show", "wren-desk") == 1
    assert copilot_as("bob", "do", "/agents ask wren-desk 'Who opens the vault?'") == 1
    assert copilot_as("alice", "agents", "show", "wren-desk") == 0


@pytest.fixture
def copilot_as(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    from copilot.faces.cli import main

    def call(user: str, *words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home), "--user", user, "--json", *words])
        out = json.loads(capsys.readouterr().out)
        assert user == "alice" or "purpose-of-alice" not in json.dumps(out)
        return int(ended.value.code or 0)

    return call
