"""A graph as a CloudFormation template."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from copilot.cloud.export.cloudformation_types import MAKERS
from copilot.cloud.export.syntax import NETWORK, Writer, camel

UPLOADED = "ArtifactsUploaded"
VARIABLE = re.compile(r"\$\{(?=[^}]*\})")
"""What CloudFormation would take for a variable of its own."""
TARGETS = {"security_group": ".GroupId"}
"""The attribute with a type's physical id, where that is not what a plain reference gives."""
KEPT = {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}
"""What holds data stays when the stack is removed."""


class Template(Writer):
    """Writes what needs the objects of a bucket under a condition: the person says that they are uploaded."""

    def makers(self) -> Collection[str]:
        return {*MAKERS, "object"}

    def render(self) -> dict[str, Any]:
        waiting = self.after_objects()
        made: dict[str, dict[str, Any]] = {}
        parts: dict[str, list[str]] = {}
        for resource in (r for r in self.ordered if r.type in MAKERS):
            first = [part for need in sorted(resource.needs) for part in parts.get(need, [])]
            mine = parts.setdefault(resource.id, [])
            for suffix, kind, properties in MAKERS[resource.type](camel(resource.id), resource.properties):
                body: dict[str, Any] = {"Type": kind, "Properties": self.plain(properties)}
                if unsaid := [part for part in (*first, *mine) if not _mentions(body, part)]:
                    body["DependsOn"] = unsaid
                if resource.id in waiting:
                    body["Condition"] = UPLOADED
                if kind in KEPT:
                    body |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
                made[camel(resource.id) + suffix] = body
                mine.append(camel(resource.id) + suffix)
        return self._document(made)

    def _document(self, made: Mapping[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = {"AWSTemplateFormatVersion": "2010-09-09", "Description": self.about}
        parameters: dict[str, Any] = {}
        if any("Condition" in body for body in made.values()):
            said = "yes when the files are in the bucket; no makes the bucket first."
            parameters[UPLOADED] = {"Type": "String", "AllowedValues": ["yes", "no"], "Default": "no", "Description": said}
            document["Conditions"] = {UPLOADED: {"Fn::Equals": [{"Ref": UPLOADED}, "yes"]}}
        if NETWORK in json.dumps(made):
            said = "Who may reach the instances; these are the addresses of a default network."
            parameters[NETWORK] = {"Type": "String", "Default": "172.31.0.0/16", "Description": said}
        return {**document, **({"Parameters": parameters} if parameters else {}), "Resources": dict(made)}

    def string(self, text: str) -> Any:
        parts = self.split(text)
        targets = [self._target(part) for part in parts]
        if len(parts) == 1 and targets[0]:
            name, _, attribute = targets[0].partition(".")
            return {"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}
        if self.account not in text and not any(targets):
            return text
        written = (f"${{{target}}}" if target else VARIABLE.sub("${!", part) for part, target in zip(parts, targets, strict=True))
        return {"Fn::Sub": "".join(written).replace(self.account, "${AWS::AccountId}")}

    def _target(self, part: str) -> str:
        """Return what a reference to a resource's physical id is called; empty when the part is no reference."""
        kind = self.referred(part)
        return camel(part[2:-1]) + TARGETS.get(kind, "") if kind else ""


def _mentions(body: Mapping[str, Any], name: str) -> bool:
    text = json.dumps(body)
    return any(form in text for form in (f'"Ref": "{name}"', f'"Fn::GetAtt": ["{name}"', f"${{{name}}}", f"${{{name}."))
