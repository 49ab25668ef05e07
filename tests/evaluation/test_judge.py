"""A language model as a judge, and metrics of one's own."""

from pathlib import Path

import pytest

from copilot.errors import BadArguments, CopilotError, NotFound, Unavailable
from copilot.evaluation.cases import Case
from copilot.evaluation.custom import metric, read_metric
from copilot.evaluation.judge import judgement

from .conftest import said

RIGHT, WRONG = '{"verdict": "right", "why": "the same"}', '{"verdict": "wrong", "why": "another"}'


class Judge:
    """Says what it was told to, in order; an error is raised."""

    def __init__(self, *replies: str | CopilotError) -> None:
        self.replies, self.heard = list(replies), list[str]()

    def __call__(self, prompt: str) -> str:
        self.heard.append(prompt)
        reply = self.replies[len(self.heard) - 1]
        if isinstance(reply, CopilotError):
            raise reply
        return reply


@pytest.mark.parametrize(
    ("replies", "right", "agreement"),
    [
        ((RIGHT, RIGHT), True, 1.0),
        ((WRONG, WRONG), False, 1.0),
        ((RIGHT, WRONG, RIGHT, RIGHT), True, 0.75),
        ((RIGHT, WRONG, RIGHT, WRONG), None, 0.5),
        ((Unavailable("away"), RIGHT), True, 1.0),
        ((Unavailable("away"),) * 4, None, None),
        (("Hm.", "", "[]", "{"), None, None),
    ],
)
def test_a_judge_is_asked_in_both_orders_and_again_where_it_contradicts_itself(
    replies: tuple[str | CopilotError, ...], right: bool | None, agreement: float | None
) -> None:
    judge = Judge(*replies)
    found = judgement(judge, "How many?", "28 days", "It is 28 days.")
    assert (found.right, found.agreement) == (right, agreement)
    assert len(judge.heard) == len(replies)
    first, second = judge.heard[:2]
    assert first.index("Expected answer") < first.index("Given answer")
    assert second.index("Expected answer") > second.index("Given answer")


def test_the_criteria_reach_the_judge_as_data() -> None:
    judge = Judge(RIGHT, RIGHT)
    judgement(judge, "How many?", "28", "28", 'Be "polite"\nand short')
    assert r"Be \"polite\"\nand short" in judge.heard[0]


def test_a_metric_of_ones_own_scores_and_what_goes_wrong_in_it_is_inconclusive(tmp_path: Path) -> None:
    code = """
def score(case, answer):
    print("noise on stdout does no harm")
    if case["question"] == "bad": return 1 / 0
    if case["question"] == "far": return 7
    if case["question"] == "environment":
        import os
        return not [name for name in os.environ if "COPILOT" in name or "AWS" in name or "KEY" in name]
    if case["question"] == "network":
        import socket
        socket.create_connection(("127.0.0.1", 9), 1)
    if case["question"] == "text": return "0.75"
    if case["question"] == "nothing": return None
    if case["question"] == "file":
        with open("here.txt", "w") as file:
            file.write("text")
    return len(answer["text"]) / 10
"""
    (tmp_path / "metric.py").write_text(code)
    with metric(read_metric(tmp_path / "metric.py"), 0.5) as run:
        scores = {
            q: run(Case(q, "x"), said("12345678")) for q in ("fine", "bad", "far", "environment", "file", "network", "text", "nothing")
        }
    assert (scores["fine"].value, scores["fine"].passed) == (0.8, True)
    assert scores["environment"].value == 1
    assert scores["text"].value == 0.75
    assert [scores[q].passed for q in ("bad", "far", "file", "network", "nothing")] == [None] * 5
    assert "may not use socket" in scores["network"].why
    assert "ZeroDivisionError" in scores["bad"].why
    assert "not within" in scores["far"].why


def test_a_metric_that_ends_or_hangs_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("copilot.evaluation.custom.SECONDS", 4.0)
    code = """
import os
def score(case, answer):
    while case["question"] == "hang": pass
    return os._exit(3) if case["question"] == "end" else 1
"""
    with metric(code, 0.5) as run:
        assert [run(Case(q, "x"), said("a")).value for q in ("fine", "hang", "fine", "end", "fine")] == [1, None, 1, None, 1]


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "no file"), ("def score(:", "not Python"), ("x = 1", "no function score"), ("def score(answer): ...", "no function score")],
)
def test_a_file_that_is_no_metric_is_refused(tmp_path: Path, content: str | None, problem: str) -> None:
    path = tmp_path / "metric.py"
    if content is not None:
        path.write_text(content)
    with pytest.raises((BadArguments, NotFound), match=problem):
        read_metric(path)
