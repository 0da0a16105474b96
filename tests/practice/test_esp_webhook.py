from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from practice.esp.audience import HUMAN_CLICK_FLOOR, provider_of, react
from practice.esp.keys import POSTMAN
from practice.esp.webhook import Posted
from tests.practice.esp_world import DAY, Post, esp_world, verify

SETTINGS = "/v3/user/webhooks/event/settings/signed"


def people(count: int, domain: str) -> list[str]:
    return [f"p{number}@{domain}" for number in range(count)]


async def test_posts_verify_and_altered_ones_do_not(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        await world.send("ana@corp.calm.example")
        await world.play()
        key = (await world.http.get(SETTINGS)).json()["public_key"]
    post = world.receiver.posts[0]
    verify(key, post)
    with pytest.raises(InvalidSignature):
        verify(key, Post(post.headers, post.body + b" "))


async def test_events_carry_sendgrids_fields_and_our_custom_args(
    tmp_path: Path,
) -> None:
    async with esp_world(tmp_path) as world:
        answer = await world.send("ana@corp.clicks.example")
        await world.play()
    message_id = answer.headers["X-Message-Id"]
    events = {one["event"]: one for one in world.receiver.events}
    assert {"processed", "delivered", "open", "click"} <= events.keys()
    assert events["click"]["url"] == "https://acme.example/demo"
    assert events["delivered"]["response"].startswith("250")
    assert events["open"]["sg_machine_open"] in (True, False)
    for one in events.values():
        assert (one["campaign_id"], one["send_id"]) == ("42", "0")
        assert one["sg_message_id"].startswith(f"{message_id}.")
        assert one["smtp-id"].startswith("<")
        assert isinstance(one["timestamp"], int)


async def test_every_event_comes_one_to_three_times_in_batches_of_500(
    tmp_path: Path,
) -> None:
    async with esp_world(tmp_path) as world:
        await world.send(*people(1_000, "corp.calm.example"))
        await world.play()
    events = world.receiver.events
    copies = Counter(
        (one["sg_message_id"], one["event"], one["timestamp"]) for one in events
    )
    names = {one["sg_event_id"] for one in events}
    assert max(len(post.events) for post in world.receiver.posts) == 500
    assert set(copies.values()) >= {1, 2, 3}
    assert 1.4 < len(events) / len(copies) < 1.8
    assert len(copies) < len(names) < len(events)


async def test_events_are_out_of_order(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        await world.send(*people(200, "corp.calm.example"))
        await world.play()
    times = [one["timestamp"] for one in world.receiver.events]
    assert times != sorted(times)


async def test_a_refused_batch_is_posted_again_until_taken(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        await world.send("ana@corp.calm.example")
        world.clock.now += 30 * DAY
        world.receiver.status = 503
        assert await world.app[POSTMAN].deliver_due() is Posted.REFUSED
        refused = len(world.receiver.events)
        world.receiver.posts.clear()
        world.receiver.status = 200
        await world.play()
        stats = (await world.http.get("/practice/stats")).json()
    assert len(world.receiver.events) == refused
    assert stats["posts_to_come"] == 0


async def test_a_restart_keeps_mail_key_batches_and_events(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        await world.send("ana@corp.calm.example", "ben@corp.calm.example")
        batch_id = (await world.http.post("/v3/mail/batch")).json()["batch_id"]
        key = (await world.http.get(SETTINGS)).json()["public_key"]
    async with esp_world(tmp_path) as world:
        assert (await world.http.get(SETTINGS)).json()["public_key"] == key
        known = await world.http.get(f"/v3/mail/batch/{batch_id}")
        await world.play()
        mails = (await world.http.get("/practice/mails")).json()
    assert known.status_code == 200
    assert len(mails) == 2
    assert "delivered" in world.receiver.kinds("ana@corp.calm.example")
    verify(key, world.receiver.posts[0])


async def test_the_pump_posts_by_itself(tmp_path: Path) -> None:
    async with esp_world(tmp_path, pump=True, retry_first=0.01) as world:
        world.receiver.status = 500
        await world.send("ana@corp.calm.example")
        world.clock.now += 30 * DAY
        while not world.receiver.posts:
            await asyncio.sleep(0.01)
        world.receiver.status = 200
        while (await world.http.get("/practice/stats")).json()["posts_to_come"]:
            await asyncio.sleep(0.01)
    assert "delivered" in world.receiver.kinds("ana@corp.calm.example")


def test_an_address_always_reacts_the_same_for_a_seed() -> None:
    one = [react(email, 7) for email in people(50, "corp.calm.example")]
    two = [react(email, 7) for email in people(50, "corp.calm.example")]
    other = [react(email, 8) for email in people(50, "corp.calm.example")]
    assert one == two != other


def test_complaints_follow_the_temper_and_gmail_like_hides_them() -> None:
    def complaints(domain: str) -> int:
        return sum(
            one.kind == "spamreport"
            for email in people(20_000, domain)
            for one in react(email, 7)
        )

    assert complaints("gmail-like.stormy.example") == 0
    assert 0.045 < complaints("corp.stormy.example") / 20_000 < 0.055
    assert complaints("yahoo-like.calm.example") / 20_000 < 0.0005
    assert not provider_of("gmail-like.stormy.example").reports


def test_people_click_later_than_scanners() -> None:
    clicks = [
        one
        for email in people(3_000, "corp.clicks.example")
        for one in react(email, 7)
        if one.kind == "click"
    ]
    machine = [one for one in clicks if "scanner" in one.detail["useragent"]]
    human = [one for one in clicks if one not in machine]
    assert machine
    assert min(one.delay for one in human) > HUMAN_CLICK_FLOOR
    assert len(human) > 20 * len(machine)


def test_a_bounced_mail_does_nothing_else() -> None:
    kinds = [one.kind for one in react("ana@corp.bounces.example", 7)]
    assert kinds == ["processed", "bounce"]
