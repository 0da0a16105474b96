"""At tier A an approval answers the questions of its stage, or is not one."""

from __future__ import annotations

import json

import pytest

from domain.campaign import CampaignId, State
from domain.checklist import Question, QuestionsOpen
from domain.review import ReviewRequest
from pipeline import record
from storage.tables import decisions
from tests.pipeline.lab import CLEO, Lab

Q = Question
FOR_A_PERSON = {Q.BRIEF_FIT, Q.BRAND_VOICE, Q.CLAIMS_SOURCED}


def in_copy_review(desk: Lab, tier: str) -> tuple[CampaignId, ReviewRequest]:
    number = desk.brief(tier=tier)
    if desk.state(number) is State.AWAITING_BRAND_LEAD:
        desk.approve_strategy(number)
    desk.drain()
    return number, desk.requests(number)[0]


def approve(desk: Lab, request: ReviewRequest, **given: object) -> None:
    desk.write(record.approve, desk.deps.playbook, request.id, actor=CLEO, **given)


def answers(desk: Lab) -> list[dict[str, str]]:
    with desk.deps.database.engine.connect() as connection:
        return [row.answers for row in connection.execute(decisions.select())]


def test_tier_a_asks_what_no_machine_can_answer(desk: Lab) -> None:
    _number, request = in_copy_review(desk, "A")

    with pytest.raises(QuestionsOpen) as asked:
        approve(desk, request)

    left = {each.question for each in asked.value.checked if each.evidence is None}
    assert left >= FOR_A_PERSON
    assert answers(desk) == []
    assert desk.request(request.id).closed_at is None


def test_some_answers_are_not_enough(desk: Lab) -> None:
    _number, request = in_copy_review(desk, "A")

    with pytest.raises(QuestionsOpen):
        approve(desk, request, answered=[Q.BRIEF_FIT, Q.BRAND_VOICE])

    assert answers(desk) == []


def test_the_answers_are_kept_with_the_decision_and_told(desk: Lab) -> None:
    _number, request = in_copy_review(desk, "A")

    approve(desk, request, answered=tuple(Q), comment="Good opening")

    (kept,) = answers(desk)
    assert set(kept) == {*FOR_A_PERSON, Q.NO_PROHIBITED_LANGUAGE}
    assert kept[Q.BRIEF_FIT] == "yes"
    assert kept[Q.NO_PROHIBITED_LANGUAGE].startswith("Lint found no banned phrase")
    ((detail,),) = desk.rows(
        "SELECT detail FROM audit_events WHERE event = 'variant_approved'"
    )
    assert json.loads(detail)["answers"] == kept
    assert json.loads(detail)["reason"] == "Good opening"


def test_below_tier_a_approve_is_one_click(desk: Lab) -> None:
    _number, request = in_copy_review(desk, "B")

    approve(desk, request)

    assert answers(desk) == [{}]
