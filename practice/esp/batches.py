"""Batch ids, and pausing or cancelling what is scheduled under them.

Rules: SendGrid v3 "Cancel Scheduled Sends". Only the ten minutes before
`send_at` are divided by the time scale, being a duration of the practice world.
"""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any, Final

from practice.esp.config import PracticeEsp

STATUSES: Final = ("cancel", "pause")
MAX_STOPPED: Final = 10
TOO_LATE_S: Final = 600.0
KEPT_S: Final = 72 * 3600


class BadBatch(Exception):
    """SendGrid would answer 400 with this message and field."""

    def __init__(self, message: str, field: str) -> None:
        self.field = field
        super().__init__(message)


def create(db: sqlite3.Connection, now: float) -> str:
    """A new batch id, to be put on mail before it is sent."""
    batch_id = secrets.token_urlsafe(32)
    db.execute("INSERT INTO batches VALUES (?, NULL, ?)", (batch_id, now))
    return batch_id


def exists(db: sqlite3.Connection, batch_id: str) -> bool:
    row = db.execute("SELECT 1 FROM batches WHERE batch_id = ?", (batch_id,))
    return row.fetchone() is not None


def stopped(
    db: sqlite3.Connection, config: PracticeEsp, batch_id: str | None = None
) -> list[dict[str, Any]]:
    """Paused and cancelled batches of the last 72 hours, or one of them."""
    oldest = config.clock() - KEPT_S / config.time_scale
    rows = db.execute(
        "SELECT batch_id, status FROM batches WHERE status IS NOT NULL"
        " AND changed_at >= :oldest AND (:id IS NULL OR batch_id = :id)"
        " ORDER BY changed_at",
        {"oldest": oldest, "id": batch_id},
    )
    return [dict(row) for row in rows]


def stop(
    db: sqlite3.Connection, config: PracticeEsp, batch_id: object, status: object
) -> None:
    """Pause or cancel a batch that is neither yet.

    Raises:
        BadBatch: Unknown id or status, a second call, the eleventh batch, or
            less than ten minutes before a `send_at`.
    """
    if not isinstance(batch_id, str) or not exists(db, batch_id):
        raise BadBatch("The batch_id is not valid.", "batch_id")
    _check_status(status)
    row = db.execute("SELECT status FROM batches WHERE batch_id = ?", (batch_id,))
    if row.fetchone()["status"]:
        raise BadBatch(
            "A scheduled send status already exists for this batch; use PATCH.",
            "batch_id",
        )
    if len(stopped(db, config)) >= MAX_STOPPED:
        raise BadBatch(
            "No more than 10 batches may be paused or cancelled at a time.", "batch_id"
        )
    _check_in_time(db, config, batch_id)
    _set(db, config, batch_id, status)


def change(
    db: sqlite3.Connection, config: PracticeEsp, batch_id: str, status: object
) -> bool:
    """Turn a pause into a cancel or back; False when the batch is not stopped."""
    _check_status(status)
    if not stopped(db, config, batch_id):
        return False
    _check_in_time(db, config, batch_id)
    _set(db, config, batch_id, status)
    return True


def resume(db: sqlite3.Connection, config: PracticeEsp, batch_id: str) -> bool:
    """Forget a pause or cancel; False when the batch is not stopped."""
    if not stopped(db, config, batch_id):
        return False
    _set(db, config, batch_id, None)
    return True


def _set(
    db: sqlite3.Connection, config: PracticeEsp, batch_id: str, status: object
) -> None:
    db.execute(
        "UPDATE batches SET status = ?, changed_at = ? WHERE batch_id = ?",
        (status, config.clock(), batch_id),
    )


def _check_status(status: object) -> None:
    if status not in STATUSES:
        raise BadBatch("The status must be pause or cancel.", "status")


def _check_in_time(db: sqlite3.Connection, config: PracticeEsp, batch_id: str) -> None:
    now = config.clock()
    row = db.execute(
        "SELECT min(m.due) AS due FROM mails m JOIN requests r ON r.id = m.request_id"
        " WHERE r.batch_id = ? AND m.state = 'waiting' AND m.due > ?",
        (batch_id, now),
    ).fetchone()
    if row["due"] is not None and row["due"] < now + TOO_LATE_S / config.time_scale:
        raise BadBatch(
            "Scheduled sends may not be changed less than 10 minutes before send_at.",
            "batch_id",
        )
