"""The tables, as numbered migrations: a migration that has been released is never edited, a new one is appended."""

import sqlite3
from collections.abc import Iterator

from copilot.errors import Unavailable

MIGRATIONS = (
    # 1: the workspace. A thing is a model, collection, agent, benchmark, deployment or setting; every change of it is a version.
    """
    CREATE TABLE things (
        owner TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
        body TEXT NOT NULL, changed_at TEXT NOT NULL, PRIMARY KEY (owner, kind, name)
    ) WITHOUT ROWID;
    CREATE TABLE versions (
        seq INTEGER PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
        body TEXT, operation TEXT NOT NULL, at TEXT NOT NULL
    );
    CREATE INDEX versions_by_thing ON versions (owner, kind, name, version);
    CREATE INDEX versions_by_operation ON versions (operation);
    CREATE TABLE operations (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, intent TEXT NOT NULL, args TEXT NOT NULL,
        state TEXT NOT NULL, undoable INTEGER NOT NULL, process INTEGER NOT NULL, folder TEXT NOT NULL, at TEXT NOT NULL
    );
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, owner TEXT NOT NULL, intent TEXT NOT NULL, args TEXT NOT NULL,
        outcome TEXT NOT NULL, detail TEXT NOT NULL, operation TEXT, account TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL
    );
    CREATE TABLE sessions (
        owner TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, changed_at TEXT NOT NULL, PRIMARY KEY (owner, name)
    ) WITHOUT ROWID;
    """,
    # 2: knowledge. A document is live while removed_by is null; chunks carry text, place and vector; the full-text index follows them.
    """
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY, owner TEXT NOT NULL, collection TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL,
        type TEXT NOT NULL, bytes INTEGER NOT NULL, digest TEXT NOT NULL, pages INTEGER, characters INTEGER NOT NULL,
        status TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', hint TEXT NOT NULL DEFAULT '', details TEXT NOT NULL DEFAULT '{}',
        added_by TEXT NOT NULL, removed_by TEXT, added_at TEXT NOT NULL
    );
    CREATE INDEX documents_by_collection ON documents (owner, collection, removed_by);
    CREATE UNIQUE INDEX live_documents ON documents (owner, collection, source) WHERE removed_by IS NULL;
    CREATE INDEX documents_by_operation ON documents (added_by);
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL, text TEXT NOT NULL, heading TEXT NOT NULL DEFAULT '', page INTEGER, "row" INTEGER,
        start INTEGER NOT NULL, end INTEGER NOT NULL, vector BLOB NOT NULL
    );
    CREATE INDEX chunks_by_document ON chunks (document, ordinal);
    CREATE VIRTUAL TABLE chunks_fts USING fts5 (text, heading, content='chunks', content_rowid='id', tokenize='porter unicode61');
    CREATE TRIGGER chunks_added AFTER INSERT ON chunks BEGIN
        INSERT INTO chunks_fts (rowid, text, heading) VALUES (new.id, new.text, new.heading);
    END;
    CREATE TRIGGER chunks_removed AFTER DELETE ON chunks BEGIN
        INSERT INTO chunks_fts (chunks_fts, rowid, text, heading) VALUES ('delete', old.id, old.text, old.heading);
    END;
    """,
    # 3: evaluation. A run is one benchmark on one version of an agent; its basis says what it stood on, to see later whether that
    # has changed. A result is one case of it, once; passed is null when it could not be judged.
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, benchmark TEXT NOT NULL, agent TEXT NOT NULL, agent_version INTEGER NOT NULL,
        metric TEXT NOT NULL, threshold REAL, repeats INTEGER NOT NULL, state TEXT NOT NULL, basis TEXT NOT NULL,
        blessed INTEGER NOT NULL DEFAULT 0, operation TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT
    );
    CREATE INDEX runs_by_agent ON runs (owner, agent, benchmark, started_at);
    CREATE TABLE results (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, ordinal INTEGER NOT NULL, repeat INTEGER NOT NULL,
        question TEXT NOT NULL, expected TEXT NOT NULL, document TEXT NOT NULL, category TEXT NOT NULL, answer TEXT NOT NULL,
        score REAL, passed INTEGER, why TEXT NOT NULL, milliseconds REAL NOT NULL, tokens_in INTEGER, tokens_out INTEGER, usd REAL,
        PRIMARY KEY (run, ordinal, repeat)
    ) WITHOUT ROWID;
    """,
    # 4: the cloud. `resources` is the ledger of what we own; an apply is a deployment, a rollback or a removal, `steps` its write-ahead
    # journal, `body` what the workspace keeps of it. Applies that made the same have the same revision, which lives on in `wanted`.
    """
    CREATE TABLE workspace (id TEXT NOT NULL);
    INSERT INTO workspace VALUES (lower(hex(randomblob(4))));
    CREATE TABLE resources (
        owner TEXT NOT NULL, deployment TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, physical TEXT NOT NULL,
        properties TEXT NOT NULL, position INTEGER NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (owner, deployment, id)
    );
    CREATE TABLE applies (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, deployment TEXT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
        stack TEXT NOT NULL, plan TEXT NOT NULL, operation TEXT NOT NULL, body TEXT NOT NULL, revision INTEGER, wanted TEXT,
        state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '', started_at TEXT NOT NULL, finished_at TEXT
    );
    CREATE INDEX applies_by_deployment ON applies (owner, deployment, started_at);
    CREATE TABLE steps (
        seq INTEGER PRIMARY KEY, apply TEXT NOT NULL REFERENCES applies (id) ON DELETE CASCADE, position INTEGER NOT NULL,
        action TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, physical TEXT NOT NULL, before TEXT, after TEXT,
        state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '', at TEXT NOT NULL
    );
    CREATE INDEX steps_by_apply ON steps (apply, seq);
    CREATE TABLE plans (
        id TEXT NOT NULL, owner TEXT NOT NULL, deployment TEXT NOT NULL, body TEXT NOT NULL, made_at TEXT NOT NULL, PRIMARY KEY (owner, id)
    );
    """,
    # 5: language models. Every call with its price (null when unknown); nothing that a person typed.
    """
    CREATE TABLE model_calls (
        seq INTEGER PRIMARY KEY, owner TEXT NOT NULL, session TEXT NOT NULL, purpose TEXT NOT NULL, model TEXT NOT NULL,
        tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, usd REAL, said TEXT NOT NULL, at TEXT NOT NULL
    );
    CREATE INDEX model_calls_by_day ON model_calls (owner, at);
    CREATE INDEX model_calls_by_session ON model_calls (owner, session);
    """,
    # 6: talks. A turn is one question to an agent and its answer, kept for the user who asked; the agent may be another's.
    """
    CREATE TABLE turns (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, agent_owner TEXT NOT NULL, agent TEXT NOT NULL, agent_version INTEGER NOT NULL,
        question TEXT NOT NULL, answer TEXT NOT NULL, refused INTEGER NOT NULL, cited TEXT NOT NULL, at TEXT NOT NULL
    );
    CREATE INDEX turns_by_agent ON turns (owner, agent_owner, agent, at);
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database to the newest tables; raise Unavailable when a newer product wrote it."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = connection.execute("PRAGMA user_version").fetchone()[0]
        if done > len(MIGRATIONS):
            raise Unavailable("This workspace was written by a newer copilot.", "Update copilot, or use another folder with --home.")
        for statement in (s for script in MIGRATIONS[done:] for s in _statements(script)):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements; `executescript` would commit our transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
