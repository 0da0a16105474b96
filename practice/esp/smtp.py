"""A mail server with the practice audience behind it: a plain subset of SMTP.

RFC 5321 without TLS, which nobody needs on this machine; AUTH PLAIN with the ESP's key. A
mail becomes what SendGrid's mail/send would be, so that all share recipients and inbox.
Who would bounce is refused at RCPT; nothing else is ever told, as SMTP has no events.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import hmac
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Final

from aiohttp import web

from practice.esp.audience import react
from practice.esp.faults import Fault
from practice.esp.keys import CONFIG, DB, FAULTS
from practice.esp.outgoing import accept
from practice.esp.validate import is_address, sender_of

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_LINE: Final = 64 * 1024
_PATH: Final = re.compile(r"(?:FROM|TO):\s*<([^<>\s]*)>", re.IGNORECASE)
_SEND, _CAMPAIGN = "X-Copydesk-Send", "X-Copydesk-Campaign"
_KEPT: Final = ("List-Unsubscribe", "List-Unsubscribe-Post", "Message-ID")
# how it says that it takes nothing, and what it says before hanging up
_SAYS: Final[Mapping[Fault, str]] = {
    Fault.TOO_MANY: "450 4.7.1 Too much mail",
    Fault.QUOTA: "452 4.5.3 Quota used up",
    Fault.BROKEN: "451 4.3.0 Internal error",
}
_HANGS_UP: Final = frozenset({Fault.REFUSE, Fault.TIMEOUT_BEFORE})


class _Over(Exception):
    """The line is closed."""


@dataclass
class _Talk:
    """One connection, and the mail that is being handed over on it."""

    app: web.Application
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_known: bool = False
    sender: str | None = None
    to: list[str] = field(default_factory=list)

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    async def line(self) -> bytes:
        try:
            found = await self.reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise _Over from error
        return found.rstrip(b"\r\n")

    def reset(self) -> None:
        self.sender, self.to = None, []


async def _hello(talk: _Talk, _rest: str) -> None:
    talk.reset()
    await talk.say("250-practice", "250-8BITMIME", "250 AUTH PLAIN")


async def _auth(talk: _Talk, rest: str) -> None:
    kind, _space, shown = rest.partition(" ")
    if kind.upper() != "PLAIN":
        await talk.say("504 5.5.4 Only PLAIN")
        return
    try:
        password = b64decode(shown, validate=True).rpartition(b"\0")[2]
    except ValueError:
        password = b""
    key = talk.app[CONFIG].api_key.encode()
    talk.is_known = hmac.compare_digest(password, key)
    await talk.say("235 2.7.0 Ok" if talk.is_known else "535 5.7.8 Wrong password")


async def _mail(talk: _Talk, rest: str) -> None:
    found = _PATH.match(rest)
    if not talk.is_known:
        await talk.say("530 5.7.0 Authentication required")
    elif found is None or not is_address(found[1]):
        await talk.say("501 5.1.7 Bad sender")
    else:
        fault = talk.app[FAULTS].next
        if fault in _SAYS or fault in _HANGS_UP:
            talk.app[FAULTS].take()
        if fault in _HANGS_UP:
            raise _Over
        talk.reset()
        talk.sender = None if fault in _SAYS else found[1]
        await talk.say(_SAYS.get(fault, "250 2.1.0 Ok"))


async def _rcpt(talk: _Talk, rest: str) -> None:
    found = _PATH.match(rest)
    if talk.sender is None:
        await talk.say("503 5.5.1 MAIL first")
    elif found is None or not is_address(found[1]):
        await talk.say("553 5.1.3 Bad address")
    elif _bounces(found[1], talk.app[CONFIG].seed):
        await talk.say("550 5.1.1 No such user here")
    else:
        talk.to.append(found[1])
        await talk.say("250 2.1.5 Ok")


def _bounces(address: str, seed: int) -> bool:
    return any(
        one.kind == "bounce" and one.detail.get("type") == "bounce"
        for one in react(address, seed)
    )


async def _data(talk: _Talk, _rest: str) -> None:
    if not talk.to:
        await talk.say("503 5.5.1 RCPT first")
        return
    await talk.say("354 Go on")
    lines, size = [], 0
    while (line := await talk.line()) != b".":
        size += len(line)
        if size > MAX_BYTES:
            raise _Over
        lines.append(line.removeprefix(b"."))
    accept(talk.app[DB], talk.app[CONFIG], _as_mail(talk, b"\r\n".join(lines)))
    talk.reset()
    if talk.app[FAULTS].next is Fault.TIMEOUT_AFTER_ACCEPT:
        talk.app[FAULTS].take()
        raise _Over
    await talk.say("250 2.0.0 Queued")


def _as_mail(talk: _Talk, raw: bytes) -> dict[str, Any]:
    read = email.message_from_bytes(raw, policy=email.policy.default)
    given = {name.lower(): str(value) for name, value in read.items()}
    args = {
        "send_id": given.get(_SEND.lower()),
        "campaign_id": given.get(_CAMPAIGN.lower()),
    }
    return {
        "from": sender_of(given.get("from") or talk.sender or ""),
        "subject": given.get("subject", ""),
        "content": _parts(read),
        "personalizations": [
            {
                "to": [{"email": to}],
                "headers": {
                    name: given[name.lower()] for name in _KEPT if name.lower() in given
                },
                "custom_args": {name: value for name, value in args.items() if value},
            }
            for to in talk.to
        ],
    }


def _parts(read: Any) -> list[dict[str, str]]:
    found = []
    for kind in ("plain", "html"):
        part = read.get_body((kind,)) if isinstance(read, EmailMessage) else None
        if part is not None:
            with contextlib.suppress(LookupError, UnicodeError):
                text = part.get_content().replace("\r\n", "\n")
                found.append({"type": f"text/{kind}", "value": text})
    return found


async def _forget(talk: _Talk, _rest: str) -> None:
    talk.reset()
    await talk.say("250 2.0.0 Ok")


async def _nothing(talk: _Talk, _rest: str) -> None:
    await talk.say("250 2.0.0 Ok")


async def _bye(talk: _Talk, _rest: str) -> None:
    await talk.say("221 2.0.0 Bye")
    raise _Over


_COMMANDS: Final[Mapping[str, Callable[[_Talk, str], Awaitable[None]]]] = {
    "EHLO": _hello,
    "HELO": _hello,
    "AUTH": _auth,
    "MAIL": _mail,
    "RCPT": _rcpt,
    "DATA": _data,
    "RSET": _forget,
    "NOOP": _nothing,
    "QUIT": _bye,
}


async def _serve(talk: _Talk) -> None:
    await talk.say("220 practice ESMTP")
    while True:
        name, _space, rest = (
            (await talk.line()).decode("ascii", "replace").partition(" ")
        )
        command = _COMMANDS.get(name.upper())
        if command is None:
            await talk.say("500 5.5.2 What?")
        else:
            await command(talk, rest.strip())


@contextlib.asynccontextmanager
async def mail_server(app: web.Application) -> AsyncIterator[int]:
    """Serve on this machine until left, on the port that is given."""
    talks: set[asyncio.Task[None]] = set()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            talks.add(task)
            task.add_done_callback(talks.discard)
        try:
            with contextlib.suppress(_Over, ConnectionError):
                await _serve(_Talk(app, reader, writer))
        finally:
            writer.close()

    server = await asyncio.start_server(
        met, "127.0.0.1", app[CONFIG].smtp_port, limit=MAX_LINE
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
