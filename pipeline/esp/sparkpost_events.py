"""SparkPost's event webhook: who posted it, and what its items mean.

Facts: SparkPost's Webhooks and Events references and its bounce classification codes;
the vocabulary is anymail's.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from domain.campaign import CampaignId
from domain.send import DeliveryEvent
from pipeline.esp.event_fields import (
    an_object,
    event_key,
    is_scanner,
    moment,
    text,
    whole,
    written_moment,
)
from pipeline.esp.port import BadSignature

TYPES: Final[Mapping[str, str]] = {
    "injection": "accepted",
    "delivery": "delivered",
    "delay": "deferred",
    "bounce": "bounced",
    "out_of_band": "bounced",
    "spam_complaint": "complained",
    "policy_rejection": "rejected",
    "generation_failure": "rejected",
    "generation_rejection": "rejected",
    "open": "opened",
    "initial_open": "opened",
    "amp_open": "opened",
    "amp_initial_open": "opened",
    "click": "clicked",
    "amp_click": "clicked",
    "list_unsubscribe": "unsubscribed",
    "link_unsubscribe": "unsubscribed",
}
"""An event type that is not here is kept as "unknown"."""

HARD: Final = frozenset({"10", "30"})
"""Bounce classes of an address that does not exist."""

OTHER_BOUNCES: Final[Mapping[str, str]] = {
    "60": "autoresponded",
    "70": "deferred",
    "80": "subscribed",
    "90": "unsubscribed",
    "100": "autoresponded",
}
"""Bounce classes that SparkPost reports as bounces, and that are none."""


def verify(user: str, password: str, headers: Mapping[str, str]) -> None:
    """Check who posts: SparkPost signs no body, it shows what it was given.

    Either Basic authentication, or the password as a bearer token: what SparkPost's
    OAuth 2.0 or a custom header brings.

    Raises:
        BadSignature: Neither fits.
    """
    given = {name.lower(): value for name, value in headers.items()}
    shown = given.get("authorization", "").encode("utf-8", "replace")
    basic = b64encode(f"{user}:{password}".encode()).decode()
    # both are compared, so that the time taken says nothing
    fits = [
        hmac.compare_digest(shown, wanted.encode())
        for wanted in (f"Basic {basic}", f"Bearer {password}")
    ]
    if not any(fits):
        raise BadSignature("The webhook does not show SparkPost's credentials.")


def normalise(items: Sequence[object]) -> tuple[DeliveryEvent, ...]:
    """Every item that is about a mail of ours.

    Items without our ids belong to other senders on the account, or are SparkPost's
    test of the address: they are left out.

    Raises:
        Refused: An item is malformed; names its index and field.
    """
    read = (_event(index, item) for index, item in enumerate(items))
    return tuple(event for event in read if event is not None)


def _event(index: int, item: object) -> DeliveryEvent | None:
    wrapped = an_object(index, an_object(index, item).get("msys"), "msys")
    if not wrapped:
        return None
    own = an_object(index, next(iter(wrapped.values())), "the event")
    meta = own.get("rcpt_meta")
    if not isinstance(meta, dict) or not {"send_id", "campaign_id"} & meta.keys():
        return None
    kind, at = text(index, own, "type"), _at(index, own)
    send_id = whole(index, meta, "send_id")
    url, bounce_class = own.get("target_link_url"), str(own.get("bounce_class", ""))
    read = TYPES.get(kind, "unknown")
    if read == "bounced":
        read = OTHER_BOUNCES.get(bounce_class, read)
    return DeliveryEvent(
        event_id=_key(own, send_id, kind, at),
        type=read,
        at=at,
        send_id=send_id,
        campaign_id=CampaignId(whole(index, meta, "campaign_id")),
        is_hard=read == "bounced" and bounce_class in HARD,
        is_machine=_is_machine(own, read),
        url=url if isinstance(url, str) else None,
    )


def _at(index: int, own: Mapping[str, object]) -> datetime:
    """Most events say seconds, some a written time."""
    given = own.get("timestamp")
    if isinstance(given, str) and not given.isdecimal():
        return written_moment(index, given)
    return moment(index, whole(index, own, "timestamp"))


def _key(own: Mapping[str, object], send_id: int, kind: str, at: datetime) -> str:
    """What an event is about, and not its id alone: a copy may come with another."""
    message = own.get("message_id") or own.get("transmission_id") or ""
    url = own.get("target_link_url", "")
    return event_key("sparkpost", message, send_id, kind, int(at.timestamp()), url)


def _is_machine(own: Mapping[str, object], read: str) -> bool:
    parsed = own.get("user_agent_parsed")
    if read == "opened" and isinstance(parsed, dict):
        return parsed.get("is_prefetched") is True
    return read == "clicked" and is_scanner(own.get("user_agent"))
