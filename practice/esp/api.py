"""The rest of the v3 subset: batches, suppressions, activity, webhook settings."""

from __future__ import annotations

import json
from typing import Any, Final

from aiohttp import web

from practice.esp import batches, reading
from practice.esp.keys import CONFIG, DB, SIGNER, failure, plain_error
from practice.esp.validate import is_address

LISTS: Final = ("unsubscribes", "bounces", "spam_reports")
MAX_ACTIVITY: Final = 1_000
_GLOBAL: Final = "unsubscribes"


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def create_batch(request: web.Request) -> web.Response:
    batch_id = batches.create(request.app[DB], request.app[CONFIG].clock())
    return web.json_response({"batch_id": batch_id}, status=201)


async def check_batch(request: web.Request) -> web.Response:
    batch_id = request.match_info["batch_id"]
    if not batches.exists(request.app[DB], batch_id):
        return failure(400, plain_error("invalid batch id", "batch_id"))
    return web.json_response({"batch_id": batch_id})


async def list_stopped(request: web.Request) -> web.Response:
    batch_id = request.match_info.get("batch_id")
    found = batches.stopped(request.app[DB], request.app[CONFIG], batch_id)
    return web.json_response(found)


async def stop_batch(request: web.Request) -> web.Response:
    body = await _object(request)
    batch_id, status = body.get("batch_id"), body.get("status")
    try:
        batches.stop(request.app[DB], request.app[CONFIG], batch_id, status)
    except batches.BadBatch as refusal:
        return failure(400, plain_error(str(refusal), refusal.field))
    return web.json_response({"batch_id": batch_id, "status": status}, status=201)


async def change_stopped(request: web.Request) -> web.Response:
    status = (await _object(request)).get("status")
    batch_id = request.match_info["batch_id"]
    try:
        known = batches.change(request.app[DB], request.app[CONFIG], batch_id, status)
    except batches.BadBatch as refusal:
        return failure(400, plain_error(str(refusal), refusal.field))
    return _empty(known=known)


async def resume_batch(request: web.Request) -> web.Response:
    batch_id = request.match_info["batch_id"]
    known = batches.resume(request.app[DB], request.app[CONFIG], batch_id)
    return _empty(known=known)


def _empty(*, known: bool) -> web.Response:
    if known:
        return web.Response(status=204)
    return failure(404, plain_error("resource not found"))


async def suppress(request: web.Request) -> web.Response:
    """Add addresses to the global list; saying it twice is fine."""
    emails = (await _object(request)).get("recipient_emails")
    if not isinstance(emails, list) or not emails:
        message = "recipient_emails is a required field"
        return failure(400, plain_error(message, "recipient_emails"))
    if not all(is_address(email) for email in emails):
        return failure(400, plain_error("email address is invalid", "recipient_emails"))
    now = request.app[CONFIG].clock()
    request.app[DB].executemany(
        "INSERT INTO suppressions (kind, email, created) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET created = min(created, excluded.created)",
        [(_GLOBAL, email, now) for email in emails],
    )
    return web.json_response({"recipient_emails": emails}, status=201)


async def global_suppression(request: web.Request) -> web.Response:
    """One address when it is suppressed, else an empty object; or all addresses."""
    email = request.match_info.get("email")
    rows = _suppressed(request, _GLOBAL, email)
    if email is None:
        return web.json_response([row["email"] for row in rows])
    return web.json_response({"recipient_email": rows[0]["email"]} if rows else {})


async def lift_suppression(request: web.Request) -> web.Response:
    gone = request.app[DB].execute(
        "DELETE FROM suppressions WHERE kind = ? AND email = ? AND created <= ?",
        (_GLOBAL, request.match_info["email"], request.app[CONFIG].clock()),
    )
    return _empty(known=gone.rowcount > 0)


async def suppression_list(request: web.Request) -> web.Response:
    """Addresses of one list with when and why, paged by limit and offset."""
    rows = _suppressed(request, request.match_info["kind"], None)
    return web.json_response(rows)


def _suppressed(
    request: web.Request, kind: str, email: str | None
) -> list[dict[str, Any]]:
    rows = request.app[DB].execute(
        "SELECT email, CAST(created AS INTEGER) AS created, reason FROM suppressions"
        " WHERE kind = :kind AND created <= :now AND (:email IS NULL OR email = :email)"
        " ORDER BY suppressions.created DESC, email LIMIT :limit OFFSET :offset",
        {
            "kind": kind,
            "now": request.app[CONFIG].clock(),
            "email": email,
            "limit": _whole(request, "limit", 500),
            "offset": _whole(request, "offset", 0),
        },
    )
    return [dict(row) for row in rows]


def _whole(request: web.Request, name: str, usual: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() else usual


async def signed_settings(request: web.Request) -> web.Response:
    """The public key that verifies the event webhook."""
    key = request.app[SIGNER].public_key
    return web.json_response({"id": "practice", "public_key": key})


async def list_messages(request: web.Request) -> web.Response:
    """Email Activity by query; SendGrid sells it as an add-on and it lags."""
    limit = _whole(request, "limit", 10)
    if not 1 <= limit <= MAX_ACTIVITY:
        message = "limit must be between 1 and 1000"
        return failure(400, plain_error(message, "limit"))
    try:
        found = reading.activity(
            request.app[DB],
            request.query.get("query", ""),
            limit,
            request.app[CONFIG].clock(),
        )
    except reading.BadQuery as refusal:
        return failure(400, plain_error(str(refusal), "query"))
    return web.json_response({"messages": found})


async def one_message(request: web.Request) -> web.Response:
    found = reading.message(
        request.app[DB], request.match_info["msg_id"], request.app[CONFIG].clock()
    )
    if found is None:
        return failure(404, plain_error("resource not found"))
    return web.json_response(found)


def routes() -> list[web.RouteDef]:
    """Every v3 route but mail/send."""
    stops, suppressions = "/v3/user/scheduled_sends", "/v3/asm/suppressions/global"
    return [
        web.post("/v3/mail/batch", create_batch),
        web.get("/v3/mail/batch/{batch_id}", check_batch),
        web.post(stops, stop_batch),
        web.get(stops, list_stopped),
        web.get(stops + "/{batch_id}", list_stopped),
        web.patch(stops + "/{batch_id}", change_stopped),
        web.delete(stops + "/{batch_id}", resume_batch),
        web.post(suppressions, suppress),
        web.get(suppressions, global_suppression),
        web.get(suppressions + "/{email}", global_suppression),
        web.delete(suppressions + "/{email}", lift_suppression),
        web.get(f"/v3/suppression/{{kind:{'|'.join(LISTS)}}}", suppression_list),
        web.get("/v3/user/webhooks/event/settings/signed", signed_settings),
        web.get("/v3/messages", list_messages),
        web.get("/v3/messages/{msg_id}", one_message),
    ]
