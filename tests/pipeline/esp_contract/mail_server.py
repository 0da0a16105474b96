"""A mail server on a real socket that answers as a test tells it to."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER: Final = "desk"
PASSWORD: Final = "pass/word"
STALL_S: Final = 5.0
PAUSE_S: Final = 0.7


@dataclass
class Taken:
    """One mail as the server has it."""

    to: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        read = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(read, EmailMessage)
        return read


@dataclass
class MailServer:
    """Mails it has taken, and what it says to commands.

    Attributes:
        to_mail, to_rcpt, to_data: The answer, by recipient where there is one ("" is
            any); `pause` and `stall` wait, `hang_up` cuts the line. Mail that stalls or is cut at
            DATA is taken all the same.
    """

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    to_mail: str = ""
    to_rcpt: dict[str, str] = field(default_factory=dict)
    to_data: dict[str, str] = field(default_factory=dict)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"smtp://{USER}:pass%2Fword@127.0.0.1:{self.port}"

    def addresses(self) -> list[str]:
        return [each.to for each in self.taken]

    # aiosmtpd's hooks

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        envelope.mail_from = address
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        return await self._say(server, self.to_mail) or "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        said = self.to_rcpt.get(address) or self.to_rcpt.get("", "")
        if said:
            return await self._say(server, said)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        to = envelope.rcpt_tos[0]
        said = self.to_data.get(to) or self.to_data.get("", "")
        raw = envelope.original_content or b""
        if not said or said in ("stall", "hang_up", "pause"):
            self.taken.append(Taken(to, raw))
        return await self._say(server, said) or "250 2.0.0 Queued"

    async def _say(self, server: SMTP, said: str) -> str:
        if said == "stall":
            try:
                await asyncio.wait_for(self.closing.wait(), STALL_S)
            except TimeoutError:
                return "421 Bye"
        if said == "pause":
            await asyncio.sleep(PAUSE_S)
        if said == "hang_up":
            transport = server.transport
            assert transport is not None
            transport.abort()
        return said if said[:1].isdigit() else ""


def _log_in(
    _server: SMTP, _session: Session, _env: Envelope, _how: str, who: Any
) -> Any:
    fits = isinstance(who, LoginPassword) and (who.login, who.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=fits, handled=False)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Serve on a free port of the loopback, on a loop of its own thread."""
    loop = asyncio.new_event_loop()
    state = MailServer()

    def session() -> SMTP:
        return SMTP(
            state,
            hostname="mail.example",
            authenticator=_log_in,
            auth_require_tls=False,
            loop=loop,
        )

    server = loop.run_until_complete(loop.create_server(session, "127.0.0.1", 0))
    state.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def stop() -> None:
        state.closing.set()
        server.close()
        current = asyncio.current_task()
        rest = [task for task in asyncio.all_tasks() if task is not current]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    try:
        yield state
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
