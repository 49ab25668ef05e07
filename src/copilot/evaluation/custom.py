"""A metric of the user's own: a Python file with `score(case, answer)`, run in a process of its own with limits."""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from copilot.answering.answer import Answer
from copilot.errors import BadArguments, NotFound
from copilot.evaluation.cases import Case
from copilot.evaluation.scorers import Score
from copilot.outside.confined import Broken, Confined

SECONDS = 10.0
MOST_BYTES = 64 << 10
FORM = "Write a function score(case, answer) that returns True, False or 0..1; both are dicts: case['question'], answer['text'], …"


def read_metric(path: Path) -> str:
    """Return the code of a metric file.

    Raises:
        NotFound: there is no such file.
        BadArguments: it is no Python with a function `score` of two arguments.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", FORM)
    code = path.read_bytes()
    if len(code) > MOST_BYTES:
        raise BadArguments(f"{path.name} has more than {MOST_BYTES >> 10} KiB.", FORM)
    try:
        tree = ast.parse(code)
        text = code.decode("utf-8-sig")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadArguments(f"{path.name} is not Python: {error}.", FORM) from None
    if not any(isinstance(node, ast.FunctionDef) and node.name == "score" and len(node.args.args) == 2 for node in tree.body):
        raise BadArguments(f"{path.name} has no function score(case, answer).", FORM)
    return text


@contextmanager
def metric(code: str, passes: float) -> Iterator[Callable[[Case, Answer], Score]]:
    """Give a metric, which scores one answer at a time; its process ends with the block.

    Args:
        passes: The score from which a case passes, 0..1.
    """
    lock = Lock()

    def score(case: Case, answer: Answer) -> Score:
        """Score one answer; one that fails, says nothing or takes too long is inconclusive, and says why."""
        try:
            with lock:
                value = float(process.call("score", [case.as_json(), answer.as_json()]))
        except (Broken, TypeError, ValueError) as error:
            return Score(None, None, f"the metric gave no score: {error}")
        if not 0 <= value <= 1:
            return Score(None, None, f"the metric gave no score: {value} is not within 0..1")
        return Score(value, value >= passes, f"{value:.2f}, passes from {passes:g}")

    with Confined(code, SECONDS) as process:
        yield score
