from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from blocks.ids import Action, Field, brief_block
from domain.campaign import State
from practice.slack import payloads
from tests.bot.bot_lab import CLEO, MARA, Lab, make_values, person
from tests.bot.stages import briefed
from tests.bot.test_brief import GOOD, chosen, fields

BEA = "U0BRAND"
GOAL = "Say what the reader gets"


async def waiting(desk: Lab, **values: Any) -> int:
    """A tier A brief of Mara's; returns the brief's row."""
    desk.write(briefed, desk.deps.playbook, tier="A", **values)
    return desk.campaign().brief_id


async def pick_tier(desk: Lab, tier: str, **typed: str) -> dict[str, Any]:
    return await pick(desk, Action.BRIEF_TIER, tier, **typed)


async def pick(desk: Lab, action: Action, value: str, **typed: str) -> dict[str, Any]:
    view = desk.view()
    block = str(action)
    state = {
        name: {name: {"value": value}} for name, value in fields(**typed).items()
    } | {block: {block: chosen(value)}}
    return await desk.do(
        "action",
        by=MARA,
        container={"type": "view", "view_id": view["id"]},
        state=state,
        block_id=block,
        action_id=block,
        type="static_select",
        **chosen(value),
    )


async def test_the_form_asks_for_what_the_chosen_channel_needs(desk: Lab) -> None:
    await desk.say("/brief")
    await pick(desk, Action.BRIEF_CHANNEL, "ad", title="Half typed")
    blocks = {each.get("block_id"): each for each in desk.view()["blocks"]}
    assert brief_block("plain_text_part") not in blocks
    slot = blocks[brief_block("slot")]["element"]
    assert [each["value"] for each in slot["options"]] == ["sidebar-ad"]
    assert blocks[brief_block("title")]["element"]["initial_value"] == "Half typed"
    await pick(desk, Action.BRIEF_CHANNEL, "email")
    names = {each.get("block_id") for each in desk.view()["blocks"]}
    assert brief_block("slot") not in names
    assert brief_block("plain_text_part") in names


async def test_a_waiting_brief_may_become_one_for_another_channel(desk: Lab) -> None:
    brief_id = await waiting(desk)
    await desk.press(Action.CHANGE_BRIEF, brief_id, by=MARA)
    await pick(desk, Action.BRIEF_CHANNEL, "chat", title="Half typed")
    assert desk.view()["submit"]["text"] == "Send to brand lead"
    blocks = {each.get("block_id"): each for each in desk.view()["blocks"]}
    assert brief_block("slot") in blocks
    assert blocks[brief_block("title")]["element"]["initial_value"] == "Half typed"


async def test_the_form_says_where_a_brief_of_the_chosen_tier_goes(desk: Lab) -> None:
    await desk.say("/brief")
    assert desk.view()["submit"]["text"] == "Write variants"
    await pick_tier(desk, "A", title="Half typed")
    assert desk.view()["submit"]["text"] == "Send to brand lead"
    title = payloads.find_element(
        desk.view()["blocks"], brief_block("title"), brief_block("title")
    )
    assert title is not None
    assert title["initial_value"] == "Half typed"
    await pick_tier(desk, "B")
    assert desk.view()["submit"]["text"] == "Write variants"
    assert desk.whispers() == []


async def test_a_tier_a_form_waits_for_a_brand_lead(desk: Lab) -> None:
    await desk.say("/brief")
    report = await desk.submit(GOOD | {brief_block("tier"): chosen("A")})
    assert report["closed"] is True
    assert desk.campaign().state is State.AWAITING_BRAND_LEAD
    assert desk.count("variants") == 0


async def test_a_tier_a_brief_as_json_waits_too_and_can_be_cancelled(desk: Lab) -> None:
    await desk.say(f"/brief {json.dumps(make_values(tier='A'))}")
    assert desk.campaign().state is State.AWAITING_BRAND_LEAD
    await desk.say("/brief list")
    await desk.say("/brief cancel 1")
    assert desk.campaign().state is State.CANCELLED


async def test_look_again_has_the_card_drawn_anew(desk: Lab) -> None:
    await desk.say(f"/brief {json.dumps(make_values(tier='A'))}")
    before = desk.count("outbox")
    report = await desk.press(Action.LOOK_AGAIN, 1, by=MARA)
    assert report["verdict"] == "ok"
    assert desk.count("outbox") == before + 1
    assert desk.campaign().state is State.AWAITING_BRAND_LEAD


async def test_a_brand_lead_who_briefs_alone_hears_it_on_the_tier(desk: Lab) -> None:
    await desk.say("/brief", by=BEA)
    report = await desk.submit(GOOD | {brief_block("tier"): chosen("A")}, by=BEA)
    assert "brand lead who did not write" in report["errors"][brief_block("tier")]
    assert desk.count("campaigns") == 0


async def test_one_click_approves_the_strategy(desk: Lab) -> None:
    brief_id = await waiting(desk)
    report = await desk.press(Action.APPROVE_STRATEGY, brief_id, by=BEA)
    assert report["verdict"] == "ok"
    assert desk.campaign().state is State.BRIEFED
    assert desk.count("variants") == 2
    await desk.press(Action.APPROVE_STRATEGY, brief_id, by=BEA)
    assert f"already approved by <@{BEA}>" in desk.whispers(BEA)[-1]
    assert desk.count("strategy_decisions") == 1


async def test_of_two_decisions_at_once_one_counts_and_the_other_is_told(
    desk: Lab,
) -> None:
    brief_id = await waiting(desk)
    await desk.press(Action.ASK_FOR_CHANGES, brief_id, by=BEA)
    await asyncio.gather(
        desk.press(Action.APPROVE_STRATEGY, brief_id, by=BEA),
        desk.submit({Field.REASON: GOAL}, by=BEA),
    )
    assert desk.count("strategy_decisions") == 1
    is_approved = desk.campaign().state is State.BRIEFED
    assert desk.count("variants") == (2 if is_approved else 0)
    assert bool(desk.whispers(BEA)) is not is_approved
    assert desk.has_view(BEA) is is_approved


@pytest.mark.parametrize("by", [MARA, CLEO])
async def test_a_click_without_the_role_hears_who_can(desk: Lab, by: str) -> None:
    await desk.press(Action.APPROVE_STRATEGY, await waiting(desk), by=by)
    assert desk.whispers(by) == [
        f"Only a brand lead can decide about the strategy. <@{BEA}> can."
    ]
    assert desk.campaign().state is State.AWAITING_BRAND_LEAD


async def test_a_button_about_no_brief_is_answered(desk: Lab) -> None:
    await desk.press(Action.APPROVE_STRATEGY, 4711, by=BEA)
    assert desk.whispers(BEA) == ["There is no such brief."]


async def test_changes_need_a_reason_and_go_back_to_the_author(desk: Lab) -> None:
    brief_id = await waiting(desk)
    await desk.press(Action.ASK_FOR_CHANGES, brief_id, by=BEA)
    assert desk.view(BEA)["title"]["text"] == "Changes to brief 1"
    report = await desk.submit({Field.REASON: "  \n "}, by=BEA)
    assert Field.REASON in report["errors"]
    report = await desk.submit({Field.REASON: GOAL}, by=BEA)
    assert report["closed"] is True
    assert desk.campaign().reason == GOAL


async def test_a_reason_by_somebody_else_keeps_the_words_and_says_who_can(
    desk: Lab,
) -> None:
    await desk.press(Action.ASK_FOR_CHANGES, await waiting(desk), by=CLEO)
    report = await desk.submit({Field.REASON: GOAL}, by=CLEO)
    assert "@bea can." in report["errors"][Field.REASON]
    assert desk.has_view(CLEO)
    assert desk.count("strategy_decisions") == 0


async def test_the_author_changes_the_brief_in_the_filled_form(desk: Lab) -> None:
    first = await waiting(desk)
    await desk.press(Action.ASK_FOR_CHANGES, first, by=BEA)
    await desk.submit({Field.REASON: GOAL}, by=BEA)
    await desk.press(Action.CHANGE_BRIEF, first, by=MARA)
    assert desk.view()["title"]["text"] == "Change brief 1"
    assert GOAL in json.dumps(desk.view()["blocks"])
    report = await desk.submit({})
    assert "Nothing was changed yet" in report["errors"][brief_block("title")]
    report = await desk.submit(fields(objective=GOAL))
    assert report["closed"] is True
    campaign = desk.campaign()
    assert campaign.state is State.AWAITING_BRAND_LEAD
    assert campaign.brief_id != first
    await desk.press(Action.APPROVE_STRATEGY, first, by=BEA)
    assert "version 2 is the newest" in desk.whispers(BEA)[-1]
    await desk.press(Action.APPROVE_STRATEGY, campaign.brief_id, by=BEA)
    assert desk.campaign().state is State.BRIEFED


async def test_one_change_delivered_twice_is_one_version(desk: Lab) -> None:
    await desk.press(Action.CHANGE_BRIEF, await waiting(desk), by=MARA)
    view = desk.view()
    await desk.submit(fields(objective=GOAL))
    workspace = desk.slack.workspace
    state = {
        block: {block: {"value": value}}
        for block, value in fields(objective=GOAL).items()
    }
    view["state"] = {"values": payloads.full_state(view["blocks"], state)}
    again = payloads.submission(workspace, person(MARA), view)
    outcome = await workspace.courier.interaction("change_brief_form", MARA, again)
    assert outcome.is_ok
    assert not (outcome.body or {}).get("errors")
    assert desk.count("briefs") == 2


async def test_nobody_else_gets_the_form(desk: Lab) -> None:
    await desk.press(Action.CHANGE_BRIEF, await waiting(desk), by=CLEO)
    assert not desk.has_view(CLEO)
    assert f"Only <@{MARA}>, who wrote the brief" in desk.whispers(CLEO)[-1]


async def test_a_change_that_came_after_the_approval_is_said_in_the_form(
    desk: Lab,
) -> None:
    brief_id = await waiting(desk)
    await desk.press(Action.CHANGE_BRIEF, brief_id, by=MARA)
    await desk.press(Action.APPROVE_STRATEGY, brief_id, by=BEA)
    report = await desk.submit(fields(objective=GOAL))
    (said,) = report["errors"].values()
    assert "approved by @bea, so its brief is frozen" in said
    assert desk.count("briefs") == 1
