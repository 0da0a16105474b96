"""Reading back: mails as people would see them, and Email Activity look-ups."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import UTC, datetime
from typing import Any, Final

_LINK: Final = re.compile(r"https?://[^\s\"'<>)\]]+")
_OPT_OUT: Final = re.compile(r"unsubscribe|/u/", re.IGNORECASE)
_TERM: Final = re.compile(
    r"""\(?\s*(?:unique_args\['(?P<arg>[\w.-]+)'\]|(?P<field>to_email|msg_id|status))
    \s*(?P<op>=|LIKE)\s*"(?P<value>[^"]*)"\s*\)?""",
    re.VERBOSE | re.IGNORECASE,
)
_STATUS: Final = """CASE
    WHEN m.state = 'waiting' THEN 'processing'
    WHEN m.state != 'sent' THEN 'not_delivered'
    WHEN EXISTS (SELECT 1 FROM events e WHERE e.mail_id = m.id AND e.copy = 0
        AND e.kind = 'delivered' AND e.at <= :now) THEN 'delivered'
    WHEN EXISTS (SELECT 1 FROM events e WHERE e.mail_id = m.id AND e.copy = 0
        AND e.kind = 'bounce' AND e.at <= :now) THEN 'not_delivered'
    ELSE 'processing' END"""
_COLUMNS: Final = {
    "to_email": "m.email",
    "msg_id": "m.sg_message_id",
    "status": f"({_STATUS})",
}


class BadQuery(Exception):
    """The Email Activity query is not one this ESP understands."""


def render(text: str, substitutions: dict[str, str]) -> str:
    """Replace each substitution key, wherever it stands, as SendGrid does."""
    for key, value in substitutions.items():
        text = text.replace(key, value)
    return text


def mail(db: sqlite3.Connection, mail_id: int) -> dict[str, Any] | None:
    """One mail with the headers and bodies its recipient would see."""
    row = db.execute(
        "SELECT m.*, r.body, r.batch_id, r.accepted_at FROM mails m"
        " JOIN requests r ON r.id = m.request_id WHERE m.id = ?",
        (mail_id,),
    ).fetchone()
    return whole(row) if row else None


def whole(row: sqlite3.Row) -> dict[str, Any]:
    """A mail row joined with its request, rendered."""
    body, substitutions = json.loads(row["body"]), json.loads(row["substitutions"])
    content = [
        {"type": block["type"], "value": render(block["value"], substitutions)}
        for block in body.get("content") or []
    ]
    headers = json.loads(row["headers"])
    return {
        "id": row["id"],
        "to": row["email"],
        "from": body.get("from"),
        "reply_to": body.get("reply_to"),
        "subject": render(row["subject"], substitutions),
        "headers": {
            name: render(text, substitutions) for name, text in headers.items()
        },
        "content": content,
        "custom_args": json.loads(row["custom_args"]),
        "categories": body.get("categories") or [],
        "batch_id": row["batch_id"],
        "state": row["state"],
        "sg_message_id": row["sg_message_id"],
        "accepted_at": row["accepted_at"],
    }


def links(content: list[dict[str, str]]) -> list[str]:
    """Links a reader may click, the way out of the list excepted."""
    found = [link for block in content for link in _LINK.findall(block["value"])]
    kept = [link.rstrip(".,;:") for link in found if not _OPT_OUT.search(link)]
    return list(dict.fromkeys(kept))


def mails(
    db: sqlite3.Connection, campaign: str | None, limit: int
) -> list[dict[str, Any]]:
    """The newest mails, optionally of one campaign (any `campaign*` custom arg)."""
    rows = db.execute(
        "SELECT m.id, m.email, m.subject, m.substitutions, m.custom_args, m.state,"
        " m.sg_message_id, r.accepted_at, r.batch_id FROM mails m"
        " JOIN requests r ON r.id = m.request_id WHERE :campaign IS NULL OR :campaign IN"
        " (json_extract(m.custom_args, '$.campaign'),"
        "  json_extract(m.custom_args, '$.campaign_id'))"
        " ORDER BY m.id DESC LIMIT :limit",
        {"campaign": campaign, "limit": limit},
    )
    return [
        {
            "id": row["id"],
            "to": row["email"],
            "subject": render(row["subject"], json.loads(row["substitutions"])),
            "custom_args": json.loads(row["custom_args"]),
            "state": row["state"],
            "sg_message_id": row["sg_message_id"],
            "batch_id": row["batch_id"],
            "accepted_at": row["accepted_at"],
        }
        for row in rows
    ]


def stats(db: sqlite3.Connection, now: float) -> dict[str, Any]:
    """Counts of mails by state, of what has happened, and of posts still owed."""
    states = db.execute("SELECT state, count(*) FROM mails GROUP BY state")
    kinds = db.execute(
        "SELECT kind, count(*) FROM events WHERE copy = 0 AND at <= ? GROUP BY kind",
        (now,),
    )
    owed = db.execute(
        "SELECT count(*), coalesce(sum(post_at <= ?), 0) FROM events WHERE posted = 0",
        (now,),
    ).fetchone()
    return {
        "mails": {row[0]: row[1] for row in states},
        "events": {row[0]: row[1] for row in kinds},
        "posts_to_come": owed[0],
        "posts_overdue": owed[1],
    }


def activity(
    db: sqlite3.Connection, query: str, limit: int, now: float
) -> list[dict[str, Any]]:
    """Email Activity: the messages a query names, newest first.

    At SendGrid this API is a paid add-on and lags by minutes; here it is free
    and exact.

    Raises:
        BadQuery: The query is not terms of `unique_args['x']="y"`, `to_email`,
            `msg_id` or `status`, joined by AND.
    """
    where, values = _conditions(query)
    rows = db.execute(
        f"SELECT m.*, r.body, {_STATUS} AS status,"  # noqa: S608 - columns are a table above, values are bound
        f" {_count('open')} AS opens_count, {_count('click')} AS clicks_count,"
        " (SELECT max(e.at) FROM events e WHERE e.mail_id = m.id AND e.copy = 0"
        "  AND e.at <= :now) AS last_event"
        " FROM mails m JOIN requests r ON r.id = m.request_id"
        f" WHERE {where} ORDER BY m.id DESC LIMIT :limit",
        {**values, "now": now, "limit": limit},
    )
    return [_message(row, now) for row in rows]


def message(db: sqlite3.Connection, msg_id: str, now: float) -> dict[str, Any] | None:
    """One message of Email Activity, with its custom args and its events."""
    found = activity(db, f'msg_id="{msg_id}"', 1, now)
    if not found:
        return None
    row = db.execute(
        "SELECT id, custom_args FROM mails WHERE sg_message_id = ?", (msg_id,)
    ).fetchone()
    events = db.execute(
        "SELECT kind, at FROM events WHERE mail_id = ? AND copy = 0 AND at <= ?"
        " ORDER BY at",
        (row["id"], now),
    )
    happened = [{"event_name": e["kind"], "processed": _iso(e["at"])} for e in events]
    return {**found[0], "unique_args": row["custom_args"], "events": happened}


def _conditions(query: str) -> tuple[str, dict[str, str]]:
    parts: list[str] = []
    values: dict[str, str] = {}
    for number, term in enumerate(re.split(r"\s+AND\s+", query.strip())):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            raise BadQuery("The query could not be parsed.")
        column = "json_extract(m.custom_args, :k" + str(number) + ")"
        if match["arg"]:
            values[f"k{number}"] = f'$."{match["arg"]}"'
        else:
            column = _COLUMNS[match["field"].lower()]
        parts.append(f"{column} {match['op'].upper()} :v{number}")
        values[f"v{number}"] = match["value"]
    return " AND ".join(parts), values


def _count(kind: str) -> str:
    return (
        "(SELECT count(*) FROM events e WHERE e.mail_id = m.id AND e.copy = 0"  # noqa: S608 - kind is a literal of this module
        f" AND e.kind = '{kind}' AND e.at <= :now)"
    )


def _message(row: sqlite3.Row, now: float) -> dict[str, Any]:
    return {
        "from_email": json.loads(row["body"])["from"]["email"],
        "msg_id": row["sg_message_id"],
        "subject": render(row["subject"], json.loads(row["substitutions"])),
        "to_email": row["email"],
        "status": row["status"],
        "opens_count": row["opens_count"],
        "clicks_count": row["clicks_count"],
        "last_event_time": _iso(row["last_event"] or now),
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
