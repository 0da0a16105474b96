"""Nobody decides: reminders, escalation, tier C passing by itself, and no bursts."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest

from domain.campaign import Actor, CampaignId, Event, State
from domain.errors import AlreadyDecided
from domain.rejection import RejectReason
from domain.review import Ask, EscalateBy, Escalation, Outcome, ReviewRequest
from domain.review_rules import Raise
from pipeline import record
from pipeline.advance import advance
from tests.pipeline.lab import BEA, CASPAR, CLEO, DEV, MARA, OMAR, Lab
from tests.pipeline.late import card, check_an_hour_without_relay, check_two_relays
from tests.pipeline.test_record_reviews import edit, in_review, of

SLA = 60
"""Seconds: 4 h in practice time."""


def with_rules(desk: Lab, **changes: Any) -> None:
    book = desk.deps.playbook
    rules = dataclasses.replace(book.rules, **changes)
    desk.use(dataclasses.replace(book, rules=rules))


def with_copy(desk: Lab, **changes: Any) -> None:
    """Change the copy stage of every tier."""
    book = desk.deps.playbook
    stages = {
        tier: tuple(
            dataclasses.replace(stage, **changes) if stage.name == "copy" else stage
            for stage in row
        )
        for tier, row in book.stages.items()
    }
    desk.use(dataclasses.replace(book, stages=stages))


def said(desk: Lab, number: CampaignId, words: str) -> list[str]:
    """The thread's messages with these words, as Slack notifies of them."""
    return [m.text for m in desk.thread(number) if words in m.text]


def reminders(desk: Lab, number: CampaignId) -> list[str]:
    return said(desk, number, "is still open")


def escalations(desk: Lab, number: CampaignId) -> list[str]:
    return said(desk, number, "review waits")


def ask(desk: Lab, number: CampaignId, label: str) -> ReviewRequest:
    variant = of(desk, number, label)
    (request,) = [r for r in desk.requests(number) if r.variant_id == variant.id]
    return request


# Reminders ------------------------------------------------------------------------


def test_at_half_those_asked_are_reminded_once_and_nobody_else(desk: Lab) -> None:
    with_copy(desk, ask=Ask.EVERYONE)
    number = in_review(desk)
    desk.tick(SLA / 2 - 1)
    assert reminders(desk, number) == []
    desk.tick(1)
    (reminder,) = reminders(desk, number)
    assert f"<@{CLEO}>" in reminder
    assert f"<@{CASPAR}>" in reminder
    assert not any(f"<@{each}>" in reminder for each in (MARA, DEV, BEA, OMAR))
    assert "Reminded" in card(desk, number)
    desk.tick(SLA / 2 - 1)
    assert len(reminders(desk, number)) == 1
    assert desk.events(number).count("reminded") == 1


def test_a_reminder_names_only_what_is_still_open(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve(ask(desk, number, "A"), by=CLEO)
    desk.tick(SLA / 2)
    (message,) = [m for m in desk.thread(number) if "is still open" in m.text]
    assert "variants B and C" in json.dumps(message.blocks)


def test_what_was_decided_in_time_is_not_asked_about_again(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve_all(number, CLEO)
    assert desk.campaign(number).stage == "deliverability"
    desk.tick(SLA / 2)
    (reminder,) = reminders(desk, number)
    assert "deliverability review" in reminder
    desk.approve_all(number, DEV)
    assert desk.state(number) is State.SCHEDULED
    desk.tick(0)
    assert "escalated" not in desk.events(number)


def test_a_decision_before_the_job_runs_takes_the_reminder_along(desk: Lab) -> None:
    number = in_review(desk)
    desk.clock.tick(timedelta(seconds=SLA / 2))
    with desk.deps.database.begin() as store:
        record.remind(store, desk.deps.playbook, number)
    desk.approve_all(number, CLEO)
    assert reminders(desk, number) == []


def test_a_stage_may_go_without_reminders(desk: Lab) -> None:
    with_copy(desk, remind=None)
    number = in_review(desk)
    desk.tick(SLA - 1)
    assert reminders(desk, number) == []


def test_a_card_in_the_thread_says_that_it_is_overdue(desk: Lab) -> None:
    number = in_review(desk)
    said = [json.dumps(m.blocks) for m in desk.thread(number)]
    assert not any("overdue since" in each for each in said)
    desk.tick(SLA + 1)
    late = [m for m in desk.thread(number) if "overdue since" in json.dumps(m.blocks)]
    assert {f"Variant {label}" for label in "ABC"} <= {m.text[:9] for m in late}


# Escalation -----------------------------------------------------------------------


def test_at_due_somebody_is_asked_to_step_in_and_after_each_further_sla(
    desk: Lab,
) -> None:
    number = in_review(desk)
    desk.tick(SLA - 1)
    assert escalations(desk, number) == []
    desk.tick(1)
    (first,) = escalations(desk, number)
    # the asked have had their reminder: only who is to step in is pinged
    assert f"<@{BEA}>" in first
    assert f"<@{CLEO}>" not in first
    assert f"Escalated to <@{BEA}>" in card(desk, number)
    desk.tick(SLA - 1)
    assert len(escalations(desk, number)) == 1
    desk.tick(1)
    assert len(escalations(desk, number)) == 2
    assert desk.events(number).count("escalated") == 2
    assert desk.state(number) is State.STAGED_REVIEW


def test_the_record_says_who_was_told_about_what(desk: Lab) -> None:
    number = in_review(desk)
    desk.tick(SLA)
    ((actor, detail),) = desk.rows(
        "SELECT actor, detail FROM audit_events WHERE event = 'escalated'"
    )
    told = json.loads(detail)
    assert actor == "desk"
    assert told["variants"] == ["A", "B", "C"]
    assert (told["stage"], told["told"]) == ("copy", "brand_lead")
    assert desk.state(number) is State.STAGED_REVIEW


def test_a_relay_that_was_down_for_an_hour_says_it_once(desk: Lab) -> None:
    numbers = [in_review(desk), in_review(desk)]
    check_an_hour_without_relay(
        desk, numbers, sla=SLA, reminders=reminders, escalations=escalations
    )


def test_two_relays_escalate_once(desk: Lab) -> None:
    check_two_relays(desk, in_review(desk), sla=SLA)


def test_a_person_may_be_told_by_direct_message(desk: Lab) -> None:
    by_dm = Escalation(to=OMAR, by=EscalateBy.DM)
    with_copy(desk, escalation=by_dm)
    number = in_review(desk)
    desk.tick(SLA)
    assert escalations(desk, number) == []
    posted = desk.rows(
        "SELECT key, state FROM slack_messages WHERE substr(key, 1, 3) = 'esc'"
    )
    assert [(key.endswith(f":{OMAR}"), state) for key, state in posted] == [
        (True, "posted")
    ]


def test_with_nobody_to_tell_nothing_is_said(desk: Lab) -> None:
    with_copy(desk, escalation=None)
    number = in_review(desk)
    desk.tick(SLA)
    desk.tick(SLA)
    assert "escalated" not in desk.events(number)


@pytest.mark.usefixtures("cards_at_once")
def test_a_new_text_has_its_own_time(desk: Lab) -> None:
    number = in_review(desk)
    desk.tick(SLA - 10)
    for label in "ABC":
        edit(desk, of(desk, number, label), by=CLEO)
    desk.drain()
    desk.tick(20)
    assert escalations(desk, number) == []
    # asked anew, reminded anew
    assert len(reminders(desk, number)) == 1
    desk.tick(20)
    assert len(reminders(desk, number)) == 2
    desk.tick(SLA)
    assert len(escalations(desk, number)) == 1


def test_a_parked_review_is_left_alone_until_it_goes_on(desk: Lab) -> None:
    number = in_review(desk)
    with desk.deps.database.begin() as store:
        advance(store, number, Event.PARKED, actor=Actor.machine("test"), reason="x")
    desk.tick(SLA)
    assert "escalated" not in desk.events(number)
    desk.write(record.retry, desk.deps.playbook, number, actor=Actor(id=MARA))
    desk.tick(1)
    assert desk.events(number).count("escalated") == 1
    assert len(escalations(desk, number)) == 1


def test_a_stage_that_left_the_playbook_makes_its_deadlines_inert(desk: Lab) -> None:
    number = in_review(desk)
    book = desk.deps.playbook
    stages = {tier: row[1:] for tier, row in book.stages.items()}
    desk.use(dataclasses.replace(book, stages=stages))
    desk.tick(SLA)
    assert "escalated" not in desk.events(number)
    assert desk.look(lambda s: s.deadlines.due()) == ()


# Tier C ---------------------------------------------------------------------------


def test_tier_c_passes_by_itself_and_the_record_says_that_nobody_acted(
    desk: Lab,
) -> None:
    with_rules(desk, spot_check=0.0)
    number = in_review(desk, tier="C", arms=1, ab_variable="none")
    assert "approved by itself when it is due" in card(desk, number)
    desk.tick(SLA)
    assert desk.state(number) is State.SCHEDULED
    decided = desk.rows("SELECT actor, is_approval, reason FROM decisions")
    assert decided == [("desk", 1, "Nobody had decided when it was due.")]
    events = desk.rows(
        "SELECT actor, detail FROM audit_events WHERE event = 'variant_approved'"
    )
    assert [(actor, json.loads(detail)["reason"]) for actor, detail in events] == [
        ("desk", "Nobody had decided when it was due.")
    ]
    assert "approved by itself" in card(desk, number)
    assert "escalated" not in desk.events(number)


def test_a_click_after_it_passed_says_so(desk: Lab) -> None:
    with_rules(desk, spot_check=0.0)
    number = in_review(desk, tier="C", arms=2)
    request = ask(desk, number, "A")
    desk.tick(SLA)
    with pytest.raises(AlreadyDecided, match="already approved in the copy stage by"):
        desk.approve(request, by=CLEO)
    with pytest.raises(AlreadyDecided, match="by itself at"):
        desk.approve(request, by=CLEO)


def test_what_fails_lint_never_passes_by_itself(desk: Lab) -> None:
    with_rules(desk, spot_check=0.0)
    number = in_review(desk, tier="C", variants=2, arms=2)
    edit(desk, of(desk, number, "A"), by=CLEO, body="Dear [Your Name], {{ nonsense }}")
    desk.drain()
    desk.tick(SLA)
    assert desk.state(number) is State.STAGED_REVIEW
    assert desk.request(ask(desk, number, "A").id).closed_at is None
    assert desk.rows("SELECT actor FROM decisions") == [("desk",)]
    # somebody has to look at the rest
    assert len(escalations(desk, number)) == 1


def test_where_there_is_room_for_one_what_has_no_finding_goes_first(desk: Lab) -> None:
    with_rules(desk, spot_check=0.0)
    number = in_review(desk, tier="C", arms=1, ab_variable="none")
    outcomes = {
        v.label: desk.look(lambda s, v=v: s.variants.lint_outcome(v.revision_id))
        for v in desk.variants(number)
    }
    desk.tick(SLA)
    (chosen,) = desk.look(lambda s: s.variants.arms(number))
    best = min(outcomes, key=lambda label: (outcomes[label] == "soft", label))
    assert chosen.label == best


def test_a_spot_check_is_never_passed_by_itself_and_the_card_says_why(
    desk: Lab,
) -> None:
    with_rules(desk, spot_check=1.0)
    number = in_review(desk, tier="C", arms=1, ab_variable="none")
    assert "Drawn for a spot check" in card(desk, number)
    desk.tick(SLA)
    assert desk.state(number) is State.STAGED_REVIEW
    assert desk.rows("SELECT actor FROM decisions") == []
    assert len(escalations(desk, number)) == 1


@pytest.mark.parametrize("tier", ["A", "B"])
def test_no_other_tier_passes_by_itself(desk: Lab, tier: str) -> None:
    number = desk.brief(tier=tier)
    if tier == "A":
        desk.approve_strategy(number)
    desk.drain()
    desk.tick(SLA)
    assert desk.state(number) is State.STAGED_REVIEW
    assert desk.rows("SELECT actor FROM decisions") == []


def test_what_needs_several_people_never_passes_by_itself(desk: Lab) -> None:
    with_rules(
        desk, spot_check=0.0, raises=(Raise(audience_over=10, extra_approvers=1),)
    )
    number = in_review(desk, tier="C", arms=1, ab_variable="none")
    assert {r.approvals_needed for r in desk.requests(number)} == {2}
    desk.tick(SLA)
    assert desk.rows("SELECT actor FROM decisions") == []
    assert len(escalations(desk, number)) == 1


# Several approvers ----------------------------------------------------------------


def test_two_of_two_have_to_approve_and_each_sees_how_far_it_is(desk: Lab) -> None:
    with_copy(desk, approvals=2)
    number = in_review(desk, tier="C", arms=1, ab_variable="none")
    request = ask(desk, number, "A")
    desk.approve(request, by=CLEO)
    desk.drain()
    assert desk.request(request.id).closed_at is None
    shown = [json.dumps(m.blocks) for m in desk.thread(number)]
    (of_a,) = [each for each in shown if "1 of 2 approved" in each]
    assert f"1 of 2 approved by <@{CLEO}>" in of_a
    assert f"*Copy asked:* <@{CASPAR}>" in of_a
    with pytest.raises(AlreadyDecided, match="it needs 2 different people"):
        desk.approve(request, by=CLEO)
    desk.approve(request, by=CASPAR)
    desk.drain()
    assert desk.request(request.id).outcome is Outcome.APPROVED
    assert desk.state(number) in (State.APPROVED, State.SCHEDULED)
    decided = desk.rows("SELECT actor FROM decisions ORDER BY id")
    assert decided == [(CLEO,), (CASPAR,)]
    details = desk.rows(
        "SELECT detail FROM audit_events WHERE event = 'variant_approved' ORDER BY seq"
    )
    given = [json.loads(detail)["approval"] for (detail,) in details]
    assert given == ["1 of 2", "2 of 2"]


def test_one_person_is_enough_to_reject(desk: Lab) -> None:
    with_copy(desk, approvals=2)
    number = in_review(desk)
    request = ask(desk, number, "A")
    desk.approve(request, by=CLEO)
    desk.write(
        record.reject,
        desk.deps.playbook,
        request.id,
        actor=CASPAR,
        code=RejectReason.OFF_BRAND,
        reason="Too loud.",
    )
    assert desk.request(request.id).outcome is Outcome.REJECTED
    assert not desk.look(
        lambda s: s.reviews.open_requests(number, variant_id=request.variant_id)
    )


def test_a_large_list_needs_one_more_person_in_the_last_stage(desk: Lab) -> None:
    with_rules(desk, raises=(Raise(audience_over=100, extra_approvers=1),))
    number = in_review(desk)
    assert {r.approvals_needed for r in desk.requests(number)} == {1}
    assert "300 recipients are more than 100" in card(desk, number)
    desk.approve_all(number, CLEO)
    assert {r.approvals_needed for r in desk.requests(number)} == {2}
    assert "Each text needs 2 people" in card(desk, number)
    desk.approve_all(number, DEV)
    assert desk.state(number) is State.STAGED_REVIEW
    desk.approve_all(number, "U0MKTENG")
    assert desk.state(number) is State.SCHEDULED


# Tiers that rise ------------------------------------------------------------------


def test_hard_words_raise_the_tier_and_the_card_says_why(desk: Lab) -> None:
    number = desk.brief(tier="C", key_message="A *price increase* <!channel> is near")
    desk.drain()
    assert desk.campaign(number).tier == "A"
    # at tier A nothing is written before the brand lead has spoken
    assert desk.state(number) is State.AWAITING_BRAND_LEAD
    shown = card(desk, number)
    assert "Raised from tier C to A: the brief says" in shown
    assert "price increase" in shown
    (detail,) = [
        json.loads(row)
        for (row,) in desk.rows("SELECT detail FROM audit_events WHERE event='briefed'")
    ]
    assert (detail["tier"], "Raised" in detail["tier_reason"]) == ("A", True)


def test_words_that_are_forbidden_raise_nothing(desk: Lab) -> None:
    number = desk.brief(tier="C", forbidden_phrases=["price increase"])
    assert desk.campaign(number).tier == "C"
