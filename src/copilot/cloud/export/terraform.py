"""A graph as Terraform configuration, in its JSON syntax."""

import json
from collections.abc import Collection
from typing import Any

from copilot.cloud.export.syntax import Writer
from copilot.cloud.export.terraform_types import MAIN, MAKERS
from copilot.cloud.export.terraform_words import Base64, Published, Raw

ACCOUNT = "${data.aws_caller_identity.current.account_id}"
DATA: dict[str, dict[str, Any]] = {
    "aws_caller_identity": {"current": {}},
    "aws_availability_zones": {"all": {"state": "available"}},
    "aws_vpc": {"default": {"default": True}},
}
PROVIDERS = {"aws": {"source": "hashicorp/aws", "version": ">= 6.0"}, "random": {"source": "hashicorp/random", "version": ">= 3.5"}}
FILES = {"type": "string", "default": "./artifacts", "description": "Folder with the files that are put into the bucket."}


class Configuration(Writer):
    """Writes everything as one module that `terraform apply` makes at once."""

    def makers(self) -> Collection[str]:
        return MAKERS

    def render(self) -> dict[str, Any]:
        made: dict[str, dict[str, Any]] = {}
        parts: dict[str, list[str]] = {}
        for resource in (r for r in self.ordered if r.type in MAKERS):
            first = [part for need in sorted(resource.needs) for part in parts.get(need, [])]
            mine = parts.setdefault(resource.id, [])
            for suffix, kind, arguments in MAKERS[resource.type](resource.id, resource.properties):
                body = self.plain(arguments)
                text, name = json.dumps(body), f"{resource.id}{suffix}"
                if unsaid := [part for part in (*first, *mine) if f"{part}." not in text]:
                    body["depends_on"] = unsaid
                made.setdefault(kind, {})[name] = body
                mine.append(f"{kind}.{name}")
        return self._document(made)

    def _document(self, made: dict[str, dict[str, Any]]) -> dict[str, Any]:
        text = json.dumps(made)
        providers = {name: about for name, about in PROVIDERS.items() if any(kind.startswith(f"{name}_") for kind in made)}
        data = {kind: named for kind, named in DATA.items() if f"data.{kind}." in text}
        return {
            "//": self.about,
            "terraform": {"required_version": ">= 1.5", "required_providers": providers},
            "provider": {"aws": {"region": self.region}},
            **({"variable": {"artifacts": FILES}} if "var.artifacts" in text else {}),
            **({"data": data} if data else {}),
            "resource": made,
        }

    def string(self, text: str) -> str:
        if isinstance(text, Raw):
            return str(text)
        if isinstance(text, Published):
            return f"${{aws_lambda_function.{self._function(text)}.version}}"
        if isinstance(text, Base64):
            return f"${{base64encode({json.dumps(self.string(str(text)))})}}"
        parts = (self._target(part) or part.replace("${", "$${").replace("%{", "%%{") for part in self.split(text))
        return "".join(parts).replace(self.account, ACCOUNT)

    def _function(self, name: str) -> str:
        return next(r.id for r in self.ordered if r.type == "function" and r.properties["name"] == name)

    def _target(self, part: str) -> str:
        """Return the expression for a reference to a resource's physical id; empty when the part is no reference."""
        kind = self.referred(part)
        return f"${{{MAIN[kind][0]}.{part[2:-1]}.{MAIN[kind][1]}}}" if kind else ""
