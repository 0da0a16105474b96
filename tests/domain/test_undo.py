"""Who may take which decision back, and until when: every way it can be refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from domain.campaign import CampaignId, State
from domain.errors import AlreadyDecided, NotYourTurn, Overtaken, Refused
from domain.review import RequestId
from domain.undo import (
    UNDO_FOR,
    UNDOABLE,
    Decision,
    DecisionId,
    can_undo,
    check_may_undo,
    text_decided_about,
)
from domain.variant import RevisionId, Variant, VariantId, VariantState

NOW = datetime(2026, 11, 24, 14, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLEO, CASPAR = "U0COPYONE", "U0COPYTWO"


def make_decision(**changes: object) -> Decision:
    made = Decision(
        id=DecisionId(1),
        request_id=RequestId(11),
        campaign_id=CampaignId(42),
        variant_id=VariantId(7),
        revision_id=RevisionId(71),
        stage="copy",
        actor=CLEO,
        is_approval=True,
        decided_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


DECISION = make_decision()
OTHER_VARIANT = make_decision(id=DecisionId(2), variant_id=VariantId(8))


def check(
    actor: str = CLEO,
    *,
    since: tuple[Decision, ...] = (),
    state: State = State.STAGED_REVIEW,
    revision_id: RevisionId | None = DECISION.revision_id,
    after: timedelta = SECOND,
) -> None:
    check_may_undo(
        actor,
        DECISION,
        since=since,
        state=state,
        revision_id=revision_id,
        now=NOW + after,
    )


def test_the_decider_may_within_the_minute() -> None:
    check()
    check(after=UNDO_FOR - timedelta(microseconds=1))


def test_when_the_minute_is_over_the_decision_stands() -> None:
    with pytest.raises(Refused, match="taken back for 60 seconds; they are over"):
        check(after=UNDO_FOR)


def test_nobody_takes_anothers_decision_back() -> None:
    with pytest.raises(NotYourTurn, match=f"Only <@{CLEO}>, who decided"):
        check(CASPAR)


def test_a_later_decision_of_somebody_else_keeps_it() -> None:
    later = replace(OTHER_VARIANT, actor=CASPAR, stage="legal")
    with pytest.raises(AlreadyDecided, match=f"<@{CASPAR}> has decided in the legal"):
        check(since=(OTHER_VARIANT, later))


def test_the_desks_own_decision_counts_as_somebody_elses() -> None:
    with pytest.raises(AlreadyDecided, match="The desk has decided"):
        check(since=(replace(OTHER_VARIANT, actor="desk"),))


def test_what_the_desk_decided_is_not_offered_to_anybody() -> None:
    assert not can_undo(
        replace(DECISION, actor="desk"),
        since=(),
        state=State.STAGED_REVIEW,
        revision_id=DECISION.revision_id,
        now=NOW,
    )


def test_ones_own_later_decision_about_another_variant_is_no_bar() -> None:
    check(since=(OTHER_VARIANT,))


def test_ones_own_later_decision_about_the_same_variant_goes_first() -> None:
    again = make_decision(id=DecisionId(3), stage="legal")
    with pytest.raises(Refused, match="in the legal stage; take that back first"):
        check(since=(again,))


@pytest.mark.parametrize("state", sorted(set(State) - UNDOABLE))
def test_once_the_campaign_has_gone_on_it_stands(state: State) -> None:
    words = state.replace("_", " ")
    with pytest.raises(Overtaken, match=f"is {words} now, so your decision stands"):
        check(state=state)


@pytest.mark.parametrize("revision_id", [None, RevisionId(72)])
def test_a_text_that_was_changed_leaves_nothing_to_take_back(
    revision_id: RevisionId | None,
) -> None:
    with pytest.raises(Overtaken, match="has been changed since your decision"):
        check(revision_id=revision_id)


@pytest.mark.parametrize(
    ("actor", "other", "state", "is_same_text", "after"),
    list(
        product(
            (CLEO, CASPAR),
            (None, CLEO, CASPAR),
            State,
            (True, False),
            (timedelta(0), UNDO_FOR - SECOND, UNDO_FOR, UNDO_FOR * 2),
        )
    ),
)
def test_it_is_taken_back_only_when_every_condition_holds(
    actor: str,
    other: str | None,
    state: State,
    is_same_text: bool,
    after: timedelta,
) -> None:
    since = () if other is None else (replace(OTHER_VARIANT, actor=other),)
    revision_id = DECISION.revision_id if is_same_text else RevisionId(72)
    holds = (
        other in (None, CLEO)
        and state in UNDOABLE
        and is_same_text
        and after < UNDO_FOR
    )
    shown = can_undo(
        DECISION, since=since, state=state, revision_id=revision_id, now=NOW + after
    )
    assert shown is holds
    if holds and actor == CLEO:
        check(actor, since=since, state=state, revision_id=revision_id, after=after)
        return
    with pytest.raises(Refused):
        check(actor, since=since, state=state, revision_id=revision_id, after=after)


@pytest.mark.parametrize("state", VariantState)
def test_a_text_that_is_being_replaced_is_not_the_one_decided_about(
    state: VariantState,
) -> None:
    variant = Variant(
        id=VariantId(7),
        campaign_id=CampaignId(42),
        version=1,
        label="A",
        state=state,
        revision_id=RevisionId(71),
        regenerations=0,
        instruction=None,
        instructed_by=None,
        reason=None,
    )
    is_replaced = state in (VariantState.BRIEFED, VariantState.DRAFTED)
    assert text_decided_about(variant) == (None if is_replaced else RevisionId(71))
