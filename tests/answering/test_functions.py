"""An agent's own functions: declared, chosen by the user's words, run under limits."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from copilot.answering import functions
from copilot.answering.functions import Function, call, declare
from copilot.errors import BadArguments, NotFound
from copilot.outside.chat import Call, Reply, ScriptedChat

BALANCE = '''
def leave_balance(employee: int, year: int = 2026) -> str:
    """Tell how many days of leave an employee has left."""
    return f"Employee {employee} has 12 days left in {year}."


def _hidden() -> str:
    return "no"
'''


@pytest.fixture
def balance(tmp_path: Path) -> Function:
    (tmp_path / "leave.py").write_text(BALANCE)
    (function,) = declare(tmp_path / "leave.py")
    return function


def running(code: str, **args: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Run a function of this code; return what it said and what failed."""
    properties = {name: {"type": "string"} for name in args}
    function = Function("probe", "probe", {"type": "object", "properties": properties}, code=code)
    called = call([function], "probe", ScriptedChat([Reply("", (Call("probe", dict(args)),))]))
    return tuple(p.text for p in called.passages), called.failed


def test_a_python_file_is_declared_from_its_types_without_being_run(tmp_path: Path, balance: Function) -> None:
    assert (balance.name, balance.description) == ("leave_balance", "Tell how many days of leave an employee has left.")
    assert balance.parameters["properties"] == {"employee": {"type": "integer"}, "year": {"type": "integer"}}
    assert balance.parameters["required"] == ["employee"]
    (tmp_path / "loud.py").write_text("raise SystemExit('it ran')\ndef f() -> str:\n    return ''\n")
    assert declare(tmp_path / "loud.py")[0].name == "f"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty.py", ""),
        ("broken.py", "def f(:"),
        ("untyped.py", "def f(a): return a"),
        ("star.py", "def f(*a: int): return a"),
        ("f.json", "{}"),
        ("f.json", "[]"),
        ("f.json", '{"name": "f", "url": "file:///etc/passwd"}'),
        ("f.json", '{"name": "f g", "url": "http://localhost"}'),
        ("f.json", '{"name": "f", "url": "http://localhost", "parameters": {"properties": {"a": {"type": "array"}}}}'),
        ("f.json", '{"name": "f", "url": "http://localhost", "parameters": {"properties": {"a": {"type": ["string", "null"]}}}}'),
        ("f.json", '{"name": "f", "url": "http://localhost", "parameters": {"required": 5}}'),
        ("f.json", '{"name": "f", "url": "http://localhost", "parameters": {"properties": {"a": {"type": "string", "enum": 5}}}}'),
    ],
)
def test_a_bad_declaration_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadArguments):
        declare(tmp_path / name)
    with pytest.raises(NotFound):
        declare(tmp_path / "absent.py")


def test_a_function_is_called_by_the_model_and_its_answer_is_a_passage(balance: Function) -> None:
    chat = ScriptedChat([Reply("", (Call("leave_balance", {"employee": 7}),))])
    called = call([balance], "How much leave has employee 7?", chat)
    assert [p.text for p in called.passages] == ["Employee 7 has 12 days left in 2026."]
    assert called.passages[0].name == "function leave_balance"
    assert chat.offered == [["leave_balance"]]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("leave_balance", {}),
        ("leave_balance", {"employee": "7"}),
        ("leave_balance", {"employee": True}),
        ("leave_balance", {"employee": 7, "salary": 1}),
        ("leave_balance", "{broken"),
        ("other", {"employee": 7}),
    ],
)
def test_what_was_not_declared_is_not_called(balance: Function, name: str, args: object) -> None:
    assert call([balance], "leave?", ScriptedChat([Reply("", (Call(name, args),))])).passages == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "calls"),
    [
        ("leave balance employee 7", 1),
        ("leave_balance employee=7 year 2025", 1),
        ("leave balance", 0),
        ("How much leave has employee 7?", 0),
        ("sickleave balance employee 7", 0),
    ],
)
def test_offline_a_function_is_called_by_its_name_and_arguments_only(balance: Function, question: str, calls: int) -> None:
    assert len(call([balance], question, None).passages) == calls


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("open('/etc/passwd').read()", "no access to files"),
        ("open('out.txt', 'w')", "no access to files"),
        ("__import__('os').system('true')", "may not use os.system"),
        ("__import__('subprocess').run(['true'])", "may not use"),
        ("__import__('socket').create_connection(('127.0.0.1', 9))", "may not use"),
        ("__import__('os').listdir('/')", "no access to files"),
        ("__import__('os').scandir('/')", "may not use"),
        ("__import__('sqlite3').connect('/tmp/workspace.db')", "may not use sqlite3.connect"),
        ("__import__('mmap').mmap(-1, 1)", "may not use mmap"),
        ("__import__('os').kill(1, 0)", "may not use os.kill"),
        ("'x' * 70_000", "more than 65,536 characters"),
        ("exit_ if (exit_ := __import__('os')._exit(0)) else 0", "it ended"),
        ("1 / 0", "ZeroDivisionError"),
        ("'x' * (1 << 31)", "too much memory"),
    ],
)
def test_a_function_that_reaches_too_far_fails_and_says_why(body: str, said: str) -> None:
    passages, failed = running(f"def probe():\n    return str({body})\n")
    assert passages == ()
    assert said in failed[0]


def test_a_function_may_import_what_belongs_to_python() -> None:
    code = """import calendar, datetime, decimal, hashlib, random, statistics, urllib.parse, zoneinfo
def probe():
    there = datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("UTC"))
    return f"{statistics.mean([decimal.Decimal(1), decimal.Decimal(2)])} {there:%A}"
"""
    assert running(code) == (("1.5 Wednesday",), ())


@pytest.mark.parametrize(
    "body", ["while True: pass", "__import__('time').sleep(60)", "while True: __import__('sys').stderr.write('x' * 99999)"]
)
def test_a_function_that_never_ends_is_ended(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "SECONDS", 1)
    _, (failed,) = running(f"def probe():\n    {body}\n")
    assert failed == "function probe failed: it took longer than 1 seconds"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are looked for in /proc")
def test_what_a_function_leaves_running_ends_with_it() -> None:
    code = """import os, _posixsubprocess
def probe():
    command, ends, user = [b"/bin/sleep", b"61.3719"], os.pipe(), (None, None, None)
    _posixsubprocess.fork_exec(command, command[:1], True, (), None, None, *[-1] * 6, *ends, False, False, -1, *user, -1, None, False)
    return "left it running"
"""
    running(code)
    assert not [file for file in Path("/proc").glob("[0-9]*/cmdline") if b"61.3719" in said_of(file)]


def said_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it has ended
        return b""


def test_a_function_sees_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-functions")
    passages, _ = running("import os\ndef probe():\n    return str(sorted(os.environ))\n")
    assert "OPENAI" not in passages[0]


def test_what_a_function_returns_and_prints_is_data(balance: Function) -> None:
    passages, _ = running("def probe(a):\n    print('noise')\n    return {'days': 12, 'for': a}\n", a="x")
    assert passages == ('{"days": 12, "for": "x"}',)


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"got": ' + said + b"}")

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_endpoint_is_asked_with_its_arguments_and_never_followed_elsewhere(endpoint: str, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
    for path, said in (("/stock", '{"got": {"sku": "A1"}}'), ("/away", "")):
        (tmp_path / "f.json").write_text(json.dumps({"name": "stock", "url": endpoint + path, "parameters": schema}))
        called = call(declare(tmp_path / "f.json"), "stock sku=A1", None)
        assert "".join(p.text for p in called.passages) == said
        assert bool(called.failed) == (not said)
