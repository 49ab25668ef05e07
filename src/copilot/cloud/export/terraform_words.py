"""What the makers of Terraform's types say themselves in."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from copilot.cloud.rules.rule import Properties

Part = tuple[str, str, dict[str, Any]]
"""What is added to the resource's own name, the type, and the arguments; those that are `Raw` are expressions already."""
Maker = Callable[[str, Properties], Iterator[Part]]
"""Takes the resource's own name and its properties."""


class Raw(str):
    """An expression of Terraform, not a text of ours."""


class Base64(str):
    """A text that is handed over in base 64."""


class Published(str):
    """The name of a function, for the number of its newest version."""


def document(policy: Any) -> str:
    return json.dumps(policy, sort_keys=True)
