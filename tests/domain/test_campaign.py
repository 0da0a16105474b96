"""Every pair of state and event against the table, and what the table can never do."""

from __future__ import annotations

import pytest

from domain.campaign import (
    BEFORE_SENDING,
    FINAL,
    LIVE,
    MOVES,
    PAUSES,
    SENDING,
    Event,
    State,
    first_state,
    move,
)
from domain.errors import MoveNotAllowed
from domain.undo import UNDOABLE

STARTS = tuple({first_state(tier) for tier in "ABC"})
PAIRS = [(state, event) for state in State for event in Event]
ENDS_EARLY = {Event.CANCELLED: State.CANCELLED, Event.REJECTED: State.REJECTED}


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_a_move_is_in_the_table_or_refused(state: State, event: Event) -> None:
    paused_from = State.BRIEFED if state is State.PARKED else State.CANARY
    if (state, event) not in MOVES:
        with pytest.raises(MoveNotAllowed) as refused:
            move(state, event, paused_from=paused_from)
        assert (refused.value.state, refused.value.event) == (state, event)
        return
    expected = MOVES[state, event] or paused_from
    moved = move(state, event, paused_from=paused_from, is_mailed=False)
    assert moved is expected


def test_what_a_slot_shows_can_stop_and_mails_that_are_all_out_cannot() -> None:
    with pytest.raises(MoveNotAllowed, match="A sent campaign cannot be rolled back"):
        move(State.SENT, Event.ROLLED_BACK)
    shown = move(State.SENT, Event.ROLLED_BACK, is_mailed=False)
    assert shown is State.ROLLED_BACK


def test_a_refusal_is_a_sentence() -> None:
    with pytest.raises(MoveNotAllowed) as refused:
        move(State.APPROVED, Event.LINTED)
    assert str(refused.value) == "An approved campaign cannot be linted."
    with pytest.raises(MoveNotAllowed, match="A staged review campaign cannot be sent"):
        move(State.STAGED_REVIEW, Event.SENT)


def reachable(*starts: State, without: frozenset[State] = frozenset()) -> set[State]:
    """States that can be reached; a pause leads back only to where it came from."""
    seen: set[State] = set()
    open_ = [(state, None) for state in starts]
    done: set[tuple[State, State | None]] = set()
    while open_:
        state, paused_from = open_.pop()
        if (state, paused_from) in done or state in without:
            continue
        done.add((state, paused_from))
        seen.add(state)
        for event in Event:
            try:
                after = move(state, event, paused_from=paused_from)
            except MoveNotAllowed:
                continue
            open_.append((after, state if after in PAUSES else None))  # type: ignore[arg-type]  # widened
    return seen


def test_tier_a_begins_with_a_brand_lead_and_nothing_is_written_before() -> None:
    assert [first_state(tier) for tier in "ABC"] == [
        State.AWAITING_BRAND_LEAD,
        State.BRIEFED,
        State.BRIEFED,
    ]
    waiting = reachable(State.AWAITING_BRAND_LEAD, without=frozenset({State.BRIEFED}))
    assert waiting == {State.AWAITING_BRAND_LEAD, State.PARKED, State.CANCELLED} | {
        # a parked campaign may be rolled back, which stops what never began
        State.ROLLED_BACK
    }
    back = [pair for pair, after in MOVES.items() if after is State.AWAITING_BRAND_LEAD]
    assert {state for state, _ in back} == {State.AWAITING_BRAND_LEAD}


def test_nothing_is_sent_that_was_not_approved() -> None:
    assert State.SENT in reachable(*STARTS)
    without = reachable(*STARTS, without=frozenset({State.APPROVED}))
    assert not without & (SENDING | {State.SENT, State.SCHEDULED, State.HELD})


def test_nothing_goes_to_everyone_without_a_canary() -> None:
    without = reachable(*STARTS, without=frozenset({State.CANARY}))
    assert State.EXPANDING not in without
    assert State.SENT not in without


def test_every_state_can_be_reached() -> None:
    assert reachable(*STARTS) == set(State)


@pytest.mark.parametrize("state", sorted(FINAL))
def test_an_end_is_an_end(state: State) -> None:
    """But for the minute in which a rejection can be taken back, and what slots show."""
    events = {event for before, event in MOVES if before is state}
    ways = {
        State.REJECTED: {Event.DECISION_UNDONE},
        State.SENT: {Event.ROLLED_BACK},
    }
    assert events == ways.get(state, set())


def test_an_undo_leads_to_review_and_from_nowhere_that_mail_has_left() -> None:
    pairs = {pair for pair in MOVES if pair[1] is Event.DECISION_UNDONE}
    assert {before for before, _ in pairs} == UNDOABLE
    assert {MOVES[pair] for pair in pairs} == {State.STAGED_REVIEW}
    assert not UNDOABLE & (SENDING | PAUSES)


@pytest.mark.parametrize("state", sorted(set(State) - FINAL))
def test_every_other_state_has_a_way_to_an_end(state: State) -> None:
    assert reachable(state) & FINAL


@pytest.mark.parametrize("state", sorted(LIVE))
def test_what_is_live_can_be_rolled_back(state: State) -> None:
    assert move(state, Event.ROLLED_BACK) is State.ROLLED_BACK


@pytest.mark.parametrize("state", sorted(BEFORE_SENDING))
def test_what_has_not_left_can_be_cancelled(state: State) -> None:
    assert move(state, Event.CANCELLED) is State.CANCELLED


@pytest.mark.parametrize("state", sorted(SENDING | {State.HELD}))
def test_what_has_left_can_not_be_cancelled(state: State) -> None:
    with pytest.raises(MoveNotAllowed):
        move(state, Event.CANCELLED)


@pytest.mark.parametrize("came_from", sorted(SENDING))
def test_a_parked_send_can_only_be_rolled_back_or_retried(came_from: State) -> None:
    with pytest.raises(MoveNotAllowed, match="A parked campaign cannot be cancelled"):
        move(State.PARKED, Event.CANCELLED, paused_from=came_from)
    rolled_back = move(State.PARKED, Event.ROLLED_BACK, paused_from=came_from)
    assert rolled_back is State.ROLLED_BACK
    assert move(State.PARKED, Event.RETRIED, paused_from=came_from) is came_from


@pytest.mark.parametrize("came_from", sorted(BEFORE_SENDING))
def test_a_campaign_parked_before_sending_can_be_cancelled(came_from: State) -> None:
    cancelled = move(State.PARKED, Event.CANCELLED, paused_from=came_from)
    assert cancelled is State.CANCELLED


def test_a_pause_that_forgot_where_it_came_from_goes_nowhere() -> None:
    for state, event in ((State.HELD, Event.EXTENDED), (State.PARKED, Event.RETRIED)):
        with pytest.raises(MoveNotAllowed):
            move(state, event)


def test_the_gate_is_open_only_while_sending() -> None:
    assert {State.CANARY, State.EXPANDING} == SENDING
    assert not SENDING & (BEFORE_SENDING | FINAL | PAUSES)
