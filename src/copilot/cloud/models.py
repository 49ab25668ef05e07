"""Bedrock's models as IAM sees them: an inference profile, and the model in every region that the profile sends requests to."""

import re

PROFILES = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"),
    "apac": (
        "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
        "ap-southeast-1", "ap-southeast-2", "ap-southeast-4",
    ),
    "us-gov": ("us-gov-east-1", "us-gov-west-1"),
}  # fmt: skip
"""Prefixes of cross-region inference profiles, and the regions that they may send a request to."""
PROFILE = re.compile(rf"({'|'.join(PROFILES)}|global)\.(.+)")


def invoked(model: str, region: str, account: str) -> list[str]:
    """Return the ARNs that a call of a model has to be allowed on.

    Args:
        model: Id of a model or of an inference profile, or the ARN of one.
        region: Where it is called.
    """
    if model.startswith("arn:") and ":inference-profile/" not in model:
        return [model]
    name = model.rpartition("/")[2]
    found = PROFILE.fullmatch(name)
    if found is None:
        return [model] if model.startswith("arn:") else [_model(region, name)]
    profile, plain = f"arn:aws:bedrock:{region}:{account}:inference-profile/{name}", found[2]
    if found[1] == "global":  # the third form is how AWS names a model without a region
        return [profile, _model(region, plain), _model("", plain)]
    return [profile, *(_model(place, plain) for place in sorted({region, *PROFILES[found[1]]}))]


def _model(region: str, name: str) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{name}"
