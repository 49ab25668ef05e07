"""What was asked of an agent before: kept for the user who asked, used to understand a follow-up, searchable, deletable."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from copilot.answering.answer import Answer
from copilot.knowledge.relevance import content_words
from copilot.masking import mask
from copilot.outside.store import Store, Thing, now

MINE = "SELECT * FROM turns WHERE owner = ? AND agent_owner = ? AND agent = ?"
NEWEST = "ORDER BY at DESC, rowid DESC"
REMEMBERED = 6
"""Turns that a new question may lean on."""
MINUTES = 30
"""How long ago they may be."""
OPENING = re.compile(
    r"(?i)^(?:and|but|or|so|ok(?:ay)?,?)?\s*(?:(?:what|how)\s+about|and|what\s+if\s+it\s+is)\s+(?P<rest>.+?)\s*\??$|^(?:and|or)\s+"
)
PRONOUN = re.compile(
    r"""(?ix)^(?:and\s|but\s|so\s)?(?:
        (?:(?:by|from|until|since|for|in|on|at|to)\s)?
        (?:who|whom|what|which|when|where|why|how(?:\s(?:long|much|many|often|far|old|big|large|soon))?)
        (?:\s(?:is|are|was|were|do|does|did|must|can|may|should|will|would|has|have))+\s(?=[a-z]+\W)
        |(?:is|are|do|does|can|may|must)\s(?=[a-z]+\W)
        |(?:who|when|where|how)\s(?:\S+\s){1,3}(?=[a-z]+\W*$))
    (?!(?-i:IT)\b)(?P<it>it|its|they|them|their|he|she|him|her|his)\b(?P<rest>.*)"""
)
"""A pronoun as the subject, or as the last of a few words: nothing before it in the question can be what it stands for."""
TOPIC = re.compile(r"(?i)\b(?:the|a|an|my|our|your|of)\s+((?:(?!of|in|for|to|do|does|is|are|the|may|can)[\w-]+\s?){1,3})(?=\W|$)")
NAME = re.compile(r"(?<=\s)[A-Z][\w-]*(?:\s[A-Z\d][\w-]*)*(?:\s[a-z]+(?=\s+[a-z]+\W*$))?")
LONGEST_LEAN = 12
"""Words. What is longer says what it is about."""


@dataclass(frozen=True)
class Turn:
    """One question and its answer. `cited` are the places of the quotes; `at` is the time in UTC."""

    id: str
    question: str
    answer: str
    refused: bool
    cited: tuple[str, ...]
    agent_version: int
    at: str


@dataclass(frozen=True)
class Talk:
    """All that one user said to one agent.

    Args:
        store: The workspace of the user who asks.
        agent_owner: Whose agent it is.
        agent: Its name.
    """

    store: Store
    agent_owner: str
    agent: str

    @property
    def _key(self) -> tuple[str, str, str]:
        return self.store.owner, self.agent_owner, self.agent

    def remember(self, thing: Thing, question: str, answer: Answer) -> str:
        """Keep a turn without what looks like a credential; return its id."""
        identity = uuid4().hex[:12]
        cited = json.dumps([claim.citation.place for claim in answer.claims], ensure_ascii=False)
        values = (identity, *self._key, thing.version, mask(question), mask(answer.text), answer.refused, cited, now())
        with self.store.transaction() as connection:
            connection.execute(f"INSERT INTO turns VALUES ({', '.join('?' * len(values))})", values)
        return identity

    def recent(self) -> list[Turn]:
        """Return the turns that a new question may lean on, oldest first."""
        since = (datetime.now(UTC) - timedelta(minutes=MINUTES)).isoformat()
        return self.search("", REMEMBERED, since)[::-1]

    def search(self, words: str = "", limit: int = 20, since: str = "") -> list[Turn]:
        """Return the turns whose question or answer has every word, newest first."""
        wanted = words.casefold().split()
        found = (row for row in self.store.db.query(f"{MINE} AND at >= ? {NEWEST}", (*self._key, since)) if _has(row, wanted))
        return [_turn(row) for row in islice(found, limit)]

    def turn(self, identity: str | None) -> Turn | None:
        """Return a turn by its id, or the last one."""
        found = self.store.rows(f"{MINE} AND id = coalesce(?, id) {NEWEST} LIMIT 1", *self._key, identity)
        return _turn(found[0]) if found else None

    def count(self) -> int:
        sql = "SELECT count(*) AS turns FROM turns WHERE owner = ? AND agent_owner = ? AND agent = ?"
        return int(self.store.rows(sql, *self._key)[0]["turns"])

    def erase(self) -> None:
        """Delete the user's turns, and the feedback on them; `Store.scrub` then leaves nothing of them in the file."""
        _erase(self.store, "owner = ? AND agent_owner = ? AND agent = ?", self._key)


def erase_all(store: Store, agent: str) -> None:
    """Delete what all users said to an agent of this owner."""
    _erase(store, "agent_owner = ? AND agent = ?", (store.owner, agent))


def standalone(question: str, turns: Sequence[Turn]) -> str:
    """Write a question that leans on those before so that it can be searched for; any other is returned as it is."""
    before = ""
    for turn in turns:
        before = _completed(turn.question, before)
    return _completed(question, before)


def _completed(question: str, before: str) -> str:
    if not before or len(question.split()) > LONGEST_LEAN:
        return question
    if (leaning := PRONOUN.match(question)) and not NAME.search(leaning["rest"]):
        named = TOPIC.findall(before) or NAME.findall(before) or [" ".join(content_words(before))]
        return f"{question[: leaning.start('it')]}the {named[-1].strip()}{question[leaning.end('it') :]}"
    if opening := OPENING.match(question):
        return _exchanged(before, (opening["rest"] or question[opening.end() :]).rstrip(" ?"))
    return question


def _exchanged(before: str, other: str) -> str:
    """Ask the earlier question of something else: it takes the place of what shares a word with it, or of a name."""
    other = re.sub(r"(?i)^(?:(?:for|of|in|with|on|about|at|the|an?)\s+)+", "", other)
    words = [re.escape(word) for word in other.split() if len(word) > 3]
    alike = re.search(rf"(?i)[\w-]+\s+(?:{'|'.join(words)})\b", before) if words else None
    name = NAME.search(before)
    place = (name or alike) if re.search(r"[A-Z]", other) else (alike or name)
    return f"{before[: place.start()]}{other}{before[place.end() :]}" if place else f"{before.rstrip(' ?')} {other}?"


def _erase(store: Store, where: str, values: tuple[Any, ...]) -> None:
    with store.transaction() as connection:
        turns = f"SELECT id FROM turns WHERE {where}"
        for table in ("things", "versions"):
            connection.execute(f"DELETE FROM {table} WHERE kind = 'feedback' AND name IN ({turns})", values)
        connection.execute(f"DELETE FROM turns WHERE {where}", values)


def _has(row: dict[str, Any], words: Sequence[str]) -> bool:
    said = f"{row['question']} {row['answer']}".casefold()
    return all(word in said for word in words)


def _turn(row: dict[str, Any]) -> Turn:
    given = {field: row[field] for field in ("id", "question", "answer", "agent_version", "at")}
    return Turn(**given, refused=bool(row["refused"]), cited=tuple(json.loads(row["cited"])))
