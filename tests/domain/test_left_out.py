"""A few bad rows stop nothing; a rate does, and so does half of a small list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.left_out import FEW, UNMERGED, too_many


@pytest.mark.parametrize(
    ("left_out", "tried", "planned", "stops"),
    [
        (0, 1, 1, False),
        # a list of one of which all fails
        (1, 1, 1, True),
        (1, 2, 2, False),
        (2, 2, 2, True),
        # the first chunk of a large step, as a send window cuts it
        (1, 1, 10_000, False),
        (1, 10, 10_000, False),
        (3, 100, 10_000, False),
        (4, 100, 10_000, True),
        (10, 1_000, 10_000, False),
        (11, 1_000, 10_000, True),
        (100, 10_000, 10_000, False),
        (101, 10_000, 10_000, True),
    ],
)
def test_one_in_a_hundred_stops_but_not_a_few(
    left_out: int, tried: int, planned: int, *, stops: bool
) -> None:
    found = too_many(left_out, tried=tried, planned=planned, share=UNMERGED)
    assert found is stops


@given(
    left_out=st.integers(0, 2_000),
    more=st.integers(0, 100_000),
    rest=st.integers(0, 100_000),
    share=st.sampled_from([0.01, 0.05]),
)
def test_more_left_out_is_never_fewer_and_all_is_always_too_many(
    left_out: int, more: int, rest: int, share: float
) -> None:
    tried = left_out + more
    planned = tried + rest
    stops = too_many(left_out, tried=tried, planned=planned, share=share)
    if stops:
        assert too_many(left_out + 1, tried=tried + 1, planned=planned + 1, share=share)
        assert left_out > share * tried
    if left_out > FEW and left_out > share * tried:
        assert stops
    if left_out and not more and not rest:
        assert stops
