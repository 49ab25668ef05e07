"""Where the product's own files are: `prompts/` and `data/`, in a checkout as in an installed package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Return the path of a file or folder that ships with the product, e.g. `resource("data", "intents.json")`."""
    installed = PACKAGE.joinpath(*parts)
    return installed if installed.exists() else PACKAGE.parents[1].joinpath(*parts)
