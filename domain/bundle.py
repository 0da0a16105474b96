"""An approved text that leaves as files: what is in them, byte for byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.campaign import Campaign, State
from domain.channel import PARTS, Channel, ad_length, part_keys
from domain.errors import Refused
from domain.export import guarded
from domain.variant import Revision
from domain.views import DecisionLine

CONTENT_SCHEMA: Final = "copydesk.content/1"
MANIFEST_SCHEMA: Final = "copydesk.export/1"
MANIFEST: Final = "manifest.json"

EXPORTED_IN: Final = frozenset(
    {State.APPROVED, State.SCHEDULED, State.CANARY, State.EXPANDING, State.SENT}
)
"""From approval on, and not while people have stopped it."""

# Google Ads Editor help, "CSV file columns". A responsive search ad asks for three
# headlines and two descriptions at least: the others are other people's to add, so it
# is paused.
ADS_COLUMNS: Final = (
    "Campaign",
    "Ad group",
    "Ad type",
    "Headline 1",
    "Description 1",
    "Final URL",
    "Status",
)
# Google Ads help, "About responsive search ads"
ADS_MOST: Final = {"subject": 30, "preheader": 90}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedArm:
    """One text that may be shown, and who said so.

    Attributes:
        approvals: Those that count for this very text.
        html: The fragment (`pipeline.shown_html`).
    """

    label: str
    revision: Revision
    approvals: tuple[DecisionLine, ...]
    html: str


def check_exported(campaign: Campaign) -> None:
    """Refuse what is no copy for elsewhere, or not approved, or was stopped.

    Raises:
        Refused: Says which.
    """
    number, state = campaign.id, campaign.state.replace("_", " ")
    if campaign.brief_channel.is_mailed:
        raise Refused(f"#{number} is a mail: it is sent from here, and not exported.")
    if campaign.state not in EXPORTED_IN:
        raise Refused(
            f"#{number} is {state}. Copy is exported once it is approved, and not while"
            " it is held, parked or stopped."
        )


def content(
    campaign: Campaign, arm: ApprovedArm, *, cta_url: str, brief_sha256: str
) -> bytes:
    """One arm as JSON: docs/slots.md says what each key means."""
    text, origin = arm.revision.text, arm.revision.origin
    keys = part_keys(campaign.brief_channel)
    return packed(
        {
            "schema": CONTENT_SCHEMA,
            "campaign": campaign.id,
            "title": campaign.title,
            "tier": campaign.tier,
            "channel": campaign.brief_channel,
            "slot": campaign.slot,
            "variant": arm.label,
            "revision": {"number": arm.revision.number, "sha256": text.sha256},
            "brief_sha256": brief_sha256,
            "parts": {key: getattr(text, part) for part, key in keys.items()},
            "cta_url": cta_url,
            "html": arm.html,
            "written_by": {
                "editor": origin.editor,
                "model": origin.model,
                "is_sample": origin.is_sample,
            },
            "approvals": [
                {
                    "stage": each.stage,
                    "by": each.actor,
                    "at": each.decided_at.isoformat(),
                    # an approval of an earlier revision that holds for this one
                    "revision": each.holds_from or arm.revision.number,
                }
                for each in arm.approvals
            ],
        }
    )


def ads_row(campaign: Campaign, arm: ApprovedArm, *, cta_url: str) -> tuple[str, ...]:
    """One arm as Google Ads Editor imports it, by `ADS_COLUMNS`; no cell is a formula.

    Raises:
        Refused: A part is longer than Google takes, its guard included.
    """
    text = arm.revision.text
    cells = {part: guarded(getattr(text, part)) for part in ADS_MOST}
    for part, most in ADS_MOST.items():
        length = ad_length(cells[part])
        if length > most:
            name = PARTS[Channel.AD][part].lower()
            raise Refused(
                f"Variant {arm.label}'s {name} has {length} characters in a"
                f" spreadsheet's cell, and an ad takes {most}."
            )
    return (
        guarded(campaign.title),
        guarded(campaign.slot),
        "Responsive search ad",
        cells["subject"],
        cells["preheader"],
        guarded(cta_url),
        "Paused",
    )


def manifest(campaign: Campaign, files: Mapping[str, bytes]) -> bytes:
    """Every file of an export with its hash."""
    return packed(
        {
            "schema": MANIFEST_SCHEMA,
            "campaign": campaign.id,
            "files": {
                name: hashlib.sha256(body).hexdigest() for name, body in files.items()
            },
        }
    )


def packed(value: Mapping[str, object]) -> bytes:
    """JSON of which the same value is the same bytes."""
    return (
        json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    ).encode()
