"""Other processes on this machine."""

import os
import subprocess
from pathlib import Path


def alive(process: int) -> bool:
    """Say whether a process with this id runs, whoever it belongs to."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def started(process: int) -> str:
    """Say when a running process was started, in words that no other process of the same id has; empty when none runs."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _told(process) if not Path("/proc/self").exists() else ""
    state, *fields = text.rpartition(")")[2].split()
    return "" if state in "ZX" else fields[18]


def _told(process: int) -> str:
    """Ask `ps`, where there is no /proc."""
    told = subprocess.run(["/bin/ps", "-o", "stat=,lstart=", "-p", str(process)], capture_output=True, text=True, check=False, timeout=5)
    state, _, start = told.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else start.strip()
