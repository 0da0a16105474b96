"""The SparkPost subset: transmissions, suppression list, events search.

Written from its public API reference. A transmission becomes what SendGrid's mail/send
would be, so that both share recipients, reactions and inbox.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from practice.esp.faults import Fault
from practice.esp.guards import sparkpost_error
from practice.esp.keys import CONFIG, DB
from practice.esp.outgoing import accept
from practice.esp.sending import with_faults
from practice.esp.validate import is_address

Json = dict[str, Any]

MAX_CAMPAIGN_BYTES: Final = 64
MAX_METADATA_BYTES: Final = 1_000
MAX_SUPPRESSIONS: Final = 10_000
# SparkPost calls it the deletion time window.
TOO_LATE_S: Final = 660.0
TYPES: Final = ("transactional", "non_transactional")
_LIST: Final = "unsubscribes"
_NOT_FOUND: Final = "resource not found"


class _Wrong(Exception):
    """SparkPost would answer with this status, message, code and description."""

    def __init__(
        self, message: str, *, status: int = 400, code: str = "", why: str = ""
    ) -> None:
        self.answer = sparkpost_error(status, message, code=code, description=why)
        super().__init__(message)


async def transmit(request: web.Request) -> web.StreamResponse:
    """200 with counts and an id, or the first error."""
    return await with_faults(request, _take, _FAILURES)


def _take(request: web.Request, raw: bytes) -> web.Response:
    try:
        body = _object(raw)
        _check(body)
        taken, left_out = _recipients(body)
        mail = _as_mail(body, taken)
    except _Wrong as wrong:
        return wrong.answer
    db, now = request.app[DB], request.app[CONFIG].clock()
    if mail["batch_id"]:
        db.execute(
            "INSERT INTO batches VALUES (?, NULL, ?) ON CONFLICT DO NOTHING",
            (mail["batch_id"], now),
        )
    results = {
        "total_rejected_recipients": left_out,
        "total_accepted_recipients": len(taken),
        "id": accept(db, request.app[CONFIG], mail),
    }
    return web.json_response({"results": results})


def _object(raw: bytes) -> Json:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise _Wrong("invalid JSON", code="1300") from error
    if not isinstance(body, dict):
        raise _Wrong("invalid data format/type", code="1300", status=422)
    return body


def _check(body: Json) -> None:
    content = body.get("content")
    if not isinstance(content, dict):
        raise _missing("content object or template_id required")
    sender = content.get("from")
    address = sender.get("email") if isinstance(sender, dict) else sender
    if not is_address(address):
        raise _Wrong(
            "Invalid domain",
            code="7001",
            why="Unconfigured or unverified sending domain.",
        )
    if not content.get("subject"):
        raise _missing("subject is required")
    if not (content.get("text") or content.get("html")):
        raise _missing("At least one of text or html must exist in content.")
    campaign = body.get("campaign_id") or ""
    if len(str(campaign).encode()) > MAX_CAMPAIGN_BYTES:
        raise _Wrong("campaign_id exceeds 64 bytes", code="1300", status=422)


def _missing(why: str) -> _Wrong:
    return _Wrong("required field is missing", code="1400", why=why)


def _recipients(body: Json) -> tuple[list[Json], int]:
    """Those with an address, and how many were left out without saying who."""
    given = body.get("recipients")
    if not isinstance(given, list) or not given:
        raise _missing("recipients or list_id required")
    fit = [one for one in given if isinstance(one, dict) and is_address(_email(one))]
    if not fit:
        raise _Wrong(
            "At least one valid recipient is required", code="5002", status=400
        )
    for one in fit:
        meta = {**(body.get("metadata") or {}), **(one.get("metadata") or {})}
        if len(json.dumps(meta, ensure_ascii=False).encode()) > MAX_METADATA_BYTES:
            raise _Wrong("metadata exceeds 1000 bytes", code="1300", status=422)
    return fit, len(given) - len(fit)


def _email(one: Json) -> object:
    address = one.get("address")
    return address.get("email") if isinstance(address, dict) else address


def _as_mail(body: Json, recipients: list[Json]) -> Json:
    content = body["content"]
    sender = content["from"]
    mail: Json = {
        "from": sender if isinstance(sender, dict) else {"email": sender},
        "subject": content["subject"],
        "content": list(_parts(content)),
        "headers": content.get("headers") or {},
        "batch_id": body.get("campaign_id"),
        "personalizations": [
            {
                "to": [{"email": _email(one)}],
                "substitutions": _tags(body, one),
                "custom_args": {
                    **(body.get("metadata") or {}),
                    **(one.get("metadata") or {}),
                },
            }
            for one in recipients
        ],
    }
    if content.get("reply_to"):
        mail["reply_to"] = {"email": content["reply_to"]}
    start = (body.get("options") or {}).get("start_time")
    if start:
        mail["send_at"] = _unix(start)
    return mail


def _parts(content: Json) -> Iterator[Json]:
    for name, kind in (("text", "text/plain"), ("html", "text/html")):
        if content.get(name):
            yield {"type": kind, "value": content[name]}


def _tags(body: Json, one: Json) -> dict[str, str]:
    data = {
        **(body.get("substitution_data") or {}),
        **(one.get("substitution_data") or {}),
    }
    return {f"{{{{{{{name}}}}}}}": str(value) for name, value in data.items()}


def _unix(start: object) -> int:
    try:
        return int(datetime.fromisoformat(str(start)).timestamp())
    except ValueError as error:
        raise _Wrong("start_time is no datetime", code="1300", status=422) from error


async def cancel(request: web.Request) -> web.Response:
    """Delete a campaign's transmissions: what waits is dropped, in the background."""
    db, config = request.app[DB], request.app[CONFIG]
    campaign, now = request.query.get("campaign_id", ""), config.clock()
    row = db.execute(
        "SELECT count(*) AS n, min(CASE WHEN m.state = 'waiting' THEN m.due END) AS due"
        " FROM requests r JOIN mails m ON m.request_id = r.id WHERE r.batch_id = ?",
        (campaign,),
    ).fetchone()
    if not row["n"]:
        return sparkpost_error(404, _NOT_FOUND, code="1600")
    if row["due"] is not None and row["due"] < now + TOO_LATE_S / config.time_scale:
        return sparkpost_error(
            409,
            "too close to generation time to delete transmission",
            code="2003",
            description="Deletion time window (660 seconds) doesn't permit"
            " transmission deletion",
        )
    db.execute(
        "UPDATE batches SET status = 'cancel', changed_at = ? WHERE batch_id = ?",
        (now, campaign),
    )
    return web.Response(status=204)


async def scheduled(request: web.Request) -> web.Response:
    """The scheduled transmissions of a campaign; those sent at once are not listed."""
    rows = request.app[DB].execute(
        "SELECT r.message_id, b.status, r.body FROM requests r"
        " JOIN batches b USING (batch_id) WHERE r.batch_id = ?",
        (request.query.get("campaign_id", ""),),
    )
    results = [
        {
            "id": row["message_id"],
            "campaign_id": request.query.get("campaign_id", ""),
            "content": {"template_id": "inline"},
            "description": "",
            "state": "Canceled" if row["status"] == "cancel" else "submitted",
        }
        for row in rows
        if json.loads(row["body"]).get("send_at")
    ]
    return web.json_response({"results": results})


async def search_events(request: web.Request) -> web.Response:
    """Injections of the campaigns asked for; exact here, minutes late at SparkPost."""
    campaigns = request.query.get("campaigns", "").split(",")
    now = request.app[CONFIG].clock()
    found = [
        {
            "type": "injection",
            "event_id": str(row["id"]),
            "timestamp": datetime.fromtimestamp(row["accepted_at"], UTC).isoformat(),
            "campaign_id": row["batch_id"],
            "rcpt_to": row["email"].lower(),
            "rcpt_meta": json.loads(row["custom_args"]),
        }
        for campaign in campaigns
        for row in request.app[DB].execute(
            "SELECT m.id, m.email, m.custom_args, r.accepted_at, r.batch_id FROM mails m"
            " JOIN requests r ON r.id = m.request_id"
            " WHERE r.batch_id = ? AND m.due <= ?",
            (campaign, now),
        )
    ]
    return web.json_response({"results": found, "total_count": len(found), "links": []})


async def suppress_many(request: web.Request) -> web.Response:
    try:
        given = _suppressions(_object(await request.read()))
    except _Wrong as wrong:
        return wrong.answer
    now = request.app[CONFIG].clock()
    request.app[DB].executemany(
        "INSERT INTO suppressions (kind, email, created) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET created = min(created, excluded.created)",
        [(_LIST, one["recipient"], now) for one in given],
    )
    said = {"message": "Suppression List successfully updated"}
    return web.json_response({"results": said})


def _suppressions(body: Json) -> list[Json]:
    given = body.get("recipients")
    if not isinstance(given, list) or not given:
        raise _Wrong("recipients is required")
    if len(given) > MAX_SUPPRESSIONS:
        raise _Wrong("Maximum of 10,000 recipients per request")
    bad = [
        str(one.get("recipient")) if isinstance(one, dict) else "?"
        for one in given
        if not isinstance(one, dict) or not is_address(one.get("recipient"))
    ]
    if bad:
        raise _Wrong(
            f"PUT body contains {len(bad)} invalid or malformed recipient(s): "
            + ", ".join(bad)
        )
    if any(one.get("type") not in TYPES for one in given):
        raise _Wrong("Type must be one of: 'transactional', 'non_transactional'")
    return given


async def suppressed(request: web.Request) -> web.Response:
    email = request.match_info["email"]
    row = (
        request.app[DB]
        .execute("SELECT email FROM suppressions WHERE email = ?", (email,))
        .fetchone()
    )
    if row is None:
        return sparkpost_error(404, "Recipient could not be found")
    entry = {"recipient": row["email"], "type": TYPES[1], "source": "Manually Added"}
    return web.json_response({"results": [entry], "links": [], "total_count": 1})


async def lift(request: web.Request) -> web.Response:
    gone = request.app[DB].execute(
        "DELETE FROM suppressions WHERE kind = ? AND email = ?",
        (_LIST, request.match_info["email"]),
    )
    if gone.rowcount:
        return web.Response(status=204)
    return sparkpost_error(404, "Recipient could not be found")


def _too_many(_request: web.Request) -> web.Response:
    return sparkpost_error(429, "Too many requests")


def _used_up(_request: web.Request) -> web.Response:
    return sparkpost_error(420, "Exceed Sending Limit (daily)", code="2101")


def _broken(_request: web.Request) -> web.Response:
    return sparkpost_error(500, "Internal Server Error")


_FAILURES: Final = {
    Fault.TOO_MANY: _too_many,
    Fault.QUOTA: _used_up,
    Fault.BROKEN: _broken,
}


def routes() -> list[web.RouteDef]:
    transmissions, suppressions = "/api/v1/transmissions", "/api/v1/suppression-list"
    return [
        web.post(transmissions, transmit),
        web.get(transmissions, scheduled),
        web.delete(transmissions, cancel),
        web.put(suppressions, suppress_many),
        web.get(suppressions + "/{email}", suppressed),
        web.delete(suppressions + "/{email}", lift),
        web.get("/api/v1/events/message", search_events),
    ]
