"""How long one command takes from process start, as ratios against a baseline in the same run.

    python -m benchmarks.startup [RUNS]

The connected one-shot asks a model on loopback that answers at once, so what is measured is our part: LiteLLM and two requests.
Each command and its baseline are run in turn, A B A B …, after one warm-up; medians and the median ratio are printed.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.routing.openai_server import calls, serve, verdict

PYTHON = sys.executable
MINIMAL = """import typer
app = typer.Typer()
@app.command()
def one(name: str): "One."
@app.command()
def two(name: str): "Two."
app()
"""
IMPORTS = "import numpy, onnxruntime, tokenizers"


def seconds(command: list[str], env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=env, capture_output=True, check=True)
    return time.perf_counter() - start


def compare(name: str, command: list[str], baseline: list[str], runs: int, env: dict[str, str]) -> None:
    pairs = [(seconds(command, env), seconds(baseline, env)) for _ in range(runs + 1)][1:]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{name:44} {ours * 1000:7.0f} ms   baseline {theirs * 1000:6.0f} ms   ratio {ratio:.2f}")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as home:
        minimal = Path(home) / "minimal.py"
        minimal.write_text(MINIMAL)
        env = {**os.environ, "COPILOT_HOME": home, "NO_COLOR": "1"}
        copilot = [PYTHON, "-m", "copilot"]
        compare("copilot --help / minimal typer app --help", [*copilot, "--help"], [PYTHON, str(minimal), "--help"], runs, env)
        compare("copilot agents list / python -c pass", [*copilot, "agents", "list"], [PYTHON, "-c", "pass"], runs, env)
        compare(
            "copilot do (offline) / importing its libraries", [*copilot, "do", "which agents do I have"], [PYTHON, "-c", IMPORTS], runs, env
        )
        with serve([calls("list_agents", {}), verdict("keep")] * (runs + 1)) as endpoint:
            for words in (["register", "openai/scripted", "--name", "scripted", "--api-base", endpoint.url], ["use", "scripted"]):
                subprocess.run([*copilot, "models", *words], env=env, capture_output=True, check=True)
            one_shot = [*copilot, "do", "which agents do I have"]
            compare("copilot do (connected) / importing LiteLLM", one_shot, [PYTHON, "-c", "import litellm"], runs, env)


if __name__ == "__main__":
    main()
