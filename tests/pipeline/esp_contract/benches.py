"""Every adapter beside a server that speaks its vendor's protocol on a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

import httpx
from aiohttp import web

from domain.campaign import CampaignId
from pipeline.esp.port import Batch, Esp, Mail
from pipeline.esp.sendgrid import SendGrid
from pipeline.esp.ses import Ses
from pipeline.esp.smtp import Smtp
from pipeline.esp.sparkpost import SparkPost
from practice.esp import PracticeEsp, build_app
from practice.esp.faults import Fault
from practice.esp.keys import FAULTS
from tests.pipeline.esp_contract.mail_server import mail_server
from tests.pipeline.wire import elsewhere, serving, wire

NOW: Final = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
KEY: Final = "practice-key-of-32-characters-00"
HASTE_S: Final = 0.5
"""How long a hasty adapter waits for an answer."""


class Trouble(Enum):
    BUSY = auto()
    QUOTA = auto()
    BROKEN = auto()
    SILENT_BEFORE = auto()
    SILENT_AFTER = auto()
    HANGS_UP = auto()


@dataclass(frozen=True, kw_only=True)
class Got:
    """One mail as its recipient has it."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    send_id: str
    campaign_id: str


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One adapter, and the other end of its line.

    Attributes:
        connect: Another client of the same server: `key`, `hasty`, `url`.
        key_name: The variable that a wrong key's refusal names.
        inbox: What recipients have got, by address.
        trouble: How the next send goes wrong.
        is_suppressed: Whether the server itself has the address on its list.
    """

    esp: Esp
    connect: Callable[..., Esp]
    key_name: str
    inbox: Callable[[], dict[str, Got]]
    trouble: Callable[[Trouble], None]
    is_suppressed: Callable[[str], bool] | None = None

    @property
    def can(self) -> Any:
        return self.esp.capabilities


def make_mail(send_id: int, **changes: Any) -> Mail:
    link = f"https://desk.example/u/{'token' * 20}{send_id}"
    whole: dict[str, Any] = {
        "send_id": send_id,
        "to": f"reader{send_id}@mail.example",
        "subject": f"Grüße, Reader{send_id}",
        "text": f"Hi Reader{send_id},\n.\nthe reports are here.\n\nLeave: {link}\n",
        "html": "<style>@media print{a{color:red}}</style>"
        f"<p>Hi Reader{send_id} &amp; you,</p><p>Ünd here.</p><a href='{link}'>x</a>",
        "headers": {
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    }
    return Mail(**whole | changes)


def make_batch(esp: Esp, *mails: Mail, **changes: Any) -> Batch:
    whole: dict[str, Any] = {
        "batch_id": esp.new_batch(),
        "campaign_id": CampaignId(7),
        "from_address": "news@brand.example",
        "from_name": "Bränd",
        "mails": mails or (make_mail(1), make_mail(2)),
    }
    return Batch(**whole | changes)


_HTTP_FAULTS: Final = {
    Trouble.BUSY: Fault.TOO_MANY,
    Trouble.QUOTA: Fault.QUOTA,
    Trouble.BROKEN: Fault.BROKEN,
    Trouble.SILENT_BEFORE: Fault.TIMEOUT_BEFORE,
    Trouble.SILENT_AFTER: Fault.TIMEOUT_AFTER_ACCEPT,
    Trouble.HANGS_UP: Fault.REFUSE,
}


@contextmanager
def _practice(folder: Path) -> Iterator[tuple[str, web.Application]]:
    config = PracticeEsp(
        api_key=KEY,
        data_dir=folder,
        pump=False,
        clock=NOW.timestamp,
        stall=3 * HASTE_S,
    )
    app = build_app(config)
    with elsewhere(serving(app)) as url:
        yield url, app


def _inbox(url: str) -> dict[str, Got]:
    rows = httpx.get(f"{url}/practice/mails").json()
    return {row["to"]: _got(url, row["id"]) for row in rows if row["state"] == "sent"}


def _got(url: str, mail_id: int) -> Got:
    one = httpx.get(f"{url}/practice/mail/{mail_id}").json()
    content = {part["type"]: part["value"] for part in one["content"]}
    return Got(
        to=one["to"],
        subject=one["subject"],
        text=content.get("text/plain", ""),
        html=content.get("text/html", ""),
        headers=one["headers"],
        send_id=one["custom_args"]["send_id"],
        campaign_id=one["custom_args"]["campaign_id"],
    )


@contextmanager
def _over_http(
    folder: Path, kind: type[SendGrid | SparkPost], key_name: str
) -> Iterator[Bench]:
    with _practice(folder) as (url, app):

        def connect(*, key: str = KEY, hasty: bool = False, url: str = url) -> Esp:
            seconds = HASTE_S if hasty else 10.0
            return kind(
                api_key=key,
                clock=lambda: NOW,
                base_url=url,
                timeout=httpx.Timeout(seconds),
            )

        def listed(address: str) -> bool:
            with httpx.Client(base_url=url, headers={"Authorization": KEY}) as http:
                return http.get(f"/api/v1/suppression-list/{address}").is_success

        esp = connect(hasty=True)
        yield Bench(
            esp=esp,
            connect=connect,
            key_name=key_name,
            inbox=lambda: _inbox(url),
            trouble=lambda trouble: app[FAULTS].set(_HTTP_FAULTS[trouble], 1),
            is_suppressed=listed,
        )
        esp.close()


@contextmanager
def sendgrid(folder: Path) -> Iterator[Bench]:
    with _over_http(folder, SendGrid, "SENDGRID_API_KEY") as bench:
        yield bench


@contextmanager
def sparkpost(folder: Path) -> Iterator[Bench]:
    with _over_http(folder, SparkPost, "SPARKPOST_API_KEY") as bench:
        yield bench


@contextmanager
def ses(folder: Path) -> Iterator[Bench]:
    with _practice(folder) as (url, app):

        def connect(*, key: str = KEY, hasty: bool = False, url: str = url) -> Esp:
            return Ses(
                region="eu-west-1",
                clock=lambda: NOW,
                configuration_set="copydesk",
                api_url=url,
                credentials=(key, "secret"),
                timeout_s=HASTE_S if hasty else 10.0,
            )

        def listed(address: str) -> bool:
            with httpx.Client(base_url=url, headers={"Authorization": KEY}) as http:
                return http.get(f"/api/v1/suppression-list/{address}").is_success

        yield Bench(
            esp=connect(hasty=True),
            connect=connect,
            key_name="AWS_ACCESS_KEY_ID",
            inbox=lambda: _inbox(url),
            trouble=lambda trouble: app[FAULTS].set(_HTTP_FAULTS[trouble], 1),
            is_suppressed=listed,
        )


_SMTP_FAULTS: Final = {
    Trouble.BUSY: "450 4.7.1 Too much mail",
    Trouble.QUOTA: "452 4.5.3 Quota used up",
    Trouble.BROKEN: "451 4.3.0 Internal error",
    Trouble.SILENT_BEFORE: "stall",
    Trouble.HANGS_UP: "hang_up",
}


@contextmanager
def smtp(_folder: Path) -> Iterator[Bench]:
    with mail_server() as server:

        def connect(*, key: str = "", hasty: bool = False, url: str = "") -> Esp:
            given = url.replace("http:", "smtp:") or server.url
            if key:
                given = given.replace("pass%2Fword", key)
            seconds = HASTE_S if hasty else 10.0
            return Smtp(
                url=given, clock=lambda: NOW, timeout_s=seconds, answer_s=seconds
            )

        def inbox() -> dict[str, Got]:
            return {each.to: _read(each.to, each.message) for each in server.taken}

        def trouble(kind: Trouble) -> None:
            if kind is Trouble.SILENT_AFTER:
                server.to_data[""] = "stall"
            else:
                server.to_mail = _SMTP_FAULTS[kind]

        yield Bench(
            esp=connect(hasty=True),
            connect=connect,
            key_name="SMTP_URL",
            inbox=inbox,
            trouble=trouble,
        )


def _read(to: str, message: Any) -> Got:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return Got(
        to=to,
        subject=message["Subject"],
        text=text.get_content().replace("\r\n", "\n"),
        html=html.get_content().replace("\r\n", "\n"),
        headers={
            name: message[name]
            for name in message
            if name in ("List-Unsubscribe", "List-Unsubscribe-Post")
        },
        send_id=message["X-Copydesk-Send"],
        campaign_id=message["X-Copydesk-Campaign"],
    )


def nobody_there() -> str:
    """An address of this machine where nothing listens any more."""
    with wire() as gone:
        return gone.url


BENCHES: Final = {
    "sendgrid": sendgrid,
    "sparkpost": sparkpost,
    "ses": ses,
    "smtp": smtp,
}
