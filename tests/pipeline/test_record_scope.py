"""An edit asks again only where the stage's scope was touched, and says whom it costs."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
import sqlalchemy as sa

from domain.campaign import CampaignId, State
from domain.errors import AlreadyDecided, NotYourTurn, Refused
from domain.variant import Part, Variant, VariantState
from pipeline import record
from storage import queries
from tests.pipeline.lab import CASPAR, CLEO, DEV, LENA, MARA, SAM, Lab
from tests.pipeline.test_record_reviews import ask, in_review, of, text_of


def change(desk: Lab, label: str, number: CampaignId, *parts: str, by: str) -> None:
    """Edit some parts of a variant, and let lint look at it."""
    variant = of(desk, number, label)
    text = dataclasses.replace(
        text_of(desk, variant),
        **dict.fromkeys(parts, f"Hello there, revised by {by}"),
    )
    edit_to(desk, variant, text, by=by)


def edit_to(desk: Lab, variant: Variant, text: Any, *, by: str) -> None:
    desk.write(record.edit, desk.deps.playbook, variant.revision_id, text, actor=by)
    desk.drain()


def scoped(desk: Lab, tier: str, **scopes: set[Part]) -> None:
    """Other scopes than the playbook has."""
    playbook = desk.deps.playbook
    stages = tuple(
        dataclasses.replace(each, scope=frozenset(scopes[each.name]))
        if each.name in scopes
        else each
        for each in playbook.stages[tier]
    )
    playbook = dataclasses.replace(playbook, stages={**playbook.stages, tier: stages})
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: playbook)


def at_stakeholder(desk: Lab) -> CampaignId:
    number = in_review(desk, tier="A", variants=1, arms=1, ab_variable="none")
    desk.approve_all(number, CLEO, DEV, LENA)
    assert desk.campaign(number).stage == "stakeholder"
    return number


def asked(desk: Lab, number: CampaignId) -> list[str]:
    """Stages in the order in which they are asked until the campaign is through."""
    holders = {"copy": CLEO, "deliverability": DEV, "legal": LENA, "stakeholder": SAM}
    seen: list[str] = []
    while (stage := desk.campaign(number).stage) is not None:
        seen.append(stage)
        for request in desk.requests(number):
            if request.stage == stage:
                desk.approve(request, by=holders[stage])
    return seen


def trail(desk: Lab, number: CampaignId, event: str) -> list[dict[str, Any]]:
    rows = desk.rows(
        "SELECT event, detail FROM audit_events"  # noqa: S608  # a test's own number
        f" WHERE campaign_id = {number} ORDER BY seq"
    )
    return [json.loads(detail) for name, detail in rows if name == event]


# Which stages are asked again ----------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "again"),
    [
        (["subject"], ["copy", "deliverability", "stakeholder"]),
        (["preheader"], ["copy", "stakeholder"]),
        (["body"], ["copy", "deliverability", "legal", "stakeholder"]),
    ],
)
def test_an_edit_reopens_the_stages_that_cover_what_it_changed(
    desk: Lab, parts: list[str], again: list[str]
) -> None:
    number = at_stakeholder(desk)
    change(desk, "A", number, *parts, by=MARA)
    assert asked(desk, number) == again
    assert desk.state(number) is State.APPROVED


def test_an_edit_of_what_no_earlier_stage_covers_stays_where_it_is(desk: Lab) -> None:
    scoped(desk, "B", copy={Part.SUBJECT}, deliverability=set(Part))
    number = in_review(desk)
    desk.approve_all(number, CLEO)
    change(desk, "A", number, "body", by=MARA)
    assert desk.campaign(number).stage == "deliverability"
    assert ask(desk, number, "A").stage == "deliverability"
    assert "review_reopened" not in desk.events(number)


def test_a_text_whose_approvals_all_hold_is_approved_without_being_asked(
    desk: Lab,
) -> None:
    number = in_review(desk, tier="C", variants=2, arms=2)
    desk.approve(ask(desk, number, "A"), by=CLEO)
    text = text_of(desk, of(desk, number, "A"))
    change(desk, "A", number, "body", by=MARA)
    assert of(desk, number, "A").state is VariantState.IN_REVIEW
    edit_to(desk, of(desk, number, "A"), text, by=MARA)
    assert of(desk, number, "A").state is VariantState.APPROVED
    assert {each.variant_id for each in desk.requests(number)} == {
        of(desk, number, "B").id
    }
    desk.approve(ask(desk, number, "B"), by=CLEO)
    assert desk.state(number) is State.APPROVED


def test_an_edit_that_gives_the_text_back_carries_the_campaign_on(desk: Lab) -> None:
    number = in_review(desk, variants=1, arms=1, ab_variable="none")
    desk.approve_all(number, CLEO)
    text = text_of(desk, of(desk, number, "A"))
    change(desk, "A", number, "body", by=MARA)
    assert desk.campaign(number).stage == "copy"
    edit_to(desk, of(desk, number, "A"), text, by=MARA)
    assert desk.campaign(number).stage == "deliverability"
    assert desk.events(number).count("stage_passed") == 2
    desk.approve_all(number, DEV)
    assert desk.state(number) in (State.APPROVED, State.SCHEDULED)


def test_no_approval_holds_for_a_text_that_fails_lint(desk: Lab) -> None:
    number = at_stakeholder(desk)
    text = text_of(desk, of(desk, number, "A"))
    bad = dataclasses.replace(text, subject="Dear [Your Name], {{ nonsense }}")
    edit_to(desk, of(desk, number, "A"), bad, by=MARA)
    variant = of(desk, number, "A")
    assert shown(desk, variant) == []
    with pytest.raises(Refused, match="fails lint, so it cannot be approved"):
        desk.approve(ask(desk, number, "A"), by=CLEO)
    good = dataclasses.replace(text, subject="A subject that passes")
    edit_to(desk, variant, good, by=MARA)
    assert [each[:2] for each in shown(desk, variant)] == [("legal", 1)]


def test_a_text_written_anew_is_asked_about_everywhere(desk: Lab) -> None:
    number = at_stakeholder(desk)
    desk.write(
        record.regenerate,
        desk.deps.playbook,
        of(desk, number, "A").revision_id,
        actor=SAM,
        instruction="Shorter",
    )
    desk.drain()
    voided = trail(desk, number, "approval_voided")
    assert [each["stage"] for each in voided] == ["copy", "deliverability", "legal"]
    assert {each["reason"] for each in voided} == {"the text was written anew"}
    assert f"<@{LENA}> approved revision 1" in said(desk, number)
    assert asked(desk, number) == ["copy", "deliverability", "legal", "stakeholder"]


def test_stages_filled_by_what_holds_ask_nobody_else(desk: Lab) -> None:
    scoped(desk, "B", copy=set(Part), deliverability={Part.BODY})
    number = in_review(desk, variants=3, arms=2)
    desk.approve_all(number, CLEO)
    desk.approve(ask(desk, number, "A"), by=DEV)
    variant = of(desk, number, "A")
    text = dataclasses.replace(text_of(desk, variant), subject="Another subject")
    desk.write(record.edit, desk.deps.playbook, variant.revision_id, text, actor=MARA)
    # B is approved while the desk still lints A
    desk.approve(ask(desk, number, "B"), by=DEV)
    desk.drain()
    assert desk.campaign(number).stage == "copy"
    desk.approve(ask(desk, number, "A"), by=CLEO)
    assert desk.state(number) is State.APPROVED
    arms = desk.look(lambda s: s.variants.arms(number))
    assert [each.label for each in arms] == ["A", "B"]
    assert of(desk, number, "C").state is VariantState.SHELVED


# Separation of duties -------------------------------------------------------------------


def test_nobodys_approval_outlasts_an_edit_of_their_own(desk: Lab) -> None:
    desk.give_role(LENA, "stakeholder")
    number = at_stakeholder(desk)
    change(desk, "A", number, "subject", by=LENA)
    desk.approve(ask(desk, number, "A"), by=CLEO)
    desk.approve(ask(desk, number, "A"), by=DEV)
    assert desk.campaign(number).stage == "legal"
    voided = trail(desk, number, "approval_voided")
    assert voided[-1]["reason"] == "its approver edited the text"


def test_an_approval_that_holds_is_no_second_pair_of_eyes_on_an_edit(
    desk: Lab,
) -> None:
    number = in_review(desk, variants=2, arms=2)
    desk.approve_all(number, CLEO)
    desk.approve(ask(desk, number, "A"), by=DEV)
    desk.give_role(DEV, "copy_editor")
    desk.give_role(CASPAR, "deliverability")
    change(desk, "A", number, "preheader", by=CASPAR)
    request = ask(desk, number, "A")
    assert request.stage == "copy"
    with pytest.raises(NotYourTurn, match="no later stage has another pair of eyes"):
        desk.approve(request, by=CASPAR)
    desk.approve(request, by=CLEO)
    assert desk.campaign(number).stage == "deliverability"


# Several people, undo --------------------------------------------------------------------


def needing_two(desk: Lab) -> CampaignId:
    playbook = desk.deps.playbook
    copy, last = playbook.stages["B"]
    last = dataclasses.replace(last, approvals=2)
    playbook = dataclasses.replace(
        playbook, stages={**playbook.stages, "B": (copy, last)}
    )
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: playbook)
    number = in_review(desk, variants=1, arms=1, ab_variable="none")
    desk.approve_all(number, CLEO)
    return number


def test_one_of_two_approvals_holds_as_one_of_two(desk: Lab) -> None:
    number = needing_two(desk)
    desk.approve(ask(desk, number, "A"), by=DEV)
    change(desk, "A", number, "preheader", by=MARA)
    desk.approve(ask(desk, number, "A"), by=CLEO)
    request = ask(desk, number, "A")
    assert request.stage == "deliverability"
    card = desk.deps.database.read(
        queries.variant_card, request.variant_id, desk.deps.playbook.view_facts
    )
    assert card.questions[0].approved_by == (DEV,)
    assert DEV not in card.questions[0].asked
    with pytest.raises(AlreadyDecided, match="You have approved variant A"):
        desk.approve(request, by=DEV)
    desk.approve(request, by="U0MKTENG")
    assert desk.state(number) is State.APPROVED


def test_an_approval_taken_back_before_an_edit_does_not_hold(desk: Lab) -> None:
    number = in_review(desk, variants=2, arms=2)
    desk.approve_all(number, CLEO)
    desk.approve(ask(desk, number, "A"), by=DEV)
    ((decision,),) = desk.rows("SELECT max(id) FROM decisions")
    desk.write(record.undo, desk.deps.playbook, decision, actor=DEV)
    change(desk, "A", number, "preheader", by=MARA)
    assert trail(desk, number, "approval_holds") == []
    desk.approve(ask(desk, number, "A"), by=CLEO)
    assert ask(desk, number, "A").stage == "deliverability"


def test_an_approval_that_holds_stays_when_a_later_one_is_taken_back(
    desk: Lab,
) -> None:
    number = at_stakeholder(desk)
    change(desk, "A", number, "subject", by=MARA)
    desk.approve(ask(desk, number, "A"), by=CLEO)
    desk.approve(ask(desk, number, "A"), by=DEV)
    assert desk.campaign(number).stage == "stakeholder"
    ((decision,),) = desk.rows("SELECT max(id) FROM decisions")
    desk.write(record.undo, desk.deps.playbook, decision, actor=DEV)
    assert asked(desk, number) == ["deliverability", "stakeholder"]


# What is said --------------------------------------------------------------------------


def shown(desk: Lab, variant: Variant) -> list[tuple[str, int | None, str]]:
    facts = desk.deps.playbook.view_facts
    card = desk.deps.database.read(queries.variant_card, variant.id, facts)
    campaign = desk.deps.database.read(
        queries.campaign_card, variant.campaign_id, facts
    )
    assert campaign.decisions == card.decisions
    return [(each.stage, each.holds_from, each.actor) for each in card.decisions]


def said(desk: Lab, number: CampaignId) -> str:
    return "\n".join(json.dumps(each.blocks) for each in desk.thread(number))


def test_the_trail_names_each_approver_and_why(desk: Lab) -> None:
    number = at_stakeholder(desk)
    change(desk, "A", number, "subject", by=MARA)
    (holds,) = trail(desk, number, "approval_holds")
    assert holds == {
        "variant": "A",
        "revision": 2,
        "stage": "legal",
        "approver": LENA,
        "given_for": 1,
        "parts": ["subject"],
        "reason": "it covers the body",
    }
    voided = trail(desk, number, "approval_voided")
    assert [(each["stage"], each["approver"]) for each in voided] == [
        ("copy", CLEO),
        ("deliverability", DEV),
    ]
    assert {each["reason"] for each in voided} == {"the subject changed"}


def test_no_decision_is_made_up(desk: Lab) -> None:
    number = at_stakeholder(desk)
    before = desk.rows("SELECT * FROM decisions ORDER BY id")
    change(desk, "A", number, "subject", by=MARA)
    assert desk.rows("SELECT * FROM decisions ORDER BY id") == before


def test_the_thread_tells_whose_approval_is_void_and_whose_holds_once(
    desk: Lab,
) -> None:
    number = at_stakeholder(desk)
    change(desk, "A", number, "subject", by=MARA)
    desk.tick(1)
    void = (
        f"<@{CLEO}> approved revision 1; the subject changed, so copy is asked again."
    )
    assert said(desk, number).count(void) == 1
    holds = f"Legal's approval by <@{LENA}> holds: it covers the body."
    assert said(desk, number).count(holds) == 1


def test_cards_say_for_which_revision_an_approval_was_given(desk: Lab) -> None:
    number = at_stakeholder(desk)
    change(desk, "A", number, "subject", by=MARA)
    variant = of(desk, number, "A")
    assert shown(desk, variant) == [("legal", 1, LENA)]
    desk.approve(ask(desk, number, "A"), by=CLEO)
    desk.drain()
    assert shown(desk, variant) == [("legal", 1, LENA), ("copy", None, CLEO)]
    assert "for revision 1, still holds" in said(desk, number)


def test_an_edit_of_a_text_nobody_approved_says_nothing_about_approvals(
    desk: Lab,
) -> None:
    number = in_review(desk)
    change(desk, "A", number, "subject", by=CLEO)
    assert trail(desk, number, "approval_voided") == []
    assert "is asked again" not in said(desk, number)


# Speed ---------------------------------------------------------------------------------


def test_the_texts_are_read_only_when_one_was_edited_after_an_approval(
    desk: Lab,
) -> None:
    number = in_review(desk)
    lineage: list[str] = []

    def note(*given: Any) -> None:
        if "OUTER JOIN lint_runs" in given[2] and "IN (" in given[2]:
            lineage.append(given[2])

    sa.event.listen(desk.deps.database.engine, "before_cursor_execute", note)
    desk.approve(ask(desk, number, "A"), by=CLEO)
    assert lineage == []
    change(desk, "A", number, "subject", by=MARA)
    lineage.clear()
    desk.approve(ask(desk, number, "B"), by=CLEO)
    assert len(lineage) == 1
