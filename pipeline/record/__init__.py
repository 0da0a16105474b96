"""The only functions that add facts; each calls `advance` when a fact causes a move.

All are synchronous, take a `Store` first, and run in the caller's transaction.
"""

from __future__ import annotations

from pipeline.record.briefs import brief, cancel, channel_joined
from pipeline.record.canary import expand, extend, hold, judge_due, resolve_chunk
from pipeline.record.events import Ingested, esp_events, unsubscribe
from pipeline.record.retries import retry
from pipeline.record.reviews import approve, open_review, reject
from pipeline.record.rollbacks import RolledBack, roll_back, rollback_reason
from pipeline.record.words import drafted, edit, linted, regenerate, write_failed

__all__ = [
    "Ingested",
    "RolledBack",
    "approve",
    "brief",
    "cancel",
    "channel_joined",
    "drafted",
    "edit",
    "esp_events",
    "expand",
    "extend",
    "hold",
    "judge_due",
    "linted",
    "open_review",
    "regenerate",
    "reject",
    "resolve_chunk",
    "retry",
    "roll_back",
    "rollback_reason",
    "unsubscribe",
    "write_failed",
]
