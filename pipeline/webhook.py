"""What is signed between us and others: posting to them, and checking what they send."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from domain.errors import Refused, TryLater
from pipeline import tls

# short: while the broker is away the relay waits for it
SIGNATURE: Final = "X-Copydesk-Signature"
TIMESTAMP: Final = "X-Copydesk-Timestamp"
TOLERANCE: Final = timedelta(minutes=5)
"""How old a signature may be: its replay window."""

_TIMEOUT: Final = httpx.Timeout(5.0, connect=3.0)
_AGAIN: Final = frozenset({408, 409, 425, 429})
_SERVER_ERROR: Final = 500


def sign(key: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over "v1:timestamp:body", as hex; the receiver makes the same.

    The timestamp is signed too, so that an old delivery cannot be played again.
    """
    signed = f"v1:{timestamp}:".encode() + body
    return f"v1={hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()}"


class BadSignature(Refused):
    """It was not signed with the shared secret, or too long ago."""


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> None:
    """Check a request's signature over what was signed, and that it is fresh.

    Raises:
        BadSignature: It is not ours, was altered, or is older than five minutes.
    """
    timestamp = headers.get(TIMESTAMP, "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 10):  # noqa: PLR2004 - seconds until 2286
        raise BadSignature(f"{TIMESTAMP} must hold the seconds since 1970.")
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > TOLERANCE:
        raise BadSignature(f"{TIMESTAMP} is more than five minutes off.")
    given = headers.get(SIGNATURE, "").encode(errors="replace")
    if not hmac.compare_digest(given, sign(secret, int(timestamp), body).encode()):
        raise BadSignature(f"{SIGNATURE} does not match.")


def post(
    url: str,
    payload: Mapping[str, object],
    *,
    key: str,
    idempotency_key: str,
    now: datetime,
) -> None:
    """Post once. Safe to repeat: the receiver knows a repeat by `idempotency_key`.

    The errors never name the address, which may hold a secret.

    Raises:
        TryLater: No answer, or a busy or broken receiver; it may have been taken.
        Refused: The receiver does not want it as it stands.
    """
    body = json.dumps(payload, ensure_ascii=False, sort_keys=True).encode()
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "copydesk",
        "Idempotency-Key": idempotency_key,
        TIMESTAMP: str(timestamp),
        SIGNATURE: sign(key, timestamp, body),
    }
    try:
        answer = httpx.post(
            url,
            content=body,
            headers=headers,
            timeout=_TIMEOUT,
            # whoever answers for the address must not send us elsewhere
            follow_redirects=False,
            verify=tls.trusted(),
        )
    except httpx.HTTPError as error:
        raise TryLater(f"no answer ({type(error).__name__})") from error
    if answer.is_success:
        return
    if answer.status_code in _AGAIN or answer.status_code >= _SERVER_ERROR:
        raise TryLater(f"answered {answer.status_code}")
    raise Refused(f"refused with {answer.status_code}")
