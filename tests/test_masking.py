"""No credential passes the mask, and nothing else is lost."""

import pytest

from copilot.masking import mask, masked


@pytest.mark.parametrize(
    "text",
    [
        "OPENAI_API_KEY=hunter2hunter2",
        "aws_secret_access_key = hunter2hunter2",
        '{"client_secret": "hunter2hunter2"}',
        "https://host/x?access_token=hunter2hunter2",
        "https://host/x?X-Amz-Signature=hunter2hunter2",
        "https://ann:hunter2hunter2@host/x",
        "https://hunter2hunter2@host/x",
        "password: hunter2hunter2",
        "Bearer eyJhbGciOiJIUzI1NiJ9.hunter2hunter2.x",
        "sk-hunter2hunter2",
    ],
)
def test_a_credential_is_masked_wherever_it_stands(text: str) -> None:
    assert "hunter2hunter2" not in mask(f"before {text}")
    assert mask(f"before {text}").startswith("before ")
    assert "hunter2hunter2" not in str(masked({"args": [text, {"deep": text}]}))


@pytest.mark.parametrize("text", ["how many tokens a day", "see https://host/x@y?page=2", "the password is in the safe", "a token ring"])
def test_ordinary_words_stay(text: str) -> None:
    assert mask(text) == text
