"""The practice ESP's switches: what a person may make it and its readers do."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from practice.esp.audience import react
from practice.esp.switches import Readers, Switches
from tests.practice.esp_world import World, esp_world

AS_STARTED = {"calls": "answer", "events": "post", "readers": "usual", "liked": ""}


async def switch(world: World, **changed: str) -> httpx.Response:
    return await world.http.post("/practice/switches", data={**AS_STARTED, **changed})


async def test_while_it_is_away_no_vendors_api_answers_but_its_pages_do(
    tmp_path: Path,
) -> None:
    async with esp_world(tmp_path) as world:
        await switch(world, calls="away")
        with pytest.raises(httpx.TransportError):
            await world.send("ana@acme.calm.example")
        for path in ("/v3/user/scheduled_sends", "/api/v1/transmissions", "/v2/email/"):
            with pytest.raises(httpx.TransportError):
                await world.http.get(path)
        page = await world.http.get("/practice/inbox")
        await switch(world)
        answer = await world.send("ana@acme.calm.example")
    assert (page.status_code, answer.status_code) == (200, 202)


async def test_events_that_are_kept_back_all_come_later(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        await switch(world, events="keep")
        await world.send("ana@acme.calm.example")
        await world.play()
        kept = len(world.receiver.events)
        await switch(world)
        await world.play(1)
    assert kept == 0
    assert "delivered" in world.receiver.kinds("ana@acme.calm.example")


async def test_readers_change_for_mail_that_is_accepted_afterwards(
    tmp_path: Path,
) -> None:
    async with esp_world(tmp_path) as world:
        before = [f"a{number}@acme.calm.example" for number in range(300)]
        after = [f"b{number}@acme.calm.example" for number in range(300)]
        await world.send(*before)
        await switch(world, readers="bounce")
        await world.send(*after)
        await world.play()
    bounced = {e["email"] for e in world.receiver.events if e["event"] == "bounce"}
    assert sum(email.startswith("b") for email in bounced) > 25
    assert sum(email.startswith("a") for email in bounced) < 10


def clicks(switches: Switches, subject: str) -> int:
    people = [f"p{number}@gmail-like.calm.example" for number in range(4_000)]
    kinds = Counter(
        one.kind
        for who in people
        for one in react(who, 7, switches.temper(who, subject))
    )
    return kinds["click"]


def test_a_subject_with_the_liked_words_is_clicked_about_three_times_as_often() -> None:
    switches = Switches(liked="ready WHEN")
    usual = clicks(switches, "Your demo")
    assert 2.5 < clicks(switches, "It is Ready when you are") / usual < 3.5
    assert clicks(Switches(), "It is ready when you are") == usual


def test_a_list_that_complains_can_be_had_from_any_list() -> None:
    switches = Switches(readers=Readers.COMPLAIN)
    people = [f"p{number}@corp.calm.example" for number in range(4_000)]
    complained = sum(
        one.kind == "spamreport"
        for who in people
        for one in react(who, 7, switches.temper(who, ""))
    )
    assert 120 < complained < 280


async def test_the_page_shows_what_is_switched(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        await switch(world, events="keep", liked='"><script>alert(1)</script>')
        page = (await world.http.get("/practice/switches")).text
        inbox = (await world.http.get("/practice/inbox")).text
    chosen = re.findall(r'value="(\w+)" checked', page)
    assert chosen == ["answer", "keep", "usual"]
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert 'href="/practice/switches"' in inbox


HOSTILE: dict[str, dict[str, Any]] = {
    "nothing": {"data": {}},
    "no form at all": {"content": b"\xff\x00", "headers": {"Content-Type": "a/b"}},
    "a value that is none": {"data": {**AS_STARTED, "calls": "explode"}},
    "readers that are none": {"data": {**AS_STARTED, "readers": "<b>"}},
    "a file for a word": {
        "data": {"calls": "answer", "events": "post"},
        "files": {"readers": b"usual"},
    },
    "too many words": {"data": {**AS_STARTED, "liked": "x" * 201}},
    "another site's form": {
        "data": AS_STARTED,
        "headers": {"Origin": "https://evil.example"},
    },
}


@pytest.mark.parametrize("given", HOSTILE.values(), ids=HOSTILE)
async def test_a_form_of_no_such_page_switches_nothing(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    async with esp_world(tmp_path) as world:
        await switch(world, events="keep")
        answer = await world.http.post("/practice/switches", **given)
        page = (await world.http.get("/practice/switches")).text
    assert answer.status_code in {400, 403}
    assert re.findall(r'value="(\w+)" checked', page) == ["answer", "keep", "usual"]
