"""EC2 instances of the simulated account: they do not run, so their console says what their start would say, and that it is simulated."""

import re
import sys
from collections.abc import Iterator
from typing import Any

MARK = "[simulated]"
SPOKEN = re.compile(r'\s*say "([^"$]+)"')
FETCHED = re.compile(r"fetch (\S+)")
LAST = "the service answers"


def mend() -> None:
    """Change the EC2 of moto as soon as a call has loaded it: the console, and templates whose later versions start no instance."""
    templates: Any = sys.modules.get("moto.ec2.models.launch_templates")
    general: Any = sys.modules.get("moto.ec2.responses.general")
    if templates and general and general.General.get_console_output is not _get_console_output:
        templates.LaunchTemplateVersion.user_data = property(_user_data)
        general.General.get_console_output = _get_console_output


def console(instance: Any) -> str:
    """Return what the console of an instance shows once its user data has run."""
    head = f"Amazon Linux 2023, kernel started on {instance.id} ({instance.instance_type}, {instance.placement})"
    data = instance.user_data
    script = data.decode() if data else ""
    return "".join(f"{MARK} {line}\n" for line in (head, "cloud-init: running the user data", *_spoken(script), "cloud-init: finished"))


def _spoken(script: str) -> Iterator[str]:
    """Yield what a start script says, up to the point where its service answers."""
    for line in script.splitlines():
        if fetched := FETCHED.match(line):
            yield f"copilot: fetching {fetched[1]}"
        elif spoken := SPOKEN.match(line):
            yield f"copilot: {spoken[1]}"
            if spoken[1].startswith(LAST):
                return


def _user_data(version: Any) -> Any:
    """Return the user data of a template's version in the form that starting an instance takes."""
    from moto.core.types import Base64EncodedString

    data = version.data.get("UserData")
    return Base64EncodedString(str(data)) if data else None


def _get_console_output(response: Any) -> Any:
    from moto.core.responses import ActionResult
    from moto.core.types import Base64EncodedString
    from moto.core.utils import utcnow

    instance = response.ec2_backend.get_instance(response._get_param("InstanceId"))
    said = Base64EncodedString.from_raw_string(console(instance))
    return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": said})
