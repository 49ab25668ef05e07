"""One-shot commands keep the contract that scripts rely on."""

import json
from pathlib import Path

import pytest

from copilot.resources import resource
from tests.faces.conftest import Run

SAMPLES = resource("data", "samples")
HEAVY = {"numpy", "chromadb", "litellm", "boto3", "botocore", "moto", "unstructured", "onnxruntime", "pydantic"}


def test_help_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    trace = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "copilot", "--help"], capture_output=True, text=True, check=True
    ).stderr
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in trace.splitlines() if "|" in line}
    assert "copilot" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    ("args", "text", "codes"),
    [
        (("do", "what is the weather in Paris tomorrow"), b"", {4}),
        (("do", "-"), b"\xff\xfe which agents\x00\n", {0, 1, 3, 4}),
        (("do", "-"), b"please " * 150_000, {1}),
        (("do", "which agents do I have \udcff"), b"", {0, 1, 3, 4}),
        (("data", "ingest", "/no/such/folder"), b"", {1, 2}),
        (("agents", "ask", "nobody", "hello"), b"", {1}),
        (("agents", "show", "nobody"), b"", {1}),
        (("agents", "create", "x", "--model", "no-such-model"), b"", {1}),
        (("models", "register", "no-such-vendor/no-such-model-9"), b"", {1}),
        (("benchmarks", "create", "b", "/no/such/file.csv"), b"", {1, 2}),
        (("instances", "recommend", "--vcpus", "1000", "--memory", "1"), b"", {1}),
        (("instances", "recommend", "--vcpus", "-4"), b"", {1, 2}),
        (("instances", "recommend", "--vcpus", "2", "--region", "mars-north-1"), b"", {1, 2}),
        (("deployments", "deploy-agent", "--agent", "nobody"), b"", {1, 2}),
        (("deployments", "show", "nothing"), b"", {1}),
        (("data", "delete-collection", "nothing", "--yes"), b"", {1}),
        (("run", "/no/such/script"), b"", {2}),
        (("route",), b"", {2}),
        (("tour", "--docs", "/no/such/folder"), b"", {1}),
        (("nonsense",), b"", {2}),
        (("data", "ingest"), b"", {2}),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_bad_input_gets_one_clear_error(copilot: Run, args: tuple[str, ...], text: bytes, codes: set[int]) -> None:
    ran = copilot(*args, text=text)
    assert ran.code in codes
    assert "Traceback" not in ran.out + ran.err
    assert ran.code == 0 or (ran.out + ran.err).strip()


@pytest.mark.parametrize(
    "args",
    [
        ("agents", "list"),
        ("agents", "show", "nobody"),
        ("do", "which agents do I have"),
        ("do", "tell me a joke"),
        ("data", "ingest"),
        ("nonsense",),
        ("route", "which agents do I have"),
        ("doctor",),
        ("instances", "recommend", "--vcpus", "2"),
    ],
    ids=" ".join,
)
def test_json_is_one_document_and_nothing_else(copilot: Run, args: tuple[str, ...]) -> None:
    ran = copilot(*args, "--json")
    assert "ok" in ran.document
    assert ran.document["ok"] == (ran.code == 0)


def test_lines_from_stdin_are_one_dialogue_that_answers_what_was_asked(copilot: Run) -> None:
    ran = copilot("do", "-", "--json", text="agents list\nwhich collections do I have\n")
    assert [json.loads(line)["intent"] for line in ran.out.splitlines()] == ["list_agents", "list_collections"]
    assert ran.code == 0


def test_a_question_left_open_exits_3(copilot: Run) -> None:
    ran = copilot("do", "show me how an agent is configured", "--json")
    assert (ran.code, ran.document["error"]["code"]) == (3, "needs_answer")
    assert ran.document["pending"]["ask"] == "name"


def test_what_destroys_needs_a_yes_that_a_script_gives_with_a_flag(copilot: Run, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The canteen opens at eleven o'clock and closes at two in the afternoon.")
    assert copilot("data", "ingest", str(note), "--collection", "notes").code == 0
    asked = copilot("data", "delete-collection", "notes", "--json")
    assert (asked.code, asked.document["pending"]["confirm"]["intent"]) == (3, "delete_collection")
    assert copilot("data", "delete-collection", "notes", "--yes").code == 0
    assert copilot("data", "list-collections", "--json").document["result"]["collections"] == []


def test_a_large_folder_shows_what_failed_and_not_every_file(copilot: Run, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for n in range(60):
        (tmp_path / "docs" / f"note-{n:02}.txt").write_text(f"Note {n}.")
    (tmp_path / "docs" / "zz-empty.txt").touch()
    shown = copilot("data", "ingest", str(tmp_path / "docs")).out
    assert "zz-empty.txt" in shown
    assert "and 11 more" in shown
    assert "note-59.txt" not in shown
    assert len(copilot("data", "ingest", str(tmp_path / "docs"), "--json").document["result"]["files"]) == 61


def test_a_session_goes_on_across_processes(copilot: Run, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The canteen opens at eleven o'clock and closes at two in the afternoon.")
    copilot("data", "ingest", str(note), "--collection", "notes")
    assert copilot("do", "delete the notes collection", "--session", "s").code == 3
    assert copilot("do", "yes", "--session", "s", "--json").document["intent"] == "delete_collection"


def test_a_script_stops_at_its_first_failure_and_names_the_line(copilot: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("# a comment\nagents list\nagents show nobody\nagents list\n")
    ran = copilot("run", str(script))
    assert ran.code == 1
    assert "script.txt:3" in ran.err


def test_a_missed_expectation_fails_a_script(copilot: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("agents list\n# expect: intent=list_models\n")
    ran = copilot("run", str(script))
    assert ran.code == 1
    assert "intent is list_agents, not list_models" in ran.err


def test_route_shows_the_readings_and_runs_nothing(copilot: Run) -> None:
    ran = copilot("route", "delete the helpdesk agent")
    assert ran.code == 0
    assert "delete_agent" in ran.out


def test_cases_are_predicted_one_a_line_in_order(copilot: Run, tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    context = {"models": [], "collections": ["hr"], "agents": ["helpdesk"], "benchmarks": [], "deployments": [], "pending": None}
    said = ["which agents do we have?", "fine-tune haiku on ./train.jsonl", "good morning to you"]
    cases.write_text(
        "".join(json.dumps({"id": f"c{n}", "context": context, "history": [], "utterance": u}) + "\n" for n, u in enumerate(said))
    )
    predictions = [json.loads(line) for line in copilot("route", "--cases", str(cases)).out.splitlines()]
    assert [p["id"] for p in predictions] == ["c0", "c1", "c2"]
    assert {"id", "intent", "args", "confidence", "decision", "ask", "alternatives"} == set(predictions[0])
    assert [p["intent"] for p in predictions] == ["list_agents", "fine_tune_model", "out_of_scope"]


def test_the_reference_is_in_the_format_of_the_catalogue(copilot: Run) -> None:
    entries = json.loads(copilot("reference", "--json").out)
    assert {"group", "name", "effect", "description", "args", "examples"} == set(entries[0])
    assert len(entries) >= 35


def test_a_home_that_cannot_be_written_is_said_so(copilot: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert copilot("agents", "list", "--home", str(tmp_path / "file")).code == 2
    ran = copilot("agents", "list", "--home", "/proc/nowhere")
    assert ran.code == 1
    assert "Traceback" not in ran.err


def test_live_without_credentials_is_refused(copilot: Run, tmp_path: Path) -> None:
    nothing = str(tmp_path / "none")
    ran = copilot(
        "agents", "list", "--live", AWS_CONFIG_FILE=nothing, AWS_SHARED_CREDENTIALS_FILE=nothing, AWS_EC2_METADATA_DISABLED="true"
    )
    assert ran.code == 1
    assert "credentials" in ran.err.lower()


def test_names_cannot_drive_the_terminal_and_brackets_are_only_text(copilot: Run, tmp_path: Path) -> None:
    ran = copilot("agents", "show", "x\x1b]0;title\x07[/nope]")
    assert ran.code == 1
    assert "\x1b" not in ran.err
    assert "[/nope]" in ran.err
    script = tmp_path / "script.txt"
    script.write_text("agents show [/nope]\x00\n")
    assert copilot("run", str(script)).code == 1


@pytest.mark.parametrize("args", [("do", "undo", "--home"), ("--json", "agents"), ("route", "find \udcff in hr")])
def test_an_odd_command_line_is_a_usage_error_or_routed_but_never_a_bug(copilot: Run, args: tuple[str, ...]) -> None:
    ran = copilot(*args)
    assert ran.code in (0, 2)
    assert "inside copilot" not in ran.out + ran.err


def test_a_miss_exits_1_whatever_the_turn_said(copilot: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("recommend an instance\n# expect: intent=list_agents exit=3\n")
    assert copilot("run", str(script)).code == 1
    script.write_text("agents list\n# expect: contains=don't\n")
    assert copilot("run", str(script)).code == 2


def test_output_fits_a_narrow_terminal(copilot: Run) -> None:
    ran = copilot("help", COLUMNS="60")
    assert all(len(line) <= 60 for line in ran.out.splitlines())
