from __future__ import annotations

from typing import Any

import pytest

from blocks.ids import Action, Callback
from domain.campaign import CampaignId
from storage import queries
from tests.blocks.checks import shown
from tests.bot.bot_lab import CLEO, Lab
from tests.bot.stages import in_review

NOBODY = "U0GUEST"


async def choose(desk: Lab, who: str, *, by: str) -> dict[str, Any]:
    """Pick an option of the menu in the open window."""
    view = desk.view(by)
    (options,) = [
        block["accessory"]["options"]
        for block in view["blocks"]
        if block["block_id"] == Action.PREVIEW_AS
    ]
    option = next(each for each in options if each["value"] == who)
    return await desk.do(
        "action",
        by=by,
        container={"type": "view", "view_id": view["id"]},
        block_id=Action.PREVIEW_AS,
        action_id=Action.PREVIEW_AS,
        type="static_select",
        selected_option=option,
        state=view["state"]["values"],
    )


async def opened(desk: Lab, *, by: str = CLEO) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.READ_ALL, 1, by=by)


def looks(desk: Lab) -> list[tuple[str, str]]:
    events = desk.deps.database.read(queries.audit, CampaignId(1))
    return [(each.actor, each.detail) for each in events if each.event == "previewed"]


async def test_read_all_shows_the_text_as_written_and_names_nobody(desk: Lab) -> None:
    await opened(desk)
    view = desk.view(CLEO)
    assert view["callback_id"] == Callback.READ_ALL
    assert "{{ first_name | default: 'there' }}" in shown(view)
    assert "Ada" not in shown(view)


async def test_a_made_up_recipient_reads_the_merged_text(desk: Lab) -> None:
    await opened(desk)
    await choose(desk, "empty", by=CLEO)
    words = shown(desk.view(CLEO))
    assert "Hello there," in words
    assert "{{" not in words
    assert "Made up: nobody of the list is shown." in words
    assert looks(desk) == []
    await choose(desk, "written", by=CLEO)
    assert "{{ first_name" in shown(desk.view(CLEO))


async def test_a_recipient_of_the_list_is_on_the_record_without_values(
    desk: Lab,
) -> None:
    await opened(desk)
    await choose(desk, "recipient-3", by=CLEO)
    words = shown(desk.view(CLEO))
    assert "Recipient 3 of 5, drawn from the list: Ada · no region · other." in words
    assert "calm.example" not in words
    ((actor, detail),) = looks(desk)
    assert actor == CLEO
    assert detail.startswith("variant A, revision 1, as recipient ")
    assert "Ada" not in detail


async def test_who_has_no_role_is_refused_and_sees_nobody(desk: Lab) -> None:
    await opened(desk, by=NOBODY)
    await choose(desk, "recipient-1", by=NOBODY)
    assert "Ada" not in shown(desk.view(NOBODY))
    assert looks(desk) == []


@pytest.mark.parametrize("value", ["recipient-6", "recipient--1", "", "../full", "x"])
async def test_a_choice_that_is_not_ours_is_refused(desk: Lab, value: str) -> None:
    await opened(desk)
    view = desk.view(CLEO)
    option = {"text": {"type": "plain_text", "text": "x"}, "value": value or "-"}
    await desk.do(
        "action",
        by=CLEO,
        container={"type": "view", "view_id": view["id"]},
        block_id=Action.PREVIEW_AS,
        action_id=Action.PREVIEW_AS,
        type="static_select",
        selected_option=option,
        state=view["state"]["values"],
    )
    assert looks(desk) == []
