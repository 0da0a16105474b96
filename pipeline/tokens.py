"""Unsubscribe tokens and keyed address hashes: what only this desk can make."""

from __future__ import annotations

import hashlib
import hmac

from domain.errors import Unknown

_LENGTH = 20
"""Hex digits of the mark: 80 bits, far beyond guessing over HTTP."""


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


def address_hash(secret: str, address: str) -> str:
    """A keyed hash of an address: equal for equal addresses, useless to others."""
    return hmac.new(
        secret.encode(), address.strip().lower().encode(), hashlib.sha256
    ).hexdigest()


def _mark(secret: str, send_id: int) -> str:
    message = f"unsubscribe:{send_id}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:_LENGTH]
