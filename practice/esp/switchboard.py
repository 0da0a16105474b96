"""The page on which a person switches how the ESP and its readers behave."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from aiohttp import web

from practice.esp.keys import CONFIG
from practice.esp.pages import page
from practice.esp.switches import LIKED_LONGEST, Readers, Switches

PATH: Final = "/practice/switches"
_CALLS: Final = {
    "answer": "It answers",
    "away": "It is away: nobody answers, until you switch it back",
}
_EVENTS: Final = {
    "post": "It posts them to the desk",
    "keep": "It keeps them back; all of them come when you switch it back",
}
_READERS: Final[Mapping[str, str]] = {
    Readers.USUAL: "As people of their list do",
    Readers.BOUNCE: "One address in seven does not exist",
    Readers.COMPLAIN: "One in twenty complains",
}
_FORM: Final = """{said}<p>Nothing here is kept when the desk is started again.
<a href="/practice/inbox">The inbox</a> has what was sent.</p>
<form method="post" action="{path}">
{calls}{events}{readers}
<p><label for="liked">They click three times as often when a subject has these words
(none: leave it empty)</label>
<input type="text" id="liked" name="liked" size="30" maxlength="{most}" value="{liked}"></p>
<p><button>Save</button></p></form>"""


async def show(request: web.Request) -> web.Response:
    """Every switch as it stands."""
    return _page(request.app[CONFIG].switches)


async def switch(request: web.Request) -> web.Response:
    """Take the form; nothing is switched when any part of it is unknown."""
    form = await request.post()
    given = {name: str(form.get(name, "")) for name in ("calls", "events", "readers")}
    liked = str(form.get("liked", "")).strip()
    if (
        given["calls"] not in _CALLS
        or given["events"] not in _EVENTS
        or given["readers"] not in list(Readers)
        or len(liked) > LIKED_LONGEST
    ):
        raise web.HTTPBadRequest(text="That is not a form of this page.")
    switches = request.app[CONFIG].switches
    switches.is_away = given["calls"] == "away"
    switches.keeps_events = given["events"] == "keep"
    switches.readers = Readers(given["readers"])
    switches.liked = liked
    return _page(switches, said='<p role="status">Saved; it holds from now on.</p>')


def _page(switches: Switches, said: str = "") -> web.Response:
    calls = "away" if switches.is_away else "answer"
    events = "keep" if switches.keeps_events else "post"
    inner = _FORM.format(
        said=said,
        path=PATH,
        calls=_radios("calls", "When the desk calls", _CALLS, calls),
        events=_radios("events", "What readers do: its events", _EVENTS, events),
        readers=_radios(
            "readers",
            "How readers take what it accepts from now on",
            _READERS,
            switches.readers,
        ),
        most=LIKED_LONGEST,
        liked=escape(switches.liked),
    )
    return page("Practice ESP: how it and its readers behave", inner)


def _radios(name: str, legend: str, words: Mapping[str, str], chosen: str) -> str:
    rows = "".join(
        f'<label><input type="radio" name="{name}" value="{value}"'
        f"{' checked' if value == chosen else ''}> {escape(text)}</label>"
        for value, text in words.items()
    )
    return f"<fieldset><legend>{escape(legend)}</legend>{rows}</fieldset>"


def routes() -> list[web.RouteDef]:
    return [web.get(PATH, show), web.post(PATH, switch)]
