"""A message pinned in a campaign's thread becomes an entry of its timeline."""

from __future__ import annotations

from typing import Any

import pytest

from bot.payloads import Pin
from domain.campaign import CampaignId
from domain.views import AuditLine
from storage import queries
from tests.bot.bot_lab import CAMPAIGNS, CLEO, MARA, NOBODY, ONCALL, Lab
from tests.bot.stages import briefed


async def a_thread(desk: Lab) -> str:
    """A campaign whose card is posted; its ts."""
    desk.write(briefed, desk.deps.playbook)
    card = await desk.api("chat.postMessage", text="The card")
    ts = str(card["ts"])
    with desk.deps.database.begin() as store:
        row = store.messages.claim("campaign:1", CampaignId(1), CAMPAIGNS)
        assert row is not None
        store.messages.settle(row, state="posted", ts=ts, channel=CAMPAIGNS)
    return ts


async def said(desk: Lab, text: str, **where: Any) -> str:
    body = {"channel": CAMPAIGNS, "text": text, **where}
    return str((await desk.do("message", by=MARA, **body))["ts"])


def entries(desk: Lab) -> list[AuditLine]:
    with desk.deps.database.begin() as store:
        trail = queries.audit(store.connection, CampaignId(1))
    return [each for each in trail if each.event == "message_pinned"]


async def test_a_pinned_reply_is_in_the_timeline_once(desk: Lab) -> None:
    thread = await a_thread(desk)
    ts = await said(desk, "The ESP had an outage from 14:02", thread_ts=thread)
    await desk.do("pin", by=CLEO, channel=CAMPAIGNS, ts=ts)
    (entry,) = entries(desk)
    assert entry.actor == CLEO
    assert entry.detail == f'says "The ESP had an outage from 14:02", written by {MARA}'
    desk.slack.workspace.world.messages[CAMPAIGNS][ts].pinned = False
    await desk.do("pin", by=ONCALL, channel=CAMPAIGNS, ts=ts)
    assert len(entries(desk)) == 1


async def test_an_address_in_it_is_left_out_and_a_novel_is_cut(desk: Lab) -> None:
    thread = await a_thread(desk)
    text = f"reader.7@cedar.example complained\u0000 {'x' * 900}"
    ts = await said(desk, text, thread_ts=thread)
    await desk.do("pin", by=CLEO, channel=CAMPAIGNS, ts=ts)
    (entry,) = entries(desk)
    assert "@" not in entry.detail
    assert len(entry.detail) < 560


async def test_a_pin_elsewhere_is_nothing_to_the_desk(desk: Lab) -> None:
    thread = await a_thread(desk)
    for ts in (await said(desk, "Lunch"), thread):
        await desk.do("pin", by=CLEO, channel=CAMPAIGNS, ts=ts)
    other = await said(desk, "A thread")
    reply = await said(desk, "of another kind", thread_ts=other)
    await desk.do("pin", by=CLEO, channel=CAMPAIGNS, ts=reply)
    assert entries(desk) == []


async def test_who_has_no_role_adds_nothing_to_a_timeline(desk: Lab) -> None:
    thread = await a_thread(desk)
    ts = await said(desk, "Hello", thread_ts=thread)
    desk.slack.workspace.world.channels[CAMPAIGNS].members.append(NOBODY)
    await desk.do("pin", by=NOBODY, channel=CAMPAIGNS, ts=ts)
    assert entries(desk) == []


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"item": None},
        {"item": {"type": "file"}},
        {"item": {"type": "message", "message": None}},
        {"item": {"type": "message", "message": {"user": "U1", "ts": "1"}}},
        {"item": {"type": "message", "message": {"thread_ts": "1", "bot_id": "B1"}}},
        {"item": {"type": "message", "message": {"thread_ts": "1", "text": "x"}}},
    ],
)
def test_what_is_no_persons_reply_is_no_pin(event: dict[str, Any]) -> None:
    assert Pin.of(event) is None
