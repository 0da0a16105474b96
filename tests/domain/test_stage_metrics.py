"""Percentiles by nearest rank, and the days that can be asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.stage_metrics import (
    DAYS,
    DAYS_MOST,
    DaysWrong,
    StageMetrics,
    parse_days,
    percentile,
)

SPANS = st.lists(st.timedeltas(timedelta(0), timedelta(365)), max_size=60)


def minutes(*each: int) -> list[timedelta]:
    return [timedelta(minutes=one) for one in each]


@pytest.mark.parametrize(
    ("spans", "share", "expected"),
    [
        ((5,), 0.5, 5),
        ((5,), 0.9, 5),
        ((1, 2, 3), 0.5, 2),
        ((4, 1, 3, 2), 0.5, 2),
        (range(1, 11), 0.9, 9),
        (range(1, 12), 0.9, 10),
        (range(1, 101), 0.9, 90),
        ((1, 2, 3), 1.0, 3),
    ],
)
def test_a_percentile_is_the_span_at_its_rank(
    spans: tuple[int, ...], share: float, expected: int
) -> None:
    assert percentile(minutes(*spans), share) == timedelta(minutes=expected)


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0.5) is None


@given(SPANS.filter(bool), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_spans_and_enough_do_not_exceed_it(
    spans: list[timedelta], share: float
) -> None:
    found = percentile(spans, share)
    assert found in spans
    within = sum(each <= found for each in spans if found is not None)
    assert within >= share * len(spans) - 1e-6


@given(SPANS.filter(bool))
def test_nine_in_ten_take_as_long_as_half_or_longer(spans: list[timedelta]) -> None:
    half, most = percentile(spans, 0.5), percentile(spans, 0.9)
    assert half is not None
    assert most is not None
    assert half <= most


def test_an_sla_counts_what_is_overdue_as_not_kept() -> None:
    found = StageMetrics(stage="copy", approved=3, rejected=1, passed=2, overdue=4)
    assert (found.decided, found.kept_of) == (6, 10)


def test_days_are_seven_unless_said() -> None:
    assert parse_days([]) == DAYS == 7
    assert [parse_days([each]) for each in ("1", "30", str(DAYS_MOST))] == [1, 30, 90]


@pytest.mark.parametrize(
    "words",
    [
        ["0"],
        ["91"],
        ["-1"],
        ["1.5"],
        ["week"],
        ["7", "8"],
        ["\u0667"],
        ["9" * 5000],
        ["²"],
    ],
    ids=lambda words: words[0][:5],
)
def test_days_that_are_none_are_refused_with_what_is_allowed(words: list[str]) -> None:
    said = "Days are a whole number from 1 to 90, such as /desk metrics 30."
    with pytest.raises(DaysWrong, match=said):
        parse_days(words)
