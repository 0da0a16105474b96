"""Approve at tier A: one window with what no machine could answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from blocks.approve_form import TICK_EACH
from blocks.ids import Action, Field
from domain.campaign import Campaign
from domain.checklist import Question
from domain.review import RequestId
from domain.strategy import BRAND_LEAD
from pipeline import record
from pipeline.playbook import Playbook
from storage.store import Store
from tests.bot.bot_lab import CLEO, Lab
from tests.bot.stages import briefed, reviewed

ASKED = (Question.BRIEF_FIT, Question.BRAND_VOICE, Question.CLAIMS_SOURCED)


def at_tier_a(store: Store, playbook: Playbook) -> list[RequestId]:
    number = briefed(store, playbook, tier="A")
    campaign: Campaign = store.campaigns.get(number)
    (lead, *_) = playbook.team.holders(BRAND_LEAD)
    record.approve_strategy(store, playbook, campaign.brief_id, actor=lead)
    return reviewed(store, playbook, number)


def ticked(questions: Iterable[str]) -> dict[str, Any]:
    return {
        Field.ANSWERS: {
            "type": "checkboxes",
            "selected_options": [{"value": each} for each in questions],
        }
    }


async def test_tier_a_opens_the_questions_and_a_tick_for_each_approves(
    desk: Lab,
) -> None:
    first, *_ = desk.write(at_tier_a, desk.deps.playbook)

    await desk.press(Action.APPROVE, first, by=CLEO)

    assert desk.count("decisions") == 0
    view = desk.view(CLEO)
    assert view["submit"]["text"] == "Approve copy"
    report = await desk.submit(ticked(ASKED), by=CLEO)
    assert report["closed"] is True
    assert desk.count("decisions") == 1


async def test_a_question_without_a_tick_is_said_at_the_field(desk: Lab) -> None:
    first, *_ = desk.write(at_tier_a, desk.deps.playbook)
    await desk.press(Action.APPROVE, first, by=CLEO)

    report = await desk.submit(ticked([*ASKED[:1], "made_up"]), by=CLEO)

    assert report["errors"] == {Field.ANSWERS: TICK_EACH}
    assert desk.count("decisions") == 0
