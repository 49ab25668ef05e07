"""Question-answer files, good and bad."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.errors import CopilotError, NotFound
from copilot.evaluation.cases import Case, read_cases
from copilot.resources import resource


def written(folder: Path, content: str | bytes, name: str = "qa.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("qa.csv", "question,answer,document\nHow many?,28 days,leave.txt\nWho sings?,,\n"),
        ("qa.csv", "\ufeffQuestion;Expected Answer;Source\r\nHow many?;28 days;leave.txt\r\nWho sings?;;\r\n"),
        ("qa.tsv", "q\ta\tfile\tanswerable\nHow many?\t28 days\tleave.txt\tyes\nWho sings?\tnobody\t\tno\n"),
        ("qa.jsonl", '{"query": "How many?", "ideal": "28 days", "doc": "leave.txt"}\n\n{"question": "Who sings?", "answer": null}\n'),
        ("qa.json", '[{"question": "How many?", "answer": "28 days", "document": "leave.txt"}, {"question": "Who sings?", "answer": ""}]'),
    ],
)
def test_every_form_gives_the_same_cases(tmp_path: Path, name: str, content: str) -> None:
    cases = read_cases(written(tmp_path, content, name))
    assert cases == (Case("How many?", "28 days", "leave.txt"), Case("Who sings?", ""))
    assert [case.answerable for case in cases] == [True, False]


def test_a_quoted_value_may_hold_commas_and_line_ends(tmp_path: Path) -> None:
    assert read_cases(written(tmp_path, 'question,answer\n"Who, and when?","Ann,\nin May"\n')) == (Case("Who, and when?", "Ann,\nin May"),)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("  \n\n", "is empty"),
        ("question,answer\n", "has no cases"),
        ("question,answer\n,\n", "has no cases"),
        ("question,reply\nWho?,Ann\n", "line 2: there is no 'answer'; there is: question, reply"),
        ("frage,antwort\nWer?,Ann\n", "line 2: there is no 'question'"),
        ("question,answer\nWho?,Ann\n,Bob\n", "line 3: the question is empty"),
        ("question,answer\nWho?,Ann,Bob\n", "line 2: more values than columns (from 'Bob' on)"),
        ('question,answer\nWho?,"Ann\n', "after line 1: unexpected end of data"),
        ("question,answer,answerable\nWho?,,yes\n", "line 2: answerable, but the answer is empty"),
        ('{"question": "Who?"}', "line 1: there is no 'answer'"),
        ('{"question": "Who?", "answer": "Ann"}\n{"question": ', "line 2: not JSON"),
        ('{"question": "Who?", "answer": "Ann"}\n[]\n', "line 2: not an object"),
        ("[1]", "case 1: not an object"),
        ("question,answer\nWho?\n", "line 2: there is no value for 'answer'"),
        ("\n\nquestion,answer\nWho?,Ann,Bob\n", "line 4: more values"),
        ("question,answer\nWho?,|\n", "line 2: the answer is empty"),
        ('{"question": "Who?", "answer": {"a": 1}}', "line 1: the answer is an object"),
        ('{"question": "Who\\ud800?", "answer": "Ann"}', "line 1: half of a character"),
        ('{"question": "2 + 2?", "answer": "#### 4"}\n{"answer": "#### 5"}', "line 2: there is no 'question'"),
        ('{"question": "Who?", "context": "Ann.", "ideal": "Ann"}\n{"question": "Who?", "context": "Bob."}', "line 2: there is no 'ideal'"),
        ("prompt,type,focus\n,homonyms,kill\n", "line 2: the question is empty"),
        (b"question,answer\nWho?,Ren\xe9\n", "not UTF-8 text (byte 24)"),
    ],
)
def test_a_bad_file_says_what_and_where(tmp_path: Path, content: str | bytes, problem: str) -> None:
    with pytest.raises(CopilotError) as error:
        read_cases(written(tmp_path, content))
    assert problem in error.value.problem
    assert error.value.hint


@pytest.mark.parametrize(
    "content", ["Question,Answer\nWho?,Ann\n", "\n\nQUESTION;ANSWER\nWho?;Ann\n", '{"Question": "Who?", "Answer": ["Ann", null]}']
)
def test_the_columns_may_be_written_in_capitals_and_below_empty_lines(tmp_path: Path, content: str) -> None:
    assert read_cases(written(tmp_path, content)) == (Case("Who?", "Ann"),)


@pytest.mark.parametrize("content", [",question,answer\n0,Who?,Ann\n", "question,answer,\nWho?,Ann,0\n"])
def test_a_column_without_a_name_is_left_out(tmp_path: Path, content: str) -> None:
    (tmp_path / "qa.csv").write_text(content)
    assert read_cases(tmp_path / "qa.csv") == (Case("Who?", "Ann"),)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nope\.csv"):
        read_cases(tmp_path / "nope.csv")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b"question,answer\n" + b))
def test_no_content_whatever_raises_anything_but_our_errors(tmp_path: Path, content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    with suppress(CopilotError):
        assert all(case.question for case in read_cases(written(tmp_path, data)))


def test_the_sample_questions_are_readable() -> None:
    cases = read_cases(resource("data", "samples", "questions.csv"))
    assert len(cases) == 28
    assert sum(not case.answerable for case in cases) == 4
