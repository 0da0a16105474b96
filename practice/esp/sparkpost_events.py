"""SparkPost's event webhook: the same happenings in its own words.

Shapes: SparkPost's Webhooks reference. It signs no body; it shows Basic credentials.
"""

from __future__ import annotations

import json
import sqlite3
from base64 import b64encode
from hashlib import blake2b
from typing import Any, Final

from practice.esp.reading import links, whole

KINDS: Final = {
    "processed": ("message_event", "injection"),
    "delivered": ("message_event", "delivery"),
    "deferred": ("message_event", "delay"),
    "bounce": ("message_event", "bounce"),
    "dropped": ("gen_event", "generation_rejection"),
    "spamreport": ("message_event", "spam_complaint"),
    "open": ("track_event", "open"),
    "click": ("track_event", "click"),
    "unsubscribe": ("unsubscribe_event", "list_unsubscribe"),
}
# Bounce Classification Codes: 10 is an invalid recipient, 51 a spam block.
_CLASSES: Final = {"bounce": "10", "blocked": "51"}


def sparkpost_headers(user: str, password: str, body: bytes) -> dict[str, str]:
    credentials = b64encode(f"{user}:{password}".encode()).decode()
    return {
        "Content-Type": "application/json",
        "Authorization": f"Basic {credentials}",
        "X-MessageSystems-Batch-ID": blake2b(body, digest_size=16).hexdigest(),
    }


def sparkpost_event(row: sqlite3.Row) -> dict[str, Any]:
    """One event, wrapped as SparkPost wraps it."""
    family, kind = KINDS[row["kind"]]
    detail = json.loads(row["detail"])
    event: dict[str, Any] = {
        "type": kind,
        "event_id": row["event_id"],
        "timestamp": str(int(row["at"])),
        "campaign_id": row["batch_id"] or "",
        "transmission_id": row["message_id"],
        "message_id": row["sg_message_id"],
        "rcpt_to": row["email"].lower(),
        "raw_rcpt_to": row["email"],
        "rcpt_meta": json.loads(row["custom_args"]),
        "rcpt_tags": [],
    }
    reason = detail.get("reason") or detail.get("response")
    if reason:
        event |= {"raw_reason": reason, "reason": reason}
    if row["kind"] == "bounce":
        event["bounce_class"] = _CLASSES[detail["type"]]
    if "useragent" in detail:
        event["user_agent"] = detail["useragent"]
        is_prefetched = detail.get("sg_machine_open") is True
        event["user_agent_parsed"] = {"is_prefetched": is_prefetched}
    if "link" in detail:
        found = links(whole(row)["content"]) or [""]
        event["target_link_url"] = found[detail["link"] % len(found)]
    return {"msys": {family: event}}
