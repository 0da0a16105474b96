"""A site for tests: what it asks and posts, signed as a slot's owner signs it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import quote

from yarl import URL

from domain.campaign import Actor, CampaignId, Event, State
from domain.exposure import Token
from pipeline.advance import advance
from pipeline.playbook import Playbook
from pipeline.record.canary import start
from pipeline.schedule import schedule
from pipeline.slot_keys import make_token, slot_secret, visitor_hash
from pipeline.wall_clock import utc_now
from tests.bot.bot_lab import SECRET_KEY, Json, Lab
from tests.bot.stages import in_review

SHIPPED = Path(__file__).resolve().parents[2] / "playbook"
SLOT = "home-hero"
OTHER_SLOT = "front-door"


@dataclass(frozen=True, kw_only=True)
class Site:
    """Attributes:
    key: What it signs with; empty: what it should.
    age_s: How old its signatures are.
    """

    desk: Lab
    slot: str = SLOT
    key: str = ""
    age_s: int = 0

    async def ask(self, visitor: str) -> tuple[int, Json]:
        target = f"/v1/content/{self.slot}?key={quote(visitor)}"
        async with self.desk.session.get(
            URL(self.desk.url + target, encoded=True),
            headers=self.signed("GET", target),
        ) as answer:
            return answer.status, await answer.json()

    async def shown(self, visitor: str) -> Json:
        status, answer = await self.ask(visitor)
        assert status == 200, answer
        return answer

    async def post(self, body: bytes) -> tuple[int, Json]:
        target = f"/v1/events?slot={self.slot}"
        async with self.desk.session.post(
            self.desk.url + target,
            data=body,
            headers=self.signed("POST", target, body),
        ) as answer:
            return answer.status, await answer.json()

    async def report(self, *events: Json) -> Json:
        status, answer = await self.post(json.dumps({"events": events}).encode())
        assert status == 200, answer
        return answer

    def signed(self, method: str, target: str, body: bytes = b"") -> dict[str, str]:
        """As docs/slots.md says, without a function of ours."""
        slots = self.desk.deps.playbook.slots
        key = self.key or slot_secret(SECRET_KEY, slots[self.slot])
        stamp = int(time.time()) - self.age_s
        signed = f"v1:{stamp}:{method} {target}\n".encode() + body
        mark = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
        return {
            "X-Copydesk-Timestamp": str(stamp),
            "X-Copydesk-Signature": f"v1={mark}",
        }


def event(token: str, kind: str = "exposed", **changes: Any) -> Json:
    return {
        "id": f"{kind}-{token[-40:]}",
        "token": token,
        "type": kind,
        "at": utc_now().isoformat(),
    } | changes


def token(number: int, visitor: str, **changes: Any) -> str:
    """A token as the desk gives it to a visitor of campaign `number`, variant 1."""
    made = Token(
        campaign_id=CampaignId(number),
        variant_id=2 * number - 1,
        visitor=visitor_hash(SECRET_KEY, SLOT, visitor),
        issued_at=utc_now(),
    )
    return make_token(SECRET_KEY, replace(made, **changes))


def playbook_in(folder: Path, *, ladder: str, exposures: str) -> Path:
    """The shipped playbook with two slots whose steps are a test's own."""
    made = folder / "playbook"
    copytree(SHIPPED, made)
    slots = "\n".join(
        f"  {key}: {{title: {key}, channel: landing_page,"
        f" ladder: {ladder}, exposures: {exposures}}}"
        for key in (SLOT, OTHER_SLOT)
    )
    (made / "slots.yaml").write_text(f"slots:\n{slots}\n", encoding="utf-8")
    return made


def approved(desk: Lab, slot: str = SLOT) -> CampaignId:
    """A landing page's copy, approved; its two variants are both arms."""

    def bring(store: Any, playbook: Playbook) -> CampaignId:
        (request, *_) = in_review(
            store,
            playbook,
            channel="landing_page",
            slot=slot,
            arms=2,
            ab_variable="subject",
        )
        number = store.reviews.get(request).campaign_id
        store.variants.set_arms([each.id for each in store.variants.of(number)])
        advance(store, number, Event.APPROVED, actor=Actor(id="U0STAKE"))
        return CampaignId(number)

    return desk.write(bring, desk.deps.playbook)


def in_canary(desk: Lab, slot: str = SLOT) -> CampaignId:
    number = approved(desk, slot)
    schedule(desk.deps, number, desk.campaign(number).version)
    assert desk.campaign(number).state is State.SCHEDULED, desk.campaign(number)
    desk.write(start, desk.deps.playbook, number)
    return number


def live(desk: Lab, slot: str = SLOT) -> CampaignId:
    """A campaign whose copy its slot shows to everyone."""
    number = in_canary(desk, slot)

    def go(store: Any) -> None:
        advance(store, number, Event.SENT, actor=Actor(id="test"))

    desk.write(go)
    return number
