"""Amazon SES's events, one in each SNS message, and what they mean.

Facts: "Examples of event data that Amazon SES publishes to Amazon SNS"; the vocabulary is
anymail's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from domain.campaign import CampaignId
from domain.send import DeliveryEvent
from pipeline.esp.event_fields import (
    an_object,
    event_key,
    is_scanner,
    text,
    whole,
    written_moment,
)
from pipeline.esp.sns import NOTIFICATION

TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "Send": ("accepted", "send"),
    "Delivery": ("delivered", "delivery"),
    "DeliveryDelay": ("deferred", "deliveryDelay"),
    "Bounce": ("bounced", "bounce"),
    "Complaint": ("complained", "complaint"),
    "Reject": ("rejected", "reject"),
    "Rendering Failure": ("rejected", "failure"),
    "Open": ("opened", "open"),
    "Click": ("clicked", "click"),
    "Subscription": ("unsubscribed", "subscription"),
}
"""Type, and the field its particulars are in. One that is not here is "unknown"."""

NOT_TRIED: Final = frozenset({"Suppressed", "OnAccountSuppressionList"})
"""Kinds of bounce that never left: the address was on a suppression list."""


def normalise(items: Sequence[object]) -> tuple[DeliveryEvent, ...]:
    """The events of SNS messages that are about mails of ours.

    What is no event (a confirmation, SES's note that a topic works) and what has no tags
    of ours is left out.

    Raises:
        Refused: An item is malformed; names its index and field.
    """
    read = (_event(index, item) for index, item in enumerate(items))
    return tuple(event for event in read if event is not None)


def _event(index: int, item: object) -> DeliveryEvent | None:
    envelope = an_object(index, item)
    if envelope.get("Type") != NOTIFICATION:
        return None
    own = _message(envelope)
    if own is None:
        return None
    mail = an_object(index, own.get("mail"), "mail")
    tags = _tags(mail)
    if not {"send_id", "campaign_id"} & tags.keys():
        return None
    kind = text(index, own, "eventType")
    read, where = TYPES.get(kind, ("unknown", ""))
    found = own.get(where)
    detail: Mapping[str, object] = found if isinstance(found, dict) else {}
    at = _at(index, detail, mail, envelope)
    send_id, url = whole(index, tags, "send_id"), detail.get("link")
    if read == "bounced" and detail.get("bounceSubType") in NOT_TRIED:
        read = "rejected"
    message = mail.get("messageId", "")
    return DeliveryEvent(
        event_id=event_key("ses", message, send_id, kind, at.isoformat(), url or ""),
        type=read,
        at=at,
        send_id=send_id,
        campaign_id=CampaignId(whole(index, tags, "campaign_id")),
        is_hard=read == "bounced" and detail.get("bounceType") == "Permanent",
        is_machine=read == "clicked" and is_scanner(detail.get("userAgent")),
        url=url if isinstance(url, str) else None,
    )


def _message(envelope: Mapping[str, object]) -> Mapping[str, object] | None:
    """The event in a message; None when it is prose, such as SES's own greeting."""
    try:
        found = json.loads(str(envelope.get("Message")))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _tags(mail: Mapping[str, object]) -> dict[str, object]:
    """Each tag's first value; SES writes every tag as a list."""
    given = mail.get("tags")
    pairs = given.items() if isinstance(given, dict) else ()
    return {
        name: values[0] if isinstance(values, list) and values else values
        for name, values in pairs
    }


def _at(
    index: int,
    detail: Mapping[str, object],
    mail: Mapping[str, object],
    envelope: Mapping[str, object],
) -> datetime:
    """When it happened; a few kinds only say when the mail was sent."""
    for holder in (detail, mail):
        if "timestamp" in holder:
            return written_moment(index, holder["timestamp"])
    return written_moment(index, envelope.get("Timestamp"), "Timestamp")
