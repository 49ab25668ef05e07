"""Write a deployment as infrastructure code."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from copilot.context import Context
from copilot.errors import AlreadyExists, BadArguments, Refused
from copilot.intent import intent
from copilot.intents.deployments.preparation import prepared
from copilot.intents.deployments.results import Environment
from copilot.intents.deployments.shown import writing
from copilot.intents.deployments.workspace import chosen_agent, chosen_environment, deployment_name
from copilot.result import Item, Result

if TYPE_CHECKING:
    from copilot.cloud.artifacts import Artifacts
    from copilot.cloud.graph import Resource

ACCOUNT = "ACCOUNT"
"""Stands in names for the number of whichever account the code is run in."""
Format = Literal["cloudformation", "terraform"]


class Upload(Item):
    """A file that has to be in the bucket before anything can start from it; its key ends in the SHA-256 of its content."""

    bucket: str
    key: str


class ExportedTemplate(Result):
    """A deployment as infrastructure code.

    `findings` are those of cfn-lint, None where it was not asked; `artifacts` is the folder with the files to upload, None
    where they were not wanted.
    """

    path: str
    format: Format
    deployment: str
    region: str
    resources: int
    left_out: tuple[str, ...]
    findings: tuple[str, ...] | None
    uploads: tuple[Upload, ...]
    artifacts: str | None
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        less = f", without {', '.join(self.left_out)}" if self.left_out else ""
        return f"Wrote {self.deployment} as {self.format} to {self.path}: {self.resources} resources{less}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        again = ("copilot deployments export-template --artifacts --force (writes the files that go into the bucket, too)",)
        missing = again if self.uploads and not self.artifacts else ()
        if self.format == "terraform":
            return (*missing, "terraform init && terraform apply")
        deploy = f"aws cloudformation deploy --region {self.region} --stack-name {self.deployment} --template-file {self.path}"
        deploy += " --capabilities CAPABILITY_NAMED_IAM"
        if not self.uploads:
            return (deploy,)
        upload = f"aws s3 cp --recursive {self.artifacts or 'artifacts'} s3://{self.uploads[0].bucket}"
        return (*missing, deploy, upload, f"{deploy} --parameter-overrides ArtifactsUploaded=yes")


@intent(
    "read",
    examples=(
        "give me terraform for helpdesk",
        "export the CloudFormation template to stack.yaml",
        "write the legal-bot deployment as infrastructure code",
    ),
)
def export_template(
    ctx: Context,
    format: Format | None = None,
    agent: str | None = None,
    path: str | None = None,
    environment: Environment | None = None,
    artifacts: bool = False,
    force: bool = False,
) -> ExportedTemplate:
    """Write the deployment as infrastructure code.

    Args:
        format: Format; cloudformation unless said.
        agent: Agent; the newest unless said.
        path: File to write; named after the deployment unless said.
        environment: Environment; dev unless said.
        artifacts: Also write the files that go into the bucket, to a folder `artifacts` beside it.
        force: Write over a file that exists.
    """
    from copilot.cloud.export import SUFFIXES, text, writer
    from copilot.cloud.export.lint import lint
    from copilot.cloud.providers import TYPES

    kind: Format = format or "cloudformation"
    name = deployment_name(ctx, chosen_agent(ctx, agent), chosen_environment(ctx, environment))
    file = _free(Path(path or f"{name}{SUFFIXES[kind]}"), kind, force)
    with prepared(ctx, agent, environment) as (ready, _, planned):
        if not {resource.type for resource in ready.wanted} <= TYPES.keys():
            raise Refused(f"{planned.deployment} is not in AWS.", "Infrastructure code is for the targets there, e.g. serverless.")
        at = ready.blueprint
        about = f"{planned.deployment}: {at.agent}, version {at.version}, for {planned.environment}, as planned by copilot."
        written = writer(kind, ready.wanted, at.account, at.region, about)
        document = written.render()
        files = [resource for resource in ready.wanted if resource.type == "object"]
        with writing(file):
            file.write_text(text(document, file), encoding="utf-8")
            if artifacts:
                _copy(files, ready.engine.providers["object"].artifacts, file.parent / "artifacts")
    findings = lint(text(document, Path("template.json")), at.region) if kind == "cloudformation" else None
    return ExportedTemplate(
        path=str(file),
        format=kind,
        deployment=planned.deployment,
        region=at.region,
        resources=len(ready.wanted) - len(written.left_out),
        left_out=tuple(written.left_out),
        findings=findings,
        uploads=tuple(Upload(bucket=r.properties["bucket"].replace(at.account, ACCOUNT), key=r.properties["key"]) for r in files),
        artifacts=str(file.parent / "artifacts") if artifacts else None,
        notes=(*planned.problems, *_notes(kind, findings)),
    )


def _free(path: Path, format: Format, force: bool) -> Path:
    """Return a path that may be written to; raise where something is there, or the tool would not read it."""
    if format == "terraform" and not path.name.endswith(".tf.json"):
        raise BadArguments(f"Terraform does not read {path.name}: what is written is its JSON syntax.", f"Use {path.stem}.tf.json")
    if path.exists() and not force:
        raise AlreadyExists(f"{path} is there already.", "Choose another path, or add --force.")
    return path


def _copy(objects: Iterable["Resource"], artifacts: "Artifacts", folder: Path) -> None:
    """Put the content of objects into a folder, each under its key."""
    for resource in objects:
        place = folder / resource.properties["key"]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(artifacts.path(resource.properties["sha256"]), place)


def _notes(format: Format, findings: tuple[str, ...] | None) -> tuple[str, ...]:
    if format == "terraform":
        return ("It was not run through terraform validate, which needs the provider.",)
    return ("It was not checked: cfn-lint is not installed.",) if findings is None else ()
