"""The Amazon SES v2 subset: bulk sends, the suppression list, the account.

Written from SES's public API reference. An entry becomes what SendGrid's mail/send would
be, so that all share recipients and inbox. Its events are posted by `practice.esp.sns`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from practice.esp.faults import Fault
from practice.esp.keys import CONFIG, DB
from practice.esp.outgoing import accept
from practice.esp.sending import with_faults
from practice.esp.validate import is_address, sender_of

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API: Final = "/v2/email/"
MAX_ENTRIES: Final = 50
MAX_DATA_BYTES: Final = 262_144
MAX_HEADER: Final = 995
REASONS: Final = ("BOUNCE", "COMPLAINT")
_LIST: Final = "unsubscribes"


def error(status: int, code: str, message: str) -> web.Response:
    """An answer in the form of SES's errors."""
    answer = web.json_response({"message": message}, status=status)
    answer.headers["x-amzn-ErrorType"] = code
    return answer


@web.middleware
async def with_key(request: web.Request, handler: Handler) -> web.StreamResponse:
    """SES's refusal of calls that are not signed with the right key's name."""
    shown = request.headers.get("Authorization", "")
    wanted = f"AWS4-HMAC-SHA256 Credential={request.app[CONFIG].api_key}/"
    if request.path.startswith(API) and not shown.startswith(wanted):
        message = "The security token included in the request is invalid."
        return error(403, "UnrecognizedClientException", message)
    return await handler(request)


async def send_bulk(request: web.Request) -> web.StreamResponse:
    """200 with a status for each entry, or an error for all."""
    return await with_faults(request, _take, _FAILURES)


def _take(request: web.Request, raw: bytes) -> web.Response:
    body = _object(raw)
    entries = body.get("BulkEmailEntries")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_ENTRIES:
        return error(400, "BadRequestException", "1 to 50 entries are needed.")
    if "@" not in str(body.get("FromEmailAddress")):
        return error(400, "BadRequestException", "Missing final '@domain'")
    results = [_one(request, body, entry) for entry in entries]
    return web.json_response({"BulkEmailEntryResults": results})


def _one(request: web.Request, body: Json, entry: Json) -> Json:
    (to,) = entry["Destination"]["ToAddresses"]
    if not is_address(to):
        return {"Status": "INVALID_PARAMETER", "Error": f"Illegal address: {to}"}
    data = entry["ReplacementEmailContent"]["ReplacementTemplate"]
    given = data["ReplacementTemplateData"]
    headers = _pairs(entry.get("ReplacementHeaders"))
    if len(given.encode()) > MAX_DATA_BYTES or _is_bad(headers):
        return {"Status": "INVALID_PARAMETER", "Error": "Template data or header"}
    template = body["DefaultContent"]["Template"]["TemplateContent"]
    mail = {
        "from": sender_of(body["FromEmailAddress"]),
        "subject": template["Subject"],
        "content": [
            {"type": kind, "value": template[part]}
            for part, kind in (("Text", "text/plain"), ("Html", "text/html"))
        ],
        "personalizations": [
            {
                "to": [{"email": to}],
                "headers": headers,
                "custom_args": _pairs(entry.get("ReplacementTags")),
                "substitutions": {
                    f"{{{{{{{name}}}}}}}": value
                    for name, value in json.loads(given).items()
                },
            }
        ],
    }
    message_id = accept(request.app[DB], request.app[CONFIG], mail)
    return {"Status": "SUCCESS", "MessageId": message_id}


def _pairs(given: list[dict[str, str]] | None) -> dict[str, str]:
    return {pair["Name"]: pair["Value"] for pair in given or []}


def _is_bad(headers: dict[str, str]) -> bool:
    return any(
        len(value) > MAX_HEADER or not (value.isascii() and value.isprintable())
        for value in headers.values()
    )


def _object(raw: bytes) -> Json:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def suppress(request: web.Request) -> web.Response:
    body = _object(await request.read())
    address = body.get("EmailAddress")
    if not is_address(address) or body.get("Reason") not in REASONS:
        return error(400, "BadRequestException", f"Bad address or reason: {address}")
    request.app[DB].execute(
        "INSERT INTO suppressions (kind, email, created) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET created = min(created, excluded.created)",
        (_LIST, address, request.app[CONFIG].clock()),
    )
    return web.json_response({})


async def lift(request: web.Request) -> web.Response:
    gone = request.app[DB].execute(
        "DELETE FROM suppressions WHERE kind = ? AND email = ?",
        (_LIST, request.match_info["email"]),
    )
    if gone.rowcount:
        return web.json_response({})
    return error(404, "NotFoundException", "Email address does not exist")


async def account(_request: web.Request) -> web.Response:
    return web.json_response(
        {
            "SendingEnabled": True,
            "ProductionAccessEnabled": True,
            "SendQuota": {
                "Max24HourSend": 1_000_000,
                "MaxSendRate": 1_000,
                "SentLast24Hours": 0,
            },
        }
    )


def _too_many(_request: web.Request) -> web.Response:
    return error(429, "TooManyRequestsException", "Maximum sending rate exceeded.")


def _used_up(_request: web.Request) -> web.Response:
    return error(400, "LimitExceededException", "Daily message quota exceeded.")


def _broken(_request: web.Request) -> web.Response:
    return error(500, "InternalFailure", "")


_FAILURES: Final = {
    Fault.TOO_MANY: _too_many,
    Fault.QUOTA: _used_up,
    Fault.BROKEN: _broken,
}


def routes() -> list[web.RouteDef]:
    addresses = f"{API}suppression/addresses"
    return [
        web.post(f"{API}outbound-bulk-emails", send_bulk),
        web.put(addresses, suppress),
        web.delete(addresses + "/{email}", lift),
        web.get(f"{API}account", account),
    ]
