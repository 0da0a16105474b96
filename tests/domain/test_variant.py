"""A variant's states, and the hash that an approval binds to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MoveNotAllowed
from domain.variant import (
    LIVE_VARIANT,
    VARIANT_MOVES,
    Copy,
    VariantState,
    bring_back,
    move_variant,
)

PAIRS = [(before, after) for before in VariantState for after in VariantState]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_variant_moves_by_the_table_or_not_at_all(
    before: VariantState, after: VariantState
) -> None:
    if after in VARIANT_MOVES[before]:
        assert move_variant(before, after) is after
        return
    with pytest.raises(MoveNotAllowed):
        move_variant(before, after)


def test_every_state_has_a_row() -> None:
    assert set(VARIANT_MOVES) == set(VariantState)


@pytest.mark.parametrize("state", [VariantState.REJECTED, VariantState.SHELVED])
def test_what_people_turned_down_never_comes_back(state: VariantState) -> None:
    assert not VARIANT_MOVES[state]
    assert state not in LIVE_VARIANT


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_an_undo_brings_back_what_was_turned_down_and_nothing_else(
    before: VariantState, after: VariantState
) -> None:
    rejected = (VariantState.REJECTED, VariantState.IN_REVIEW)
    shelved = before is VariantState.SHELVED and after in (
        VariantState.BRIEFED,
        VariantState.DRAFTED,
        VariantState.LINTED,
    )
    if (before, after) == rejected or shelved:
        assert bring_back(before, after) is after
        return
    with pytest.raises(MoveNotAllowed):
        bring_back(before, after)


def test_only_a_text_in_review_is_approved() -> None:
    before = {s for s, after in VARIANT_MOVES.items() if VariantState.APPROVED in after}
    assert before == {VariantState.IN_REVIEW}


def test_review_is_entered_only_after_lint_or_from_a_passed_stage() -> None:
    before = {
        s for s, after in VARIANT_MOVES.items() if VariantState.IN_REVIEW in after
    }
    assert before == {VariantState.LINTED, VariantState.APPROVED}


TEXTS = st.builds(Copy, subject=st.text(), preheader=st.text(), body=st.text())


@given(one=TEXTS, other=TEXTS)
def test_two_texts_share_a_hash_only_when_they_are_the_same(
    one: Copy, other: Copy
) -> None:
    assert (one.sha256 == other.sha256) == (one == other)


def test_moving_words_between_fields_changes_the_hash() -> None:
    one = Copy(subject="ab", preheader="c", body="")
    other = Copy(subject="a", preheader="bc", body="")
    assert one.sha256 != other.sha256
