"""The unsubscribe page: only a POST unsubscribes, and doing it twice is fine.

Mail scanners open every link, so GET shows one button and changes nothing. Mail
programs POST `List-Unsubscribe=One-Click` (RFC 8058) to the same address.
"""

from __future__ import annotations

from html import escape
from typing import Final

import structlog
from aiohttp import web as http

from bot.context import Web
from domain.errors import TryLater, Unknown
from pipeline import record
from pipeline.tokens import OF_A_SEED, read_token

log = structlog.get_logger()

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1.125rem/1.5 system-ui, sans-serif; max-width: 34rem;
         margin: 12vh auto; padding: 0 1.25rem; }}
  h1 {{ font-size: 1.5rem; line-height: 1.25; }}
  button {{ font: inherit; font-weight: 600; padding: .75rem 1.25rem;
           border: 0; border-radius: .5rem; background: #1a5fb4; color: #fff;
           cursor: pointer; min-height: 44px; }}
  button:focus-visible {{ outline: 3px solid currentColor; outline-offset: 3px; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
_FORM: Final = (
    '<form method="post"><button type="submit">Stop these mails</button></form>'
)


async def ask(request: http.Request, web: Web) -> http.Response:
    """Show the button; a link scanner that comes here changes nothing."""
    if _is_seeds(request):
        return _seeds(web)
    try:
        _send_id(request, web)
    except Unknown:
        return _not_ours(web)
    sender = escape(web.playbook.footer.sender_name)
    return _page(
        200,
        f"Stop mails from {sender}",
        f"<p>Press the button and {sender} writes to you no more.</p>" + _FORM,
    )


async def stop(request: http.Request, web: Web) -> http.Response:
    """Unsubscribe, from the page's button or from the mail program's own."""
    if _is_seeds(request):
        return _seeds(web)
    try:
        await web.write(record.unsubscribe, _send_id(request, web))
    except Unknown:
        return _not_ours(web)
    except TryLater:
        return _page(
            503,
            "Not done yet",
            "<p>We are busy right now. Press again in a moment.</p>" + _FORM,
            retry_after="5",
        )
    log.info("recipient.unsubscribed")
    return _page(
        200,
        "You are unsubscribed",
        f"<p>{escape(web.playbook.footer.sender_name)} writes to you no more."
        " A mail that was already on its way may still arrive.</p>",
    )


def _send_id(request: http.Request, web: Web) -> int:
    secret = web.deps.settings.secret_key.get_secret_value()
    return read_token(secret, request.match_info["token"])


def _is_seeds(request: http.Request) -> bool:
    return request.match_info["token"] == OF_A_SEED


def _seeds(web: Web) -> http.Response:
    """What the link of a seed mail says; there is nobody whom it could suppress."""
    return _page(
        200,
        "This is a seed mail's link",
        "<p>It unsubscribes nobody: this mail was sent to the team of"
        f" {escape(web.playbook.footer.sender_name)} to be looked at. Each recipient's"
        " mail has a link of its own.</p>"
        "<p>To get no more of them, have your address taken out of"
        " <code>seeds</code> in <code>canary.yaml</code>.</p>",
    )


def _not_ours(web: Web) -> http.Response:
    address = escape(web.playbook.footer.postal_address)
    return _page(
        404,
        "This link is not complete",
        "<p>Open the whole link from the mail again, or use the unsubscribe button"
        " that your mail program shows beside the sender.</p>"
        f"<p>If neither works, write to: {address}</p>",
    )


def _page(
    status: int, title: str, body: str, *, retry_after: str | None = None
) -> http.Response:
    headers = dict(_HEADERS)
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return http.Response(
        status=status,
        text=_PAGE.format(title=title, body=body),
        content_type="text/html",
        charset="utf-8",
        headers=headers,
    )
