"""Stages that are asked at the same time: each has its say, the campaign waits for all."""

from __future__ import annotations

import dataclasses
import json
from typing import Final

import pytest

from blocks import campaign_card
from domain.campaign import CampaignId, State
from domain.errors import AlreadyDecided, NotYourTurn, Overtaken
from domain.rejection import RejectReason
from domain.review import Outcome, RequestId, ReviewRequest
from domain.undo import DecisionId
from domain.variant import VariantState
from pipeline import record
from storage import queries
from tests.pipeline.lab import CASPAR, CLEO, DEV, LENA, MARA, SAM, Lab
from tests.pipeline.test_record_reviews import in_review, of, text_of

SIDES: Final = ("deliverability", "legal")
ROUND: Final = "deliverability and legal"


def put_beside(desk: Lab) -> None:
    """The playbook asks deliverability and legal together from now on."""
    playbook = desk.deps.playbook
    row = tuple(
        dataclasses.replace(each, beside=SIDES) if each.name in SIDES else each
        for each in playbook.stages["A"]
    )
    changed = dataclasses.replace(playbook, stages={**playbook.stages, "A": row})
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: changed)


@pytest.fixture
def side(desk: Lab) -> Lab:
    """A desk whose tier A asks deliverability and legal at the same time."""
    put_beside(desk)
    return desk


def in_round(desk: Lab, *, variants: int = 1) -> CampaignId:
    number = in_review(desk, tier="A", variants=variants, arms=1, ab_variable="none")
    for request in asked(desk, number, "copy")[:2]:
        desk.approve(request, by=CLEO)
    desk.drain()
    assert desk.campaign(number).stage == ROUND
    return number


def asked(desk: Lab, number: CampaignId, stage: str) -> list[ReviewRequest]:
    return [
        each
        for each in desk.requests(number)
        if each.stage == stage and each.closed_at is None
    ]


def reject(desk: Lab, request: RequestId) -> None:
    desk.write(
        record.reject,
        desk.deps.playbook,
        request,
        actor=LENA,
        code=RejectReason.LEGAL,
        reason="The offer needs its terms",
    )


def test_both_are_asked_and_the_campaign_waits_for_the_slower(side: Lab) -> None:
    number = in_round(side)
    (one,) = asked(side, number, "deliverability")
    (other,) = asked(side, number, "legal")
    side.approve(other, by=LENA)
    assert side.campaign(number).stage == ROUND
    assert of(side, number, "A").state is VariantState.IN_REVIEW
    side.approve(one, by=DEV)
    assert side.campaign(number).stage == "stakeholder"
    side.approve(asked(side, number, "stakeholder")[0], by=SAM)
    assert side.campaign(number).state is State.APPROVED


def test_each_stage_is_its_own_roles(side: Lab) -> None:
    number = in_round(side)
    (one,) = asked(side, number, "deliverability")
    with pytest.raises(NotYourTurn, match="Only deliverability can decide"):
        side.approve(one, by=LENA)
    side.approve(one, by=DEV)
    with pytest.raises(AlreadyDecided):
        side.approve(one, by=DEV)


def test_the_card_names_each_stage_and_offers_each_an_approve(side: Lab) -> None:
    number = in_round(side)
    facts = side.deps.playbook.view_facts
    card = side.deps.database.read(queries.campaign_card, number, facts)
    assert [(each.stage, each.number) for each in card.reviews] == [
        ("deliverability", 2),
        ("legal", 3),
    ]
    shown = side.deps.database.read(
        queries.variant_card, of(side, number, "A").id, facts
    )
    assert [each.stage for each in shown.questions] == list(SIDES)
    assert shown.questions[1].asked == (LENA,)


def said_of(desk: Lab, number: CampaignId) -> str:
    facts = desk.deps.playbook.view_facts
    card = desk.deps.database.read(queries.campaign_card, number, facts)
    return json.dumps(campaign_card.render(card, now=desk.clock()).payload())


def test_the_card_says_which_side_is_through_only_while_it_is(side: Lab) -> None:
    number = in_round(side)
    side.approve(asked(side, number, "legal")[0], by=LENA)
    assert "Legal: has approved every text" in said_of(side, number)
    side.write(
        record.regenerate,
        side.deps.playbook,
        of(side, number, "A").revision_id,
        actor=DEV,
        instruction="Shorter",
    )
    said = said_of(side, number)
    assert "has approved every text" not in said
    assert "Legal: nothing to decide just now" in said
    assert "Deliverability: nothing to decide just now" in said


def test_a_rejection_is_the_actors_own_stages_and_ends_the_others_question(
    side: Lab,
) -> None:
    number = in_round(side, variants=2)
    first, *_ = asked(side, number, "deliverability")
    beside = [
        each
        for each in asked(side, number, "legal")
        if each.variant_id == first.variant_id
    ]
    reject(side, first.id)
    assert side.request(beside[0].id).outcome is Outcome.REJECTED
    assert side.request(first.id).outcome is Outcome.WITHDRAWN
    # the other variant is still asked about by both
    assert len(asked(side, number, "legal")) == 1
    assert len(asked(side, number, "deliverability")) == 1


def test_a_rejection_does_not_reach_a_text_that_came_after_the_card(side: Lab) -> None:
    number = in_round(side)
    (seen,) = asked(side, number, "deliverability")
    variant = of(side, number, "A")
    text = dataclasses.replace(text_of(side, variant), body="Hello there, again")
    side.write(record.edit, side.deps.playbook, variant.revision_id, text, actor=MARA)
    side.drain()
    side.approve(asked(side, number, "copy")[0], by=CASPAR)
    (newer,) = asked(side, number, "legal")
    assert newer.revision_id != seen.revision_id
    with pytest.raises(Overtaken, match="has been changed"):
        reject(side, seen.id)
    assert side.request(newer.id).closed_at is None


def test_a_rejection_that_is_undone_asks_both_again(side: Lab) -> None:
    number = in_round(side, variants=2)
    first = min(asked(side, number, "legal"), key=lambda each: each.id)
    reject(side, first.id)
    side.write(record.undo, side.deps.playbook, last_decision(side, number), actor=LENA)
    for stage in SIDES:
        assert len(asked(side, number, stage)) == 2


def last_decision(desk: Lab, number: CampaignId) -> DecisionId:
    rows = desk.rows(
        "SELECT max(id) FROM decisions"  # noqa: S608  # a test's own number
        f" WHERE campaign_id = {number}"
    )
    return DecisionId(rows[0][0])


def test_an_approval_that_is_undone_leaves_the_other_sides_question_alone(
    side: Lab,
) -> None:
    number = in_round(side)
    (other,) = asked(side, number, "deliverability")
    side.approve(asked(side, number, "legal")[0], by=LENA)
    side.write(record.undo, side.deps.playbook, last_decision(side, number), actor=LENA)
    assert asked(side, number, "deliverability") == [other]
    assert len(asked(side, number, "legal")) == 1


def test_undoing_the_last_side_takes_the_campaign_back_into_the_round(
    side: Lab,
) -> None:
    number = in_round(side)
    side.approve(asked(side, number, "legal")[0], by=LENA)
    side.approve(asked(side, number, "deliverability")[0], by=DEV)
    assert side.campaign(number).stage == "stakeholder"
    side.write(record.undo, side.deps.playbook, last_decision(side, number), actor=DEV)
    assert side.campaign(number).stage == ROUND
    assert asked(side, number, "stakeholder") == []
    assert asked(side, number, "legal") == []
    assert len(asked(side, number, "deliverability")) == 1


def test_an_edit_asks_both_again_about_the_new_text(side: Lab) -> None:
    number = in_round(side)
    side.approve(asked(side, number, "legal")[0], by=LENA)
    variant = of(side, number, "A")
    text = dataclasses.replace(text_of(side, variant), body="Hello there, again")
    side.write(record.edit, side.deps.playbook, variant.revision_id, text, actor=MARA)
    side.drain()
    # copy reads the body too
    assert side.campaign(number).stage == "copy"
    side.approve(asked(side, number, "copy")[0], by=CASPAR)
    assert side.campaign(number).stage == ROUND
    for stage in SIDES:
        assert len(asked(side, number, stage)) == 1


def test_each_side_is_reminded_and_escalated_by_its_own_clock(side: Lab) -> None:
    number = in_round(side)
    quick, slow = (
        asked(side, number, "deliverability")[0],
        asked(side, number, "legal")[0],
    )
    assert quick.due_at < slow.due_at
    side.tick((quick.due_at - side.clock()).total_seconds() + 1)
    assert side.request(quick.id).escalated_at is not None
    assert side.request(slow.id).escalated_at is None
    side.tick((slow.due_at - side.clock()).total_seconds() + 1)
    assert side.request(slow.id).escalated_at is not None


def test_a_suggestion_is_put_to_whoever_may_take_it_though_the_rounds_have_changed(
    desk: Lab,
) -> None:
    number = in_review(desk, tier="A", variants=1, arms=1, ab_variable="none")
    desk.approve(asked(desk, number, "copy")[0], by=CLEO)
    variant = of(desk, number, "A")
    text = dataclasses.replace(text_of(desk, variant), subject="Another subject")
    desk.write(
        record.suggest,
        desk.deps.playbook,
        variant.revision_id,
        text,
        actor=SAM,
        comment="Shorter",
        delivery="V1",
    )
    put_beside(desk)
    facts = desk.deps.playbook.view_facts
    (found,) = desk.deps.database.read(queries.suggestions_of, number, facts)
    assert {MARA, DEV, LENA} <= set(found.owners)


def test_a_playbook_that_puts_a_stage_beside_an_open_one_asks_it_with_the_next_decision(
    desk: Lab,
) -> None:
    number = in_review(desk, tier="A", variants=2, arms=2, ab_variable="subject")
    for request in asked(desk, number, "copy"):
        desk.approve(request, by=CLEO)
    assert desk.campaign(number).stage == "deliverability"
    put_beside(desk)
    passed = desk.events(number).count("stage_passed")
    desk.approve(asked(desk, number, "deliverability")[0], by=DEV)
    assert desk.campaign(number).stage == ROUND
    # of one stage that was half through, nothing has passed
    assert desk.events(number).count("stage_passed") == passed
    assert desk.events(number)[-1] != "stage_passed"
    assert len(asked(desk, number, "legal")) == 2
    (left,) = asked(desk, number, "deliverability")
    assert left.round == ROUND
    desk.approve(left, by=DEV)
    for request in asked(desk, number, "legal"):
        desk.approve(request, by=LENA)
    assert desk.campaign(number).stage == "stakeholder"
