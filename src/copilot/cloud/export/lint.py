"""cfn-lint on a template, in a process of its own: it takes a second to load, and checks what AWS publishes of its types."""

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

SECONDS = 120
NAMED_ZONES = "W3010"
"""Zones are in a template only when the person named them."""
PROGRAM = "import sys; from cfnlint.runner import main; sys.exit(main())"


def lint(template: str, region: str) -> tuple[str, ...] | None:
    """Return what cfn-lint says of a CloudFormation template; None where it is not installed, or does not come to an end.

    Args:
        region: Where it would be deployed: not every type is everywhere.
    """
    if find_spec("cfnlint") is None:
        return None
    with tempfile.TemporaryDirectory(prefix="copilot-") as folder:
        path = Path(folder) / "template.json"
        path.write_text(template, encoding="utf-8")
        command = [sys.executable, "-c", PROGRAM, "--format", "json", "--regions", region, "--ignore-checks", NAMED_ZONES, "--", str(path)]
        try:
            said = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=folder).stdout
            return tuple(f"{found['Rule']['Id']} {_place(found)}: {found['Message']}" for found in json.loads(said))
        except (subprocess.TimeoutExpired, ValueError):
            return None


def _place(found: dict[str, dict[str, list[object]]]) -> str:
    return "/".join(map(str, found["Location"].get("Path") or ["template"]))
