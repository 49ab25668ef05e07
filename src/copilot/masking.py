"""What looks like a credential, and masking it: every log and every stored word goes through here."""

import re
from typing import Any

SECRETS = re.compile(
    r"(?i)\b(?:sk-[\w-]{8,}|AKIA[0-9A-Z]{12,}|gh[pousr]_\w{20,}|xox[abp]-[\w-]+|eyJ[\w-]{10,}\.[\w-]+\.[\w-]+)"
    r"|(?<![a-z0-9])(?:api[_-]?key|access[_-]?key|token|password|secret|signature)['\"]?\s*[=:]\s*\S+"
    r"|(?<=://)[^\s/@]+(?=@)"
)


def mask(text: str) -> str:
    """Replace what looks like a credential in a text."""
    return SECRETS.sub("[masked]", text)


def masked(value: Any) -> Any:
    """Return a JSON-like value with every text in it masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: masked(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [masked(part) for part in value]
    return value
