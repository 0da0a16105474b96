"""A batch as the JSON of one `mail/send` request."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from domain.errors import Refused
from domain.send import CHUNK_SIZE
from pipeline.esp.batch_rules import check_batch
from pipeline.esp.factor import factor
from pipeline.esp.port import Batch, Mail

# SendGrid v3 mail/send: whole request, and substitutions or custom args per recipient.
MAX_REQUEST_BYTES: Final = 30 * 1024 * 1024
MAX_RECIPIENT_BYTES: Final = 10_000

_TRACKING: Final = {
    "click_tracking": {"enable": True, "enable_text": False},
    "open_tracking": {"enable": True},
    # The way out is ours: every mail carries its own one-click link.
    "subscription_tracking": {"enable": False},
}


def mail_body(batch: Batch) -> bytes:
    """The request for a batch; what recipients get is byte for byte `Mail`'s.

    Raises:
        Refused: Too many mails, no one-click unsubscribe, or texts that differ by
            more than one request can carry (put each variant in its own batch).
    """
    check_batch(batch, title="SendGrid", most=CHUNK_SIZE)
    text = factor([mail.text for mail in batch.mails], "t")
    html = factor([mail.html for mail in batch.mails], "h")
    parts = (("text/plain", text.template), ("text/html", html.template))
    body: dict[str, Any] = {
        "from": {"email": batch.from_address, "name": batch.from_name},
        "personalizations": [
            _personalization(batch, mail, {**in_text, **in_html})
            for mail, in_text, in_html in zip(
                batch.mails, text.substitutions, html.substitutions, strict=True
            )
        ],
        "content": [{"type": kind, "value": value} for kind, value in parts if value],
        "tracking_settings": _TRACKING,
        "batch_id": batch.batch_id,
    }
    if batch.reply_to is not None:
        body["reply_to"] = {"email": batch.reply_to}
    if batch.send_at is not None:
        body["send_at"] = _unix(batch.send_at)
    packed = json.dumps(body, ensure_ascii=False).encode()
    if len(packed) > MAX_REQUEST_BYTES:
        raise Refused("The batch is larger than the 30 MB SendGrid takes at once.")
    return packed


def _personalization(
    batch: Batch, mail: Mail, substitutions: dict[str, str]
) -> dict[str, Any]:
    args = {
        **mail.custom_args,
        "send_id": str(mail.send_id),
        "campaign_id": str(batch.campaign_id),
        "batch": batch.batch_id,
    }
    if max(_size(substitutions), _size(args)) > MAX_RECIPIENT_BYTES:
        raise Refused(
            "The mails of this batch differ by more than the 10,000 bytes that "
            "SendGrid takes for each recipient."
        )
    return {
        "to": [{"email": mail.to}],
        "subject": mail.subject,
        "headers": dict(mail.headers),
        "substitutions": substitutions,
        "custom_args": args,
    }


def _size(values: dict[str, str]) -> int:
    return len(json.dumps(values, ensure_ascii=False).encode())


def _unix(at: datetime) -> int:
    return int(at.timestamp())
