"""Amazon SES's events: the same happenings in its own words.

Shapes: "Examples of event data that Amazon SES publishes to Amazon SNS".
"""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any, Final

from practice.esp.reading import links, whole

KINDS: Final = {
    "processed": ("Send", "send"),
    "delivered": ("Delivery", "delivery"),
    "deferred": ("DeliveryDelay", "deliveryDelay"),
    "bounce": ("Bounce", "bounce"),
    "dropped": ("Bounce", "bounce"),
    "spamreport": ("Complaint", "complaint"),
    "open": ("Open", "open"),
    "click": ("Click", "click"),
}
"""Whoever leaves presses the mail's own link: SES only tells of its own lists."""

_BOUNCES: Final = {
    "bounce": ("Permanent", "General"),
    "blocked": ("Transient", "ContentRejected"),
    "dropped": ("Permanent", "OnAccountSuppressionList"),
}


def ses_event(row: sqlite3.Row) -> dict[str, Any]:
    """What SNS carries as its message."""
    kind, where = KINDS[row["kind"]]
    detail = json.loads(row["detail"])
    tags = {name: [value] for name, value in json.loads(row["custom_args"]).items()}
    return {
        "eventType": kind,
        "mail": {
            "timestamp": _written(row["accepted_at"]),
            "messageId": row["message_id"],
            "destination": [row["email"]],
            "tags": {"ses:configuration-set": ["practice"], **tags},
        },
        where: _particulars(row, detail),
    }


def _particulars(row: sqlite3.Row, detail: dict[str, Any]) -> dict[str, Any]:
    # of Send there are none
    if row["kind"] == "processed":
        return {}
    found: dict[str, Any] = {"timestamp": _written(row["at"])}
    if row["kind"] in ("bounce", "dropped"):
        kind, more = _BOUNCES[detail.get("type", "dropped")]
        who = {"emailAddress": row["email"], "diagnosticCode": detail["reason"]}
        found |= {
            "bounceType": kind,
            "bounceSubType": more,
            "bouncedRecipients": [who],
        }
    if "useragent" in detail:
        found |= {"userAgent": detail["useragent"], "ipAddress": detail["ip"]}
    if "link" in detail:
        there = links(whole(row)["content"]) or [""]
        found["link"] = there[detail["link"] % len(there)]
    return found


def _written(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
