"""Too late is answered with a link to the newest card, and in words when there is none."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.ids import Action, Field
from domain.campaign import CampaignId
from domain.newest import CardPlace, Noun
from storage import queries
from storage.store import Store
from tests.blocks.checks import shown
from tests.bot.bot_lab import CAMPAIGNS, CASPAR, CLEO, Lab
from tests.bot.stages import in_review
from tests.bot.test_compare import press_here


async def post_cards(desk: Lab, *keys: str) -> dict[str, str]:
    """Post these surfaces of campaign 1, and keep where they are; each one's ts."""
    found = {}
    for key in keys:
        ts = (await desk.api("chat.postMessage", text=key))["ts"]

        def keep(store: Store, key: str = key, ts: str = ts) -> None:
            claimed = store.messages.claim(key, CampaignId(1), CAMPAIGNS)
            assert claimed is not None
            store.messages.settle(claimed, state="posted", channel=CAMPAIGNS, ts=ts)

        desk.write(keep)
        found[key] = ts
    return found


def whispered(desk: Lab, by: str) -> dict[str, Any]:
    """The last thing that was said to that person alone."""
    shown = desk.slack.workspace.world.ephemerals.values()
    last = [each for each in shown if each.ephemeral_to == by][-1]
    return {"text": last.text, "blocks": last.blocks}


def address(desk: Lab, ts: str) -> str:
    return f"{desk.slack.url}/archives/{CAMPAIGNS}/p{ts.replace('.', '')}"


async def edited_meanwhile(desk: Lab) -> int:
    """A first text of variant A that has a second by now; the old one's question."""
    asked, *_ = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.EDIT, 1, by=CLEO)
    await desk.submit({Field.SUBJECT: "Two days to set up"}, by=CLEO)
    return asked


async def test_a_click_on_an_old_card_is_answered_with_a_link_to_the_newest(
    desk: Lab,
) -> None:
    asked = await edited_meanwhile(desk)
    places = await post_cards(desk, "campaign:1", "variant:1")
    report = await desk.press(Action.APPROVE, asked, by=CASPAR)
    assert report["verdict"] == "ok"
    told = whispered(desk, CASPAR)
    assert "changed since" in told["text"]
    link = (
        f"<{address(desk, places['variant:1'])}|Open the newest card of variant A, #1>"
    )
    assert link in shown(told["blocks"])
    assert desk.count("decisions") == 0


async def test_without_a_card_of_its_own_the_campaigns_is_linked(desk: Lab) -> None:
    asked = await edited_meanwhile(desk)
    places = await post_cards(desk, "campaign:1")
    await desk.press(Action.APPROVE, asked, by=CASPAR)
    link = f"<{address(desk, places['campaign:1'])}|Open the newest card of #1>"
    assert link in shown(whispered(desk, CASPAR)["blocks"])


async def test_a_second_decision_names_the_first_and_links_the_card(desk: Lab) -> None:
    asked, *_ = desk.write(in_review, desk.deps.playbook)
    await post_cards(desk, "campaign:1", "variant:1")
    await desk.press(Action.APPROVE, asked, by=CLEO)
    await desk.press(Action.APPROVE, asked, by=CASPAR)
    said = shown(whispered(desk, CASPAR)["blocks"])
    assert f"<@{CLEO}>" in said
    assert "Open the newest card of variant A, #1>" in said


@pytest.mark.parametrize("fault", ["429", "500"])
async def test_a_refusal_does_without_a_link_that_slack_does_not_give(
    desk: Lab, fault: str
) -> None:
    asked = await edited_meanwhile(desk)
    await post_cards(desk, "variant:1")
    await desk.session.post(
        f"{desk.slack.url}/practice/faults",
        json={"mode": fault, "method": "chat.getPermalink"},
        headers={"X-Practice": "1"},
    )
    report = await desk.press(Action.APPROVE, asked, by=CASPAR)
    assert report["verdict"] == "ok"
    assert "changed since" in desk.whispers(CASPAR)[-1]
    assert "Open the newest card" not in shown(whispered(desk, CASPAR)["blocks"])


async def test_a_card_that_was_deleted_is_not_linked(desk: Lab) -> None:
    asked = await edited_meanwhile(desk)
    places = await post_cards(desk, "variant:1")
    await desk.api("chat.delete", ts=places["variant:1"])
    await desk.press(Action.APPROVE, asked, by=CASPAR)
    assert "changed since" in desk.whispers(CASPAR)[-1]


async def test_an_edit_that_came_too_late_keeps_what_was_typed_below_the_notice(
    desk: Lab,
) -> None:
    desk.write(in_review, desk.deps.playbook)
    await post_cards(desk, "variant:1")
    await desk.press(Action.EDIT, 1, by=CASPAR)
    await desk.press(Action.EDIT, 1, by=CLEO)
    await desk.submit({Field.SUBJECT: "Two days to set up"}, by=CLEO)
    report = await desk.submit({Field.SUBJECT: "Another one"}, by=CASPAR)
    assert report["verdict"] == "ok"
    below, notice = desk.slack.workspace.modals.stacks[CASPAR]
    assert notice["title"]["text"] == "Not done"
    assert "Open the newest card of variant A, #1" in shown(notice)
    assert below["callback_id"] == "edit_form"


async def test_in_a_window_the_link_is_on_top_of_it(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await post_cards(desk, "variant:1")
    await desk.press(Action.COMPARE, 1, by=CASPAR)
    await desk.press(Action.EDIT, 1, by=CLEO)
    await desk.submit({Field.SUBJECT: "Two days to set up"}, by=CLEO)
    await press_here(desk, "Approve A", by=CASPAR)
    assert "Open the newest card of variant A, #1" in shown(desk.view(CASPAR))


def places(desk: Lab, noun: Noun, target: int) -> CardPlace | None:
    return desk.deps.database.read(queries.newest_card, noun, target)


async def test_the_card_is_found_from_all_that_a_button_may_name(desk: Lab) -> None:
    asked, *_ = desk.write(in_review, desk.deps.playbook)
    await post_cards(desk, "campaign:1", "variant:1")
    await desk.press(Action.APPROVE, asked, by=CLEO)
    for noun in (Noun.VARIANT, Noun.REVISION, Noun.REQUEST, Noun.DECISION):
        found = places(desk, noun, 1)
        assert found is not None
        assert (found.campaign_id, found.variant_label) == (1, "A")
    for noun in (Noun.CAMPAIGN, Noun.BRIEF):
        found = places(desk, noun, 1)
        assert found is not None
        assert found.variant_label is None
    assert places(desk, Noun.SUGGESTION, 1) is None
    assert places(desk, Noun.BRIEF, 99) is None
    assert places(desk, Noun.CAMPAIGN, 99) is None
