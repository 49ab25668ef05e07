"""Text in pictures, through the tesseract program."""

import io
import shutil
import subprocess
from typing import Any

from copilot.knowledge.blocks import Unreadable

MISSING = "needs OCR"
HINT = "Install tesseract (Debian and Ubuntu: sudo apt-get install tesseract-ocr; macOS: brew install tesseract), then ingest again."
SECONDS = 120


def recognise(picture: Any) -> str:
    """Return the text of a PIL image; empty when there is none.

    Raises:
        Unreadable: tesseract is not installed, or gave up.
    """
    program = shutil.which("tesseract")
    if program is None:
        raise Unreadable(MISSING, HINT)
    buffer = io.BytesIO()
    picture.convert("L").save(buffer, "PPM")
    command = [program, "stdin", "stdout", "-l", "eng", "--psm", "1"]
    try:
        done = subprocess.run(command, input=buffer.getvalue(), capture_output=True, timeout=SECONDS, check=True)
    except (subprocess.SubprocessError, OSError):
        raise Unreadable("OCR failed", "Try: tesseract FILE stdout") from None
    return done.stdout.decode("utf-8", "replace")
