"""The practice ESP's memory: one SQLite file, so that a restart loses nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL,
    accepted_at REAL NOT NULL,
    body TEXT NOT NULL,
    batch_id TEXT
);
CREATE TABLE IF NOT EXISTS mails (
    id INTEGER PRIMARY KEY,
    request_id INTEGER NOT NULL REFERENCES requests,
    sg_message_id TEXT NOT NULL,
    email TEXT NOT NULL COLLATE NOCASE,
    subject TEXT NOT NULL,
    substitutions TEXT NOT NULL,
    headers TEXT NOT NULL,
    custom_args TEXT NOT NULL,
    due REAL NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS mails_waiting ON mails (due) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS mails_request ON mails (request_id);
CREATE INDEX IF NOT EXISTS mails_message ON mails (sg_message_id);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY,
    mail_id INTEGER NOT NULL REFERENCES mails,
    kind TEXT NOT NULL,
    at REAL NOT NULL,
    detail TEXT NOT NULL,
    event_id TEXT NOT NULL,
    post_at REAL NOT NULL,
    copy INTEGER NOT NULL,
    posted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS events_due ON events (post_at) WHERE posted = 0;
CREATE INDEX IF NOT EXISTS events_mail ON events (mail_id) WHERE copy = 0;
CREATE TABLE IF NOT EXISTS batches (
    batch_id TEXT PRIMARY KEY,
    status TEXT,
    changed_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS suppressions (
    kind TEXT NOT NULL,
    email TEXT NOT NULL COLLATE NOCASE,
    created REAL NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (email, kind)
) WITHOUT ROWID;
"""


def open_database(folder: Path) -> sqlite3.Connection:
    """Open, and on the first visit create, the ESP's database in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(folder / "esp.sqlite3", isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(SCHEMA)
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
