"""A deployed agent as an HTTP service of its own, where nothing stands in front of it: an instance, a container, this machine."""

import hmac
import json
import os
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from copilot.cloud.handler import handle, load

ASK = ("/ask", "/invocations")
"""Where questions go; the second is what containers of SageMaker and AgentCore are called at."""
PING = "/ping"
LONGEST_BODY = 64 * 1024
READ_SECONDS = 30


class Service(ThreadingHTTPServer):
    """Answers one question at a time.

    Args:
        token: What a caller has to show in the header `x-api-key`; empty where the container's caller was checked before.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], token: str) -> None:
        super().__init__(address, Exchange)
        self.token = token
        self.last = time.monotonic()
        self.one_question = threading.Lock()

    def stop_when_idle(self, seconds: float) -> None:
        """End the service once nobody has asked for so long."""
        while True:
            with self.one_question:  # not while one is answered
                left = self.last + seconds - time.monotonic()
                if left <= 0:
                    break
            time.sleep(left)
        self.shutdown()


class Exchange(BaseHTTPRequestHandler):
    """One request. Nothing of it is logged."""

    server: Service
    timeout = READ_SECONDS

    def do_GET(self) -> None:
        self._reply(200, b'{"status": "Healthy"}') if self.path == PING else self._reply(404, b"{}")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path not in ASK:
            self._reply(404, b"{}")
        elif not hmac.compare_digest(self.headers.get("x-api-key", "").encode(), self.server.token.encode()):
            self._reply(403, b'{"message": "Forbidden"}')
        elif not length.isdigit() or int(length) > LONGEST_BODY:
            self._reply(413, json.dumps({"error": f"a request has at most {LONGEST_BODY} bytes, and says how many"}).encode())
        else:
            event = {"body": self.rfile.read(int(length)).decode("utf-8", "replace")}
            with self.server.one_question:
                said = handle(event, None)
                self.server.last = time.monotonic()
            self._reply(said["statusCode"], said["body"].encode())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def adopt(content: Path) -> None:
    """Answer from what lies beside the code, where both came in one archive."""
    if content.is_dir():
        tempfile.tempdir = str(content)
        os.environ["COPILOT_AGENT"] = (content / "agent.json").read_text(encoding="utf-8")


def main(host: str = "0.0.0.0", port: str = "8080", token: str = "", idle: str = "", ready: str = "") -> None:  # noqa: S104
    """Serve until stopped; who reaches a container is decided in front of it.

    Args:
        port: 0 for any that is free.
        token: File with the token that callers have to show; ValueError when it is empty.
        idle: Seconds without a question after which the service ends; empty for never.
        ready: File to which the port is written once questions are answered.
    """
    key = Path(token).read_text(encoding="utf-8").strip() if token else ""
    if token and not key:
        raise ValueError(f"{token} is empty")
    adopt(Path(__file__).parents[2] / "content")
    load()
    with Service((host, int(port)), key) as service:
        if idle:
            threading.Thread(target=service.stop_when_idle, args=(float(idle),), daemon=True).start()
        if ready:
            part = Path(f"{ready}.{os.getpid()}")
            part.write_text(str(service.server_port), encoding="utf-8")
            part.replace(ready)
        service.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
