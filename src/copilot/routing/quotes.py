"""Quotations: words of somebody else, or a name, but no request of the person who types."""

import re
from collections.abc import Iterator, Mapping, Sequence

from copilot.routing.names import bare

QUOTED = re.compile(
    r"[\"“”„‟][^\"“”„‟]+[\"“”‟]|«[^«»]+»|»[^«»]+«|‹[^‹›]+›|`[^`]+`"
    r"|(?<!\w)['‘’‚](?=\S)(?:[^'‘’‚]|(?<=\w)['’](?=\w))+['‘’](?!\w)"  # an apostrophe inside a word ends no quotation
)
UNCLOSED = re.compile(r"(?<![^\s:(])[\"“„«‹‘](?=\w)[^\"”»›]*\Z")


def quotations(text: str, least: int) -> Iterator[tuple[int, int]]:
    """Yield where quotations of at least so many words stand, without their marks."""
    for found in QUOTED.finditer(text):
        if len(found[0][1:-1].split()) >= least:
            yield found.start() + 1, found.end() - 1


def unquoted(text: str, names: Mapping[str, Sequence[str]]) -> str:
    """Return a text without its quotations; one word in quotation marks is a name, and so are names of the workspace."""
    known = {bare(name) for listed in names.values() for name in listed}

    def left(found: re.Match[str]) -> str:
        content = found[0][1:-1]
        return found[0] if len(content.split()) == 1 or bare(content) in known else "…"

    return UNCLOSED.sub("…", QUOTED.sub(left, text))
