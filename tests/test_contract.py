"""Every ability keeps the contract of its declaration."""

import json

import pytest

from copilot.faces.cli import FLAGS, VALUES
from copilot.faces.commands import ONE_WORD, command
from copilot.intent import Ability, Intent
from copilot.intents import GROUPS, REGISTRY
from copilot.resources import resource

CATALOGUE = {entry["name"]: Ability.from_json(entry) for entry in json.loads(resource("data", "intents.json").read_text(encoding="utf-8"))}
ABILITIES = list(REGISTRY.values())
each = pytest.mark.parametrize("ability", ABILITIES, ids=lambda ability: ability.name)


@each
def test_an_ability_is_in_the_catalogue_with_the_same_group_effect_and_arguments(ability: Intent) -> None:
    known = CATALOGUE[ability.name]
    assert (ability.group, ability.effect, ability.required) == (known.group, known.effect, known.required)
    declared = {argument.name: argument.type for argument in ability.args}
    assert {argument.name: argument.type for argument in known.args}.items() <= declared.items()


@each
def test_an_ability_is_described_well_enough_to_be_found(ability: Intent) -> None:
    assert 0 < len(ability.summary) <= 72
    assert len(ability.examples) >= 3
    assert all(argument.description for argument in ability.args)
    assert set(ability.schema["properties"]) == {argument.name for argument in ability.args}


@each
def test_an_ability_is_a_command_that_clashes_with_no_global_option(ability: Intent) -> None:
    assert command(ability, lambda *_: None).name == ability.command[-1]
    taken = {word.lstrip("-") for word in FLAGS | VALUES}
    assert not taken & {argument.name for argument in ability.args if argument.name not in ability.positional}


@each
def test_what_cannot_be_undone_or_costs_money_shows_what_it_would_do_first(ability: Intent) -> None:
    if ability.effect in ("cloud", "destructive"):
        assert ability.preview is not None


def test_no_two_abilities_share_a_command() -> None:
    commands = [ability.command for ability in ABILITIES]
    assert len(set(commands)) == len(commands)


def test_one_word_commands_are_listed_with_their_group_and_summary() -> None:
    one_word = {a.name: (a.group, a.summary) for a in ABILITIES if len(a.command) == 1}
    assert one_word == ONE_WORD


def test_every_group_of_the_help_has_abilities() -> None:
    assert all(REGISTRY.group(name) for name in GROUPS)
