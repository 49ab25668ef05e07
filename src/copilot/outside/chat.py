"""Language models: the one door to LiteLLM, and a scripted model that needs none."""

import json
import logging
import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from copilot.errors import BadArguments, CopilotError, Unavailable
from copilot.outside.catalogue import credentials
from copilot.outside.chat_failures import CATALOG, NoFunctions, explained, pause_before_next
from copilot.outside.spending import check_caps, note

if TYPE_CHECKING:
    from pydantic import BaseModel

Message = Mapping[str, Any]
Parsed = TypeVar("Parsed", bound="BaseModel")
TIMEOUT = 60.0
PAUSES = (0.5, 2.0)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Call:
    """A tool that the model wants called; `args` stays text when it is no JSON object."""

    name: str
    args: dict[str, Any] | str


@dataclass(frozen=True)
class Reply:
    """What a model answered, and what it cost; `usd` is None when the price is unknown."""

    text: str
    calls: tuple[Call, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float | None = None


class Chatter(Protocol):
    """A model that can be talked to."""

    @property
    def model(self) -> str: ...
    @property
    def functions(self) -> bool | None: ...

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Reply: ...

    def parse(self, messages: Sequence[Message], shape: type[Parsed], functions: bool = True) -> tuple[Parsed, Reply]: ...


@dataclass(frozen=True)
class Chat:
    """A model reached through LiteLLM. Its key comes from the environment variable of its provider, and from nowhere else.

    Args:
        model: LiteLLM's name of the model, e.g. `bedrock/anthropic.claude-3-haiku-20240307-v1:0`.
        api_base: Base URL of a self-hosted endpoint.
        temperature: Sampling temperature; None leaves it to the provider.
        timeout: Seconds to wait for one answer.
        pauses: Seconds before each further try; a Retry-After header of the endpoint is obeyed when it asks for more.
        functions: Whether the model can be given functions to call; None when nobody knows, so that the first call tells.
    """

    model: str
    api_base: str | None = None
    temperature: float | None = None
    timeout: float = TIMEOUT
    pauses: tuple[float, ...] = PAUSES
    functions: bool | None = None

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Reply:
        """Send messages and return the answer.

        Args:
            tools: Functions in the form of the OpenAI API.
            tool_choice: `auto`, `required` or `none`.
            on_text: Called with each piece of the answer as it arrives.

        Raises:
            Unavailable: the endpoint cannot be reached, is too slow, refuses the key, or breaks off in the middle.
            NoFunctions: the model takes no functions.
            BadArguments: the endpoint does not accept the request for another reason.
        """
        options: dict[str, Any] = {"messages": list(messages)}
        if tools:
            self._check_functions()
            options |= {"tools": list(tools), "tool_choice": tool_choice or "auto"}
        if on_text:
            return self._reply(self._stream(options, on_text))
        return self._reply(self._send(**options))

    def parse(self, messages: Sequence[Message], shape: type[Parsed], functions: bool = True) -> tuple[Parsed, Reply]:
        """Ask for an answer in the form of a pydantic model, once.

        Args:
            functions: False where the model was found to take no functions, so that it is asked for JSON.

        Raises:
            BadArguments: the answer does not have that form.
            Unavailable: as `complete`.
        """
        import instructor

        logging.getLogger("instructor").setLevel(logging.CRITICAL + 1)  # it logs what the person typed
        mode = instructor.Mode.TOOLS if functions and self.functions is not False else instructor.Mode.JSON
        client: Any = instructor.from_litellm(self._send, mode=mode)
        try:
            parsed, raw = client.chat.completions.create_with_completion(
                messages=[dict(m) for m in messages], response_model=shape, max_retries=0
            )
        except Exception as error:
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, CopilotError):
                cause = cause.__cause__ or cause.__context__
            raise cause or BadArguments(f"{self.model} did not answer in the form asked for.", "Try again, or another model.") from error
        return parsed, self._reply(raw)

    def load(self) -> None:
        """Import LiteLLM now: it takes seconds, which are not the model's."""
        _litellm()

    @property
    def place(self) -> str:
        """Where the model is, for people."""
        return f"{self.model} at {self.api_base}" if self.api_base else self.model

    def _send(self, **options: Any) -> Any:
        """Call LiteLLM with bounded retries; instructor calls this too, with options of its own."""
        litellm = _litellm()
        own: dict[str, Any] = {"model": self.model, "timeout": self.timeout, "max_retries": 0, "num_retries": 0}
        if self.temperature is not None:
            own["temperature"] = self.temperature
        if options.get("tools"):
            own["_skip_mcp_handler"] = True  # it would import LiteLLM's proxy, which is not installed and must not be
        if self.api_base:
            own["api_base"] = self.api_base
            if urlsplit(self.api_base).hostname in LOOPBACK:
                own["api_key"] = "unused"  # a key of a provider has no business at a server on this machine
        check_caps()
        for own_pause in (*self.pauses, None):
            try:
                raw = litellm.completion(**{**options, **own})
                break
            except Exception as error:
                pause = None if own_pause is None else pause_before_next(litellm, error, own_pause)
                if pause is None:
                    raise self._explained(litellm, error, bool(options.get("tools"))) from error
                time.sleep(pause)
        if not options.get("stream"):
            self._note(raw)
        return raw

    def _check_functions(self) -> None:
        """Raise BadArguments where LiteLLM would drop the functions unsaid."""
        takes = _litellm().get_supported_openai_params(model=self.model)
        if self.functions is not True and takes is not None and "tools" not in takes:
            raise NoFunctions(f"{self.place} takes no functions.", CATALOG)

    def _stream(self, options: dict[str, Any], on_text: Callable[[str], None]) -> Any:
        litellm = _litellm()
        chunks = []
        stream = self._send(**options, stream=True, stream_options={"include_usage": True})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the first stream makes LiteLLM build types that pydantic warns about
                for chunk in stream:
                    chunks.append(chunk)
                    for choice in chunk.choices:
                        if choice.delta.content:
                            on_text(choice.delta.content)
        except Exception as error:
            raise self._explained(litellm, error) from error
        # LiteLLM ends every stream with a reason of its own making; only this one is the endpoint's.
        if not getattr(stream, "received_finish_reason", True):
            raise Unavailable(f"The answer of {self.place} broke off.", "Try again, or use another model: copilot models use NAME")
        raw = litellm.stream_chunk_builder(chunks, messages=options["messages"])
        self._note(raw)
        return raw

    def _reply(self, raw: Any) -> Reply:
        message = raw.choices[0].message
        calls = tuple(_call(c.function.name, c.function.arguments) for c in message.tool_calls or ())
        counted = _tokens(raw)
        return Reply(message.content or "", calls, *counted, self._usd(*counted))

    def _note(self, raw: Any) -> None:
        """Put what was just paid for on the tab, also when the answer turns out to be of no use."""
        counted = _tokens(raw)
        note(self.model, *counted, self._usd(*counted))

    def _usd(self, tokens_in: int, tokens_out: int) -> float | None:
        """Return the price by LiteLLM's table; None for what it does not list and for self-hosted endpoints."""
        if self.api_base:
            return None
        try:
            parts = _litellm().cost_per_token(model=self.model, prompt_tokens=tokens_in, completion_tokens=tokens_out)
        except Exception:
            return None
        usd = float(sum(parts))
        return usd if usd > 0 else None

    def _explained(self, litellm: Any, error: Exception, functions: bool = False) -> CopilotError:
        return explained(litellm, error, self.place, "" if self.api_base else credentials(self.model.partition("/")[0]), functions)


@dataclass
class ScriptedChat:
    """A model that says what it was told to, in order; for tests, and for trying a prompt without a model.

    Args:
        script: The answers; an error among them is raised.
    """

    script: Iterable[Reply | CopilotError]
    model: str = "scripted"
    functions: bool | None = None
    heard: list[list[Message]] = field(default_factory=list)
    offered: list[list[str]] = field(default_factory=list)

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Reply:
        """Return the next answer of the script; raise Unavailable when there is none left."""
        self.heard.append(list(messages))
        self.offered.append([tool["function"]["name"] for tool in tools or ()])
        self.script = iter(self.script)
        answer = next(self.script, None)
        if answer is None:
            raise Unavailable("The script has no answer left.")
        if isinstance(answer, CopilotError):
            raise answer
        note(self.model, answer.tokens_in, answer.tokens_out, answer.usd)
        if on_text and answer.text:
            on_text(answer.text)
        return answer

    def parse(self, messages: Sequence[Message], shape: type[Parsed], functions: bool = True) -> tuple[Parsed, Reply]:
        """Read the next answer's text as JSON of that form."""
        reply = self.complete(messages)
        try:
            return shape.model_validate_json(reply.text), reply
        except ValueError as error:
            raise BadArguments("The script did not answer in the form asked for.") from error


@cache
def _litellm() -> Any:
    """Import LiteLLM without telemetry, callbacks, or its download of a price list."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ.setdefault("LITELLM_LOG", "CRITICAL")
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True
    litellm.callbacks, litellm.success_callback, litellm.failure_callback = [], [], []
    return litellm


def _tokens(raw: Any) -> tuple[int, int]:
    usage = getattr(raw, "usage", None)
    return int(getattr(usage, "prompt_tokens", 0) or 0), int(getattr(usage, "completion_tokens", 0) or 0)


def _call(name: str | None, arguments: str | None) -> Call:
    try:
        args = json.loads(arguments or "{}")
    except json.JSONDecodeError:
        return Call(name or "", arguments or "")
    return Call(name or "", args if isinstance(args, dict) else arguments or "")
