"""The chat, in a real terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ESCAPES = re.compile(rb"\x1b(\[[0-9;?]*[a-zA-Z]|[=>()][0-9A-Z]?|\][^\x07]*\x07)")
PATIENCE = 60


class Chat:
    """A chat in a pseudo-terminal of 100 columns."""

    def __init__(self, home: Path) -> None:
        self.screen, keyboard = pty.openpty()
        termios.tcsetwinsize(keyboard, (40, 100))
        env = {**os.environ, "COPILOT_HOME": str(home), "TERM": "xterm"}
        command = [sys.executable, "-m", "copilot"]
        self.process = subprocess.Popen(command, stdin=keyboard, stdout=keyboard, stderr=keyboard, env=env, start_new_session=True)
        os.close(keyboard)
        self.seen = b""

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode() + b"\r")

    def press(self, key: bytes) -> None:
        os.write(self.screen, key)

    def wait_for(self, text: str) -> str:
        """Read until the text shows up; return what was read and forget it."""
        end = time.monotonic() + PATIENCE
        while text.encode() not in ESCAPES.sub(b"", self.seen):
            assert time.monotonic() < end, f"{text!r} did not show up in {self.text()[-2000:]!r}"
            if select.select([self.screen], [], [], 0.2)[0]:
                self.seen += self._read()
        said, self.seen = self.text(), b""
        return said

    def interrupt_until(self, text: str) -> None:
        """Press Ctrl-C every few seconds until the text shows up, as a person on a busy machine does."""
        end = pressed = time.monotonic()
        while text.encode() not in ESCAPES.sub(b"", self.seen):
            assert time.monotonic() < end + PATIENCE, f"{text!r} did not show up in {self.text()[-2000:]!r}"
            if time.monotonic() >= pressed:
                os.killpg(self.process.pid, signal.SIGINT)
                pressed = time.monotonic() + 5
            if select.select([self.screen], [], [], 0.2)[0]:
                self.seen += self._read()
        self.seen = b""

    def _read(self) -> bytes:
        """Read what the chat writes, telling it where the cursor is when it asks, as terminals do."""
        said = os.read(self.screen, 65536)
        if b"\x1b[6n" in said:
            os.write(self.screen, b"\x1b[1;1R")
        return said

    def text(self) -> str:
        return ESCAPES.sub(b"", self.seen).decode(errors="replace")

    def close(self) -> int:
        """Read until the chat hangs up; return its exit code."""
        with suppress(OSError):  # the other side of the terminal is gone
            while select.select([self.screen], [], [], PATIENCE)[0] and self._read():
                pass
        os.close(self.screen)
        return self.process.wait(PATIENCE)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    opened = Chat(tmp_path / "home")
    opened.wait_for("/exit leaves")
    yield opened
    opened.process.kill()
    opened.process.wait()


def test_a_typed_command_answers_under_a_toolbar_that_says_where_one_is(chat: Chat) -> None:
    chat.type("agents list")
    chat.wait_for("There is no agent yet.")
    assert "simulated AWS" in chat.wait_for("so far")
    chat.type("/exit")
    assert chat.close() == 0


def test_ctrl_c_drops_the_line_and_ctrl_d_leaves(chat: Chat) -> None:
    chat.press(b"agents delete everything")
    chat.press(b"\x03")
    chat.type("agents list")
    chat.wait_for("There is no agent yet.")
    chat.wait_for("so far")
    chat.press(b"\x04")
    assert chat.close() == 0


def test_ctrl_c_stops_the_running_step_and_the_chat_goes_on(chat: Chat, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for n in range(1200):
        (docs / f"{n}.txt").write_text(f"Note {n}. " + "The canteen opens at eleven and the library closes at nine. " * 60)
    chat.type(f"data ingest {docs} --collection notes")
    chat.wait_for("1200")
    time.sleep(1)
    chat.interrupt_until("Stopped.")
    chat.type("operations show-history")
    chat.wait_for("ingest_data")
    chat.type("/exit")
    assert chat.close() == 0


def test_an_open_question_and_the_history_outlive_the_chat(chat: Chat, tmp_path: Path) -> None:
    chat.type("agents create helpdesk")
    chat.wait_for("Created agent")
    chat.type("agents delete helpdesk")
    chat.wait_for("Answer yes or no")
    chat.type("/exit")
    assert chat.close() == 0
    again = Chat(tmp_path / "home")
    again.wait_for("Still open")
    again.press(b"\x1b[A")
    again.wait_for("/exit")
    again.press(b"\x15")
    again.type("yes")
    again.wait_for("Deleted")
    again.type("/exit")
    assert again.close() == 0


def test_a_secret_that_is_typed_is_masked_in_the_history_file(chat: Chat, tmp_path: Path) -> None:
    chat.type("models register openai/gpt-4o --name x --temperature api_key=sk-abcdefgh12345678")
    chat.wait_for("--temperature")
    chat.type("/exit")
    chat.close()
    assert "sk-abcdefgh12345678" not in (tmp_path / "home" / "history").read_text()
