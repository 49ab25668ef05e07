"""Route labelled cases and write one prediction a line."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from copilot.errors import BadArguments, NotFound
from copilot.intent import Ability
from copilot.routing.route import Router, Situation


def route_cases(path: Path, router: Router, abilities: Mapping[str, Ability]) -> Iterator[dict[str, Any]]:
    """Yield a prediction for every case of a JSON lines file, in order; nothing is carried from one case to the next.

    Raises:
        NotFound: the file does not exist.
        BadArguments: a line that is no case, with its number.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", "Give a file with one JSON case a line.")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
            situation, utterance = Situation.from_case(case), str(case["utterance"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadArguments(
                f"{path}:{number} is no case: {error!r}.", "A case is a JSON object with id, utterance, context and history."
            ) from None
        yield {"id": case.get("id", str(number)), **router.route(utterance, situation, abilities).as_json()}
