"""What stands before and after an answer: harmful requests, bounds of topic, injections, personal data, length and format.

It needs numpy and the standard library only: the same file can run in the deployed function.
"""

import base64
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from copilot.answering.answer import Answer, Claim, refuse
from copilot.answering.harm_weights import BIAS, WEIGHTS
from copilot.answering.policy import Policy
from copilot.answering.units import INJECTION
from copilot.knowledge.personal import find
from copilot.knowledge.relevance import stems
from copilot.knowledge.search import Encoder, Passage, document_title

ABOUT = 0.25
"""Cosine from which a question is about a topic though it shares no word with it."""
FORBIDDEN = 0.5
"""The same for topics that are avoided: there, a refusal needs more."""
ALWAYS_MASKED = ("key", "iban", "card", "ssn")
"""What opens a door or an account is never said, whatever the agent's guardrails."""
OF_A_PERSON = ("card", "ssn")
"""Beside these, addresses and telephone numbers are a person's own, and masked too."""
CALLED = {
    "ssn": re.compile(r"(?i)\bssn\b|\bsocial security"),
    "iban": re.compile(r"(?i)\biban\b|\baccount number"),
    "card": re.compile(r"(?i)\bcard number"),
    "email": re.compile(r"(?i)\b(?:e-?)?mail address"),
    "phone": re.compile(r"(?i)\b(?:(?:tele|mobile |cell )?phone|mobile|cell) (?:number|no\b)"),
}
"""What somebody who asks for personal data calls it."""
ENCODED = re.compile(r"(?:[A-Za-z0-9+/]{4}){3,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
BLACKED_OUT = "█"
"""Takes the place of quarantined characters one by one, so that offsets stay what they are."""


def guarded(
    question: str,
    policy: Policy,
    embedder: Encoder,
    find: Callable[[], Sequence[Passage]],
    answer: Callable[[list[Passage]], Answer],
    typed: str = "",
) -> Answer:
    """Answer a question within a policy.

    Args:
        find: Called for the passages when the question may be answered.
        answer: Makes the answer from what is left of them; what it quotes is verified already.
        typed: The question as it was typed, where it was completed from those before; it is held to the same.
    """
    for asked in dict.fromkeys((question, typed or question)):
        if refused := check(asked, policy, embedder):
            return refused
    found = find()
    inside = bounded(question, found, policy, embedder)
    if found and not inside:
        return out_of_bounds(policy)
    clean, quarantined = quarantine(inside)
    made = finish(answer(clean), policy, question)
    return replace(made, reported=(*made.reported, *(f"kept out of the answer: {what}" for what in quarantined)))


def check(question: str, policy: Policy, embedder: Encoder) -> Answer | None:
    """Return the refusal of a question that the agent must not answer; None when it may."""
    if "harm" in policy.guardrails and any(harm(reading, embedder) > 0.5 for reading in (question, *_decoded(question))):
        return replace(refuse("harmful request"), text="I do not help with that.")
    for topic in policy.avoid:
        if _about(question, topic, embedder, FORBIDDEN):
            return replace(refuse(f"'{topic}' is a topic this agent avoids"), text=f"I do not answer questions about {topic}.")
    return None


def bounded(question: str, passages: Sequence[Passage], policy: Policy, embedder: Encoder) -> list[Passage]:
    """Leave out what is outside the agent's topics.

    A question about one of its topics may use all that was found; any other only passages that name one, and what the agent's own
    functions said (their chunk is negative). Documents, sections and
    paragraphs about a topic to avoid are never used.
    """
    kept = [_without(p, policy.avoid) for p in passages if not any(_says(_place(p), topic) for topic in policy.avoid)]
    if not policy.topics or any(_about(question, topic, embedder, ABOUT) for topic in policy.topics):
        return kept
    return [p for p in kept if p.chunk < 0 or any(_says(f"{_place(p)} {p.text}", topic) for topic in policy.topics)]


def out_of_bounds(policy: Policy) -> Answer:
    """Say what the agent answers, when all that was found is something else."""
    if not policy.topics:
        return replace(refuse(f"what was found is about {' or '.join(policy.avoid)}"), text="I do not answer questions about that.")
    listed = ", ".join(policy.topics)
    return replace(refuse(f"outside its topics: {listed}"), text=f"I answer questions about {listed} only.")


def harm(request: str, embedder: Encoder) -> float:
    """Return how likely a request asks for something harmful, 0..1; quoting or reporting harm is none."""
    weights = np.frombuffer(base64.b64decode(WEIGHTS), dtype="<f2").astype(np.float32)
    return float(1 / (1 + np.exp(-(embedder.encode([request])[0] @ weights) - BIAS)))


def quarantine(passages: Sequence[Passage]) -> tuple[list[Passage], tuple[str, ...]]:
    """Black out what speaks to a language model, to the end of its paragraph; return the passages and what was found where.

    A heading that does is blacked out whole.
    """
    kept, found = [], []
    for passage in passages:
        text = passage.text
        for match in INJECTION.finditer(passage.text):
            end = passage.text.find("\n", match.end())
            end = len(text) if end < 0 else end
            start = max(passage.text.rfind(mark, 0, match.start()) for mark in ("\n", ". ", "! ", "? ")) + 1
            text = _blacked_out(text, start, end)
        heading = _blacked_out(passage.heading, 0, len(passage.heading)) if speaks(passage.heading) else passage.heading
        clean = replace(passage, text=text, heading=heading)
        if clean != passage:
            said = INJECTION.search(passage.text)
            found.append(f"{passage.name}: {said[0] if said else 'instructions to a model'}")
        kept.append(clean)
    return kept, tuple(dict.fromkeys(found))


def speaks(name: str) -> bool:
    """Whether a name or a heading speaks to a language model, also with other marks than spaces between its words."""
    return INJECTION.search(re.sub(r"[\W_]+", " ", name)) is not None


def finish(answer: Answer, policy: Policy, question: str = "") -> Answer:
    """Bring an answer into its form: as long as it may be, without personal data that must not be said.

    Args:
        question: A claim is left out where what the question asks for by its name is what is masked.
    """
    if answer.refused:
        return replace(answer, nearest=tuple(replace(c, quote=_masked(c.quote, policy)) for c in answer.nearest))
    open_claims = [claim for claim in answer.claims if not _asks_for_what_is_hidden(question, claim, policy)]
    if not open_claims:
        return replace(refuse("what is asked for is masked in answers", answer.confidence), text="I do not give out personal data.")
    claims = _shortened([_without_personal(claim, policy) for claim in open_claims], policy)
    joined = "\n".join(f"- {c.text}" for c in claims) if policy.response_format == "list" else " ".join(c.text for c in claims)
    return replace(answer, text=joined, claims=tuple(claims))


def _shortened(claims: Sequence[Claim], policy: Policy) -> list[Claim]:
    """Leave out the last claims that are too many; the first is cut rather than left out."""
    kept: list[Claim] = []
    words = 0
    for claim in claims[: 1 if policy.response_format == "brief" else None]:
        words += len(claim.text.split())
        if policy.most_words and words > policy.most_words:
            break
        kept.append(claim)
    if not kept:
        first = claims[0]
        kept = [Claim(" ".join(first.text.split()[: policy.most_words]) + " …", first.citation)]
    return kept


def _hidden(text: str, policy: Policy) -> list[tuple[int, int, str]]:
    """Return the personal data of a text that must not be said: all of it where the text tells of a person's own number."""
    found = find(text)
    everything = "personal_data" in policy.guardrails or any(kind in OF_A_PERSON for _, _, kind in found)
    return [place for place in found if everything or place[2] in ALWAYS_MASKED]


def _masked(text: str, policy: Policy) -> str:
    for start, end, kind in reversed(_hidden(text, policy)):
        text = f"{text[:start]}[{kind.upper()}]{text[end:]}"
    return text


def _without_personal(claim: Claim, policy: Policy) -> Claim:
    return Claim(_masked(claim.text, policy), replace(claim.citation, quote=_masked(claim.citation.quote, policy)))


def _asks_for_what_is_hidden(question: str, claim: Claim, policy: Policy) -> bool:
    hidden = {kind for _, _, kind in _hidden(claim.citation.quote, policy)}
    return any(kind in hidden and called.search(question) for kind, called in CALLED.items())


def _decoded(question: str) -> list[str]:
    """Return what stands in a question in base64."""
    found = []
    for match in ENCODED.finditer(question):
        with suppress(ValueError):
            text = base64.b64decode(match[0], validate=True).decode("ascii")
            found += [text] if " " in text and text.isprintable() else []
    return found


def _about(question: str, topic: str, embedder: Encoder, enough: float) -> bool:
    """Whether a question has to do with a topic: all its words, or nearly its meaning."""
    if _says(question, topic):
        return True
    asked, meant = embedder.encode([question, topic])
    return float(asked @ meant) >= enough


def _without(passage: Passage, topics: Sequence[str]) -> Passage:
    """Black out the paragraphs about any of some topics."""
    text = passage.text
    for paragraph in re.finditer(r"[^\n]+", passage.text):
        if any(_says(paragraph[0], topic) for topic in topics):
            text = _blacked_out(text, *paragraph.span())
    return replace(passage, text=text)


def _blacked_out(text: str, start: int, end: int) -> str:
    return text[:start] + "".join(c if c == "\n" else BLACKED_OUT for c in text[start:end]) + text[end:]


def _place(passage: Passage) -> str:
    return f"{document_title(passage.name)} {passage.heading}"


def _says(text: str, topic: str) -> bool:
    """Whether a text has every word of a topic."""
    named = stems(topic)
    return bool(named) and named <= stems(text)
