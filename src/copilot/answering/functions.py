"""An agent's own functions: declared by its owner, chosen by the user's words alone, run in a process of their own.

What a function returns is a passage like any other: it is quoted, verified and quarantined, and never an instruction.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from copilot.answering.endpoint import post
from copilot.errors import BadArguments, NotFound, Unavailable
from copilot.knowledge.search import Passage
from copilot.outside.chat import Chatter, Reply
from copilot.outside.confined import Broken, Confined
from copilot.prompt import prompt

SECONDS = 10
MOST_CALLS = 3
SOURCE_BYTES = 64 << 10
JSON_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
CHECKS: Mapping[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
FORM = 'Give a Python file, or a JSON file: {"name": …, "description": …, "parameters": {JSON schema}, "url": "https://…"}'


@dataclass(frozen=True)
class Function:
    """A declared function. `parameters` is a JSON schema; it has Python `code`, or the `url` of an HTTP endpoint (POST, JSON)."""

    name: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    url: str = ""

    @property
    def tool(self) -> dict[str, Any]:
        """The declaration as function calling wants it."""
        return {"type": "function", "function": {"name": self.name, "description": self.description, "parameters": self.parameters}}

    def accepts(self, args: object) -> bool:
        """Whether these arguments are the declared ones, all that are required, each of its type."""
        known = self.parameters.get("properties", {})
        if not isinstance(args, dict) or not set(self.parameters.get("required", ())) <= set(args) <= set(known):
            return False
        return all(
            isinstance(value, CHECKS.get(known[name].get("type"), object))
            and (not isinstance(value, bool) or known[name].get("type") == "boolean")
            and value in known[name].get("enum", (value,))
            for name, value in args.items()
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Called:
    """What the functions said, as passages; `failed` says what did not work, `reply` what choosing them cost."""

    passages: tuple[Passage, ...] = ()
    failed: tuple[str, ...] = ()
    reply: Reply | None = None


def declare(path: Path) -> list[Function]:
    """Read a declaration; a Python file is parsed and not run.

    Raises:
        NotFound: there is no such file.
        BadArguments: it declares no function.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", FORM)
    text = path.read_text(encoding="utf-8", errors="replace")
    if len(text) > SOURCE_BYTES:
        raise BadArguments(f"{path} has more than {SOURCE_BYTES >> 10} KB.", "Give a smaller file.")
    found = _from_python(path, text) if path.suffix == ".py" else [_from_json(path, text)]
    if not found:
        raise BadArguments(f"{path} has no public function.", "Write one with a docstring and types: def balance(employee: int) -> str: …")
    return found


def call(functions: Sequence[Function], question: str, chat: Chatter | None) -> Called:
    """Run the functions that a question needs. Whoever chooses sees the question and the declarations, and no document."""
    if not functions:
        return Called()
    reply = None
    if chat is None or chat.functions is False:
        chosen = [(f, args) for f in functions if (args := _spelled_out(f, question)) is not None]
    else:
        messages = [{"role": "system", "content": prompt("functions")}, {"role": "user", "content": json.dumps({"question": question})}]
        reply = chat.complete(messages, [f.tool for f in functions], "auto")
        known = {f.name: f for f in functions}
        chosen = [(known[c.name], c.args) for c in reply.calls if c.name in known and known[c.name].accepts(c.args)]  # type: ignore[misc]
    passages, failed = [], []
    for number, (function, args) in enumerate(chosen[:MOST_CALLS], 1):
        text, error = _run(function, args)
        if error:
            failed.append(f"function {function.name} failed: {error}")
        elif text.strip():
            passages.append(_passage(number, function, args, text))
    return Called(tuple(passages), tuple(failed), reply)


def _run(function: Function, args: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a function said, or what went wrong."""
    try:
        if function.url:
            value = post(function.url, args, SECONDS)
        else:
            with Confined(function.code, SECONDS) as process:
                value = process.call(function.name, named=args)
    except (Broken, Unavailable) as error:
        return "", str(error)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode(), ""


def _passage(number: int, function: Function, args: Mapping[str, Any], text: str) -> Passage:
    said = ", ".join(f"{name}={value}" for name, value in args.items())
    name = f"function {function.name}"
    return Passage(-number, -number, name, function.url or name, "", None, None, f"{function.name}({said})", text, 0, len(text), 1.0, 1.0)


def _spelled_out(function: Function, question: str) -> dict[str, Any] | None:
    """Read a call from words that name the function and its arguments, e.g. "leave balance employee 7"; None when they do not."""
    plain = question.lower().replace("_", " ")
    if not re.search(rf"(?<!\w){re.escape(function.name.lower().replace('_', ' '))}(?!\w)", plain):
        return None
    args: dict[str, Any] = {}
    for name, schema in function.parameters.get("properties", {}).items():
        if match := re.search(rf"(?i)\b{re.escape(name.replace('_', ' '))}\s*(?:=|:|\bis\b)?\s*([\w.@-]*\w)", question.replace("_", " ")):
            args[name] = _typed(match[1], schema.get("type", "string"))
    return args if function.accepts(args) else None


def _typed(text: str, kind: str) -> Any:
    try:
        return {"integer": int, "number": float, "boolean": lambda t: {"true": True, "false": False}[t.lower()]}.get(kind, str)(text)  # type: ignore[operator]
    except (ValueError, KeyError):
        return None


def _from_python(path: Path, text: str) -> list[Function]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadArguments(f"{path} is no Python file: {error}.", FORM) from None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return [Function(n.name, (ast.get_docstring(n) or n.name).splitlines()[0], _schema(path, n), code=text) for n in functions]


def _schema(path: Path, node: ast.FunctionDef) -> dict[str, Any]:
    if node.args.vararg or node.args.kwarg or node.args.posonlyargs:
        raise BadArguments(f"{node.name} in {path} takes arguments without a name.", "Name every argument and its type.")
    arguments = [*node.args.args, *node.args.kwonlyargs]
    properties = {}
    for argument in arguments:
        kind = JSON_TYPES.get(ast.unparse(argument.annotation) if argument.annotation else "")
        if kind is None:
            raise BadArguments(
                f"{node.name} in {path}: '{argument.arg}' has no type that can be asked for.", "Use str, int, float or bool."
            )
        properties[argument.arg] = {"type": kind}
    required = [a.arg for a in node.args.args[: len(node.args.args) - len(node.args.defaults)]]
    required += [a.arg for a, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if default is None]
    return {"type": "object", "properties": properties, "required": required}


def _from_json(path: Path, text: str) -> Function:
    try:
        body = json.loads(text)
        name, url, parameters = body["name"], body["url"], body.get("parameters") or {"type": "object", "properties": {}}
        description = str(body.get("description") or name)
        schemas = list(parameters.get("properties", {}).values())
        types = [schema.get("type") for schema in schemas]
        lists = [parameters.get("required", []), *(schema.get("enum", []) for schema in schemas)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadArguments(f"{path} declares no function.", FORM) from None
    if not all(isinstance(values, list) and not any(isinstance(value, list | dict) for value in values) for values in lists):
        raise BadArguments(f"{path}: 'required' and 'enum' have to be lists.", FORM)
    if not re.fullmatch(r"[A-Za-z_]\w{0,62}", str(name)) or not re.fullmatch(r"https?://\S+", str(url)):
        raise BadArguments(f"{path}: the name has to be a word, and the address an http(s) one.", FORM)
    if unknown := [kind for kind in types if not isinstance(kind, str) or kind not in CHECKS]:
        raise BadArguments(f"{path}: a parameter of type {unknown[0]!r} cannot be checked.", f"Use {', '.join(CHECKS)}.")
    return Function(name, description, parameters, url=url)
