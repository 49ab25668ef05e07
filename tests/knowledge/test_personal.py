"""Masking: what points at a person goes, figures and dates stay."""

import random
from pathlib import Path

import pytest
from benchmarks.personal import labelled, made, measure
from hypothesis import given
from hypothesis import strategies as st

from copilot.knowledge.blocks import Block
from copilot.knowledge.personal import count, iban, luhn, mask, mask_blocks
from copilot.outside.store import Store
from tests.conftest import shared_data
from tests.knowledge.conftest import Ingest
from tests.knowledge.test_parts import letter


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
        ("Pay with 4111 1111 1111 1111 12/28 today", "Pay with [CARD] 12/28 today"),
        ("IBAN ES9121000418450200051332 BANK", "IBAN [IBAN] BANK"),
        ("IBAN ES91 2100 0418 4502 0005 1332 BANK", "IBAN [IBAN] BANK"),
        ("for ID12 DE89 3704 0044 0532 0130 00", "for ID12 [IBAN]"),
        ("de89370400440532013000", "[IBAN]"),
        ("via ::ffff:10.1.2.3", "via [IP]"),
        ("o'brien@corp.example, müller@firma.example", "[EMAIL], [EMAIL]"),
        ("phone: 555 01 99 12, ext. 4", "phone: [PHONE], ext. 4"),
        ("call me on 21 212 133 2727", "call me on [PHONE]"),
        ("Desk: 986.291.2294x751", "Desk: [PHONE]"),
        ("password = hunter2hunter2", "password = [KEY]"),
        ("DB_PASSWORD=hunter22xyz", "DB_PASSWORD=[KEY]"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY=[KEY]"),
        ("postgres://joe:pa$$w0rd@db.corp.example/x", "postgres://joe:[KEY]@db.corp.example/x"),
        ("Authorization: Bearer abc123def456", "Authorization: Bearer [KEY]"),
        ("phone_number: 5551234567", "phone_number: [PHONE]"),
        ("Phone Number: 5551234567", "Phone Number: [PHONE]"),
        ("call 5551234567", "call [PHONE]"),
        ("ssn: 123456789", "ssn: [SSN]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "[KEY]"),
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
        "Password: must be changed, secret: between us",
        "std::vector and a :: b, at 12:30:45:00",
        "Order 1234567890128 and 9999999999999995",
        "Call 2 of 3, fax 12, room 100 200",
    ],
)
def test_figures_dates_and_numbers_that_fail_their_checksum_stay(text: str) -> None:
    assert mask(text) == (text, {})


def test_a_long_row_of_letters_and_dots_is_read_in_one_go() -> None:
    assert mask("a." * 500_000 + " ada@corp.example")[1] == {"email": 1}


@pytest.mark.parametrize("text", ["aa11 " * 40_000, "1 " * 100_000, "1-" * 100_000, "a@" * 100_000, "f:" * 100_000, "password:" * 20_000])
def test_no_text_makes_the_search_slow(text: str) -> None:
    assert sum(mask(text)[1].values()) < 10


@given(st.text(max_size=300) | st.text("aD1 .:@-+/(x)", max_size=80))
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


def test_the_caption_of_a_table_is_masked_with_its_rows_and_what_sums_it_up_is_not_counted_again() -> None:
    under = "Ask ada@corp.example"
    blocks = [Block("mail: bob@corp.example", "row", row=1, under=under), Block("1 row; mail: bob@corp.example", "row", row=0, under=under)]
    assert all("@" not in f"{block.text}{block.under}" for block in mask_blocks(blocks))
    assert count(blocks) == {"email": 1}


PUBLISHED = """AT611904300234573201 BE68539007547034 BR1800360305000010009795493C1 CH9300762011623852957 DE89370400440532013000
    DK5000400440116243 ES9121000418450200051332 FI2112345600000785 FR1420041010050500013M02606 GB29NWBK60161331926819
    GR1601101250000000012300695 IE29AIBK93115212345678 IT60X0542811101000000123456 LC55HEMM000100010012001200023015 LU280019400644750000
    MT84MALT011000012345MTLCAST001S NL91ABNA0417164300 NO9386011117947 PL61109010140000071219812874 PT50000201231234567890154
    SA0380000000608010167519 SE4550000000058398257466 TR330006100519786457841326"""
"""Example numbers that the countries published."""


@pytest.mark.parametrize("number", PUBLISHED.split())
def test_published_account_numbers_are_found_however_they_are_grouped(number: str) -> None:
    grouped = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
    assert mask(f"{number}, then {grouped} OTHER WORDS and {number.lower()}.")[0] == "[IBAN], then [IBAN] OTHER WORDS and [IBAN]."


def test_of_what_is_labelled_and_made_up_nearly_all_is_found() -> None:
    sentences = list(labelled(shared_data("presidio_pii", "generated_small.json")))
    counts = measure(iter([*sentences, *made(random.Random(11))]))
    for kind in ("card", "iban", "email", "ip"):
        assert counts[kind]["found"] >= 0.95 * counts[kind]["there"] > 0, kind
        assert counts[kind]["right"] >= 0.95 * counts[kind]["said"], kind


def test_a_private_key_that_an_empty_line_cuts_in_two_is_masked_whole() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED", "MIIEpAIBAAKCAQEA", "x7==\n-----END RSA PRIVATE KEY----- and more"
    blocks = [Block("Ours:"), *map(Block, key), Block("The end.")]
    assert [block.text for block in mask_blocks(blocks)] == ["Ours:", "[KEY]", "", " and more", "The end."]


@pytest.mark.parametrize(
    ("paragraphs", "masked", "kinds"),
    [
        (["Card 4111 1111", "1111 1111 is ours"], ["Card [CARD]", " is ours"], {"card": 1}),
        (["a 4111-1111-", "1111-1111"], ["a [CARD]", ""], {"card": 1}),
        (["Amex 3782 8224", "6310 005, or", "4111", "1111", "1111", "1111"], ["Amex [CARD]", ", or", "[CARD]", "", "", ""], {"card": 2}),
        (["Card 4111 1111 1111 111", "1 12/28"], ["Card [CARD]", " 12/28"], {"card": 1}),
        (["Card 4111 1111 1111 1111", "2024 was good"], ["Card [CARD]", "2024 was good"], {"card": 1}),
        (["IBAN DE89 3704 0044", "0532 0130 00 please"], ["IBAN [IBAN]", " please"], {"iban": 1}),
        (["GB29 NWBK 6016", "1331", "9268 19, then", "ssn 078-05-1120"], ["[IBAN]", "", ", then", "ssn [SSN]"], {"iban": 1, "ssn": 1}),
    ],
)
def test_a_number_that_line_ends_cut_in_two_is_masked_and_counted_once(
    paragraphs: list[str], masked: list[str], kinds: dict[str, int]
) -> None:
    blocks = [Block(text, page=number) for number, text in enumerate(paragraphs, 1)]
    assert [block.text for block in mask_blocks(blocks)] == masked
    assert count(blocks) == kinds


@pytest.mark.parametrize(
    "lines", [["2020 2021", "2022 2023"], ["4021 5033", "6044 7055"], ["DE89 3704 0044", "5532 0130 01"], ["12", "34"]]
)
def test_figures_below_each_other_stay(lines: list[str]) -> None:
    blocks = [Block(text) for text in lines]
    assert [block.text for block in mask_blocks(blocks)] == lines


def test_what_describes_a_table_repeats_no_personal_data(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "staff.csv").write_text(
        "town,phone,password\nOslo,5551234567,abc12345x\nRoma,5559876543,zzz99999y\nOslo,5552223333,qqq77777w\n"
    )
    outcomes = read(tmp_path / "staff.csv", redact_pii=True)
    assert outcomes["staff.csv"].masked == {"phone": 3, "key": 3}
    texts = [row["text"] for row in store.rows("SELECT text FROM chunks ORDER BY ordinal")]
    assert "town: Oslo, Roma" in texts[-1]
    assert not any(secret in text for text in texts for secret in ("555", "12345", "99999", "77777"))


def test_the_addresses_of_a_mail_are_reported_with_those_in_its_text(read: Ingest, tmp_path: Path) -> None:
    (tmp_path / "m.eml").write_bytes(letter("Hello", "Call +49 30 1234-5678, or write to ada@corp.example.").as_bytes())
    assert read(tmp_path / "m.eml")["m.eml"].personal == {"email": 2, "phone": 1}
