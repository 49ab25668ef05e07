"""The catalogue of models, and what people call them."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.errors import BadArguments
from copilot.outside.catalogue import BUILTIN, FREE, credentials, entries, providers
from copilot.outside.model_names import distinct, resolve, self_hosted, short, uncharted


def test_the_catalogue_is_read_without_importing_litellm() -> None:
    code = "import sys; from copilot.outside.catalogue import entries; assert len(entries()) > 1000; assert 'litellm' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_ids_are_unique_and_start_with_a_provider_that_litellm_routes_by() -> None:
    ids = [entry.id for entry in entries()]
    assert len(ids) == len(set(ids))
    assert {entry.id.partition("/")[0] for entry in entries()} <= set(providers())


def test_a_price_of_zero_is_only_said_of_models_on_ones_own_machine() -> None:
    assert all(entry.provider in FREE for entry in entries() if entry.input_price == 0)
    assert BUILTIN.input_price == 0


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gpt-4o mini", "openai/gpt-4o-mini"),
        ("GPT4o-Mini", "openai/gpt-4o-mini"),
        ("gpt-4", "openai/gpt-4"),
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("azure/gpt-4o", "azure/gpt-4o"),
        ("claude sonnet 4.5", "anthropic/claude-sonnet-4-5"),
        ("claude 4.5 sonnet", "anthropic/claude-sonnet-4-5"),
        ("nova pro", "bedrock/amazon.nova-pro-v1:0"),
        ("bedrock/amazon.nova-lite", "bedrock/amazon.nova-lite-v1:0"),
        ("titan-embed-text-v2", "bedrock/amazon.titan-embed-text-v2:0"),
        ("gemini-2.5-flash", "gemini/gemini-2.5-flash"),
        ("offline", BUILTIN.id),
        ("built-in", BUILTIN.id),
        ("the built-in offline model", BUILTIN.id),
    ],
)
def test_a_name_as_people_write_it_finds_the_model(written: str, meant: str) -> None:
    found = resolve(written).model
    assert found is not None
    assert found.id == meant


def test_every_id_of_the_catalogue_means_itself() -> None:
    for entry in entries()[::40]:
        assert resolve(entry.id).model == entry


def test_a_part_of_a_name_is_never_certain_and_offers_the_newest_first() -> None:
    meant = resolve("claude haiku")
    assert meant.model is None
    assert len(meant.candidates) > 1
    assert all("haiku" in entry.id for entry in meant.candidates)


def test_a_misspelt_name_offers_those_spelt_alike() -> None:
    meant = resolve("gtp-4o")
    assert meant.model is None
    assert not meant.candidates
    assert "openai/gpt-4o" in [entry.id for entry in meant.similar]


def test_a_model_the_catalogue_does_not_know_is_taken_from_a_provider_that_exists() -> None:
    entry = uncharted("groq/some-model-of-next-year")
    assert entry is not None
    assert (entry.id, entry.input_price, entry.context) == ("groq/some-model-of-next-year", None, None)
    assert uncharted("nobody/some-model") is None
    assert uncharted("builtin/other") is None


@pytest.mark.parametrize(
    ("name", "api_base", "meant"),
    [
        ("llama3.2", "http://localhost:11434", "ollama/llama3.2"),
        ("ollama/phi3", "http://gpu-box:8000", "ollama/phi3"),
        ("granite-8b", "https://inference.example/v1", "openai/granite-8b"),
        ("meta-llama/Llama-3-8B", "https://inference.example/v1", "openai/meta-llama/Llama-3-8B"),
    ],
)
def test_a_model_behind_an_endpoint_of_ones_own_gets_its_protocol_from_the_address(name: str, api_base: str, meant: str) -> None:
    assert self_hosted(name, api_base).id == meant


@pytest.mark.parametrize(
    "api_base", ["https://me:hunter2@models.example", "https://models.example/v1?key=abc", "http://models.example:port"]
)
def test_an_address_that_would_store_a_secret_or_is_broken_is_refused(api_base: str) -> None:
    with pytest.raises(BadArguments) as caught:
        self_hosted("granite-8b", api_base)
    assert "hunter2" not in str(caught.value)


def test_the_price_of_a_hosted_model_is_not_that_of_ones_own_endpoint() -> None:
    assert self_hosted("gpt-4o", "https://gateway.example").input_price is None


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_looked_up(text: str) -> None:
    meant = resolve(text)
    assert meant.model is None or not meant.candidates
    short(text)


def test_regions_and_dates_of_one_model_are_shown_once() -> None:
    names = [(entry.provider, short(entry.id)) for entry in distinct(entries())]
    assert len(names) == len(set(names))


def test_credentials_are_named_for_whoever_needs_them() -> None:
    assert credentials("openai") == "OPENAI_API_KEY"
    assert "AWS_PROFILE" in credentials("bedrock")
    assert credentials("ollama") == ""
