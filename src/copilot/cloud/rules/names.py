"""Which names AWS takes."""

import re
from collections import Counter
from collections.abc import Iterator

from copilot.cloud.graph import Resource
from copilot.cloud.rules.rule import Scene

BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ANY = r"[ -~]"
NAMES = {
    "bucket": (BUCKET, "3 to 63 lower-case letters, digits and dashes"),
    "table": (re.compile(r"[\w.-]{3,255}", re.ASCII), "3 to 255 letters, digits and _ . -"),
    "role": (re.compile(r"[\w+=,.@-]{1,64}", re.ASCII), "1 to 64 letters, digits and _ + = , . @ -"),
    "instance_profile": (re.compile(r"[\w+=,.@-]{1,128}", re.ASCII), "1 to 128 letters, digits and _ + = , . @ -"),
    "function": (re.compile(r"[\w-]{1,64}", re.ASCII), "1 to 64 letters, digits, _ and -"),
    "log_group": (re.compile(r"(?!aws/)[\w./#-]{1,512}", re.ASCII), "1 to 512 letters, digits and _ . / # -, not beginning with aws/"),
    "alarm": (re.compile(rf"{ANY}{{1,255}}"), "1 to 255 ASCII characters"),
    "dashboard": (re.compile(r"[\w-]{1,255}", re.ASCII), "1 to 255 letters, digits, _ and -"),
    "budget": (re.compile(r"[^:\\]{1,100}"), "1 to 100 characters without : and \\"),
    "stage": (re.compile(r"\w{1,128}", re.ASCII), "1 to 128 letters, digits and _"),
    "security_group": (re.compile(r"(?!sg-)[\w .:/()#,@\[\]+=&;{}!$*-]{1,255}", re.ASCII), "1 to 255 characters, not beginning with sg-"),
    "launch_template": (re.compile(r"[\w().\-/]{3,128}", re.ASCII), "3 to 128 letters, digits and ( ) . - / _"),
    "auto_scaling_group": (re.compile(r"[!-~][ -~]{0,254}"), "1 to 255 ASCII characters"),
    "sagemaker_model": (re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"), "1 to 63 letters, digits and single dashes"),
    "sagemaker_config": (re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"), "1 to 63 letters, digits and single dashes"),
    "sagemaker_endpoint": (re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"), "1 to 63 letters, digits and single dashes"),
    "agent_runtime": (re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,47}"), "1 to 48 letters, digits and _, a letter first"),
}
INSIDE = {"object": "bucket", "permission": "function", "stage": "api", "scaling_policy": "group", "alias": "function"}
"""Types whose names count within something else, and the property that says in what."""


def check_name(resource: Resource, scene: Scene) -> Iterator[str]:
    """Yield what is wrong with a resource's name."""
    if resource.type not in NAMES or "name" not in resource.properties:
        return
    (pattern, how), name, kind = NAMES[resource.type], str(resource.properties["name"]), resource.type.replace("_", " ")
    if not pattern.fullmatch(name):
        yield f"'{name}' is not a valid {kind} name: {how}"
    within = INSIDE.get(resource.type, "")
    used = Counter((p.get(within), p.get("name")) for p in scene.of(resource.type))
    if used[resource.properties.get(within), resource.properties["name"]] > 1:
        yield f"two resources are a {kind} named '{name}'"
