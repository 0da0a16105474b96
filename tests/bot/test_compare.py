from __future__ import annotations

from typing import Any

from blocks.ids import Action, Callback, Field, Verb, option_value
from domain.campaign import CampaignId
from domain.variant import Origin, RevisionId
from pipeline import record
from storage import queries
from tests.blocks.checks import labels, shown
from tests.bot.bot_lab import CASPAR, CLEO, MARA, Lab
from tests.bot.stages import COPY, briefed, in_review


async def choose(desk: Lab, side: Action, revision: int, *, by: str) -> dict[str, Any]:
    """Pick a revision in one of the menus of the open comparison."""
    view = desk.view(by)
    option = next(
        option
        for block in view["blocks"]
        if block["block_id"] == side
        for group in block["accessory"]["option_groups"]
        for option in group["options"]
        if option["value"] == str(revision)
    )
    state = view["state"]["values"]
    chosen = {side: {side: {"type": "static_select", "selected_option": option}}}
    return await desk.do(
        "action",
        by=by,
        container={"type": "view", "view_id": view["id"]},
        block_id=side,
        action_id=side,
        type="static_select",
        selected_option=option,
        state={**state, **chosen},
    )


async def press_here(desk: Lab, label: str, *, by: str) -> dict[str, Any]:
    """Press a button of the open window by its label."""
    view = desk.view(by)
    for block in view["blocks"]:
        for element in block.get("elements", []):
            if element["type"] == "button" and element["text"]["text"] == label:
                return await desk.do(
                    "action",
                    by=by,
                    container={"type": "view", "view_id": view["id"]},
                    block_id=block["block_id"],
                    action_id=element["action_id"],
                    type="button",
                    value=element["value"],
                )
    raise AssertionError(f"There is no {label} in {labels(view)}.")


async def test_compare_opens_two_columns_of_the_campaign(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.COMPARE, 1, by=CLEO)
    view = desk.view(CLEO)
    assert (view["callback_id"], view["private_metadata"]) == (Callback.COMPARISON, "1")
    assert "Variant A, revision 1" in shown(view)
    assert "Variant B, revision 1" in shown(view)
    assert labels(view)[::2] == ["Approve A", "Approve B", "Post in thread"]


async def test_a_variants_menu_compares_it_with_the_others(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    value = option_value(Verb.COMPARE, 2)
    block = {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {
                "type": "overflow",
                "action_id": Action.VARIANT_MORE,
                "options": [
                    {"text": {"type": "plain_text", "text": "Compare"}, "value": value}
                ],
            }
        ],
    }
    posted = await desk.api("chat.postMessage", text="A card", blocks=[block])
    await desk.do(
        "action",
        by=CLEO,
        container={"type": "message", "channel": "C0CAMPAIGN", "ts": posted["ts"]},
        block_id="row",
        action_id=Action.VARIANT_MORE,
        type="overflow",
        selected_option=block["elements"][0]["options"][0],  # type: ignore[index]  # a test's own block
    )
    assert labels(desk.view(CLEO))[0] == "Approve B"


async def test_a_choice_draws_the_column_anew(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.EDIT, 1, by=CLEO)
    await desk.submit({Field.SUBJECT: "Two days to set up"}, by=CLEO)
    await desk.press(Action.COMPARE, 1, by=CASPAR)
    assert "being checked" in shown(desk.view(CASPAR))

    report = await choose(desk, Action.RIGHT, 1, by=CASPAR)
    assert report["verdict"] == "ok"
    said = shown(desk.view(CASPAR))
    assert "Variant A, revision 2" in said
    assert "Variant A, revision 1" in said
    assert "*Two days to set up*" in said or "Two days to set up" in said

    await choose(desk, Action.LEFT, 2, by=CASPAR)
    said = shown(desk.view(CASPAR))
    assert "Variant B, revision 1" in said
    assert "Variant A, revision 1" in said


async def test_approving_under_a_column_takes_the_button_away(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.COMPARE, 1, by=CLEO)
    report = await press_here(desk, "Approve B", by=CLEO)
    assert report["verdict"] == "ok"
    assert desk.count("decisions") == 1
    assert "Approve B" not in labels(desk.view(CLEO))


async def test_an_approval_that_is_refused_is_said_on_top_and_nothing_is_lost(
    desk: Lab,
) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.COMPARE, 1, by=MARA)
    await press_here(desk, "Approve A", by=MARA)
    assert "Only copy editor can decide" in shown(desk.view(MARA))
    assert desk.count("decisions") == 0


async def test_a_text_edited_meanwhile_is_not_approved(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.COMPARE, 1, by=CASPAR)
    await desk.press(Action.EDIT, 1, by=CLEO)
    await desk.submit({Field.SUBJECT: "Two days to set up"}, by=CLEO)
    await press_here(desk, "Approve A", by=CASPAR)
    assert "changed since" in shown(desk.view(CASPAR))
    assert desk.count("decisions") == 0


async def test_read_all_opens_on_top(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.COMPARE, 1, by=CLEO)
    await press_here(desk, "Read all of B, revision 1", by=CLEO)
    assert desk.view(CLEO)["title"]["text"] == "Variant B"


def wanted(desk: Lab) -> list[tuple[int, int]]:
    found = desk.deps.database.read(queries.comparisons_to_post, CampaignId(1))
    return [(each.left, each.right) for each in found]


async def test_what_is_seen_is_posted_once_however_often_it_is_pressed(
    desk: Lab,
) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.COMPARE, 1, by=CASPAR)
    view = desk.view(CASPAR)
    report = await press_here(desk, "Post in thread", by=CASPAR)
    assert report["verdict"] == "ok"
    assert wanted(desk) == [(1, 2)]
    assert "posted this comparison in the thread" in shown(desk.view(CASPAR))
    # a second press that was on its way
    row = next(b for b in view["blocks"] if labels(b) == ["Post in thread"])
    again = await desk.do(
        "action",
        by=CASPAR,
        container={"type": "view", "view_id": view["id"]},
        block_id=row["block_id"],
        action_id=Action.POST_COMPARISON,
        type="button",
        value="1",
    )
    assert again.get("verdict") in ("ok", None)
    assert wanted(desk) == [(1, 2)]


async def test_the_columns_that_are_chosen_are_posted(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.COMPARE, 1, by=CASPAR)
    await choose(desk, Action.LEFT, 2, by=CASPAR)
    await choose(desk, Action.RIGHT, 1, by=CASPAR)
    await press_here(desk, "Post in thread", by=CASPAR)
    assert wanted(desk) == [(2, 1)]


async def test_with_one_text_there_is_nothing_to_compare(desk: Lab) -> None:
    campaign = desk.write(briefed, desk.deps.playbook)

    def write_one(store: Any) -> None:
        first, *_ = store.variants.of(campaign)
        record.drafted(store, first, COPY, Origin(endpoint="test", model="test"))

    desk.write(write_one)
    await desk.press(Action.COMPARE, campaign, by=CLEO)
    assert not desk.has_view(CLEO)
    assert "only one text so far" in desk.whispers(CLEO)[-1]


async def test_a_revision_of_elsewhere_is_answered(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.COMPARE, 1, by=CLEO)
    view = desk.view(CLEO)
    option = {
        "text": {"type": "plain_text", "text": "A, revision 1"},
        "value": str(RevisionId(3)),
    }
    await desk.do(
        "action",
        by=CLEO,
        container={"type": "view", "view_id": view["id"]},
        block_id=Action.LEFT,
        action_id=Action.LEFT,
        type="static_select",
        selected_option=option,
        state={
            Action.LEFT: {
                Action.LEFT: {"type": "static_select", "selected_option": option}
            }
        },
    )
    assert "no such revision" in shown(desk.view(CLEO))
