"""A deployment as infrastructure code, for those who deploy with other tools."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from copilot.cloud.export.cloudformation import Template
from copilot.cloud.export.syntax import Writer
from copilot.cloud.export.terraform import Configuration
from copilot.cloud.graph import Resource

Format = Literal["cloudformation", "terraform"]
WRITERS: dict[Format, type[Writer]] = {"cloudformation": Template, "terraform": Configuration}
SUFFIXES: dict[Format, str] = {"cloudformation": ".yaml", "terraform": ".tf.json"}

__all__ = ["SUFFIXES", "Format", "text", "writer"]


def writer(format: Format, resources: Iterable[Resource], account: str, region: str, about: str) -> Writer:  # noqa: A002 - the argument's name
    """Return what writes a graph in a format (see `Writer`)."""
    return WRITERS[format](resources, account, region, about)


def text(document: dict[str, Any], path: Path) -> str:
    """Return a document as it is written to a file: YAML where the name says so, else JSON."""
    if path.suffix in (".yaml", ".yml"):
        import yaml

        return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=140))
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
