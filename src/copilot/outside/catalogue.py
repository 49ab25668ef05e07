"""The models that can be registered, read from the price list inside the litellm package without importing litellm."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from copilot.errors import Unavailable

Capability = Literal["chat", "embedding", "vision", "function_calling", "reasoning", "response_schema", "prompt_caching", "audio"]

PRICES = "model_prices_and_context_window_backup.json"
PROVIDERS = "provider_endpoints_support_backup.json"
ANSWERING = ("chat", "responses", "completion")
MODES = (*ANSWERING, "embedding", "audio_transcription", "audio_speech", "realtime")
"""What the list calls the kinds of models that we can make use of; pictures, video, search and the like are left out."""
FREE = ("builtin", "ollama", "ollama_chat", "lemonade", "llamafile", "lm_studio", "hosted_vllm", "vllm")
"""Providers that run on one's own machine. A price of 0 anywhere else means that the list does not know it."""
SAME = {"cohere_chat": "cohere", "azure_text": "azure", "text-completion-openai": "openai", "ollama_chat": "ollama"}
PREFERRED = ("builtin", "openai", "anthropic", "gemini", "mistral", "cohere", "deepseek", "xai", "bedrock", "azure", "vertex_ai", "groq")
"""Whom a name without a provider means first: whoever makes the model, then the large clouds."""
MILLION = 1_000_000

AWS = "AWS credentials: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_REGION"
CREDENTIALS = {
    "azure": "AZURE_API_KEY, AZURE_API_BASE and AZURE_API_VERSION",
    "azure_ai": "AZURE_AI_API_KEY and AZURE_AI_API_BASE",
    "bedrock": AWS,
    "sagemaker": AWS,
    "vertex_ai": "GOOGLE_APPLICATION_CREDENTIALS and VERTEXAI_PROJECT",
    "together_ai": "TOGETHERAI_API_KEY",
}


@dataclass(frozen=True)
class Entry:
    """A model. Prices are USD per million tokens and context is in tokens; None where the list does not say."""

    id: str
    provider: str
    mode: str
    context: int | None
    input_price: float | None
    output_price: float | None
    capabilities: tuple[Capability, ...]

    @property
    def rank(self) -> int:
        """The place of the provider among those that a bare name means; smaller is earlier."""
        return PREFERRED.index(self.provider) if self.provider in PREFERRED else len(PREFERRED)


BUILTIN = Entry("builtin/extractive", "builtin", "chat", None, 0.0, 0.0, ("chat",))
"""The model that comes with the product: it answers with sentences of the documents, offline and free."""
BUILTIN_NAME = "offline"


def credentials(provider: str) -> str:
    """Name what must be set before a provider answers; empty for those that need nothing."""
    if provider in FREE:
        return ""
    return CREDENTIALS.get(provider, f"{re.sub(r'[^A-Z0-9]', '_', provider.upper())}_API_KEY")


@cache
def entries() -> tuple[Entry, ...]:
    """Read the catalogue, the built-in model first.

    Raises:
        Unavailable: the litellm package is missing or holds no price list.
    """
    listed = (_entry(key, spec) for key, spec in _read(PRICES).items() if spec.get("mode") in MODES and "commitment" not in key)
    unique = {entry.id: entry for entry in listed if "*" not in entry.id}
    return (BUILTIN, *unique.values())


@cache
def providers() -> tuple[str, ...]:
    """Return every prefix that a model's id can have, in alphabetical order."""
    known = _read(PROVIDERS)["providers"]
    return tuple(sorted({name for name in known if "/" not in name} | {entry.id.partition("/")[0] for entry in entries()}))


def _read(name: str) -> Mapping[str, Any]:
    package = find_spec("litellm")
    for folder in (package.submodule_search_locations or ()) if package else ():
        path = Path(folder) / name
        if path.exists():
            listed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return listed
    raise Unavailable("The catalogue of models is missing: it comes with the litellm package.", "See what is installed: copilot doctor")


def _entry(key: str, spec: Mapping[str, Any]) -> Entry:
    route = _route(str(spec.get("litellm_provider") or "openai"))
    provider = SAME.get(route, route)
    return Entry(
        id=key if key.startswith(f"{route}/") else f"{route}/{key}",
        provider=provider,
        mode=str(spec["mode"]),
        context=_count(spec.get("max_input_tokens")) or _count(spec.get("max_tokens")),
        input_price=_price(spec.get("input_cost_per_token"), provider),
        output_price=_price(spec.get("output_cost_per_token"), provider),
        capabilities=tuple(_capabilities(spec)),
    )


def _route(listed: str) -> str:
    """Return the prefix that litellm routes by; the list splits some providers further."""
    if listed.startswith("vertex_ai-"):
        return "vertex_ai"
    return {"bedrock_converse": "bedrock", "fireworks_ai-embedding-models": "fireworks_ai"}.get(listed, listed)


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value > 0 else None


def _price(per_token: object, provider: str) -> float | None:
    if not isinstance(per_token, int | float) or (not per_token and provider not in FREE):
        return None
    return round(float(per_token) * MILLION, 6)


def _capabilities(spec: Mapping[str, Any]) -> Iterable[Capability]:
    if spec["mode"] in ANSWERING:
        yield "chat"
    if spec["mode"] == "embedding":
        yield "embedding"
    for name in ("vision", "function_calling", "reasoning", "response_schema", "prompt_caching"):
        if spec.get(f"supports_{name}"):
            yield name
    if spec["mode"] in ("audio_transcription", "audio_speech", "realtime") or spec.get("supports_audio_input"):
        yield "audio"
