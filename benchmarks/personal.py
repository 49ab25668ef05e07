"""How much personal data is found, and how much of what is found is some, by type: python -m benchmarks.personal [FILE]"""

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from copilot.knowledge.personal import find

SHARED = Path(os.environ.get("COPILOT_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
TYPES = {
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "EMAIL_ADDRESS": "email",
    "IP_ADDRESS": "ip",
    "PHONE_NUMBER": "phone",
    "US_SSN": "ssn",
}
"""The types of the labelled sentences, and ours."""
IBANS = {
    "AT": "5!n11!n", "BE": "12!n", "CH": "5!n12!c", "DE": "18!n", "DK": "14!n", "ES": "20!n", "FI": "14!n", "FR": "10!n11!c2!n",
    "GB": "4!a14!n", "GR": "7!n16!c", "IE": "4!a14!n", "IT": "1!a10!n12!c", "LU": "3!n13!c", "MT": "4!a5!n18!c", "NL": "4!a10!n",
    "NO": "11!n", "PL": "24!n", "PT": "21!n", "SA": "2!n18!c", "SE": "20!n", "TR": "5!n1!n16!c",
}  # fmt: skip
"""What follows the check digits, country by country: how many digits (n), capitals (a) or either (c)."""
SENTENCES = ("Please pay into {} by Friday.", "{}", "Account: {}; owner: the tenant", "It came from {}, we think.", "({}) was seen twice")
MADE = 200
"""Made-up values of each type."""


class Span(NamedTuple):
    start: int
    end: int
    kind: str


def labelled(path: Path) -> Iterator[tuple[str, list[Span]]]:
    """Yield the sentences of a file, with what is labelled in them."""
    for entry in json.loads(path.read_text(encoding="utf-8")):
        spans = [Span(s["start_position"], s["end_position"], TYPES[s["entity_type"]]) for s in entry["spans"] if s["entity_type"] in TYPES]
        yield entry["full_text"], spans


def made(chance: random.Random) -> Iterator[tuple[str, list[Span]]]:
    """Yield made-up sentences with values that are right by their standards."""
    makers = {"card": _card, "iban": _iban, "ip": _ip, "email": _email}
    for kind, make in makers.items():
        for n in range(MADE):
            before, _, after = SENTENCES[n % len(SENTENCES)].partition("{}")
            value = make(chance)
            yield f"{before}{value}{after}", [Span(len(before), len(before) + len(value), kind)]


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choices("0123456789", k=count))


def _card(chance: random.Random) -> str:
    start, length = chance.choice([("4", 16), ("51", 16), ("2221", 16), ("37", 15), ("6011", 16), ("36", 14), ("3528", 16), ("6304", 19)])
    body = start + _digits(chance, length - len(start) - 1)
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(body)))
    number = body + str(-total % 10)
    groups = (4, 6, 5) if length == 15 else (4, 6, 4) if length == 14 else (4,) * 5
    return _grouped(number, groups, chance.choice(("", "", " ", "-")))


def _grouped(text: str, sizes: tuple[int, ...], separator: str) -> str:
    parts, start = [], 0
    for size in sizes:
        parts.append(text[start : start + size])
        start += size
    return separator.join(filter(None, parts))


def _iban(chance: random.Random) -> str:
    country, form = chance.choice(list(IBANS.items()))
    letters = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "c": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
    body, count = "", ""
    for character in form:
        if character.isdigit():
            count += character
        elif character in letters:
            body, count = body + "".join(chance.choices(letters[character], k=int(count))), ""
    check = 98 - int("".join(str(int(c, 36)) for c in f"{body}{country}00")) % 97
    return _grouped(f"{country}{check:02}{body}", (4,) * 9, chance.choice(("", " ")))


def _ip(chance: random.Random) -> str:
    if chance.random() < 0.6:
        return ".".join(str(chance.randint(1, 254)) for _ in range(4))
    groups = [f"{chance.randrange(1, 1 << 16):x}" for _ in range(8)]
    if chance.random() < 0.5:
        start = chance.randint(1, 5)
        return ":".join(groups[:start]) + "::" + ":".join(groups[start + 2 :])
    return ":".join(groups)


def _email(chance: random.Random) -> str:
    name = chance.choice(["ada", "j.doe", "o'brien", "first_last", "mail+tag", "x", "müller", "A.B-C"])
    host = chance.choice(["corp.example", "mail.corp.example", "sub-domain.example", "firma.example", "x1.example"])
    return f"{name}{chance.randint(1, 99)}@{host}"


def measure(cases: Iterator[tuple[str, list[Span]]]) -> dict[str, Counter[str]]:
    """Count, for each type, what is there, what of it is found, and what else is found.

    A value counts as found when all of it is covered, by whatever type: masking it is what matters.
    """
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in TYPES.values()}
    for text, spans in cases:
        found = [Span(*span) for span in find(text)]
        for span in spans:
            counts[span.kind]["there"] += 1
            counts[span.kind]["found"] += any(f.start <= span.start and f.end >= span.end for f in found)
        for f in found:
            if f.kind in counts:
                counts[f.kind]["said"] += 1
                counts[f.kind]["right"] += any(f.start < span.end and span.start < f.end for span in spans)
    return counts


def show(title: str, counts: dict[str, Counter[str]]) -> None:
    print(f"{title}\n{'type':8} {'there':>6} {'recall':>7} {'precision':>10}")
    for kind, count in counts.items():
        recall = f"{count['found'] / count['there']:.3f}" if count["there"] else "-"
        precision = f"{count['right'] / count['said']:.3f}" if count["said"] else "-"
        print(f"{kind:8} {count['there']:6} {recall:>7} {precision:>10}")


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED / "presidio_pii" / "generated_small.json"
    show(f"labelled sentences ({path.name})", measure(labelled(path)))
    show("made-up values", measure(made(random.Random(7))))


if __name__ == "__main__":
    main()
