from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy import Bucket, Period, coarsened

SIZES = Bucket(edges=(10, 50, 1000))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("9", "under 10"),
        ("9.99", "under 10"),
        ("10", "10-50"),
        ("49", "10-50"),
        ("50", "50-1,000"),
        (" 120 ", "50-1,000"),
        ("1,000", "1,000 or more"),
        ("12 500", "1,000 or more"),
        ("999999999999999", "1,000 or more"),
        ("", None),
        ("many", None),
        ("-3", None),
        ("1,5", None),
        ("1e9", None),
        ("nan", None),
        ("\u0661\u0662x", None),
        ("9" * 5000, None),
    ],
)
def test_a_number_is_shown_as_its_bucket(value: str, expected: str | None) -> None:
    assert coarsened(value, SIZES) == expected


@pytest.mark.parametrize(
    ("value", "period", "expected"),
    [
        ("2026-03-14", Period.YEAR, "2026"),
        ("2026-03-14", Period.QUARTER, "Q1 2026"),
        ("2026-12-31T23:59:59+02:00", Period.QUARTER, "Q4 2026"),
        ("2026-03-14 10:00", Period.MONTH, "March 2026"),
        ("2026-02-30", Period.MONTH, None),
        ("14.03.2026", Period.MONTH, None),
        ("2026-03", Period.MONTH, None),
        ("", Period.YEAR, None),
    ],
)
def test_a_date_is_shown_as_its_period(
    value: str, period: Period, expected: str | None
) -> None:
    assert coarsened(value, Bucket(period=period)) == expected


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, unique=True))
def test_every_number_has_one_bucket_and_neighbours_share_it(
    number: int, edges: list[int]
) -> None:
    bucket = Bucket(edges=tuple(sorted(edges)))
    shown = coarsened(str(number), bucket)
    assert shown is not None
    below = max((each for each in edges if each <= number), default=0)
    assert coarsened(str(below), bucket) == shown
