"""Mask personal data by form and checksum: addresses, numbers and keys that point at a person or open a door."""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from copilot.knowledge.blocks import Block


class Form(NamedTuple):
    """One kind of personal data: what it looks like, and the proof that it is not something else."""

    kind: str
    pattern: re.Pattern[str]
    proof: Callable[[str], bool] = lambda _: True


def luhn(number: str) -> bool:
    """Check the last digit of a payment card."""
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0 and any(digits)


def iban(number: str) -> bool:
    """Check an international bank account number (modulo 97)."""
    compact = "".join(number.split()).upper()
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def address(text: str) -> bool:
    """Check an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def phone(text: str) -> bool:
    """Check that a number is as long as telephone numbers are, and is neither a date nor a plain figure."""
    digits = sum(c.isdigit() for c in text)
    dated = re.fullmatch(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}", text.strip())
    return (
        8 <= digits <= 15
        and not dated
        and (text.lstrip("(").startswith(("+", "0")) or re.match(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}$", text) is not None)
    )


FORMS = (
    Form("email", re.compile(r"\b[\w.+%-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\b")),
    Form(
        "key",
        re.compile(
            r"\b(?:AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|xox[abp]-[\w-]{10,}|eyJ[\w-]{10,}\.[\w-]+\.[\w-]+)"
        ),
    ),
    Form("iban", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"), iban),
    Form("card", re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])"), luhn),
    Form("ssn", re.compile(r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b")),
    Form("ip", re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4})(?![\w:]|\.\d)"), address),
    Form("phone", re.compile(r"(?<![\w.])(?:\+|\(?0|\(?\d{3}\)?[ .-]\d{3}[ .-])[\d()/ .-]{3,20}\d(?!\w)"), phone),
)


def mask(text: str) -> tuple[str, Counter[str]]:
    """Put `[EMAIL]`, `[CARD]` and so on in the place of personal data; return the text and how many of each kind."""
    counts: Counter[str] = Counter()
    for form in FORMS:

        def masked(match: re.Match[str], form: Form = form) -> str:
            if not form.proof(match.group()):
                return match.group()
            counts[form.kind] += 1
            return f"[{form.kind.upper()}]"

        text = form.pattern.sub(masked, text)
    return text, counts


def mask_blocks(blocks: Sequence[Block]) -> tuple[tuple[Block, ...], dict[str, int]]:
    """Mask every block of a document; return the blocks and the counts of the whole document.

    What describes a whole table (row 0) is masked but not counted: it repeats values of the rows.
    """
    results = [mask(block.text) for block in blocks]
    masked = tuple(replace(block, text=text) for block, (text, _) in zip(blocks, results, strict=True))
    total: Counter[str] = Counter()
    for block, (_, counts) in zip(blocks, results, strict=True):
        if block.row != 0:
            total += counts
    return masked, dict(total)
