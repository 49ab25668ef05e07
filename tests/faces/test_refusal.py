"""What a person and a script see of a refused question."""

import json
from pathlib import Path

from tests.faces.conftest import Run

REPORT = "The ferry Brenwick Star left Larnmouth at noon. The fitter opened the gearbox and found a cracked bearing. Nobody was hurt."


def test_a_refusal_shows_the_nearest_quotes_with_their_place_and_an_idle_question_gets_none(copilot: Run, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "ferry.txt").write_text(REPORT)
    copilot("data", "ingest", str(tmp_path / "docs"), "--collection", "ferries")
    copilot("agents", "create", "guide")
    shown = copilot("agents", "ask", "guide", "Who was the maker of the gearbox of the Brenwick Star?").out
    assert "Closest:" in shown
    assert "ferry.txt" in shown
    assert "cracked bearing" in shown
    result = json.loads(copilot("agents", "ask", "guide", "Who was the maker of the gearbox of the Brenwick Star?", "--json").out)["result"]
    assert result["refused"]
    assert not result["citations"]
    assert all(REPORT[near["start"] : near["end"]] == near["quote"] for near in result["nearest"])
    assert json.loads(copilot("agents", "ask", "guide", "What is the capital of Australia?", "--json").out)["result"]["nearest"] == []
