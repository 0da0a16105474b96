"""One mail as the bytes that SMTP carries, signed with DKIM when a key is set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr
from typing import Final

from domain.errors import Refused
from pipeline.esp.port import Batch, Mail

SEND_HEADER: Final = "X-Copydesk-Send"
CAMPAIGN_HEADER: Final = "X-Copydesk-Campaign"

_BREAK: Final = re.compile(r"[\r\n\0]")
# the older policy keeps a long link in one piece, where the newer one would encode it
# (RFC 5322: a line may have 998 characters)
_POLICY: Final = compat32.clone(linesep="\r\n", max_line_length=990)
_UTF8: Final = Charset("utf-8")
_UTF8.body_encoding = QP
# RFC 8058: one-click counts only when the signature covers both list headers
_SIGNED: Final = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"reply-to",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dkim:
    """What mails are signed with; checked when made.

    Attributes:
        key: The private key as PEM. Its public half is in the DNS, under selector and
            domain.
    """

    domain: str
    selector: str
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        """Sign once, so that a bad key is found before the first mail.

        Raises:
            Refused: The key is none.
        """
        # it loads a DNS library, and most desks sign nothing themselves
        import dkim  # noqa: PLC0415

        try:
            self.sign(b"From: a@example.invalid\r\n\r\n")
        except (dkim.DKIMException, ValueError, IndexError, KeyError) as error:
            raise Refused("SMTP_DKIM_KEY is no private RSA key in PEM form.") from error

    def sign(self, raw: bytes) -> bytes:
        import dkim  # noqa: PLC0415

        signature: bytes = dkim.sign(
            raw,
            self.selector.encode(),
            self.domain.encode(),
            self.key.encode(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=list(_SIGNED),
        )
        return signature + raw


def mail_bytes(
    batch: Batch, mail: Mail, to: str, *, now: datetime, key: Dkim | None
) -> bytes:
    """The whole mail, lines ended by CRLF.

    Raises:
        Refused: A header holds a line break.
    """
    domain = batch.from_address.rpartition("@")[2]
    headers = {
        "From": formataddr((batch.from_name, batch.from_address)),
        "To": to,
        "Date": format_datetime(now),
        "Message-ID": f"<{mail.send_id}.{batch.batch_id}@{domain}>",
        **({"Reply-To": batch.reply_to} if batch.reply_to else {}),
        SEND_HEADER: str(mail.send_id),
        CAMPAIGN_HEADER: str(batch.campaign_id),
        **mail.headers,
    }
    if any(_BREAK.search(f"{n}{v}") for n, v in (*headers.items(), ("", mail.subject))):
        raise Refused("A header of this mail holds a line break.")
    message = MIMEMultipart("alternative", policy=_POLICY)
    for name, value in headers.items():
        message[name] = value
    subject = Header(mail.subject, header_name="Subject")
    message["Subject"] = subject.encode(maxlinelen=76, linesep="\r\n")
    parts = (("plain", mail.text), ("html", mail.html))
    for kind, text in parts:
        if text:
            part = MIMENonMultipart("text", kind, charset="utf-8", policy=_POLICY)
            part.set_payload(text, _UTF8)
            message.attach(part)
    raw = message.as_bytes()
    return raw if key is None else key.sign(raw)
