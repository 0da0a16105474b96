"""What every batch must be before it leaves, whichever ESP takes it."""

from __future__ import annotations

import re
from typing import Final

from domain.errors import Refused
from pipeline.esp.port import Batch, Unsupported

_ADDRESS: Final = re.compile(r"\S+@\S+")
_PLAIN: Final = re.compile(r"[^\s<>()\[\]\\,;:@\"]{1,64}@[A-Za-z0-9.-]{1,253}")
_LONGEST: Final = 300


def check_batch(
    batch: Batch, *, title: str, most: int, can_schedule: bool = True
) -> None:
    """Refuse a batch that no ESP should see.

    Raises:
        Unsupported: It is to go later, which the ESP cannot do.
        Refused: Empty, too long, or a mail has no one-click unsubscribe.
    """
    if not batch.mails:
        raise Refused("The batch holds no mail.")
    if len(batch.mails) > most:
        raise Refused(f"{title} takes no more than {most:,} mails at once.")
    if batch.send_at is not None and not can_schedule:
        raise Unsupported(f"{title} cannot send at a later time.")
    for mail in batch.mails:
        # RFC 8058: both headers, or mail programs show no button
        if not {"List-Unsubscribe", "List-Unsubscribe-Post"} <= mail.headers.keys():
            raise Refused("A mail of this batch has no one-click unsubscribe.")


def without_addresses(words: str) -> str:
    """An ESP's own words, short and fit to show: it likes to quote the recipient."""
    return _ADDRESS.sub("[address]", " ".join(words.split()))[:_LONGEST]


def address(given: str) -> str | None:
    """The address as the envelope has it; None when it cannot be mailed."""
    local, at, domain = given.rpartition("@")
    try:
        plain = f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        return None
    return plain if plain.isascii() and _PLAIN.fullmatch(plain) else None
