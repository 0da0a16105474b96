"""SendGrid's event webhook: who signed it, and what its items mean.

Facts: SendGrid's Event Webhook reference; the vocabulary is anymail's.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
    load_pem_public_key,
)

from domain.campaign import CampaignId
from domain.errors import Refused
from domain.send import DeliveryEvent
from pipeline.esp.event_fields import (
    an_object,
    event_key,
    is_scanner,
    moment,
    text,
    whole,
)
from pipeline.esp.port import BadSignature

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
TOLERANCE: Final = timedelta(minutes=10)

TYPES: Final[Mapping[str, str]] = {
    "processed": "accepted",
    "delivered": "delivered",
    "deferred": "deferred",
    "bounce": "bounced",
    "dropped": "rejected",
    "open": "opened",
    "click": "clicked",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "group_resubscribe": "subscribed",
}
"""An event type that is not here is kept as "unknown"."""


def public_key(text: str) -> ec.EllipticCurvePublicKey:
    """The webhook's key, as base64 DER (SendGrid's settings page) or as PEM.

    Raises:
        Refused: It is no elliptic-curve public key.
    """
    packed = text.strip()
    try:
        if packed.startswith("-----"):
            key = load_pem_public_key(packed.encode())
        else:
            key = load_der_public_key(b64decode(packed, validate=True))
    except ValueError as error:
        raise Refused("The event webhook's public key cannot be read.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Refused("The event webhook's public key is not an elliptic-curve key.")
    return key


def verify(
    key: ec.EllipticCurvePublicKey,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> None:
    """Check the signature over timestamp and raw body, then the timestamp's age.

    Raises:
        BadSignature: Missing, altered, or signed too long ago.
    """
    given = {name.lower(): value for name, value in headers.items()}
    stamp = given.get(TIMESTAMP, "")
    try:
        signature = b64decode(given.get(SIGNATURE, ""), validate=True)
        key.verify(signature, stamp.encode() + body, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("The webhook's signature does not match.") from error
    if not stamp.isdecimal():
        raise BadSignature("The webhook has no timestamp.")
    if abs(now.timestamp() - int(stamp)) > tolerance.total_seconds():
        raise BadSignature("The webhook carries an old timestamp.")


def normalise(items: Sequence[object]) -> tuple[DeliveryEvent, ...]:
    """Every item that is about a mail of ours.

    Items without our ids belong to other senders on the account, or to the test
    button of SendGrid's settings page: they are left out, not refused, because
    SendGrid repeats a refused batch for a day.

    Raises:
        Refused: An item is malformed; names its index and field.
    """
    read = (_event(index, item) for index, item in enumerate(items))
    return tuple(event for event in read if event is not None)


def _event(index: int, item: object) -> DeliveryEvent | None:
    item = an_object(index, item)
    if "send_id" not in item and "campaign_id" not in item:
        return None
    send_id = whole(index, item, "send_id")
    at = whole(index, item, "timestamp")
    kind = text(index, item, "event")
    url, agent = item.get("url"), item.get("useragent")
    return DeliveryEvent(
        event_id=_key(item, send_id, kind, at),
        type=TYPES.get(kind, "unknown"),
        at=moment(index, at),
        send_id=send_id,
        campaign_id=CampaignId(whole(index, item, "campaign_id")),
        # "blocked" is a refusal by the receiver for now, not a dead address
        is_hard=kind == "bounce" and item.get("type", "bounce") == "bounce",
        is_machine=_is_machine(item, kind, agent),
        url=url if isinstance(url, str) else None,
    )


def _key(item: Mapping[str, object], send_id: int, kind: str, at: int) -> str:
    """`sg_event_id` is not in it: it may change between copies."""
    url = item.get("url", "") if kind == "click" else ""
    message = item.get("sg_message_id", "")
    return event_key("sendgrid", message, send_id, kind, at, url)


def _is_machine(item: Mapping[str, object], kind: str, agent: object) -> bool:
    if kind == "open":
        return item.get("sg_machine_open") is True
    return kind == "click" and is_scanner(agent)
