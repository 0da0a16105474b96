"""Conversions over real HTTP: signed, fresh, counted once, never for a stranger's link."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from blocks import campaign_card
from domain.campaign import CampaignId
from pipeline.tokens import make_link_id
from pipeline.webhook import SIGNATURE, TIMESTAMP, sign
from storage import queries
from tests.bot.bot_lab import CONVERSIONS_SECRET, SECRET_KEY, Lab
from tests.bot.stages import sending

ONE = CampaignId(1)


def event(**changes: Any) -> dict[str, Any]:
    return {
        "link": make_link_id(SECRET_KEY, 1, "A"),
        "kind": "demo_request",
        "id": "lead-1",
        "at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
    } | changes


async def post(
    desk: Lab, body: bytes, *, age_s: int = 0, **headers: str
) -> tuple[int, dict[str, Any]]:
    stamp = int(time.time()) - age_s
    signed = {
        TIMESTAMP: str(stamp),
        SIGNATURE: sign(CONVERSIONS_SECRET, stamp, body),
        "Content-Type": "application/json",
    }
    address = f"{desk.url}/v1/conversions"
    async with desk.session.post(
        address, data=body, headers=signed | headers
    ) as answer:
        return answer.status, await answer.json()


async def report(desk: Lab, *events: dict[str, Any]) -> dict[str, Any]:
    status, told = await post(desk, json.dumps(events).encode())
    assert status == 200, told
    return told


async def test_conversions_are_counted_per_campaign_and_variant_once(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    other = make_link_id(SECRET_KEY, 1, "B")
    told = await report(desk, event(), event(id="lead-2", link=other), event())
    assert told == {"new": 2, "known": 1, "unknown": 0}
    assert await report(desk, event()) == {"new": 0, "known": 1, "unknown": 0}
    view = desk.deps.database.read(
        queries.campaign_card, ONE, desk.deps.playbook.view_facts
    )
    (line,) = view.conversions
    assert (line.kind, line.n) == ("demo_request", 2)
    assert line.by_variant == (("A", 1), ("B", 1))


async def test_the_same_id_of_another_kind_is_another_conversion(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    assert (await report(desk, event(), event(kind="mql")))["new"] == 2


async def test_the_senders_own_id_is_not_kept(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    await report(desk, event(id="ann@customer.example"))
    with desk.deps.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM conversions").all()
    assert "customer" not in repr(rows)


async def test_a_link_of_another_desk_is_told_and_not_counted(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    forged = [
        make_link_id("another desk's secret key", 1, "A"),
        make_link_id(SECRET_KEY, 99, "A"),
        make_link_id(SECRET_KEY, 1, "Z"),
        "1-A-",
        "A",
        "-",
        f"{'9' * 60}-A",
    ]
    told = await report(desk, *(event(link=each) for each in forged))
    assert told == {"new": 0, "known": 0, "unknown": len(forged)}
    assert desk.count("conversions") == 0


async def test_a_post_that_is_not_signed_or_not_fresh_is_refused(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    body = json.dumps([event()]).encode()
    assert (await post(desk, body, age_s=301))[0] == 403
    assert (await post(desk, body, age_s=-301))[0] == 403
    for headers in (
        {SIGNATURE: ""},
        {SIGNATURE: "v1=00"},
        {SIGNATURE: sign("another", int(time.time()), body)},
        {TIMESTAMP: "now"},
        {TIMESTAMP: "99999999999999999999"},
        {TIMESTAMP: "-1"},
    ):
        status, told = await post(desk, body, **headers)
        assert status == 403
        assert CONVERSIONS_SECRET not in told["error"]
    assert desk.count("conversions") == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[1]", b"[" * 100_000, b"\xff", b'[{"link": "x"}]'],
    ids=["nothing", "an object", "a number", "nested", "no text", "half"],
)
async def test_a_broken_body_is_refused_whole(desk: Lab, body: bytes) -> None:
    status, told = await post(desk, body)
    assert status == 400
    assert told["error"].endswith(".")


async def test_one_wrong_event_refuses_the_list(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    body = json.dumps([event(), event(id="2", kind="Nope!")]).encode()
    status, told = await post(desk, body)
    assert (status, told["error"][:14]) == (400, "event 2, kind:")
    assert desk.count("conversions") == 0


async def test_more_than_five_hundred_are_refused(desk: Lab) -> None:
    body = json.dumps([event(id=str(n)) for n in range(501)]).encode()
    status, told = await post(desk, body)
    assert status == 400
    assert "at most 500" in told["error"]


async def test_a_new_conversion_asks_for_a_new_card(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    before = desk.count("outbox")
    await report(desk, event())
    assert desk.count("outbox") == before + 1
    view = desk.deps.database.read(
        queries.campaign_card, ONE, desk.deps.playbook.view_facts
    )
    said = json.dumps(campaign_card.render(view, now=desk.deps.clock()).payload())
    assert r"Demo request: 1 of 0 delivered \u00b7 A 1." in said
