"""Amazon SNS as its subscriber meets it: a confirmation, then one signed message an event.

Facts: "Verifying the signatures of Amazon SNS messages". The addresses in a message are
Amazon's, as subscribers check them; this server plays that host, on this machine only.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from practice.esp.ses_events import ses_event

TOPIC: Final = "arn:aws:sns:eu-west-1:000000000000:practice"
HOST: Final = "sns.eu-west-1.amazonaws.com"
AT_ONCE: Final = 10
"""Messages on their way at a time; SNS posts each by itself."""

_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
# as long as any practice desk is run
_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)

Post = Callable[[dict[str, str], bytes], Awaitable[bool]]


class Topic:
    """One topic with one subscriber, and the key it signs with, kept across restarts."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._key = _load_or_make(folder / "sns_key.pem")
        self._clock = clock
        self._token = secrets.token_hex(32)
        self.is_confirmed = False
        self.certificate = _certificate(self._key)
        name = blake2b(self.certificate, digest_size=16).hexdigest()
        self.certificate_path = f"/SimpleNotificationService-{name}.pem"

    def confirm(self, token: str) -> bool:
        """Take the subscriber's yes; False when it shows another token."""
        self.is_confirmed |= secrets.compare_digest(
            token.encode(), self._token.encode()
        )
        return self.is_confirmed

    async def deliver(
        self, rows: Sequence[sqlite3.Row], post: Post
    ) -> list[sqlite3.Row]:
        """Post each event by itself; returns those that were taken."""
        if not self.is_confirmed and not await self._send(self._question(), post):
            return []
        if not self.is_confirmed:
            return []
        room = asyncio.Semaphore(AT_ONCE)

        async def one(row: sqlite3.Row) -> bool:
            async with room:
                words = json.dumps(ses_event(row))
                return await self._send(
                    {"Type": "Notification", "Message": words}, post
                )

        taken = await asyncio.gather(*(one(row) for row in rows))
        return [row for row, is_taken in zip(rows, taken, strict=True) if is_taken]

    def _question(self) -> dict[str, str]:
        asked = urlencode(
            {
                "Action": "ConfirmSubscription",
                "TopicArn": TOPIC,
                "Token": self._token,
            }
        )
        return {
            "Type": "SubscriptionConfirmation",
            "Message": f"You have chosen to subscribe to the topic {TOPIC}.",
            "Token": self._token,
            "SubscribeURL": f"https://{HOST}/?{asked}",
        }

    async def _send(self, given: dict[str, str], post: Post) -> bool:
        at = datetime.fromtimestamp(self._clock(), UTC)
        whole = {
            **given,
            "MessageId": secrets.token_hex(16),
            "TopicArn": TOPIC,
            "Timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": "2",
            "SigningCertURL": f"https://{HOST}{self.certificate_path}",
        }
        whole["Signature"] = self._sign(whole)
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "x-amz-sns-message-type": whole["Type"],
            "x-amz-sns-topic-arn": TOPIC,
        }
        return await post(headers, json.dumps(whole).encode())

    def _sign(self, whole: dict[str, str]) -> str:
        fields: Iterable[str] = _SIGNED[whole["Type"]]
        text = "".join(f"{name}\n{whole[name]}\n" for name in fields)
        signed = self._key.sign(text.encode(), padding.PKCS1v15(), SHA256())
        return b64encode(signed).decode()


def _load_or_make(path: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        key = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"The key in {path.name} is not an RSA key.")
        return key
    key = rsa.generate_private_key(65_537, 2048)
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return key


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "practice SNS")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        # the same each time, so that its address is too
        .serial_number(1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def routes(topic: Topic) -> list[web.RouteDef]:
    """What Amazon's host answers to a subscriber."""

    async def certificate(_request: web.Request) -> web.Response:
        return web.Response(body=topic.certificate)

    async def confirm(request: web.Request) -> web.Response:
        asked: Any = request.query
        is_ours = asked.get("TopicArn") == TOPIC and topic.confirm(
            asked.get("Token", "")
        )
        return web.Response(status=200 if is_ours else 400)

    return [web.get(topic.certificate_path, certificate), web.get("/", confirm)]
