"""The written utterances are what training may rely on."""

from collections import Counter

import pytest

from copilot.errors import BadArguments
from copilot.intent import Ability
from copilot.resources import resource
from copilot.routing.corpus import parse_line, read_corpus, repeats

ENOUGH, ENOUGH_OUTSIDE = 60, 600


def test_every_ability_has_enough_utterances_and_none_is_written_twice(abilities: dict[str, Ability]) -> None:
    corpus = read_corpus(resource("data", "utterances"), abilities)
    counts = Counter(line.intent for line in corpus)
    assert not {name: counts[name] for name in abilities if counts[name] < ENOUGH}
    assert counts["out_of_scope"] >= ENOUGH_OUTSIDE
    assert repeats(corpus) == []


def test_an_utterance_that_only_adds_a_letter_is_a_repeat(abilities: dict[str, Ability]) -> None:
    said = ["show me all of our agents", "show me all of our agennts", "which bots are there"]
    assert repeats([parse_line(text, "list_agents", abilities, text) for text in said]) == [(said[0], said[1])]


@pytest.mark.parametrize(
    "line",
    ["load {sauce:./x}", "keep {log_retention_days:a month=long} of logs", "use it | require_api_key=maybe", "put it on {target:mars}"],
)
def test_a_label_that_the_catalogue_does_not_allow_is_refused(line: str, abilities: dict[str, Ability]) -> None:
    with pytest.raises(BadArguments, match="here:1"):
        parse_line(line, "configure_deployment", abilities, "here:1")
