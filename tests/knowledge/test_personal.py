"""Masking: what points at a person goes, figures and dates stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.knowledge.personal import iban, luhn, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to ada.b+c@mail.corp.example today", "Write to [EMAIL] today"),
        ("Card 4111-1111-1111-1111, or 378282246310005.", "Card [CARD], or [CARD]."),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [IBAN] please"),
        ("SSN 078-05-1120", "SSN [SSN]"),
        ("from 192.168.1.20 and 2001:db8::1", "from [IP] and [IP]"),
        ("call +49 (0)30 1234-5678 or 212-555-0187", "call [PHONE] or [PHONE]"),
        ("key AKIAIOSFODNN7EXAMPLE", "key [KEY]"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text)[0] == masked


@pytest.mark.parametrize(
    "text",
    [
        "Order 4111 1111 1111 1112 of 2026-01-31",
        "Version 1.2.3 of 01.02.2026 costs 1,234,567.89 euros",
        "Extension 2140, room 1.14, article T-1001",
        "999.999.999.999 at 10:30:45",
        "from 2019 to 2023, 100 000 people",
    ],
)
def test_figures_dates_and_numbers_that_fail_their_checksum_stay(text: str) -> None:
    assert mask(text) == (text, {})


def test_a_long_row_of_letters_and_dots_is_read_in_one_go() -> None:
    assert mask("a." * 500_000 + " ada@corp.example")[1] == {"email": 1}


@given(st.text(max_size=300))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once, _ = mask(text)
    assert mask(once)[0] == once


@given(st.integers(10**14, 10**15 - 1))
def test_a_number_with_its_check_digit_is_a_card(number: int) -> None:
    assert sum(luhn(f"{number}{digit}") for digit in range(10)) == 1


@given(st.integers(2, 98), st.integers(0, 10**18 - 1))
def test_one_wrong_digit_breaks_an_iban(check: int, account: int) -> None:
    good = next(f"DE{c:02}{account:018}" for c in range(2, 99) if iban(f"DE{c:02}{account:018}"))
    assert iban(f"DE{check:02}{account:018}") == (f"{check:02}" == good[2:4])
