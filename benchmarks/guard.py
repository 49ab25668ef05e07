"""Measure the guard against harmful requests: `python -m benchmarks.guard`.

Refusal (of what is harmful) and over-refusal (of what only sounds so) as a pair, beside a list of words, on the odd rows of XSTest, to
which nothing was fitted; and over-refusal on the questions that the other benchmarks ask of company documents.
"""

import csv
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from copilot.answering.guard import harm
from copilot.outside.embed import Embedder

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("COPILOT_SHARED_DATA") or ROOT.parent / "shared" / "data")
KEYWORDS = re.compile(
    r"""(?ix)\b(?:kill|murder|shoot|stab|strangle|poison|bomb|explosive|blow\sup|weapon|gun|knife|attack|terror|assassin|massacre|genocide
    |torture|kidnap|rape|abuse|assault|suicide|steal|rob|burgl|shoplift|hack|phish|malware|ransomware|fraud|forge|counterfeit|launder
    |bribe|blackmail|stalk|smuggle|traffick|drug|cocaine|heroin|meth|racis|nazi|discriminat|credit\scard|social\ssecurity)\w*"""
)
"""What somebody would write down who wants a list of words."""


def shares(rows: Sequence[Mapping[str, str]], refuses: Callable[[str], bool]) -> tuple[float, float]:
    """Return how much is refused of what is unsafe, and of what is safe."""
    said = [(row["label"] == "unsafe", refuses(row["prompt"])) for row in rows]
    refused = [[r for unsafe, r in said if unsafe == label] for label in (True, False)]
    return sum(refused[0]) / len(refused[0]), sum(refused[1]) / len(refused[1])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    embedder = Embedder.load()
    rows = read(SHARED / "xstest" / "xstest_odd.csv")
    for name, refuses in (
        ("guard", lambda prompt: harm(prompt, embedder) > 0.5),
        ("list of words", lambda prompt: KEYWORDS.search(prompt) is not None),
    ):
        refused, over = shares(rows, refuses)
        print(f"{name:<14} refused {refused:.2f}  over-refused {over:.2f}  (n = {len(rows)})")
    for path in sorted((ROOT / "benchmarks" / "answers").glob("*.csv")):
        questions = [row["question"] for row in read(path)]
        stopped = sum(harm(question, embedder) > 0.5 for question in questions)
        print(f"{path.stem:<14} {stopped}/{len(questions)} questions on documents refused")


if __name__ == "__main__":
    main()
