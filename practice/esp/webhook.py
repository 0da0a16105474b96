"""The event webhook: signed batches, posted until someone answers 2xx.

Signing as SendGrid documents it: ECDSA P-256 with SHA-256 over the timestamp
header followed by the raw body, base64 of the DER signature.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from base64 import b64encode
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from practice.esp.config import PracticeEsp
from practice.esp.database import transaction
from practice.esp.leaving import press
from practice.esp.outgoing import release_due
from practice.esp.reading import links, whole
from practice.esp.sns import Topic
from practice.esp.sparkpost_events import sparkpost_event, sparkpost_headers

MUTE: Final = "smtp"
"""The vendor that has no webhook."""

PRESSING: Final = ("ses", MUTE)
"""Vendors that keep no list of their own to leave: readers press the mail's link."""

SIGNATURE: Final = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP: Final = "X-Twilio-Email-Event-Webhook-Timestamp"
MAX_EVENTS: Final = 500
RETRY_CAP_S: Final = 30.0
TICK_S: Final = 0.2


class Posted(StrEnum):
    """What one attempt to post came to."""

    NOTHING = "nothing"
    SOME = "some"
    FULL = "full"
    REFUSED = "refused"


class Signer:
    """Holds the webhook's key, kept in the data folder across restarts."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._key = _load_or_make(folder / "webhook_key.pem")

    @property
    def public_key(self) -> str:
        """Base64 of the DER public key, as SendGrid's settings page shows it."""
        public = self._key.public_key()
        return b64encode(
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode()

    def sign(self, timestamp: str, body: bytes) -> str:
        return b64encode(
            self._key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
        ).decode()


def _load_or_make(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        key = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"The key in {path.name} is not an elliptic curve key.")
        return key
    key = ec.generate_private_key(ec.SECP256R1())
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return key


class Postman:
    """Posts due events, one request in flight, and releases scheduled mail."""

    def __init__(
        self,
        db: sqlite3.Connection,
        config: PracticeEsp,
        signer: Signer,
        topic: Topic | None = None,
    ) -> None:
        """Dial nothing yet.

        Args:
            topic: Carries Amazon SES's events.
        """
        self._db, self._config, self._signer = db, config, signer
        self._topic = topic
        self._shuffle = random.Random(config.seed)
        self._closing = asyncio.Event()
        self._session = ClientSession(timeout=ClientTimeout(total=10))

    async def run(self) -> None:
        """Work until `close`; a refusal waits twice as long as the one before."""
        wait = self._config.retry_first
        while not self._closing.is_set():
            outcome = await self.deliver_due()
            if outcome is Posted.REFUSED:
                await self._pause(wait)
                wait = min(RETRY_CAP_S, wait * 2)
                continue
            wait = self._config.retry_first
            if outcome is not Posted.FULL:
                await self._pause(TICK_S)

    async def close(self) -> None:
        self._closing.set()
        await self._session.close()

    async def deliver_due(self) -> Posted:
        """Post at most one batch of due events."""
        release_due(self._db, self._config)
        has_nowhere = not self._config.webhook_url and self._config.vendor != MUTE
        if has_nowhere or self._config.switches.keeps_events:
            return Posted.NOTHING
        rows = self._due()
        if not rows:
            return Posted.NOTHING
        self._shuffle.shuffle(rows)
        taken = await self._deliver(rows)
        self._forget(taken)
        if len(taken) < len(rows):
            return Posted.REFUSED
        return Posted.FULL if len(rows) == MAX_EVENTS else Posted.SOME

    async def _deliver(self, rows: list[sqlite3.Row]) -> list[sqlite3.Row]:
        """Tell of events in the vendor's way; returns those that are told."""
        if self._config.vendor not in PRESSING:
            write = sparkpost_event if self._is_sparkpost else _event
            body = json.dumps([write(row) for row in rows]).encode()
            return rows if await self._post(self._credentials(body), body) else []
        leaving = [row for row in rows if row["kind"] == "unsubscribe"]
        told = [row for row in rows if row["kind"] != "unsubscribe"]
        for row in leaving:
            if row["copy"] == 0:
                await press(self._session, json.loads(row["headers"]))
        if self._topic is not None and told:
            told = await self._topic.deliver(told, self._post)
        return leaving + told

    def _due(self) -> list[sqlite3.Row]:
        return self._db.execute(
            "SELECT e.id AS event_key, e.kind, e.at, e.detail, e.event_id, e.copy,"
            " m.*, r.body, r.batch_id, r.accepted_at, r.message_id FROM events e"
            " JOIN mails m ON m.id = e.mail_id JOIN requests r ON r.id = m.request_id"
            " WHERE e.posted = 0 AND e.post_at <= ? ORDER BY e.post_at LIMIT ?",
            (self._config.clock(), MAX_EVENTS),
        ).fetchall()

    def _forget(self, rows: list[sqlite3.Row]) -> None:
        """First posts stay as the record of what happened; repeats are done with."""
        with transaction(self._db):
            self._db.executemany(
                "UPDATE events SET posted = 1 WHERE id = ?",
                [(row["event_key"],) for row in rows if row["copy"] == 0],
            )
            self._db.executemany(
                "DELETE FROM events WHERE id = ?",
                [(row["event_key"],) for row in rows if row["copy"]],
            )

    async def _post(self, headers: dict[str, str], body: bytes) -> bool:
        try:
            async with self._session.post(
                self._config.webhook_url, data=body, headers=headers
            ) as answer:
                # SparkPost takes nothing but 200 for a yes
                most = 201 if self._is_sparkpost else 300
                return 200 <= answer.status < most
        except (ClientError, TimeoutError):
            return False

    @property
    def _is_sparkpost(self) -> bool:
        return self._config.vendor == "sparkpost"

    def _credentials(self, body: bytes) -> dict[str, str]:
        if self._is_sparkpost:
            return sparkpost_headers(
                self._config.webhook_user, self._config.webhook_password, body
            )
        timestamp = str(int(self._config.clock()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "SendGrid Event API",
            SIGNATURE: self._signer.sign(timestamp, body),
            TIMESTAMP: timestamp,
        }

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return


def _event(row: sqlite3.Row) -> dict[str, Any]:
    """One event as SendGrid writes it; custom args become top-level keys."""
    detail = json.loads(row["detail"])
    if "link" in detail:
        found = links(whole(row)["content"]) or [""]
        detail["url"] = found[detail.pop("link") % len(found)]
        detail["url_offset"] = {"index": 0, "type": "html"}
    body = json.loads(row["body"]) if row["kind"] == "processed" else {}
    if body.get("send_at"):
        detail["send_at"] = body["send_at"]
    return {
        **json.loads(row["custom_args"]),
        "email": row["email"],
        "timestamp": int(row["at"]),
        "event": row["kind"],
        "sg_event_id": row["event_id"],
        "sg_message_id": row["sg_message_id"],
        "smtp-id": f"<{row['message_id']}@practice-esp>",
        **detail,
    }
