"""A server on loopback that speaks the OpenAI chat API and says what a test scripted.

As a program it is a model to try the chat with by hand: `python -m tests.routing.openai_server SCRIPT [PORT]`, where each line
of SCRIPT is the next answer as JSON: {"call": NAME, "args": {}}, {"verdict": "keep"}, {"say": TEXT} or {"fail": 429}.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: a status with a body, after a pause in seconds; `cut` ends it in the middle."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0
    cut: bool = False


def says(text: str) -> Answer:
    return _message({"role": "assistant", "content": text}, "stop")


def calls(name: str, args: Mapping[str, Any] | str) -> Answer:
    arguments = args if isinstance(args, str) else json.dumps(args)
    tool = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return _message({"role": "assistant", "content": None, "tool_calls": [tool]}, "tool_calls")


def verdict(verdict: str, **more: Any) -> Answer:
    return says(json.dumps({"verdict": verdict, "why": "the words say so", **more}))


def fails(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer({"error": {"message": f"scripted {status}", "type": "error", "code": str(status)}}, status, headers or {})


def _message(message: Mapping[str, Any], reason: str) -> Answer:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return Answer({"id": "x", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice], "usage": usage})


@dataclass
class Endpoint:
    """Where the server listens, and what it was sent."""

    url: str
    script: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


Start = Callable[..., Endpoint]


@contextmanager
def serve(script: Sequence[Answer], port: int = 0) -> Iterator[Endpoint]:
    """Answer with the script, in order; what comes after its end fails with 500."""

    class Scripted(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            endpoint.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            endpoint.keys.append(self.headers.get("Authorization", ""))
            answer = endpoint.script.pop(0) if endpoint.script else fails(500)
            time.sleep(answer.pause)
            with suppress(BrokenPipeError, ConnectionResetError):
                self._stream(answer) if endpoint.requests[-1].get("stream") and answer.status == 200 else self._send(answer)

        def _send(self, answer: Answer) -> None:
            body = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if answer.cut else body)

        def _stream(self, answer: Answer) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            words = str(answer.body["choices"][0]["message"]["content"]).split(" ")
            for i, word in enumerate(words[: len(words) // 2] if answer.cut else words):
                self._chunk({"content": word if i == 0 else f" {word}"}, None)
            if not answer.cut:
                self._chunk({}, "stop", answer.body["usage"])
                self.wfile.write(b"data: [DONE]\n\n")

        def _chunk(self, delta: Mapping[str, Any], reason: str | None, usage: Any = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            body = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "scripted", "choices": [choice], "usage": usage}
            self.wfile.write(f"data: {json.dumps(body)}\n\n".encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Scripted)
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/v1", list(script))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read(line: Mapping[str, Any]) -> Answer:
    """Read one line of a script."""
    if "call" in line:
        return calls(line["call"], line.get("args", {}))
    if "verdict" in line:
        return says(json.dumps(line))
    return fails(line["fail"], line.get("headers")) if "fail" in line else says(line["say"])


if __name__ == "__main__":
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines() if line.strip()]
    with serve([read(line) for line in lines], int(sys.argv[2]) if len(sys.argv) > 2 else 0) as running:
        sys.stdout.write(f"{running.url}\n")
        sys.stdout.flush()
        threading.Event().wait()
