"""What stands in the way of a plan on real AWS, found without changing anything there."""

import json
from collections.abc import Collection, Iterable, Iterator

from copilot.cloud import permissions
from copilot.cloud.account import LOCAL
from copilot.cloud.export import writer
from copilot.cloud.export.lint import lint
from copilot.cloud.graph import Resource
from copilot.cloud.offers import Table
from copilot.cloud.plan import Plan
from copilot.outside.aws import Session


def obstacles(session: Session, wanted: Collection[Resource], plan: Plan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ask cfn-lint about the template and IAM about the caller; nothing of that is asked about the simulated account or this machine.

    Returns:
        What keeps the plan from being carried out, and what could not be found out.
    """
    if session.simulated or session.region == LOCAL or not plan.changes:
        return (), ()
    template = writer("cloudformation", wanted, session.account, session.region, plan.deployment).render()
    said = lint(json.dumps(template), session.region) if template["Resources"] else ()
    denied = permissions.missing(session, plan.changes)
    refused = [f"the template: {finding}" for finding in said or () if finding.startswith("E")]
    refused += [f"the credentials lack {needs}" for needs in denied or ()]
    refused += _images(session, [r for r in wanted if r.type == "launch_template"])
    unknown = ["cfn-lint is not installed, so the template was not checked."] if said is None else []
    unknown += [] if denied is not None else ["IAM does not say what the credentials allow; what they lack is seen when it is needed."]
    return tuple(refused), tuple(unknown)


def _images(session: Session, templates: Iterable[Resource]) -> Iterator[str]:
    """Yield what is wrong with images that are given by their id: only AWS knows them."""
    for template in templates:
        image, kind = template.properties["image"], template.properties["instance_type"]
        if not image.startswith("ami-"):
            continue
        found = session.client("ec2").describe_images(Filters=[{"Name": "image-id", "Values": [image]}])["Images"]
        known = {offer.instance_type: offer.architecture for offer in Table.of().offers(session.region)}
        if not found:
            yield f"{template.id}: {session.region} has no image {image} that this account may use"
        elif found[0]["Architecture"] != known.get(kind, found[0]["Architecture"]):
            yield f"{template.id}: {kind} is {known[kind]}, and the image {image} is {found[0]['Architecture']}"
