"""Regular things in an utterance: paths, addresses, regions, model ids, instance types, figures, known names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from copilot.routing.names import find_names
from copilot.routing.quantities import PERIOD, as_duration, find_quantities, period_in_words

REGION = r"(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov)?-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-\d"
PLACES = {
    "frankfurt": "eu-central-1", "germany": "eu-central-1", "zurich": "eu-central-2", "zürich": "eu-central-2", "ireland": "eu-west-1",
    "dublin": "eu-west-1", "london": "eu-west-2", "uk": "eu-west-2", "england": "eu-west-2", "paris": "eu-west-3", "france": "eu-west-3",
    "stockholm": "eu-north-1", "sweden": "eu-north-1", "milan": "eu-south-1", "italy": "eu-south-1", "spain": "eu-south-2",
    "oregon": "us-west-2", "california": "us-west-1", "n. virginia": "us-east-1", "north virginia": "us-east-1",
    "northern virginia": "us-east-1", "virginia": "us-east-1", "ohio": "us-east-2", "tokyo": "ap-northeast-1", "japan": "ap-northeast-1",
    "seoul": "ap-northeast-2", "osaka": "ap-northeast-3", "sydney": "ap-southeast-2", "australia": "ap-southeast-2",
    "melbourne": "ap-southeast-4", "singapore": "ap-southeast-1", "jakarta": "ap-southeast-3", "mumbai": "ap-south-1",
    "india": "ap-south-1", "hyderabad": "ap-south-2", "hong kong": "ap-east-1", "sao paulo": "sa-east-1", "são paulo": "sa-east-1",
    "brazil": "sa-east-1", "montreal": "ca-central-1", "montréal": "ca-central-1", "canada": "ca-central-1", "calgary": "ca-west-1",
    "cape town": "af-south-1", "bahrain": "me-south-1", "dubai": "me-central-1", "tel aviv": "il-central-1",
}  # fmt: skip
FAMILIES = (
    "gpt|claude|llama|codellama|mistral|mixtral|ministral|codestral|gemini|gemma|titan|nova|command|haiku|sonnet|opus|qwen|phi|deepseek|jamba|"
    "cohere|whisper|falcon|granite|grok|pixtral|text-embedding|nomic|bge|o1|o3|o4|kimi|yi|zephyr|vicuna|starcoder|nemotron"
)
PROVIDERS = (
    "builtin|openai|anthropic|bedrock|azure|azure_ai|gemini|google|vertex_ai|mistral|ollama|ollama_chat|groq|cohere|cohere_chat|together_ai|fireworks_ai|"
    "deepseek|huggingface|openrouter|replicate|sagemaker|xai|perplexity|databricks|watsonx|nvidia_nim|cerebras|ai21|vllm|hosted_vllm|meta_llama"
)
SIZES = r"(?:nano|micro|small|medium|large|metal|\d*xlarge)"
VARIANT = r"(?:\d+(?:\.\d+)?b\b|turbo|mini|nano|haiku|sonnet|opus|pro|flash|lite|instruct|large|small)"
ENDINGS = (
    r"csv|tsv|jsonl?|xml|xes(?:\.gz)?|ya?ml|txt|md|pdf|docx?|pptx?|xlsx?|html?|parquet|db|sqlite3?|sql|tf|zip|png|jpe?g|log|eml|msg|rtf|epub|"
    r"template|gz|dump|bak"
)
GPUS = r"a10g?|l4|l40s?|t4g?|v100|a100|h100|h200|b200|k80|m60|p100|rtx ?\d{4}|inferentia\d?|trainium\d?"
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("url", r"https?://[^\s\"'<>]*[\w/#=&*]"),
        ("path", r"(?<=[\"“])(?:~|\.{0,2})/[^\"”]+(?=[\"”])|(?<=')(?:~|\.{0,2})/[^']+(?=')"),
        ("path", r"(?:s3|gs|file|sqlite|postgresql|mysql)://[^\s\"'<>,;]*[\w/*]"),
        ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
        ("zone", rf"\b{REGION}[a-f]\b"),
        ("region", rf"\b{REGION}\b"),
        ("region", rf"\b(?:{'|'.join(sorted(map(re.escape, PLACES), key=len, reverse=True))})\b"),
        ("ami", r"\bami-[0-9a-z]+\b"),
        ("instance", rf"\b(?:[a-z]{{1,4}}\d{{1,2}}[a-z]{{0,4}}(?:-\w+)?|u-\w+|mac\d\w*)\.{SIZES}(?:-\w+)?\b"),
        ("model", rf"(?<![\w/.])(?:(?:{PROVIDERS})/)(?:[\w.-]+/)?[\w.:@-]*\w"),
        ("model", rf"(?<![\w/.-])(?:[a-z]+\.)?(?:{FAMILIES})(?:[-.: ]?\d(?:[\w.:-]*\w)?|[-.:/][\w.:-]*\w)(?: {VARIANT})*"),
        ("path", r"(?<![\w/])(?:~|\.{1,2})?(?:/[\w.*?@+-]+)+/?|(?<![\w/])(?:\./|\.\./|~/)\S*[\w/*]"),
        ("path", r"(?<![\w/@:])(?:[\w.*?-]+[/\\])+[\w.*?-]*"),
        ("path", rf"(?<![\w/@])[\w*?-][\w.*?-]*\.(?:{ENDINGS})\b"),
        ("cron", r"(?<![\w*/])(?:[\d*][\d*,/-]*\s+){4}[\d*][\w*,/-]*"),
        ("gpu", rf"\b(?:{GPUS})s?\b"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Mention:
    """A recognised thing in an utterance (`text[start:end]`).

    `kind` is one of the pattern kinds, `number`, `memory`, `time`, `percent`, `money`, `period`, or `names`; `value` is what it stands
    for; `of` holds, for a known name, the kinds of things that bear it.
    """

    start: int
    end: int
    kind: str
    value: Any
    of: tuple[str, ...] = ()


def find_mentions(text: str, names: Mapping[str, Sequence[str]]) -> tuple[Mention, ...]:
    """Return what is recognised in `text`, in order and without overlap: known names first, then the most specific pattern."""
    taken: list[Mention] = []
    for mention in (*_names(text, names), *_patterns(text), *_figures(text)):
        if all(mention.end <= other.start or mention.start >= other.end for other in taken):
            taken.append(mention)
    return tuple(sorted(taken, key=lambda m: m.start))


def _names(text: str, names: Mapping[str, Sequence[str]]) -> Iterator[Mention]:
    for start, end, name, kinds in find_names(text, names):
        yield Mention(start, end, "names", name, kinds)


def _patterns(text: str) -> Iterator[Mention]:
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            said = match[0]
            value = PLACES.get(said.lower(), said.lower()) if kind in ("region", "zone") else said
            yield Mention(match.start(), match.end(), kind, value)


def _figures(text: str) -> Iterator[Mention]:
    quantities = find_quantities(text)
    for quantity in quantities:
        kind = "period" if quantity.dimension == "time" and as_duration(quantity) else quantity.dimension
        yield Mention(quantity.start, quantity.end, kind, quantity)
    for match in PERIOD.finditer(text):
        yield Mention(match.start(), match.end(), "period", period_in_words(match[0]))
