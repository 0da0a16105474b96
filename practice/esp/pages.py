"""Pages and switches for people and tests: the inbox, one mail, counts, faults."""

from __future__ import annotations

import json
from html import escape
from typing import Any, Final

from aiohttp import web

from practice.esp import reading
from practice.esp.faults import Fault
from practice.esp.keys import CONFIG, DB, FAULTS

_SHELL: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.3rem }} table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884;
  overflow-wrap: anywhere; vertical-align: top }}
iframe {{ width: 100%; height: 36rem; border: 1px solid #8888; background: #fff }}
dt {{ font-weight: 600 }} dd {{ margin: 0 0 .4rem; overflow-wrap: anywhere }}
fieldset {{ border: 1px solid #8884; border-radius: 6px; margin: 0 0 1rem }}
legend {{ font-weight: 600 }} label {{ display: block; padding: .2rem 0 }}
button, input[type=text] {{ font: inherit; padding: .35rem .7rem; max-width: 100% }}
[role=status] {{ border-left: 4px solid #2a7; padding-left: .6rem }}
</style><h1>{title}</h1>{inner}</html>"""
_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'"
# The mail itself runs nothing, loads nothing and cannot reach its frame's page.
_MAIL_CSP: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
)


async def list_mails(request: web.Request) -> web.Response:
    """The newest mails as JSON; `campaign` and `limit` narrow them."""
    return web.json_response(_newest(request, 100))


def _newest(request: web.Request, usual: int) -> list[dict[str, Any]]:
    limit = request.query.get("limit", "")
    count = int(limit) if limit.isdecimal() else usual
    return reading.mails(request.app[DB], request.query.get("campaign"), count)


def _one(request: web.Request) -> dict[str, Any]:
    found = reading.mail(request.app[DB], int(request.match_info["mail_id"]))
    if found is None:
        raise web.HTTPNotFound
    return found


async def show_mail(request: web.Request) -> web.Response:
    return web.json_response(_one(request))


async def stats(request: web.Request) -> web.Response:
    now = request.app[CONFIG].clock()
    return web.json_response(reading.stats(request.app[DB], now))


async def set_fault(request: web.Request) -> web.Response:
    """`{"kind": ..., "count": n}`: how the next n sends go wrong."""
    try:
        body = json.loads(await request.read())
        kind, count = Fault(body["kind"]), int(body.get("count", 1))
    except (ValueError, KeyError, TypeError) as error:
        kinds = ", ".join(Fault)
        raise web.HTTPBadRequest(text=f"Give a kind of {kinds} and a count.") from error
    request.app[FAULTS].set(kind, count)
    return web.json_response({"kind": kind, "count": count})


async def inbox(request: web.Request) -> web.Response:
    """The newest mails as a table a person can read."""
    rows = "".join(
        f'<tr><td><a href="/practice/inbox/{one["id"]}">{escape(one["subject"])}</a>'
        f"<td>{escape(one['to'])}<td>{escape(one['state'])}"
        for one in _newest(request, 100)
    )
    table = f"<table><tr><th>Subject<th>To<th>State{rows}</table>"
    empty = "<p>No mail yet. Mail appears here as soon as it is accepted.</p>"
    links = '<p><a href="/practice/switches">How it and its readers behave</a></p>'
    return page("Practice inbox", links + (table if rows else empty))


async def read_mail(request: web.Request) -> web.Response:
    """One mail, its headers, and its HTML in a frame that can do nothing."""
    one = _one(request)
    shown = {"To": one["to"], "From": _sender(one["from"]), **one["headers"]}
    facts = "".join(
        f"<dt>{escape(name)}<dd>{escape(value)}" for name, value in shown.items()
    )
    frame = (
        f'<iframe sandbox title="The mail" src="/practice/mail/{one["id"]}/body">'
        '</iframe><p><a href="/practice/inbox">All mails</a></p>'
    )
    return page(one["subject"], f"<dl>{facts}</dl>{frame}")


def _sender(sender: dict[str, str]) -> str:
    return f"{sender.get('name', '')} <{sender['email']}>".strip()


async def mail_body(request: web.Request) -> web.Response:
    """The HTML part, or the plain part as text, under a sandbox policy."""
    content = {one["type"]: one["value"] for one in _one(request)["content"]}
    html = content.get("text/html")
    if html is None:
        html = f"<pre>{escape(content.get('text/plain', ''))}</pre>"
    headers = {"Content-Security-Policy": _MAIL_CSP}
    return web.Response(text=html, content_type="text/html", headers=headers)


def page(title: str, inner: str) -> web.Response:
    """One page in the look of them all; `inner` is HTML."""
    text = _SHELL.format(title=escape(title), inner=inner)
    headers = {"Content-Security-Policy": _CSP}
    return web.Response(text=text, content_type="text/html", headers=headers)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/practice/mails", list_mails),
        web.get(r"/practice/mail/{mail_id:\d+}", show_mail),
        web.get(r"/practice/mail/{mail_id:\d+}/body", mail_body),
        web.get("/practice/stats", stats),
        web.post("/practice/faults", set_fault),
        web.get("/practice/inbox", inbox),
        web.get(r"/practice/inbox/{mail_id:\d+}", read_mail),
    ]
