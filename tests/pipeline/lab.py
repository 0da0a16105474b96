"""A whole desk in one process: real database, practice world, and time in hand.

There is no broker and no worker: `drain` runs each due job of the outbox by the same
`run_job` that a worker calls, and `pass_time` moves the one clock that all share.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from aiohttp import web

from domain.brief import parse_brief
from domain.campaign import Campaign, CampaignId, State
from domain.checklist import Question
from domain.cohort import provider_of
from domain.review import ReviewRequest
from domain.send import Chunk
from domain.variant import Variant
from pipeline import record
from pipeline.esp.sendgrid import SendGrid
from pipeline.jobs import TASKS
from pipeline.pace import Pacer
from pipeline.playbook import Playbook
from pipeline.playbook_scaled import playbook_of
from pipeline.record import Ingested
from pipeline.relay import Relay
from pipeline.settings import Settings
from pipeline.slack import SlackGateway
from pipeline.tasks import run_job
from pipeline.tokens import address_hash
from pipeline.wiring import Deps
from pipeline.writers.openai import OpenAIWriter
from practice.esp import PracticeEsp
from practice.esp import build_app as build_esp
from practice.esp.faults import Fault
from practice.esp.keys import FAULTS, POSTMAN, SIGNER
from practice.esp.webhook import Posted
from practice.slack import PracticeSlack, Running, running
from practice.slack.config import BOT_USER
from practice.slack.world import Message
from practice.writer.app import build_app as build_writer
from practice.writer.config import PracticeWriter
from storage.engine import Database
from storage.queue import Job
from storage.store import Store
from tests.clock import Clock

MARA, CLEO, CASPAR = "U0MARKETER", "U0COPYONE", "U0COPYTWO"
DEV, LENA, SAM = "U0DELIVER", "U0LEGAL", "U0STAKE"
BEA = "U0BRAND"
OMAR, ANA, NOBODY = "U0ONCALL", "U0ANALYST", "U0NOBODY"
CAMPAIGNS, ONCALL, GENERAL = "C0CAMPAIGN", "C0ONCALL", "C0GENERAL"
SECRET: Final = "0123456789abcdef0123456789abcdef"
KEY: Final = "practice-key"
TIME_SCALE: Final = 240.0
LADDER: Final = (2.0, 10.0, 100.0)
"""Two per cent first: a list half as long already sees complaints in its canary."""

Json = dict[str, Any]
R = TypeVar("R")


@dataclass
class Lab:
    """The desk and its practice world.

    Attributes:
        draws_late: A card that is posted is drawn anew once somebody looks at Slack, as
            on a busy desk, and not for all that happens meanwhile.
    """

    deps: Deps
    clock: Clock
    practice_slack: Running
    esp: web.Application
    loop: asyncio.AbstractEventLoop
    webhook: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    draws_late: bool = True
    _posted: set[int] = field(default_factory=set)

    # What people do ----------------------------------------------------------------

    def brief(self, *, author: str = MARA, **changes: Any) -> CampaignId:
        body = parse_brief(make_brief(**changes))
        return self.write(
            record.brief, self.deps.playbook, body, author=author, source="modal"
        ).id

    def approve_strategy(self, campaign_id: CampaignId, *, by: str = BEA) -> Campaign:
        brief_id = self.campaign(campaign_id).brief_id
        return self.write(
            record.approve_strategy, self.deps.playbook, brief_id, actor=by
        )

    def approve(self, request: ReviewRequest, *, by: str) -> Campaign:
        """Approve, and answer whatever the stage asks."""
        return self.write(
            record.approve,
            self.deps.playbook,
            request.id,
            actor=by,
            answered=tuple(Question),
        )

    def approve_all(self, campaign_id: CampaignId, *people: str) -> Campaign:
        """Each person in turn approves whatever is open when they look."""
        for person in people:
            for request in self.requests(campaign_id):
                if self.request(request.id).closed_at is None:
                    self.approve(request, by=person)
            self.drain()
        return self.campaign(campaign_id)

    # What the machinery does -------------------------------------------------------

    def drain(self, *, most: int = 2_000) -> list[Job]:
        """Run every due job in order, and what they queue, until none is due."""
        ran: list[Job] = []
        while due := self._due()[0]:
            for job in due:
                ran.append(job)
                run_job(self.deps, TASKS[job.task], job.id)
            assert len(ran) < most, "The outbox never ran dry."
        return ran

    def draw(self) -> None:
        """Bring the cards up to date that were put off."""
        while late := self._due()[1]:
            for job in late:
                run_job(self.deps, TASKS[job.task], job.id)

    def _due(self) -> tuple[list[Job], list[Job]]:
        """Due jobs, and those of them that are put off."""
        due = self.look(lambda s: s.outbox.due(redrive_after=timedelta(1)))
        if not self.draws_late:
            return list(due), []
        # an older one has nothing to draw
        newest = {job.row_id: job for job in due if job.task == "card"}
        late = [newest[row_id] for row_id in newest.keys() & self._posted]
        self._posted |= newest.keys()
        return [job for job in due if job not in late], late

    def tick(self, seconds: float) -> None:
        """Let time pass, fire what it brings, and run the jobs of it."""
        self.clock.tick(timedelta(seconds=seconds))
        relay = Relay(self.deps, TASKS)
        try:
            relay.fire_deadlines()
            relay.fire_digests()
        finally:
            relay.close()
        self.drain()

    def pass_time(
        self,
        seconds: float,
        *,
        step: float = 5.0,
        until: Callable[[], bool] = lambda: False,
    ) -> None:
        """Tick, with the ESP's events coming in after each step."""
        passed = 0.0
        while passed < seconds and not until():
            self.tick(step)
            self.hear()
            self.drain()
            passed += step

    def hear(self) -> list[Ingested]:
        """Take in every event that is due at the ESP, as the webhook does."""
        taken: list[Ingested] = []
        while True:
            posted = self.run(self.esp[POSTMAN].deliver_due())
            while self.webhook:
                taken.append(self.take_in(*self.webhook.pop(0)))
            if posted is Posted.NOTHING:
                return taken

    async def post_events(self) -> None:
        """Have the ESP post one batch; it stays in `webhook`."""
        await self.esp[POSTMAN].deliver_due()

    def take_in(self, headers: dict[str, str], body: bytes) -> Ingested:
        self.deps.esp.verify(headers, body, now=self.clock())
        found = json.loads(body)
        items = found if isinstance(found, list) else [found]
        self.deps.esp.confirm(items)
        events = self.deps.esp.normalise(items)
        return self.write(record.esp_events, self.deps.playbook, events)

    # What is on the record ---------------------------------------------------------

    def write(self, fn: Callable[..., R], *args: Any, **kw: Any) -> R:
        with self.deps.database.begin() as store:
            return fn(store, *args, **kw)

    def look(self, ask: Callable[[Store], R]) -> R:
        return self.deps.database.look(ask)

    def campaign(self, campaign_id: CampaignId) -> Campaign:
        return self.look(lambda s: s.campaigns.get(campaign_id))

    def state(self, campaign_id: CampaignId) -> State:
        return self.campaign(campaign_id).state

    def variants(self, campaign_id: CampaignId) -> tuple[Variant, ...]:
        return self.look(lambda s: s.variants.of(campaign_id))

    def requests(self, campaign_id: CampaignId) -> tuple[ReviewRequest, ...]:
        return self.look(lambda s: s.reviews.open_requests(campaign_id))

    def request(self, request_id: Any) -> ReviewRequest:
        return self.look(lambda s: s.reviews.get(request_id))

    def chunks(self, campaign_id: CampaignId) -> tuple[Chunk, ...]:
        return self.look(lambda s: s.sends.chunks(campaign_id))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.deps.database.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def events(self, campaign_id: CampaignId) -> list[str]:
        """The audit trail's event names, in order."""
        return [
            name
            for (name,) in self.rows(
                "SELECT event FROM audit_events"  # noqa: S608  # a test's own number
                f" WHERE campaign_id = {campaign_id} ORDER BY seq"
            )
        ]

    # What is in Slack ------------------------------------------------------------------

    @property
    def slack(self) -> Running:
        self.draw()
        return self.practice_slack

    def messages(self, channel: str = CAMPAIGNS) -> list[Message]:
        return [
            m
            for m in self.slack.workspace.world.in_channel(channel)
            if m.is_from_app and m.ephemeral_to is None
        ]

    def cards(self, campaign_id: CampaignId) -> list[Message]:
        """Messages posted as the campaign's card; more than one is a fault."""
        return [
            m
            for m in self.messages()
            if (m.metadata or {}).get("event_payload", {}).get("id")
            == f"campaign:{campaign_id}"
        ]

    def thread(self, campaign_id: CampaignId) -> list[Message]:
        (card,) = self.cards(campaign_id)
        return [m for m in self.messages() if m.thread_ts == card.ts]

    def invite(self, channel: str = CAMPAIGNS) -> None:
        self.slack.workspace.world.channels[channel].members.append(BOT_USER)

    def remove(self, channel: str = CAMPAIGNS) -> None:
        self.slack.workspace.world.channels[channel].members.remove(BOT_USER)

    def erase(self, message: Message) -> None:
        async def erase() -> None:
            self.slack.workspace.erase(message)

        self.run(erase())

    # What is at the ESP ------------------------------------------------------------

    def esp_rows(self, query: str) -> list[tuple[Any, ...]]:
        from practice.esp.keys import DB

        async def ask() -> list[tuple[Any, ...]]:
            return [tuple(row) for row in self.esp[DB].execute(query)]

        return self.run(ask())

    def mailed(self) -> list[str]:
        """Addresses of every mail the ESP took, in order."""
        return [address for (address,) in self.esp_rows("SELECT email FROM mails")]

    def esp_fault(self, kind: Fault, count: int = 1) -> None:
        self.esp[FAULTS].set(kind, count)

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    # Other worlds ------------------------------------------------------------------

    def with_model(self, model: str) -> None:
        settings = self.deps.settings.model_copy(update={"openai_model": model})
        self.deps = dataclasses.replace(self.deps, settings=settings)

    def give_role(self, user: str, role: str) -> None:
        team = self.deps.playbook.team
        person = team.people[user]
        more = dataclasses.replace(person, roles=person.roles | {role})
        team = dataclasses.replace(team, people={**team.people, user: more})
        self.use(dataclasses.replace(self.deps.playbook, team=team))

    def use(self, playbook: Playbook) -> None:
        self.deps = dataclasses.replace(self.deps, playbook_now=lambda: playbook)

    def add_list(self, name: str, rows: int) -> None:
        """Import the first rows of a practice list, under its temper's name."""
        with self.deps.database.begin() as store:
            key = store.audiences.replace(
                name, f"The {name} list", source_sha256=f"{name}-{rows}"
            )
            store.audiences.add_recipients(key, recipients(name, rows))
            store.audiences.settle_size(key)


def make_brief(**changes: Any) -> Json:
    return {
        "title": "Recover stalled demos",
        "objective": "Get people back to the demo",
        "audience": "small",
        "key_message": "Setup takes two working days",
        "cta_url": "https://northwind.example/demo",
        "variants": 3,
        "arms": 2,
        "ab_variable": "subject",
        "tier": "B",
    } | changes


_PROVIDERS: Final = ("yahoo-like", "outlook-like", "cedar", "flint")


@cache
def recipients(name: str, rows: int) -> tuple[Json, ...]:
    """A list whose people react by `name`; all sit where complaints are reported."""
    temper = "calm" if name == "small" else name
    found = []
    for number in range(rows):
        provider = _PROVIDERS[number % len(_PROVIDERS)]
        domain = f"{provider}.{temper}.example"
        address = f"reader.{number}@{domain}"
        found.append(
            {
                "address": address,
                "address_hash": address_hash(SECRET, address),
                "first_name": "Ada" if number % 7 else "",
                "last_name": "Park",
                "company": "Cedar Labs",
                "region": "EMEA",
                "time_zone": "Europe/Berlin",
                "locale": "en-GB",
                "provider": provider_of(domain),
                "has_consent": True,
            }
        )
    return tuple(found)


class Leaps:
    """A clock that goes far with every look, so that no rate limit is ever met."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        self.now += 5
        return self.now


@contextmanager
def lab(
    database_url: str,
    clock: Clock,
    folder: Path,
    *,
    broker_url: str = "memory://",
    slack_as: Mapping[str, Any] = MappingProxyType({}),
    vendor: str = "sendgrid",
    **writer: Any,
) -> Iterator[Lab]:
    """Bring the practice world up in a thread, and the desk on top of it.

    Args:
        slack_as: What the practice Slack should have otherwise than is usual here.
        vendor: Whose events the practice ESP posts.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    stack = AsyncExitStack()
    try:
        heard: list[tuple[dict[str, str], bytes]] = []
        world = _world(
            stack, heard, clock, folder, writer, slack_as=slack_as, vendor=vendor
        )
        slack, esp, urls = run(world)
        settings = make_settings(
            folder,
            DATABASE_URL=database_url,
            SLACK_API_URL=slack.api_url,
            OPENAI_BASE_URL=urls["writer"] + "/v1",
            SENDGRID_API_URL=urls["esp"],
            SENDGRID_WEBHOOK_PUBLIC_KEY=esp[SIGNER].public_key,
            BROKER_URL=broker_url,
        )
        deps = _deps(settings, clock)
        made = Lab(deps, clock, slack, esp, loop, heard)
        made.add_list("small", 300)
        try:
            yield made
            if made.draws_late:
                # whatever it came to can be drawn, also when nobody looked
                made.draw()
        finally:
            made.deps.close()
    finally:
        run(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _world(
    stack: AsyncExitStack,
    heard: list[tuple[dict[str, str], bytes]],
    clock: Clock,
    folder: Path,
    writer: Json,
    *,
    slack_as: Mapping[str, Any],
    vendor: str,
) -> tuple[Running, web.Application, dict[str, str]]:
    async def hook(request: web.Request) -> web.Response:
        heard.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    receiver = web.Application(client_max_size=10_000_000)
    receiver.router.add_post("/", hook)
    usual: Json = {
        "request_url": "http://127.0.0.1:9/slack/events",
        "signing_secret": "signing-secret",
        "clock": Leaps(),
        "retry_delays_s": (),
    }
    config = PracticeSlack(**usual | dict(slack_as))
    esp = build_esp(
        PracticeEsp(
            api_key=KEY,
            data_dir=folder / "esp",
            webhook_url=await _serve(stack, receiver),
            vendor=vendor,
            time_scale=TIME_SCALE,
            clock=lambda: clock().timestamp(),
            pump=False,
            stall=30.0,
            rate_limit=100_000,
        )
    )
    words = PracticeWriter(**{"latency": (0.0, 0.0), "retry_after": 0} | writer)
    urls = {
        "esp": await _serve(stack, esp),
        "writer": await _serve(stack, build_writer(words)),
    }
    return await stack.enter_async_context(running(config)), esp, urls


async def _serve(stack: AsyncExitStack, app: web.Application) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


def _deps(settings: Settings, clock: Clock) -> Deps:
    # no seeds: what the ESP has is what recipients got, but where a test gives some
    playbook = dataclasses.replace(playbook_of(settings), ladder=LADDER, seeds=())
    return Deps(
        settings=settings,
        playbook_now=lambda: playbook,
        clock=clock,
        database=Database(settings.database_address, clock),
        slack=SlackGateway(
            token="xoxb-practice-copydesk",
            pacer=Pacer(None, prefix="", clock=Leaps()),
            base_url=settings.slack_api_url,
            sleep=lambda _s: None,
        ),
        writer=OpenAIWriter(
            api_key="practice",
            base_url=settings.openai_base_url,
            is_sample=True,
            sleep=lambda _s: None,
        ),
        esp=SendGrid(
            api_key=KEY,
            clock=clock,
            base_url=settings.sendgrid_api_url,
            webhook_public_key=settings.sendgrid_webhook_public_key,
        ),
    )


def make_settings(folder: Path, **changes: Any) -> Settings:
    values: Json = {
        "COPYDESK_DATA_DIR": folder,
        "COPYDESK_SECRET_KEY": SECRET,
        "COPYDESK_TIME_SCALE": TIME_SCALE,
        "COPYDESK_ALLOW_SAMPLE_COPY": True,
        "COPYDESK_PRACTICE": "slack,writer,esp",
        "COPYDESK_MAIL_FROM": "hello@northwind.example",
        "SLACK_BOT_TOKEN": "xoxb-practice-copydesk",
        "SENDGRID_API_KEY": KEY,
        "OPENAI_API_KEY": "practice",
        "OPENAI_MODEL": "sample-writer",
    }
    return Settings(**values | changes)


def environment(settings: Settings) -> dict[str, str]:
    """What a process of its own is given to work at the same desk."""
    return {
        **os.environ,
        "COPYDESK_DATA_DIR": str(settings.data_dir),
        "COPYDESK_SECRET_KEY": settings.secret_key.get_secret_value(),
        "COPYDESK_TIME_SCALE": str(settings.time_scale),
        "COPYDESK_ALLOW_SAMPLE_COPY": "1",
        "COPYDESK_PRACTICE": settings.practice,
        "COPYDESK_MAIL_FROM": settings.mail_from,
        "DATABASE_URL": settings.database_url,
        "SLACK_BOT_TOKEN": settings.slack_bot_token.get_secret_value(),
        "SLACK_API_URL": settings.slack_api_url,
        "OPENAI_API_KEY": "practice",
        "OPENAI_BASE_URL": settings.openai_base_url,
        "OPENAI_MODEL": settings.openai_model,
        "SENDGRID_API_KEY": settings.sendgrid_api_key.get_secret_value(),
        "SENDGRID_API_URL": settings.sendgrid_api_url,
    }


with contextlib.suppress(ImportError):
    # the plot's library takes a second to load: not in the middle of a test
    import matplotlib.figure  # noqa: F401
