"""The reference for ingest: the same writes as a plain sqlite3 loop would do them.

Same file, tables, indexes and pragmas; one transaction per post. It reads nothing back
but row counts, checks no signature, parses no JSON, judges nothing.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from domain.send import DeliveryEvent
from storage.events import metric_of

_SUPPRESSES: Final = {
    "complained": "complained",
    "unsubscribed": "unsubscribed",
    "bounced_hard": "bounced",
}
_EVENT: Final = "INSERT OR IGNORE INTO delivery_events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_FIRST: Final = "INSERT OR IGNORE INTO firsts VALUES (?, ?, ?)"
_COUNT: Final = """
    INSERT INTO counters VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET n = n + excluded.n
"""
_PULSE: Final = """
    INSERT INTO pulses VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET last_event_at = max(last_event_at, excluded.last_event_at),
        last_ingest_at = excluded.last_ingest_at
"""
_SUPPRESS: Final = """
    INSERT OR IGNORE INTO suppressions
        (address_hash, reason, campaign_id, recipient_id, created_at)
    SELECT r.address_hash, ?, s.campaign_id, r.id, ?
    FROM sends s JOIN recipients r ON r.id = s.recipient_id WHERE s.id = ?
"""


def ingest(
    database: Path, posts: Iterable[Sequence[DeliveryEvent]], *, bucket_s: int
) -> None:
    """Write every post, each in a transaction of its own."""
    connection = sqlite3.connect(database, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    cursor = connection.cursor()
    for post in posts:
        cursor.execute("BEGIN IMMEDIATE")
        _one(cursor, post, bucket_s)
        cursor.execute("COMMIT")
    connection.close()


def _one(cursor: sqlite3.Cursor, post: Sequence[DeliveryEvent], bucket_s: int) -> None:
    now = str(datetime.now(UTC))  # noqa: TID251 - no part of the product
    cursor.executemany(
        _EVENT,
        [
            (
                e.campaign_id,
                int(e.at.timestamp()),
                e.event_id,
                e.type,
                e.send_id,
                e.is_hard,
                e.is_machine,
                e.url,
            )
            for e in post
        ],
    )
    tally: Counter[tuple[int, str, int]] = Counter()
    for event in post:
        metric = metric_of(event)
        cursor.execute(_FIRST, (event.campaign_id, metric, event.send_id))
        if not cursor.rowcount:
            continue
        bucket = int(event.at.timestamp()) // bucket_s * bucket_s
        tally[event.campaign_id, metric, bucket] += 1
        if metric in _SUPPRESSES:
            cursor.execute(_SUPPRESS, (_SUPPRESSES[metric], now, event.send_id))
    cursor.executemany(_COUNT, [(*key, n) for key, n in tally.items()])
    newest = max(post, key=lambda event: event.at)
    cursor.execute(_PULSE, (newest.campaign_id, str(newest.at), now))
