"""What a collection seems to lack: questions it answers badly, documents it only refers to, words it never explains."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from copilot.knowledge.analysis.corpus import Corpus
from copilot.knowledge.analysis.entities import acronyms
from copilot.knowledge.analysis.results import GapRow
from copilot.knowledge.analysis.topics import Topics
from copilot.knowledge.analysis.vocabulary import KNOWN
from copilot.knowledge.relevance import RELEVANT, content_words, stems
from copilot.knowledge.search import Encoder, document_title

if TYPE_CHECKING:
    from copilot.outside.store import Store

MOST_QUESTIONS = 100
MOST = 20
"""Gaps of one kind that are kept."""
ASKED = 3
"""Questions on a topic before it is judged by them."""
UNEXPLAINED = 3
"""Passages that an acronym stands in before it is missed that nothing explains it."""
FILE = re.compile(r"(?<![\w./@-])[\w-]{3,60}\.(?:pdf|docx?|xlsx?|pptx?|md|html?|csv|txt)\b", re.IGNORECASE)
CUE = r"(?:see|refer to|according to|set out in|described in|laid down in|in accordance with|defined in|details in|read|follow)"
KINDS = "policy|handbook|manual|guide|guidelines|procedure|plan|standard|directive|code of conduct|charter|agreement|checklist|rules|faq"
TITLED = re.compile(rf"\b{CUE} (?:also )?(?:the|our|your) ((?:[\w'’-]+ ){{0,4}}?(?:{KINDS}))\b", re.IGNORECASE)
SearchBest = Callable[[str], float]
"""Returns the relevance of the best passage, from 0 to 1."""


def asked(store: "Store", collection: str) -> list[str]:
    """Return the questions that people asked of a collection and its agents, and those of benchmarks, the newest first."""
    readers = {agent.name for agent in store.all("agent") if collection in agent.body.get("collections", ())}
    sql = "SELECT state FROM sessions WHERE owner = ? ORDER BY changed_at DESC LIMIT ?"
    said = [q for row in store.rows(sql, store.owner, MOST_QUESTIONS) for q in _said(json.loads(row["state"]), collection, readers)]
    marks = ", ".join("?" * len(readers))
    sql = f"""SELECT DISTINCT question FROM results JOIN runs ON runs.id = results.run
        WHERE runs.owner = ? AND runs.agent IN ({marks}) AND expected != '' ORDER BY runs.started_at DESC LIMIT ?"""
    tested = [row["question"] for row in store.rows(sql, store.owner, *readers, MOST_QUESTIONS)]
    return list(dict.fromkeys([*said, *tested]))[:MOST_QUESTIONS]


def _said(state: dict[str, object], collection: str, readers: set[str]) -> Iterator[str]:
    """Return the questions of one conversation, the newest first."""
    turns = state.get("history")
    for turn in reversed(turns if isinstance(turns, list) else []):
        args = turn.get("args", {})
        if turn.get("intent") == "ask_agent" and args.get("question") and args.get("agent") in readers:
            yield str(args["question"])
        elif turn.get("intent") == "search_data" and args.get("query") and args.get("collection") in (None, collection):
            yield str(args["query"])


def find_gaps(corpus: Corpus, topics: Topics, questions: Sequence[str], best: SearchBest, embedder: Encoder) -> list[GapRow]:
    """Look for gaps, kind by kind.

    Args:
        questions: What was asked.
        best: Searches the collection.
    """
    scores = {question: best(question) for question in questions}
    return [*_unanswered(scores), *_thin(topics, scores, embedder), *_absent(corpus), *_unexplained(corpus)]


def _unanswered(scores: dict[str, float]) -> list[GapRow]:
    bad = sorted((score, question) for question, score in scores.items() if score < RELEVANT)
    return [GapRow(kind="question", what=q, why=f"asked; the best passage has a relevance of {score:.2f}") for score, q in bad[:MOST]]


def _thin(topics: Topics, scores: dict[str, float], embedder: Encoder) -> Iterator[GapRow]:
    """Yield the topics whose questions are mostly answered badly, and those that are asked about far more than is written."""
    if not scores:
        return
    near: dict[int, list[float]] = defaultdict(list)
    for topic, score in zip(topics.nearest(embedder.encode(list(scores))), scores.values(), strict=True):
        near[int(topic)].append(score)
    for topic, found in sorted(near.items()):
        row, bad = topics.rows[topic], sum(score < RELEVANT for score in found)
        if len(found) >= ASKED and 2 * bad >= len(found):
            yield GapRow(kind="topic", what=row.label, why=f"{bad} of the {len(found)} questions nearest to it find nothing relevant")
        elif len(found) >= ASKED and len(found) / len(scores) > 3 * row.share:
            share = f"{len(found) / len(scores):.0%} of the questions but {row.share:.0%} of the passages"
            yield GapRow(kind="topic", what=row.label, why=f"{share} are about it")


def _absent(corpus: Corpus) -> Iterator[GapRow]:
    """Yield the documents that others refer to and that are not there."""
    titles = [stems(document_title(document.name)) for document in corpus.documents]
    headings = {stems(part) for p in corpus.passages for part in p.heading.split(" > ")[:1]} - {frozenset()}
    files = {PurePath(document.name).name.lower() for document in corpus.documents}
    missed: Counter[str] = Counter()
    holders: dict[str, str] = {}
    for passage in corpus.passages:
        for name in _referred(passage.text, files, [*titles, *headings]):
            missed[name] += 1
            holders.setdefault(name, corpus.documents[passage.document].name)
    for name, count in missed.most_common(MOST):
        yield GapRow(kind="document", what=name, why=f"referred to {_times(count)}, first in {holders[name]}, but not there")


def _referred(text: str, files: set[str], titles: Iterable[frozenset[str]]) -> set[str]:
    """Return what a text refers to and is neither a file nor a title of the collection."""
    named = {match.group() for match in FILE.finditer(text) if match.group().lower() not in files}
    for match in TITLED.finditer(text):
        words = stems(" ".join(content_words(match[1])))
        if len(words) > 1 and not any(words <= title for title in titles):
            named.add(match[1].lower())
    return named


def _unexplained(corpus: Corpus) -> Iterator[GapRow]:
    texts = dict.fromkeys(passage.text for passage in corpus.passages if passage.row is None)
    used = Counter({name: count for name, count in acronyms(texts).items() if name not in KNOWN and count >= UNEXPLAINED})
    for name, count in sorted(used.items(), key=lambda item: (-item[1], item[0]))[:MOST]:
        yield GapRow(kind="term", what=name, why=f"used in {count} passages and never spelt out")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
