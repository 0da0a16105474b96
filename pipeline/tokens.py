"""Unsubscribe tokens, link ids and keyed hashes: what only this desk can make."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from domain.errors import Unknown

_LENGTH = 20
"""Hex digits of the mark: 80 bits, far beyond guessing over HTTP."""


OF_A_SEED: Final = "seed"
"""The `/u/{token}` of every seed mail: it is nobody's."""


def make_token(secret: str, send_id: int) -> str:
    """The `/u/{token}` of one mail."""
    return f"{send_id}-{_mark(secret, send_id)}"


def read_token(secret: str, token: str) -> int:
    """Return the send id that a token was made for.

    Raises:
        Unknown: It was not made by this desk, or was cut off on its way.
    """
    number, _, mark = token.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < _LENGTH):
        raise Unknown("This unsubscribe link is not complete.")
    if not hmac.compare_digest(mark.encode(), _mark(secret, int(number)).encode()):
        raise Unknown("This unsubscribe link is not complete.")
    return int(number)


def make_link_id(secret: str, campaign_id: int, label: str) -> str:
    """What a mail's link carries, so that a conversion names its campaign and variant.

    The same for all who get that variant: it tells nothing about a person.
    """
    return f"{campaign_id}-{label}-{_link_mark(secret, campaign_id, label)}"


def read_link_id(secret: str, link_id: str) -> tuple[int, str] | None:
    """The campaign and the variant's label; None when this desk did not make it."""
    number, _, rest = link_id.partition("-")
    label, _, mark = rest.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < _LENGTH):
        return None
    made = _link_mark(secret, int(number), label)
    is_ours = hmac.compare_digest(mark.encode(), made.encode())
    return (int(number), label) if is_ours else None


def _link_mark(secret: str, campaign_id: int, label: str) -> str:
    message = f"link:{campaign_id}:{label}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:_LENGTH]


def event_hash(secret: str, external_id: str) -> str:
    """A keyed hash of a conversion's id, which may name a person."""
    message = f"conversion:{external_id}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def address_hash(secret: str, address: str) -> str:
    """A keyed hash of an address: equal for equal addresses, useless to others."""
    return hmac.new(
        secret.encode(), address.strip().lower().encode(), hashlib.sha256
    ).hexdigest()


def _mark(secret: str, send_id: int) -> str:
    message = f"unsubscribe:{send_id}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:_LENGTH]
