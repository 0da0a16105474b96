"""`/desk metrics`, typed into Slack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blocks.ids import Action, Field
from domain.rejection import RejectReason
from tests.bot.bot_lab import CLEO, MARA, Json, Lab
from tests.bot.stages import in_review
from tests.bot.test_reject import chosen


def answered(desk: Lab, user: str = MARA) -> Json:
    """Rows of the newest table that this person was shown, by what names them."""
    whispered = desk.slack.workspace.world.ephemerals.values()
    newest: Any = [each for each in whispered if each.ephemeral_to == user][-1]
    (table,) = (block for block in newest.blocks if block["type"] == "table")
    found = [[cell["text"] for cell in row] for row in table["rows"]]
    stages = found[0][1:]
    return {name: dict(zip(stages, row, strict=True)) for name, *row in found}


async def test_an_idle_desk_says_that_nothing_was_asked(desk: Lab) -> None:
    await desk.say("/desk metrics")
    assert desk.whispers()[-1] == (
        "Review, the last 7 days: Nothing was asked and nothing is open:"
        " no decision yet."
    )


async def test_metrics_show_what_was_decided_and_rejected_for(desk: Lab) -> None:
    first, second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.APPROVE, second, by=CLEO)
    await desk.press(Action.REJECT, first, by=CLEO)
    code = chosen(RejectReason.LEGAL)
    values = {Field.REASON_CODE: code, Field.REASON: "Promises a refund."}
    await desk.submit(values, by=CLEO)

    await desk.say("/desk metrics 30")

    assert desk.whispers()[-1].startswith("Review, the last 30 days: Of ")
    table = answered(desk)
    assert table["Approved"]["Copy"] == "1 of 2"
    assert table["Rejected"]["Copy"] == "1 of 2"
    assert table["SLA kept"]["Copy"] == "2 of 2 (100.0 %)"
    shown = desk.slack.workspace.world.ephemerals.values()
    words = json.dumps([each.blocks for each in shown if each.ephemeral_to == MARA])
    assert "Copy, 1 rejected: 1 legal or compliance" in words


@pytest.mark.parametrize("days", ["0", "91", "-7", "soon", "7 8", "1e3", "9" * 400])
async def test_days_that_are_none_are_refused_in_a_sentence(
    desk: Lab, days: str
) -> None:
    await desk.say(f"/desk metrics {days}")
    said = "Days are a whole number from 1 to 90, such as /desk metrics 30."
    assert said in desk.whispers()[-1]


@pytest.mark.parametrize("words", ["", "help", "status now", "metric", "sta tus"])
async def test_what_is_no_question_is_answered_with_help(desk: Lab, words: str) -> None:
    await desk.say(f"/desk {words}".rstrip())
    assert desk.whispers()[-1] == "How to use /desk"
