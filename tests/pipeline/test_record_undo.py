"""A decision is taken back within its minute, and what it had set going with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from domain.campaign import Campaign, CampaignId, State
from domain.errors import AlreadyDecided, NotYourTurn, Overtaken, Refused, Unknown
from domain.review import Outcome
from domain.undo import UNDO_FOR, DecisionId
from domain.variant import VariantState
from pipeline import record
from practice.slack.world import Message
from tests.pipeline.lab import CASPAR, CLEO, DEV, MARA, Lab
from tests.pipeline.test_overdue import with_copy
from tests.pipeline.test_record_reviews import ask, edit, in_review, of, reject


def newest(desk: Lab) -> DecisionId:
    ((key,),) = desk.rows("SELECT max(id) FROM decisions")
    return DecisionId(key)


def undo(desk: Lab, decision: DecisionId | None = None, *, by: str = CLEO) -> Campaign:
    key = decision or newest(desk)
    return desk.write(record.undo, desk.deps.playbook, key, actor=by)


def approve(desk: Lab, number: CampaignId, labels: str, *, by: str = CLEO) -> None:
    for label in labels:
        desk.approve(ask(desk, number, label), by=by)


def states(desk: Lab, number: CampaignId) -> dict[str, VariantState]:
    return {v.label: v.state for v in desk.variants(number)}


def asked(desk: Lab, number: CampaignId) -> set[tuple[str, str]]:
    labels = {v.id: v.label for v in desk.variants(number)}
    return {(labels[r.variant_id], r.stage) for r in desk.requests(number)}


def message(desk: Lab, number: CampaignId, key: str) -> Message:
    return next(
        m
        for m in desk.thread(number)
        if (m.metadata or {}).get("event_payload", {}).get("id") == key
    )


def has_undo(desk: Lab, number: CampaignId, variant_id: int) -> bool:
    blocks: Any = message(desk, number, f"variant:{variant_id}").blocks
    return any(b.get("accessory", {}).get("action_id") == "undo" for b in blocks)


# What goes back ------------------------------------------------------------------


def test_an_approval_that_is_taken_back_is_asked_about_again(desk: Lab) -> None:
    number = in_review(desk)
    request = ask(desk, number, "A")
    desk.approve(request, by=CLEO)
    undo(desk)
    assert states(desk, number)["A"] is VariantState.IN_REVIEW
    again = desk.request(request.id)
    assert (again.closed_at, again.outcome, again.decided_by) == (None, None, None)
    assert desk.look(lambda s: s.reviews.approvals(number)) == ()
    # what happened stays on the record
    assert desk.rows("SELECT count(*) FROM decisions") == [(1,)]
    assert desk.events(number)[-2:] == ["variant_approved", "decision_undone"]
    assert desk.look(lambda s: s.audit.verify()).broken == ()


def test_a_stage_that_passed_is_open_again_and_the_next_is_withdrawn(
    desk: Lab,
) -> None:
    number = in_review(desk)
    approve(desk, number, "ABC")
    early = desk.requests(number)
    assert {r.stage for r in early} == {"deliverability"}
    undo(desk)
    assert desk.campaign(number).stage == "copy"
    assert asked(desk, number) == {("C", "copy")}
    assert states(desk, number) == {
        "A": VariantState.APPROVED,
        "B": VariantState.APPROVED,
        "C": VariantState.IN_REVIEW,
    }
    assert {desk.request(r.id).outcome for r in early} == {Outcome.TAKEN_BACK}
    with pytest.raises(Overtaken, match=f"was withdrawn: <@{CLEO}> took their"):
        desk.approve(early[0], by=DEV)


def test_a_stage_passes_again_after_an_undo(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "ABC")
    undo(desk)
    approve(desk, number, "C")
    assert asked(desk, number) == {(label, "deliverability") for label in "ABC"}
    desk.approve_all(number, DEV)
    assert desk.state(number) is State.SCHEDULED


def test_variants_that_had_to_make_way_come_back(desk: Lab) -> None:
    number = in_review(desk, variants=4)
    approve(desk, number, "ABC")
    assert of(desk, number, "D").state is VariantState.SHELVED
    undo(desk)
    back = of(desk, number, "D")
    assert (back.state, back.reason) == (VariantState.IN_REVIEW, None)
    assert asked(desk, number) == {("C", "copy"), ("D", "copy")}
    approve(desk, number, "D")
    assert of(desk, number, "C").state is VariantState.SHELVED
    assert desk.campaign(number).stage == "deliverability"


def test_a_variant_shelved_before_the_decision_stays_so(desk: Lab) -> None:
    number = in_review(desk, variants=4)
    approve(desk, number, "ABC")
    desk.clock.tick(timedelta(seconds=5))
    edit(desk, of(desk, number, "A"), by=DEV)
    desk.drain()
    approve(desk, number, "A")
    undo(desk)
    assert of(desk, number, "D").state is VariantState.SHELVED
    assert ("A", "copy") in asked(desk, number)


def test_a_variant_shelved_during_its_rewrite_is_rewritten_after_all(
    desk: Lab,
) -> None:
    number = in_review(desk, variants=4)
    desk.write(
        record.regenerate,
        desk.deps.playbook,
        of(desk, number, "D").revision_id,
        actor=CASPAR,
        instruction="Warmer.",
    )
    approve(desk, number, "ABC")
    undo(desk)
    assert of(desk, number, "D").state is VariantState.BRIEFED
    desk.drain()
    assert of(desk, number, "D").state is VariantState.IN_REVIEW
    assert ("D", "copy") in asked(desk, number)


def test_the_last_approval_taken_back_unfixes_the_arms(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve_all(number, CLEO)
    approve(desk, number, "AC", by=DEV)
    assert desk.state(number) is State.APPROVED
    undo(desk, by=DEV)
    campaign = desk.campaign(number)
    assert (campaign.state, campaign.stage) == (State.STAGED_REVIEW, "deliverability")
    assert desk.look(lambda s: s.variants.arms(number)) == ()
    assert asked(desk, number) == {("B", "deliverability"), ("C", "deliverability")}
    # the scheduler's job belongs to a version that is gone
    desk.drain()
    assert desk.state(number) is State.STAGED_REVIEW
    approve(desk, number, "B", by=DEV)
    arms = desk.look(lambda s: s.variants.arms(number))
    assert [v.label for v in arms] == ["A", "B"]


def test_a_scheduled_campaign_comes_back_and_is_planned_anew(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve_all(number, CLEO, DEV)
    assert desk.state(number) is State.SCHEDULED
    undo(desk, by=DEV)
    assert desk.state(number) is State.STAGED_REVIEW
    desk.tick(5)
    # the start that was set is inert
    assert desk.state(number) is State.STAGED_REVIEW
    approve(desk, number, "C", by=DEV)
    desk.drain()
    assert desk.state(number) is State.SCHEDULED
    sent = desk.rows("SELECT count(*), count(DISTINCT recipient_id) FROM sends")
    assert sent == [(300, 300)]
    arms = {v.id for v in desk.look(lambda s: s.variants.arms(number))}
    planned = desk.rows("SELECT DISTINCT variant_id FROM sends")
    assert {key for (key,) in planned} == arms
    desk.tick(1)
    assert desk.state(number) is State.CANARY


def test_a_rejected_campaign_comes_back(desk: Lab) -> None:
    number = in_review(desk)
    for label in "ABC":
        reject(desk, ask(desk, number, label))
    assert desk.state(number) is State.REJECTED
    undo(desk)
    campaign = desk.campaign(number)
    assert (campaign.state, campaign.stage) == (State.STAGED_REVIEW, "copy")
    assert campaign.reason is None
    assert states(desk, number) == {
        "A": VariantState.REJECTED,
        "B": VariantState.REJECTED,
        "C": VariantState.IN_REVIEW,
    }
    approve(desk, number, "C")
    assert desk.campaign(number).stage == "deliverability"


def test_any_of_ones_own_decisions_can_be_taken_back(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "A")
    first = newest(desk)
    approve(desk, number, "BC")
    undo(desk, first)
    assert desk.campaign(number).stage == "copy"
    assert asked(desk, number) == {("A", "copy")}


def test_what_was_taken_back_can_be_decided_and_taken_back_again(desk: Lab) -> None:
    number = in_review(desk)
    for _ in range(3):
        approve(desk, number, "A")
        undo(desk)
    reject(desk, ask(desk, number, "A"))
    assert states(desk, number)["A"] is VariantState.REJECTED
    assert desk.rows("SELECT count(*) FROM undone_decisions") == [(3,)]


def test_one_approval_of_two_is_taken_back_alone(desk: Lab) -> None:
    with_copy(desk, approvals=2)
    number = in_review(desk, tier="C", arms=1, ab_variable="none")
    request = ask(desk, number, "A")
    desk.approve(request, by=CLEO)
    undo(desk)
    assert desk.look(lambda s: s.reviews.approvers(request.id)) == ()
    desk.approve(request, by=CLEO)
    desk.approve(request, by=CASPAR)
    assert desk.state(number) is State.APPROVED
    undo(desk, by=CASPAR)
    assert desk.state(number) is State.STAGED_REVIEW
    assert desk.request(request.id).closed_at is None
    assert desk.look(lambda s: s.reviews.approvers(request.id)) == (CLEO,)
    with pytest.raises(AlreadyDecided, match="it needs 2 different people"):
        desk.approve(request, by=CLEO)
    desk.approve(request, by=CASPAR)
    assert desk.state(number) is State.APPROVED


def test_what_is_asked_again_is_reminded_about_again(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "ABC")
    undo(desk)
    # half of four hours, in practice time
    desk.tick(31)
    assert desk.events(number).count("reminded") == 1


# What does not ---------------------------------------------------------------------


def refused(desk: Lab, number: CampaignId) -> None:
    """Whatever was refused left nothing behind."""
    assert desk.rows("SELECT count(*) FROM undone_decisions") == [(0,)]
    assert "decision_undone" not in desk.events(number)


def test_after_a_minute_the_decision_stands(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "A")
    desk.clock.tick(UNDO_FOR)
    with pytest.raises(Refused, match="taken back for 60 seconds; they are over"):
        undo(desk)
    refused(desk, number)


def test_after_the_next_reviewer_has_decided_it_stands(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "ABC")
    mine = newest(desk)
    approve(desk, number, "A", by=DEV)
    with pytest.raises(AlreadyDecided, match=f"<@{DEV}> has decided"):
        undo(desk, mine)
    refused(desk, number)


def test_after_the_canary_has_begun_it_stands(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve_all(number, CLEO, DEV)
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    with pytest.raises(Overtaken, match="The campaign is canary now"):
        undo(desk, by=DEV)
    refused(desk, number)


def test_only_the_decider_takes_it_back(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "A")
    for person in (CASPAR, MARA):
        with pytest.raises(NotYourTurn, match=f"Only <@{CLEO}>, who decided"):
            undo(desk, by=person)
    refused(desk, number)


def test_the_second_of_two_clicks_hears_that_it_is_done(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "A")
    undo(desk)
    with pytest.raises(Overtaken, match="has been taken back already"):
        undo(desk)
    assert desk.events(number).count("decision_undone") == 1


def test_a_text_that_was_edited_since_is_not_asked_about_again(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "A")
    edit(desk, of(desk, number, "A"), by=CASPAR)
    with pytest.raises(Overtaken, match="has been changed since your decision"):
        undo(desk)
    refused(desk, number)


def test_a_rejection_stands_when_its_place_is_taken(desk: Lab) -> None:
    number = in_review(desk, arms=1, ab_variable="none")
    reject(desk, ask(desk, number, "A"))
    rejection = newest(desk)
    approve(desk, number, "BC")
    with pytest.raises(Refused, match=r"without variant A\. Take one"):
        undo(desk, rejection)
    refused(desk, number)
    undo(desk)
    undo(desk, rejection)
    assert asked(desk, number) == {("A", "copy"), ("C", "copy")}


def test_a_decision_that_does_not_exist_is_unknown(desk: Lab) -> None:
    with pytest.raises(Unknown, match="There is no such decision"):
        undo(desk, DecisionId(99))


# What people see -------------------------------------------------------------------


def test_the_button_is_there_for_a_minute(desk: Lab) -> None:
    number = in_review(desk)
    variant = of(desk, number, "A")
    assert not has_undo(desk, number, variant.id)
    approve(desk, number, "A")
    desk.drain()
    assert has_undo(desk, number, variant.id)
    desk.tick(UNDO_FOR.total_seconds() - 1)
    assert has_undo(desk, number, variant.id)
    desk.tick(1)
    assert not has_undo(desk, number, variant.id)


def test_the_button_goes_when_somebody_else_has_decided(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "A")
    approve(desk, number, "B", by=CASPAR)
    desk.drain()
    assert not has_undo(desk, number, of(desk, number, "A").id)
    assert has_undo(desk, number, of(desk, number, "B").id)


def test_the_next_reviewer_reads_that_nothing_is_asked_any_more(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "ABC")
    desk.drain()
    undone = newest(desk)
    undo(desk)
    desk.drain()
    told = str(message(desk, number, f"undone:{undone}").blocks)
    assert (
        f"<@{CLEO}> took back their approval of variant C in the copy review." in told
    )
    assert f"<@{DEV}> and " in told
    assert "the deliverability review is withdrawn; there is nothing" in told
    card = str(message(desk, number, f"variant:{of(desk, number, 'A').id}").blocks)
    assert f"Deliverability review withdrawn: <@{CLEO}> took their decision" in card
    approve(desk, number, "C")
    desk.drain()
    # asked again, in a message of its own
    again = message(desk, number, f"asked:{number}:deliverability:1")
    assert f"<@{DEV}>" in again.text
    card = str(message(desk, number, f"variant:{of(desk, number, 'A').id}").blocks)
    assert "withdrawn" not in card


# Two at once ---------------------------------------------------------------------------


def test_of_an_undo_and_the_next_decision_at_once_one_wins(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "ABC")
    mine, theirs = newest(desk), desk.requests(number)[0]
    together = Barrier(2)

    def tries(act: Callable[[], object]) -> bool:
        together.wait(timeout=10)
        try:
            act()
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        undone = pool.submit(tries, lambda: undo(desk, mine))
        decided = pool.submit(tries, lambda: desk.approve(theirs, by=DEV))
        assert undone.result(20) is not decided.result(20)
    stage = "copy" if undone.result() else "deliverability"
    assert desk.campaign(number).stage == stage
    assert desk.look(lambda s: s.audit.verify()).broken == ()


def test_of_two_clicks_on_undo_at_once_one_counts(desk: Lab) -> None:
    number = in_review(desk)
    approve(desk, number, "A")
    together = Barrier(2)

    def click() -> bool:
        together.wait(timeout=10)
        try:
            undo(desk, DecisionId(1))
        except Overtaken:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        clicks = [pool.submit(click) for _ in range(2)]
    assert sorted(each.result() for each in clicks) == [False, True]
    assert desk.events(number).count("decision_undone") == 1
