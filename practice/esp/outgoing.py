"""Accepting mail, releasing it when it is due, and planning what follows."""

from __future__ import annotations

import json
import random
import secrets
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from practice.esp.audience import Happening, react
from practice.esp.config import PracticeEsp
from practice.esp.database import transaction
from practice.esp.reading import render

# SendGrid: a paused batch is discarded 72 hours after its send_at.
PAUSE_ENDS_S: Final = 72 * 3600
# Share of events posted once, twice, three times, and of copies with a new id.
# A user of SendGrid counted about three copies per event (sendgrid/docs#2933).
COPIES: Final = (1, 2, 3)
COPY_WEIGHTS: Final = (60, 25, 15)
# SNS delivers at least once, and a mail server tells nobody.
RARER_COPIES: Final = {"ses": (97, 3, 0), "smtp": (1, 0, 0)}
NEW_ID_SHARE: Final = 0.1
# Practice seconds within which first posts are shuffled, and repeats follow.
DISORDER_S: Final = 120.0
REPEAT_S: Final = 1_200.0

_SUPPRESSES: Final = {
    "bounce": "bounces",
    "spamreport": "spam_reports",
    "unsubscribe": "unsubscribes",
}
# Amazon SES keeps bounces and complaints, and a mail server nothing.
_KEEPS_NO: Final[Mapping[str, tuple[str, ...]]] = {
    "ses": ("unsubscribes",),
    "smtp": tuple(_SUPPRESSES.values()),
}
_DROP_REASONS: Final = {
    "unsubscribes": "Unsubscribed Address",
    "bounces": "Bounced Address",
    "spam_reports": "Spam Reporting Address",
}


def accept(db: sqlite3.Connection, config: PracticeEsp, body: dict[str, Any]) -> str:
    """Store a valid mail/send body and plan its events; answers its message id."""
    now = config.clock()
    message_id = secrets.token_urlsafe(16)
    shared = {key: value for key, value in body.items() if key != "personalizations"}
    with transaction(db):
        cursor = db.execute(
            "INSERT INTO requests (message_id, accepted_at, body, batch_id)"
            " VALUES (?, ?, ?, ?)",
            (message_id, now, json.dumps(shared), body.get("batch_id")),
        )
        db.executemany(
            "INSERT INTO mails (request_id, sg_message_id, email, subject,"
            " substitutions, headers, custom_args, due, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
            _mails(body, cursor.lastrowid or 0, message_id, now),
        )
        _release(db, config, now)
    return message_id


def _mails(
    body: dict[str, Any], request_id: int, message_id: str, now: float
) -> Iterator[tuple[Any, ...]]:
    number = 0
    for one in body["personalizations"]:
        substitutions = json.dumps(one.get("substitutions") or {})
        headers = json.dumps(
            {**(body.get("headers") or {}), **(one.get("headers") or {})}
        )
        args = json.dumps(
            {**(body.get("custom_args") or {}), **(one.get("custom_args") or {})}
        )
        subject = one.get("subject") or body.get("subject") or ""
        due = max(now, one.get("send_at") or body.get("send_at") or now)
        for kind in ("to", "cc", "bcc"):
            for entry in one.get(kind) or []:
                yield (
                    request_id,
                    f"{message_id}.recvd-practice-{number}",
                    entry["email"],
                    subject,
                    substitutions,
                    headers,
                    args,
                    due,
                )
                number += 1


def release_due(db: sqlite3.Connection, config: PracticeEsp) -> None:
    """Send, hold or discard every scheduled mail whose time has come."""
    now = config.clock()
    waiting = db.execute(
        "SELECT 1 FROM mails WHERE state = 'waiting' AND due <= ? LIMIT 1", (now,)
    )
    if waiting.fetchone():
        with transaction(db):
            _release(db, config, now)


def _release(db: sqlite3.Connection, config: PracticeEsp, now: float) -> None:
    expired = now - PAUSE_ENDS_S / config.time_scale
    db.execute(
        "UPDATE mails SET state = 'discarded' WHERE state = 'waiting' AND due <= :now"
        " AND EXISTS (SELECT 1 FROM requests r JOIN batches b USING (batch_id)"
        " WHERE r.id = mails.request_id"
        " AND (b.status = 'cancel' OR (b.status = 'pause' AND mails.due < :expired)))",
        {"now": now, "expired": expired},
    )
    rows = db.execute(
        "SELECT m.id, m.email, m.subject, m.substitutions, r.message_id,"
        " instr(r.body, 'http') OR instr(m.substitutions, 'http') AS has_link,"
        " instr(r.body, 'text/html') AS has_pixel, ("
        "  SELECT s.kind FROM suppressions s WHERE s.email = m.email"
        "  AND s.created <= :now LIMIT 1) AS suppressed"
        " FROM mails m JOIN requests r ON r.id = m.request_id"
        " LEFT JOIN batches b ON b.batch_id = r.batch_id"
        " WHERE m.state = 'waiting' AND m.due <= :now AND b.status IS NULL",
        {"now": now},
    ).fetchall()
    _plan(db, config, rows, now)


def _plan(
    db: sqlite3.Connection, config: PracticeEsp, rows: Sequence[sqlite3.Row], now: float
) -> None:
    events: list[tuple[Any, ...]] = []
    suppressed: list[tuple[Any, ...]] = []
    for row in rows:
        plan = _reactions(row, config)
        rng = random.Random(f"{config.seed}:{row['email']}:{row['message_id']}")
        for index, happening in enumerate(plan):
            at = now + happening.delay / config.time_scale
            copies = _copies(rng, config, row, index=index, happening=happening, at=at)
            events.extend(copies)
            kind = _SUPPRESSES.get(happening.kind)
            if (
                kind not in _KEEPS_NO.get(config.vendor, ())
                and kind
                and happening.detail.get("type") != "blocked"
            ):
                reason = happening.detail.get("reason", "")
                suppressed.append((kind, row["email"], at, reason))
    db.executemany(
        "INSERT INTO events (mail_id, kind, at, detail, event_id, post_at, copy)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        events,
    )
    db.executemany(
        "INSERT INTO suppressions (kind, email, created, reason) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET created = min(created, excluded.created)",
        suppressed,
    )
    db.executemany(
        "UPDATE mails SET state = ? WHERE id = ?",
        [("dropped" if row["suppressed"] else "sent", row["id"]) for row in rows],
    )


def _reactions(row: sqlite3.Row, config: PracticeEsp) -> list[Happening]:
    if row["suppressed"]:
        reason = _DROP_REASONS[row["suppressed"]]
        detail = {"reason": reason, "status": "5.0.0"}
        return [Happening("dropped", 1.0, detail)]
    # A click needs a link; an open is seen by the picture in the HTML part.
    unseen = {"click": not row["has_link"], "open": not row["has_pixel"]}
    subject = render(row["subject"], json.loads(row["substitutions"]))
    temper = config.switches.temper(row["email"], subject)
    happenings = react(row["email"], config.seed, temper)
    return [one for one in happenings if not unseen.get(one.kind)]


def _copies(
    rng: random.Random,
    config: PracticeEsp,
    row: sqlite3.Row,
    *,
    index: int,
    happening: Happening,
    at: float,
) -> Iterator[tuple[Any, ...]]:
    """The same event up to three times, shuffled and repeated as SendGrid does."""
    detail = json.dumps(happening.detail)
    (count,) = rng.choices(COPIES, RARER_COPIES.get(config.vendor, COPY_WEIGHTS))
    for copy in range(count):
        renamed = copy if copy and rng.random() < NEW_ID_SHARE else 0
        late = rng.random() * (REPEAT_S if copy else DISORDER_S) / config.time_scale
        yield (
            row["id"],
            happening.kind,
            at,
            detail,
            _event_id(row["message_id"], row["id"], index, renamed),
            at + late,
            copy,
        )


def _event_id(*parts: object) -> str:
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
