"""What the classifier sees of an utterance: a sentence vector, hashed n-grams of its delexicalised words, and the kinds of things in it."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np

from copilot.routing.mentions import Mention
from copilot.routing.route import KINDS

BUCKETS = 1 << 15
REGULAR = (
    "url", "path", "email", "zone", "region", "ami", "instance", "model", "cron", "gpu", "number", "memory", "time", "percent", "money",
    "period",
)  # fmt: skip
SPOKEN = {
    "url": "https://example.com", "path": "./file.csv", "email": "ann@example.com", "zone": "us-east-1a", "region": "Frankfurt",
    "ami": "ami-1", "instance": "m5.large", "model": "gpt-4o", "cron": "0 6 * * 1", "gpu": "A10G",
    "number": "3", "memory": "16 GB", "time": "2 seconds", "percent": "90%", "money": "$50",
}  # fmt: skip
QUOTED = re.compile(r"[\"“](?:[^\s\"”]+\s+){2,}[^\s\"”]+[\"”]")
FACTS = len(KINDS) + len(REGULAR) + 4


def delexicalise(text: str, mentions: Sequence[Mention]) -> tuple[str, str]:
    """Return the utterance with every recognised thing replaced: once by a tag for n-grams, once by plain words for the encoder."""
    tagged, spoken, at = "", "", 0
    for mention in mentions:
        before = text[at : mention.start]
        tag = "_" + (".".join(mention.of) if mention.kind == "names" else mention.kind) + "_"
        words = mention.of[0].removesuffix("s") if mention.kind == "names" else SPOKEN.get(mention.kind, text[mention.start : mention.end])
        if mention.kind == "period":
            tag = text[mention.start : mention.end] + " " + tag
        tagged, spoken, at = f"{tagged}{before} {tag} ", spoken + before + words, mention.end
    return QUOTED.sub(" _quote_ ", tagged + text[at:]), unquoted(spoken + text[at:])


def unquoted(text: str) -> str:
    """Put a neutral word for every quotation of three words or more: what is quoted is no order."""
    return QUOTED.sub("something", text)


def grams(tagged: str) -> dict[int, float]:
    """Count hashed words, word pairs and the character runs inside words; a bucket's value is 1 + log(count), the whole of length 1."""
    words = re.findall(r"_[a-z._]+_|\w+(?:['’]\w+)?|[?!+>%$]|-\d", tagged.lower())
    counts: Counter[int] = Counter()
    edged = ["^", *words, "$"]
    for word in words:
        counts[_bucket("w" + word)] += 1
        if not word.startswith("_"):
            padded = f" {word} "
            counts.update(_bucket("c" + padded[i : i + n]) for n in (3, 4, 5) for i in range(len(padded) - n + 1))
    counts.update(_bucket(f"b{a} {b}") for a, b in pairwise(edged))
    return {bucket: float(1 + np.log(count)) for bucket, count in counts.items()}


def _bucket(gram: str) -> int:
    return crc32(gram.encode()) % BUCKETS


def facts(text: str, mentions: Sequence[Mention]) -> np.ndarray:
    """Say which kinds of things the utterance mentions, how long it is, and whether it asks."""
    seen = np.zeros(FACTS, np.float32)
    for mention in mentions:
        for kind in mention.of:
            seen[KINDS.index(kind)] += 1 / len(mention.of)
        if mention.kind in REGULAR:
            seen[len(KINDS) + REGULAR.index(mention.kind)] += 1
    length = len(text.split())
    seen[-4:] = (length <= 2, length <= 5, length > 15, text.rstrip().endswith("?"))
    return np.minimum(seen, 2.0)
