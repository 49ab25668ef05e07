"""Which model a person means: 'claude 3.5 sonnet', 'gpt4o-mini', 'bedrock/amazon.nova-lite'."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from urllib.parse import urlsplit

from copilot.errors import BadArguments
from copilot.outside.catalogue import BUILTIN, FREE, SAME, Entry, entries, providers

ALIASES = {
    "google": "gemini",
    "amazon": "bedrock",
    "aws": "bedrock",
    "microsoft": "azure",
    "together": "together_ai",
    "fireworks": "fireworks_ai",
}
OWN_WORDS = {"offline", "extractive", "builtin"}
FILLERS = {"the", "model", "built", "in", "local", "answerer"}
VENDOR = re.compile(r"^(?:(?:us|eu|apac|au|jp|ca|global|us-gov)\.)?[a-z]\w*\.(?!v?\d)")
"""What Bedrock writes before the name, e.g. `us.anthropic.`; not where only a number would be left."""
DATE = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d)")
RELEASE = re.compile(r"(?:-v\d+)?(?::\d+)?$|-latest$|@default$")
PLAIN = {"b", "instruct", "it", "chat", "v"}
"""Words that say little about which model it is."""
NEAR = 5
OLLAMA_PORT = 11434


@dataclass(frozen=True)
class Meant:
    """What a name stands for: the model when it is certain, else None.

    `candidates` have every word of the name, `similar` ones are spelt like it; both best first.
    """

    model: Entry | None
    candidates: tuple[Entry, ...] = ()
    similar: tuple[Entry, ...] = ()


def resolve(name: str) -> Meant:
    """Find the model that a person means.

    A name is certain when it is a model's id or its name without the provider, date and release, however it is
    spaced and ordered. Part of a name is never certain.
    """
    words = _words(name)
    if _builtin(set(words)):
        return Meant(BUILTIN)
    prefix, rest = split(name)
    known = [entry for entry in entries() if not prefix or entry.id.startswith(f"{prefix}/") or entry.provider == prefix]
    named = [entry for entry in known if _signature(rest) in _signatures(entry)]
    if named:
        exact = [entry for entry in named if entry.id.lower() == name.lower()]
        newest_first = sorted(exact or named, key=lambda entry: entry.id, reverse=True)
        return Meant(min(newest_first, key=lambda entry: (entry.rank, len(entry.id))))
    candidates = _holding(words)
    return Meant(None, candidates, () if candidates else _similar(name))


def uncharted(name: str) -> Entry | None:
    """Return a model of a provider that exists, which the catalogue need not know: `groq/llama-3.3-70b`."""
    provider, rest = split(name)
    return _unknown(provider, rest) if provider not in ("", BUILTIN.provider) and rest else None


def self_hosted(name: str, api_base: str) -> Entry:
    """Return a model behind an endpoint of one's own: Ollama on its usual port, else what speaks the OpenAI protocol.

    Raises:
        BadArguments: the URL is none, or holds a secret, which would be stored.
    """
    try:
        url = urlsplit(api_base)
        port = url.port
    except ValueError:
        raise BadArguments(f"'{api_base}' is not a URL.", "Write it like http://localhost:11434") from None
    if url.username or url.password or url.query:
        raise BadArguments(
            f"The address of {url.hostname} holds credentials.", "Leave them out, and set the provider's key in the environment."
        )
    provider, rest = split(name)
    entry = _unknown(provider or ("ollama" if port == OLLAMA_PORT else "openai"), rest)
    known = next((listed for listed in entries() if listed.id == entry.id), entry)
    return replace(known, input_price=entry.input_price, output_price=entry.output_price)


def _unknown(provider: str, name: str) -> Entry:
    price = 0.0 if provider in FREE else None
    return Entry(f"{provider}/{name}", SAME.get(provider, provider), "chat", None, price, price, ("chat",))


def split(name: str) -> tuple[str, str]:
    """Split `provider/rest` where the provider is one that exists; else the provider is empty."""
    prefix, slash, rest = name.strip().partition("/")
    return (prefix.lower(), rest) if slash and prefix.lower() in providers() else ("", name.strip())


def provider_named(name: str) -> str:
    """Return a provider as the catalogue writes it, or an empty string."""
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    found = ALIASES.get(plain, plain)
    return next((known for known in providers() if known in (found, found.replace("_", "-"))), "")


def short(model: str) -> str:
    """Return a model's name without provider, vendor, date and release: the name people use."""
    tail = _tail(model)
    plain = RELEASE.sub("", DATE.sub("", tail))
    return plain or tail


def distinct(models: Iterable[Entry]) -> list[Entry]:
    """Keep the first of the models that one provider offers under the same short name in several regions or dates."""
    seen: dict[tuple[str, str], Entry] = {}
    for entry in models:
        seen.setdefault((entry.provider, short(entry.id)), entry)
    return list(seen.values())


def _builtin(words: set[str]) -> bool:
    return words <= OWN_WORDS | FILLERS and (bool(words & OWN_WORDS) or {"built", "in"} <= words)


def _tail(model: str) -> str:
    provider, _, rest = model.partition("/")
    tail = (rest or provider).rpartition("/")[2]
    return VENDOR.sub("", tail) if provider == "bedrock" else tail


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+", name.lower())


def _signature(name: str) -> tuple[str, ...]:
    return tuple(sorted(_words(name)))


@cache
def _signatures(entry: Entry) -> frozenset[tuple[str, ...]]:
    """The names of a model that are certain: whole, without provider and vendor, and short."""
    rest, tail = entry.id.partition("/")[2], _tail(entry.id)
    written = (entry.id, rest, tail, tail.removesuffix(":0"), RELEASE.sub("", tail), RELEASE.sub("", DATE.sub("", rest)), short(entry.id))
    return frozenset(map(_signature, written))


def _holding(words: Sequence[str]) -> tuple[Entry, ...]:
    """Return the models that have every one of the words, one of each short name."""
    holding = [entry for entry in entries() if words and set(words) <= _vocabulary(entry)]
    return _unlike(sorted(holding, key=lambda entry: _order(entry, words)))[:NEAR]


def _similar(name: str) -> tuple[Entry, ...]:
    by_name = {short(entry.id).lower(): entry for entry in _unlike(sorted(entries(), key=lambda entry: (entry.rank, len(entry.id))))}
    return tuple(by_name[close] for close in get_close_matches(short(name).lower(), by_name, n=NEAR))


def _unlike(models: Iterable[Entry]) -> tuple[Entry, ...]:
    """Keep the first model of each short name."""
    seen: dict[str, Entry] = {}
    for entry in models:
        seen.setdefault(short(entry.id).lower(), entry)
    return tuple(seen.values())


def _vocabulary(entry: Entry) -> set[str]:
    """The words by which a model may be called: its provider, its vendor and its name, not its region."""
    return {*_words(entry.provider), *_words(entry.id.rpartition("/")[2])}


def _order(entry: Entry, words: Sequence[str]) -> tuple[bool, int, int, list[int], int]:
    """Models that answer first, then the plainest names, then the known providers, then the newest."""
    own = _words(short(entry.id))
    extra = [word for word in own if word.isalpha() and word not in words and word not in PLAIN]
    return ("chat" not in entry.capabilities, len(extra), entry.rank, [*(-int(word) for word in own if word.isdigit()), 0], len(entry.id))
