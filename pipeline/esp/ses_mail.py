"""Mails as the entries of one SendBulkEmail; merged here, put in as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.errors import Refused
from pipeline.esp.batch_rules import address
from pipeline.esp.port import Batch, Mail
from pipeline.esp.tally import Fate, Tally

MAX_DATA_BYTES: Final = 262_144
"""SES: template data of one entry."""

# Three braces put a value in as it is, whatever two would do.
TEMPLATE: Final = {
    "TemplateContent": {
        "Subject": "{{{subject}}}",
        "Text": "{{{text}}}",
        "Html": "{{{html}}}",
    },
    "TemplateData": "{}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    mail: Mail
    body: Mapping[str, Any]


def entries(batch: Batch, tally: Tally) -> Iterator[Entry]:
    """The mails as SES takes them, without those whose address is none.

    Raises:
        Refused: A mail is too large, or a header holds a line break.
    """
    for mail in batch.mails:
        to = address(mail.to)
        if to is None:
            tally.note(mail, Fate.REFUSED)
            continue
        yield Entry(mail=mail, body=_entry(batch, mail, to))


def _entry(batch: Batch, mail: Mail, to: str) -> dict[str, Any]:
    data = json.dumps({"subject": mail.subject, "text": mail.text, "html": mail.html})
    if len(data.encode()) > MAX_DATA_BYTES:
        raise Refused("A mail is larger than the 262,144 bytes that Amazon SES takes.")
    if any(not f"{n}{value}".isprintable() for n, value in mail.headers.items()):
        raise Refused("A header of this mail holds a line break.")
    tags = {
        "send_id": str(mail.send_id),
        "campaign_id": str(batch.campaign_id),
        "batch": batch.batch_id,
    }
    return {
        "Destination": {"ToAddresses": [to]},
        "ReplacementTags": _pairs(tags),
        "ReplacementEmailContent": {
            "ReplacementTemplate": {"ReplacementTemplateData": data}
        },
        "ReplacementHeaders": _pairs(mail.headers),
    }


def _pairs(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in given.items()]
