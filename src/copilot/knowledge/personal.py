"""Find and mask personal data by form and checksum: addresses, numbers and keys that point at a person or open a door."""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from copilot.knowledge.blocks import Block

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22,
    "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22,
    "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
    "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27,
    "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31,
    "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Characters of an account number, by country."""
CARD_STARTS = re.compile(r"[2-6]")
ISSUED = re.compile(r"(?=4|5[1-5]|2[2-7]|35|6)\d{16}|3[47]\d{13}|3[068]\d{12}")
"""Digits that an issuer of cards gives out: what a line end cuts in two may be two figures, and has to look more like a card."""
BLANK = "\0"


class Form(NamedTuple):
    """One kind of personal data: what it looks like, and how much of that is proven to be it.

    Args:
        pattern: Its group `value`, where it has one, is the data; the rest is what stands before it.
        length: Returns how many of the first characters are personal data; 0 for none.
    """

    kind: str
    pattern: re.Pattern[str]
    length: Callable[[str], int] = len


def luhn(number: str) -> bool:
    """Check the last digit of a payment card."""
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0 and any(digits)


def iban(number: str) -> bool:
    """Check an international bank account number (modulo 97)."""
    compact = "".join(number.split()).upper()
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def _card(text: str) -> int:
    """Take the longest run of whole groups that is a card: what follows may be its date."""
    ends = [match.end() for match in re.finditer(r"\d+", text)]
    valid = (end for end in reversed(ends) if sum(map(str.isdigit, text[:end])) >= 13 and luhn(text[:end]))
    return next(valid, 0) if CARD_STARTS.match(text) else 0


def _issued(text: str) -> int:
    """Take the shortest run of whole groups that is a card of a known issuer."""
    ends = [match.end() for match in re.finditer(r"\d+", text)]
    digits = (("".join(re.findall(r"\d", text[:end])), end) for end in ends)
    return next((end for number, end in digits if ISSUED.fullmatch(number) and luhn(number)), 0)


def _iban(text: str) -> int:
    """Take as many characters as the country's account numbers have."""
    wanted, end = IBAN_LENGTHS.get(text[:2].upper(), 0), 0
    for end, character in enumerate(text, 1):  # noqa: B007
        wanted -= character.isalnum()
        if not wanted:
            break
    whole = not wanted and not text[end : end + 1].isalnum()
    return end if whole and iban(text[:end].replace("-", " ")) else 0


def _address(text: str) -> int:
    """Check an IP address; one of a single group says nothing."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return 0
    return len(text) if len([part for part in re.split("[.:]", text) if part]) > 1 else 0


def _phone(text: str) -> int:
    """Check that a number is as long as telephone numbers are, and is neither a date nor a plain figure."""
    number = re.split(r"\s*(?:x|ext)", text)[0]
    digits = sum(c.isdigit() for c in number)
    dated = re.fullmatch(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}", number.strip())
    begun = number.lstrip("(").startswith(("+", "0")) or re.match(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}$", number)
    return len(text) if 8 <= digits <= 15 and not dated and begun else 0


def _announced(text: str) -> int:
    """Check a number that is said to be a telephone's: only its length counts."""
    return len(text) if 7 <= sum(c.isdigit() for c in re.split(r"\s*(?:x|ext)", text)[0]) <= 15 else 0


def _secret(text: str) -> int:
    """Check that what stands behind `password:` looks like one, rather than like a word about it."""
    return len(text) if any(map(str.isdigit, text)) and any(map(str.isalpha, text)) else 0


EXTENSION = r"(?: ?(?:x|ext\.?) ?\d{1,6})?"
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]{0,8000}?-----END [A-Z ]*PRIVATE KEY-----)?")
FORMS = (
    Form("key", re.compile(r"://[^\s:/@]{1,64}:(?P<value>[^\s/@]{1,128})@")),
    Form("key", re.compile(r"(?i)\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:basic|bearer|token) (?P<value>[\w.~+/=-]{8,})")),
    Form("email", re.compile(r"\b\w[\w.+%'’-]{0,63}@[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")),
    Form("key", PRIVATE_KEY),
    Form(
        "key",
        re.compile(
            r"\b(?:A[KS]IA[0-9A-Z]{16}|sk[-_][A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{22,}|glpat-[\w-]{20,}"
            r"|xox[abeprs]-[\w-]{10,}|AIza[\w-]{35}|eyJ[\w-]{10,}\.[\w-]+\.[\w-]+)"
        ),
    ),
    Form(
        "key",
        re.compile(
            r"(?i)(?:password|passwd|pwd|api[_ -]?key|secret(?:[_ -](?:access[_ -])?key)?|(?:access|auth|session|refresh)[_ -]?token)"
            r"[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<value>[^\s\"',;]{6,200})"
        ),
        _secret,
    ),
    Form("iban", re.compile(r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}"), _iban),
    Form("card", re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,22}(?!\d)"), _card),
    Form("ssn", re.compile(r"(?i)(?<![^\W_])(?:ssn|social security(?: number| no\.?)?)[^\w(+]{1,3}(?:is )?(?P<value>\d{9})(?!\d)")),
    Form("ssn", re.compile(r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b")),
    Form(
        "ip",
        re.compile(
            r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}))(?![\w:]|\.\d)"
        ),
        _address,
    ),
    Form(
        "phone",
        re.compile(
            r"(?i)(?<![^\W_])(?:phone|telephone|tel|mobile|cell|fax|desk|call(?: \w+)?|dial|reach(?: \w+)?|whatsapp)(?![^\W_])"
            r"(?:[^\w(+]|_){0,3}(?:(?:number|no\b\.?)[^\w(+]{1,3})?(?:is |on |at )?"
            rf"(?P<value>[(+]?\d[\d()/ .-]{{5,20}}\d{EXTENSION})(?!\w)"
        ),
        _announced,
    ),
    Form("phone", re.compile(rf"(?<![\w.])(?:\+|\(?0|\(?\d{{3}}\)?[ .-]\d{{3}}[ .-])[\d()/ .-]{{3,20}}\d{EXTENSION}(?!\w)"), _phone),
)
BROKEN = (
    Form("key", PRIVATE_KEY),
    Form("iban", re.compile(r"\b[A-Za-z]{2}\d{2}(?:[ -]?\n?[A-Za-z0-9]){11,30}"), _iban),
    Form("card", re.compile(r"(?<![\d.-])\d(?:[ -]?\n?\d){12,22}(?!\d)"), _issued),
)
"""What is looked for across the ends of lines and paragraphs too."""
HINT = re.compile(r"[@\d]|KEY-|sk[-_]|gh[pousr]_|github_|glpat-|xox|eyJ|AIza")
"""Without any of these, which are quick to look for, a text holds no personal data."""


def find(text: str) -> list[tuple[int, int, str]]:
    """Return where personal data starts and ends, and its kind, in the order of the text."""
    if not HINT.search(text):
        return []
    found = []
    for form in FORMS:
        spans = list(_spans(form, text))
        found += [(start, end, form.kind) for start, end in spans]
        text = _put(text, spans, lambda start, end: BLANK * (end - start))
    return sorted(found)


def _put(text: str, spans: Iterable[tuple[int, int]], other: Callable[[int, int], str]) -> str:
    """Put something in the place of parts of a text, which are given in order."""
    parts, position = [], 0
    for start, end in spans:
        parts += [text[position:start], other(start, end)]
        position = end
    return "".join([*parts, text[position:]])


def _spans(form: Form, text: str) -> Iterator[tuple[int, int]]:
    """Look for one form; what is only like it may hide another one behind its start."""
    position = 0
    while match := form.pattern.search(text, position):
        group = "value" if "value" in form.pattern.groupindex else 0
        start, length = match.start(group), form.length(match[group])
        if length:
            yield start, start + length
        position = start + max(length, 1)


def mask(text: str) -> tuple[str, Counter[str]]:
    """Put `[EMAIL]`, `[CARD]` and so on in the place of personal data; return the text and how many of each kind."""
    found = find(text)
    kinds = {start: kind for start, _, kind in found}
    masked = _put(text, ((start, end) for start, end, _ in found), lambda start, _: f"[{kinds[start].upper()}]")
    return masked, Counter(kinds.values())


def mask_blocks(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Mask every block of a document, what stands above its tables, and what the end of a paragraph or page cuts in two."""
    mended = _mended(blocks, _broken(blocks))
    return tuple(replace(block, text=mask(block.text)[0], under=mask(block.under)[0]) for block in mended)


def _mended(blocks: Sequence[Block], broken: Sequence[tuple[int, int, str]]) -> Iterator[Block]:
    """Mask what is cut in two; its mask stands where it begins."""
    position = 0
    for block in blocks:
        end, kept = position + len(block.text), block.text
        for first, last, kind in reversed([span for span in broken if span[0] < end and span[1] > position]):
            masked = f"[{kind.upper()}]" if first >= position else ""
            kept = f"{kept[: max(first - position, 0)]}{masked}{kept[last - position :]}"
        yield replace(block, text=kept) if kept != block.text else block
        position = end + 1


def _broken(blocks: Sequence[Block]) -> list[tuple[int, int, str]]:
    """Return where personal data starts and ends that a line end cuts in two, in the text of all blocks, and its kind."""
    text = "\n".join(block.text for block in blocks)
    spans = ((*span, form.kind) for form in BROKEN for span in _spans(form, text))
    return sorted((start, end, kind) for start, end, kind in spans if "\n" in text[start:end])


def count(blocks: Sequence[Block]) -> Counter[str]:
    """Count the personal data of a document by kind; what stands about the whole (row 0) only where it repeats nothing."""
    broken = _broken(blocks)
    whole = _mended(blocks, broken)
    found = [(block.row == 0, block.text[start:end], kind) for block in whole for start, end, kind in find(block.text)]
    told = {text for about, text, _ in found if not about}
    kinds = [kind for about, text, kind in found if not about or text not in told]
    return Counter([*kinds, *(kind for _, _, kind in broken)])
