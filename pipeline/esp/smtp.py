"""Any mail server over SMTP. What it has accepted it can neither stop nor look up."""

from __future__ import annotations

import contextlib
import re
import secrets
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

from domain.errors import CampaignError, Refused, TryLater
from domain.send import DeliveryEvent
from pipeline.esp.batch_rules import address, check_batch
from pipeline.esp.port import (
    Accepted,
    BadSignature,
    Batch,
    BatchState,
    CancelState,
    Capabilities,
    Mail,
    Unsupported,
)
from pipeline.esp.smtp_answers import (
    CLOSING,
    OK,
    PutOff,
    connecting,
    expect,
    lost,
    of_the_recipient,
)
from pipeline.esp.smtp_mail import Dkim, mail_bytes
from pipeline.esp.tally import Fate, Tally

CAPABILITIES: Final = Capabilities(
    # a sender that dies in the middle leaves no more than this many mails unknown
    batch_size=100,
    takes_all_or_none=False,
    cancel_margin=None,
    schedule_ahead=None,
    suppresses=False,
    look_up_lag=None,
)
TIMEOUT_S: Final = 10.0
ANSWER_S: Final = 30.0
"""How long a server may think about a whole text: filters take their time."""

TIME_LIMIT_S: Final = 20.0
"""After this no further mail is begun: connecting, or the last one's answers, still fit
within `send_limit`."""

_PORTS: Final = {"smtp": 587, "smtps": 465}
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SOON: Final = timedelta(seconds=1)
# recipients put off one after the other: then it is the server that is busy
_MOST_PUT_OFF: Final = 5
_GO_ON: Final = 354


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where `SMTP_URL` leads.

    Attributes:
        is_wrapped: TLS from the first byte (smtps); else by STARTTLS.
    """

    host: str
    port: int
    is_wrapped: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_here(self) -> bool:
        return self.host in _LOOPBACK


def server_of(url: str) -> Server:
    """Read `smtp://user:password@host:587` or `smtps://...:465`.

    Raises:
        Refused: It is neither; nothing of the URL is repeated.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _bad_url() from error
    if parts.scheme not in _PORTS or not host or parts.path.strip("/") or parts.query:
        raise _bad_url()
    return Server(
        host=host,
        port=port or _PORTS[parts.scheme],
        is_wrapped=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _bad_url() -> Refused:
    return Refused(
        "SMTP_URL must read smtp://user:password@host:587 (STARTTLS)"
        " or smtps://user:password@host:465 (TLS)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Envelope:
    mail: Mail
    sender: str
    to: str
    raw: bytes


class Smtp:
    """Implements `pipeline.esp.port.Esp`."""

    name: Final = "smtp"
    title: Final = "SMTP"
    capabilities: Final = CAPABILITIES

    def __init__(
        self,
        *,
        url: str,
        clock: Callable[[], datetime],
        dkim: Dkim | None = None,
        timeout_s: float = TIMEOUT_S,
        answer_s: float = ANSWER_S,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        """Dial nothing yet.

        Raises:
            Refused: The URL cannot be read.
        """
        self._server = server_of(url)
        self._clock, self._dkim = clock, dkim
        self._timeout_s, self._answer_s = timeout_s, answer_s
        self._time_limit_s = time_limit_s

    def new_batch(self) -> str:
        """Ours alone: it only tells batches apart, in each Message-ID."""
        return secrets.token_hex(8)

    def send(self, batch: Batch) -> Accepted:
        """Hand over one mail after the other; each has its own answer."""
        most = CAPABILITIES.batch_size
        check_batch(batch, title=self.title, most=most, can_schedule=False)
        tally = Tally(batch.mails)
        ready = tuple(self._envelopes(batch, tally))
        stopped_by: CampaignError | None = None
        ends_at = time.monotonic() + self._time_limit_s
        try:
            if ready:
                with self._line() as line:
                    self._hand_over(line, ready, tally, ends_at)
        except CampaignError as error:
            stopped_by = error
        return tally.answer(stopped_by)

    def cancel(self, batch_id: str) -> CancelState:
        raise _gone()

    def batch_state(self, batch_id: str) -> BatchState:
        raise _gone()

    def suppress(self, addresses: Sequence[str]) -> None:
        raise _no_list()

    def lift(self, address: str) -> None:
        raise _no_list()

    def look_up(
        self, batch_id: str, recipients: Mapping[int, str]
    ) -> frozenset[int] | None:
        raise Unsupported("SMTP cannot say what it has accepted.")

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        raise BadSignature("SMTP has no event webhook.")

    def normalise(self, items: Sequence[object]) -> tuple[DeliveryEvent, ...]:
        return ()

    def confirm(self, items: Sequence[object]) -> None:
        """Nobody asks."""

    def check(self) -> None:
        """Say hello and log in, as a send would.

        Raises:
            TryLater: The server is away.
            Refused: It does not take the name, the password or the certificate.
        """
        with self._line():
            return

    def close(self) -> None:
        """No connection outlives its batch."""

    def _envelopes(self, batch: Batch, tally: Tally) -> Iterator[_Envelope]:
        for mail in batch.mails:
            to = address(mail.to)
            if to is None:
                tally.note(mail, Fate.REFUSED)
                continue
            raw = mail_bytes(batch, mail, to, now=self._clock(), key=self._dkim)
            yield _Envelope(mail=mail, sender=batch.from_address, to=to, raw=raw)

    def _hand_over(
        self,
        line: smtplib.SMTP,
        ready: Sequence[_Envelope],
        tally: Tally,
        ends_at: float,
    ) -> None:
        """Mail by mail, until time is up or an answer is about all of them."""
        in_a_row = 0
        for each in ready:
            if time.monotonic() > ends_at:
                raise TryLater("The mail server is slow.", retry_after=_SOON)
            try:
                tally.note(each.mail, self._one(line, each, tally))
                in_a_row = 0
            except PutOff as put_off:
                # one address that is always put off must not hold up the others
                tally.note(each.mail, Fate.PUT_OFF, after=put_off.retry_after)
                in_a_row += 1
                if in_a_row == _MOST_PUT_OFF:
                    raise

    def _one(self, line: smtplib.SMTP, each: _Envelope, tally: Tally) -> Fate:
        """Hand over one mail.

        Raises:
            PutOff: Nothing of this one was taken, for now.
            TryLater: Nothing more can be taken now; `tally` knows of this one.
            Refused: Nothing more will be taken, nor was this one.
        """
        fate = _announce(line, each)
        if fate is not None:
            return fate
        # from the first byte of the text on, silence proves nothing
        try:
            line.send(_stuffed(each.raw))
            self._be_patient(line, self._answer_s)
            answer = line.getreply()
        except (OSError, smtplib.SMTPException) as error:
            tally.note(each.mail, Fate.UNKNOWN)
            raise lost() from error
        self._be_patient(line, self._timeout_s)
        expect(answer)
        return Fate.TAKEN

    @staticmethod
    def _be_patient(line: smtplib.SMTP, seconds: float) -> None:
        if line.sock is not None:
            line.sock.settimeout(seconds)

    @contextlib.contextmanager
    def _line(self) -> Iterator[smtplib.SMTP]:
        """A connection, encrypted and logged in.

        Raises:
            TryLater: Nobody answers there, or not now.
            Refused: TLS or the login does not work.
        """
        try:
            line = self._open()
        except ssl.SSLCertVerificationError as error:
            raise Refused("The mail server's certificate is not its host's.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise connecting(error) from error
        try:
            yield line
        except BaseException:
            line.close()
            raise
        # all that was taken was answered already
        with contextlib.suppress(OSError, smtplib.SMTPException):
            line.quit()
        line.close()

    def _open(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        line: smtplib.SMTP
        if server.is_wrapped:
            line = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout_s, context=context
            )
        else:
            line = smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
        try:
            line.ehlo_or_helo_if_needed()
            if not server.is_wrapped and not server.is_here:
                line.starttls(context=context)
                line.ehlo()
            if server.user:
                line.login(server.user, server.password)
        except BaseException:
            line.close()
            raise
        return line


def _announce(line: smtplib.SMTP, each: _Envelope) -> Fate | None:
    """Sender, recipient, and that a text comes; None when the server waits for it.

    Raises:
        PutOff: The server does not take this one now.
        TryLater: It can take no mail now; this one was not taken.
        Refused: It will take none of them; this one was not taken.
    """
    try:
        expect(line.docmd("MAIL", f"FROM:<{each.sender}>"))
        code, words = line.docmd("RCPT", f"TO:<{each.to}>")
        if code not in (OK, 251):
            if code != CLOSING:
                expect(line.docmd("RSET"))
            return of_the_recipient(code, words)
        expect(line.docmd("DATA"), _GO_ON)
    except (OSError, smtplib.SMTPException) as error:
        raise lost() from error
    return None


def _stuffed(raw: bytes) -> bytes:
    """The text with its dots doubled, and its end (RFC 5321, 4.5.2)."""
    ended = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"


def _gone() -> Unsupported:
    return Unsupported("SMTP cannot take back what it has accepted.")


def _no_list() -> Unsupported:
    return Unsupported("SMTP keeps no suppression list; ours holds who is left out.")
