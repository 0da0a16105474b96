"""The web process on a real socket: practice Slack in front, SQLite behind."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import sqlalchemy as sa
from aiohttp import ClientSession
from aiohttp import web as http
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.server import WEB, build
from domain.campaign import Campaign, CampaignId
from pipeline import wiring
from pipeline.esp.port import Esp
from pipeline.settings import Settings
from pipeline.tokens import address_hash
from pipeline.wall_clock import utc_now
from pipeline.wiring import Deps
from practice.slack import PracticeSlack, Running, running
from practice.slack.config import PEOPLE, Shortcut
from storage.engine import WEB_LOCK_TIMEOUT, Database
from storage.migrate import upgrade
from storage.reader import Reader
from storage.store import Store

MARA, CLEO, CASPAR = "U0MARKETER", "U0COPYONE", "U0COPYTWO"
DEV, ONCALL, NOBODY = "U0DELIVER", "U0ONCALL", "U0NOBODY"
CAMPAIGNS = "C0CAMPAIGN"
SECRET = "signing-secret"
CONVERSIONS_SECRET = "conversions-secret"
SECRET_KEY = "0123456789abcdef0123456789abcdef"

Json = dict[str, Any]
R = TypeVar("R")


def make_values(**changes: object) -> Json:
    return {
        "title": "Recover stalled demos",
        "objective": "Get people back to the demo",
        "audience": "calm",
        "key_message": "Setup takes two working days",
        "cta_url": "https://northwind.example/demo",
    } | changes


@dataclass(kw_only=True)
class Lab:
    url: str
    slack: Running
    deps: Deps
    session: ClientSession
    key: ec.EllipticCurvePrivateKey
    app: http.Application

    # What people do ----------------------------------------------------------------

    async def say(self, text: str, *, by: str = MARA, channel: str = CAMPAIGNS) -> Json:
        return await self.do("message", by=by, channel=channel, text=text)

    async def press(self, action: str, value: int | str, *, by: str) -> Json:
        """Press a button of that action and value on a message of ours."""
        block = {
            "type": "actions",
            "block_id": "row",
            "elements": [
                {
                    "type": "button",
                    "action_id": action,
                    "text": {"type": "plain_text", "text": "Press"},
                    "value": str(value),
                }
            ],
        }
        posted = await self.api("chat.postMessage", text="A card", blocks=[block])
        container = {"type": "message", "channel": CAMPAIGNS, "ts": posted["ts"]}
        return await self.do(
            "action",
            by=by,
            container=container,
            block_id="row",
            action_id=action,
            type="button",
            value=str(value),
        )

    async def submit(self, values: Json, *, by: str = MARA) -> Json:
        """Fill in the inputs of the open modal, by block id, and submit it."""
        view = self.view(by)
        state = {
            block: {block: value if isinstance(value, dict) else {"value": value}}
            for block, value in values.items()
        }
        return await self.do(
            "view_submit", by=by, view_id=view["id"], state={"values": state}
        )

    async def api(self, method: str, **args: Any) -> Json:
        async with self.session.post(
            self.slack.api_url + method,
            json={"channel": CAMPAIGNS, **args},
            headers={"Authorization": "Bearer xoxb-practice-copydesk"},
        ) as answer:
            given: Json = await answer.json()
        assert given["ok"], given
        return given

    async def do(self, deed: str, *, by: str, **body: Any) -> Json:
        """Do what a person does on the page, and wait for all that comes of it."""
        async with self.session.post(
            f"{self.slack.url}/practice/{deed}",
            json={"as": by, **body},
            headers={"X-Practice": "1"},
        ) as answer:
            given: Json = await answer.json()
        await self.slack.workspace.courier.settle()
        await self.idle()
        return given

    async def idle(self) -> None:
        """Wait for what listeners do after their ack."""
        await asyncio.sleep(0.02)
        while self.app[WEB].running:
            await asyncio.sleep(0.01)

    # What people see ---------------------------------------------------------------

    def view(self, by: str = MARA) -> Json:
        """The modal on top of that person's screen."""
        stack = self.slack.workspace.modals.stacks.get(by)
        assert stack, "no modal is open"
        return stack[-1]

    def has_view(self, by: str = MARA) -> bool:
        return bool(self.slack.workspace.modals.stacks.get(by))

    def whispers(self, by: str = MARA) -> list[str]:
        """What was said to that person alone, oldest first."""
        shown = self.slack.workspace.world.ephemerals.values()
        return [each.text for each in shown if each.ephemeral_to == by]

    # What is on the record ---------------------------------------------------------

    def write(self, fn: Callable[..., R], *args: Any, **kw: Any) -> R:
        with self.deps.database.begin() as store:
            return fn(store, *args, **kw)

    def campaign(self, number: int = 1) -> Campaign:
        with self.deps.database.begin() as store:
            return store.campaigns.get(CampaignId(number))

    def count(self, table: str) -> int:
        with self.deps.database.engine.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}")  # noqa: S608  # a test's own word
            return int(found.scalar_one())

    # What the ESP posts ------------------------------------------------------------

    def signed(self, body: bytes, *, age_s: int = 0) -> dict[str, str]:
        stamp = str(int(time.time()) - age_s)
        signature = self.key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(
                signature
            ).decode(),
            "Content-Type": "application/json",
        }

    async def webhook(self, body: bytes, headers: dict[str, str]) -> int:
        address = f"{self.url}/webhooks/esp/sendgrid"
        async with self.session.post(address, data=body, headers=headers) as answer:
            return answer.status


def person(user: str) -> Any:
    return next(each for each in PEOPLE if each.id == user)


def recipient(number: int, *, has_consent: bool = True) -> Json:
    address = f"reader{number}@calm.example"
    return {
        "address": address,
        "address_hash": address_hash(SECRET_KEY, address),
        "first_name": "Ada",
        "last_name": "",
        "company": "",
        "region": "",
        "time_zone": "Europe/Berlin",
        "locale": "en",
        "provider": "other",
        "has_consent": has_consent,
    }


def seed(store: Store) -> None:
    """A list that can be mailed, and one whose people never agreed."""
    calm = store.audiences.replace("calm", "A calm list", source_sha256="a")
    store.audiences.add_recipients(calm, [recipient(n) for n in range(40)])
    store.audiences.settle_size(calm)
    silent = store.audiences.replace("silent", "A silent list", source_sha256="b")
    store.audiences.add_recipients(silent, [recipient(99, has_consent=False)])
    store.audiences.settle_size(silent)


@asynccontextmanager
async def lab(
    folder: Path, *, esp: Esp | None = None, **changes: Any
) -> AsyncIterator[Lab]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    key = ec.generate_private_key(ec.SECP256R1())
    config = PracticeSlack(
        request_url=f"{url}/slack/events",
        signing_secret=SECRET,
        retry_delays_s=(0.0, 0.0, 0.0),
        shortcuts=(Shortcut(callback_id="comment_on", name="Comment on this"),),
    )
    with listening:
        async with running(config) as slack, ClientSession() as session:
            values: Json = {
                "COPYDESK_DATA_DIR": folder,
                "COPYDESK_SECRET_KEY": SECRET_KEY,
                "COPYDESK_CONVERSIONS_SECRET": CONVERSIONS_SECRET,
                "COPYDESK_TIME_SCALE": 240,
                # no broker: whatever runs on this machine is not the test's
                "BROKER_URL": "memory://",
                "SLACK_SIGNING_SECRET": SECRET,
                "SLACK_BOT_TOKEN": "xoxb-practice-copydesk",
                "SLACK_APP_TOKEN": "",
                "SLACK_API_URL": slack.api_url,
                "SENDGRID_WEBHOOK_PUBLIC_KEY": public_key(key),
            }
            settings = Settings(**values | changes)
            made = make_deps(settings)
            if esp is not None:
                made = dataclasses.replace(made, esp=esp)
            async with serving(made, listening) as (deps, app):
                yield Lab(
                    url=url, slack=slack, deps=deps, session=session, key=key, app=app
                )


@asynccontextmanager
async def serving(
    deps: Deps, listening: socket.socket
) -> AsyncIterator[tuple[Deps, http.Application]]:
    app = build(deps, Reader(deps.settings.database_address))
    runner = http.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await http.SockSite(runner, listening).start()
        yield deps, app
    finally:
        await runner.cleanup()
        deps.close()


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    encoded = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(encoded).decode()


@cache
def template() -> TemporaryDirectory[str]:
    """A migrated database with its lists, to copy: making one takes longer than a test."""
    folder = TemporaryDirectory(prefix="copydesk-")
    database = Database(f"sqlite:///{folder.name}/copydesk.db", utc_now)
    upgrade(database)
    with database.begin() as store:
        seed(store)
    database.close()
    return folder


def make_deps(settings: Settings) -> Deps:
    path = Path(str(sa.make_url(settings.database_address).database))
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # a desk that is started again has its own
        copyfile(Path(template().name) / "copydesk.db", path)
    return wiring.build(settings, lock_timeout=WEB_LOCK_TIMEOUT)
