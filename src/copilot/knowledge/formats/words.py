"""Sentences, words and rough parts of speech for `unstructured`, in place of the model that it would download."""

import re
import sys
from types import ModuleType

REPLACED = "unstructured.nlp.tokenize"
WORD = re.compile(r"\w+(?:['’]\w+)?|[^\w\s]")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'“(]?[A-Z0-9])")
VERBS = frozenset(
    WORD.findall(
        """is are was were be been am has have had do does did can could may might must shall should will would apply applies get gets
        give gives go goes keep keeps make makes need needs pay pays say says see send set take takes use uses"""
    )
)
VERB_ENDING = re.compile(r"\w{3,}(?:ed|ing|n't)")


def sent_tokenize(text: str) -> list[str]:
    return SENTENCE.split(text)


def word_tokenize(text: str) -> list[str]:
    return WORD.findall(text)


def pos_tag(text: str) -> list[tuple[str, str]]:
    """Tag verbs VB and everything else NN; only the presence of a verb is ever asked for."""
    return [(word, "VB" if word.lower() in VERBS or VERB_ENDING.fullmatch(word.lower()) else "NN") for word in word_tokenize(text)]


def install() -> None:
    """Stand in for the module of `unstructured` that needs spaCy and a network; call before importing its partitioners."""
    module = ModuleType(REPLACED)
    for function in (sent_tokenize, word_tokenize, pos_tag):
        setattr(module, function.__name__, function)
    sys.modules.setdefault(REPLACED, module)
