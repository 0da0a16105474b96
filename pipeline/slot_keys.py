"""What a slot's site and this desk prove to each other: secret, hash and token."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

from domain.campaign import CampaignId
from domain.channel import Slot
from domain.errors import Refused
from domain.exposure import Token

_LENGTH: Final = 32
"""Hex digits of a hash or mark: 128 bits."""


def slot_secret(secret: str, slot: Slot) -> str:
    """What the site signs with; made anew each time, so it is kept nowhere here.

    Args:
        secret: The desk's own.
    """
    return f"slot_{_mac(secret, f'slot:{slot.key}:{slot.generation}')}"


def visitor_hash(secret: str, slot: str, key: str) -> str:
    """A keyed hash of a visitor's key: equal for equal keys, useless to others."""
    return _mac(secret, f"visitor:{slot}:{key}")[:_LENGTH]


def make_token(secret: str, token: Token) -> str:
    """What proves that this visitor was answered with this version, at that minute."""
    minute = int(token.issued_at.timestamp()) // 60
    said = f"{token.campaign_id}-{token.variant_id}-{minute}-{token.visitor}"
    return f"{said}-{_token_mark(secret, said)}"


def read_token(secret: str, text: str) -> Token:
    """What a token says.

    Raises:
        Refused: This desk did not make it.
    """
    said, _, mark = text.rpartition("-")
    if not hmac.compare_digest(mark.encode(), _token_mark(secret, said).encode()):
        raise Refused("token: this desk did not give it out.")
    campaign, variant, minute, visitor = said.split("-")
    return Token(
        campaign_id=CampaignId(int(campaign)),
        variant_id=int(variant),
        visitor=visitor,
        issued_at=datetime.fromtimestamp(int(minute) * 60, UTC),
    )


def signed_bytes(method: str, target: str, body: bytes = b"") -> bytes:
    """What the site signs: the request's first line as it is sent, and the body.

    Args:
        target: Path and query, percent-encoded as on the wire.
    """
    return f"{method} {target}\n".encode() + body


def _token_mark(secret: str, said: str) -> str:
    return _mac(secret, f"exposure:{said}")[:_LENGTH]


def _mac(secret: str, message: str) -> str:
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
