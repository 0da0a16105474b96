"""How often, and how many a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cadence import Cap, at_cap
from domain.warm_up import ALL, Ramp, WarmUp, day_of, wait_until

NOW = datetime(2026, 11, 24, 14, 20, tzinfo=UTC)
DAY = timedelta(days=1)


def test_who_has_had_as_many_as_the_cap_allows_gets_no_other() -> None:
    cap = Cap(mails=2, span=7 * DAY)
    assert at_cap({1: 1, 2: 2, 3: 5}, cap) == {2, 3}
    assert at_cap({}, cap) == frozenset()


@pytest.mark.parametrize(("mails", "span"), [(0, DAY), (1, timedelta(0)), (-1, DAY)])
def test_a_cap_that_lets_nobody_be_mailed_is_refused(
    mails: int, span: timedelta
) -> None:
    with pytest.raises(ValueError, match="cadence cap"):
        Cap(mails=mails, span=span)


def test_a_ramp_rises_by_the_day_and_then_stays() -> None:
    ramp = Ramp(a_day=(50, 100), then=500)
    assert [ramp.on(day) for day in range(4)] == [50, 100, 500, 500]
    assert Ramp(a_day=(50,)).on(1) is None
    assert ramp.least_from(0) == 50
    assert ramp.least_from(1) == 100
    assert Ramp(a_day=(50,)).least_from(1) is None
    with pytest.raises(ValueError, match="at least one mail"):
        Ramp(a_day=(50, 0))


def waits(size: int, used: int, ramp: Ramp, *, first: datetime | None = NOW) -> object:
    return wait_until(size, used=used, ramp=ramp, first_at=first, now=NOW, day=DAY)


def test_what_does_not_fit_into_today_leaves_tomorrow() -> None:
    ramp = Ramp(a_day=(100, 200))
    assert waits(60, 40, ramp) is None
    assert waits(60, 41, ramp) == NOW + DAY
    # counted from the first mail's own time of day
    assert waits(60, 41, ramp, first=NOW - timedelta(hours=20)) == NOW + timedelta(
        hours=4
    )
    # the second day allows more
    assert waits(60, 140, ramp, first=NOW - 1.5 * DAY) is None
    assert waits(60, 10_000, ramp, first=NOW - 5 * DAY) is None
    assert waits(60, 0, ramp, first=None) is None


def test_a_chunk_larger_than_any_day_goes_alone() -> None:
    ramp = Ramp(a_day=(), then=50)
    assert waits(1000, 0, ramp) is None
    assert waits(1000, 1, ramp) == NOW + DAY


def test_a_provider_falls_under_its_own_limit_and_the_common_one() -> None:
    warm_up = WarmUp(ramps={ALL: Ramp(then=10), "gmail": Ramp(then=5)})
    assert warm_up.providers == {"gmail"}
    assert warm_up.applying("gmail") == (ALL, "gmail")
    assert warm_up.applying("") == (ALL,)
    assert WarmUp(ramps={"gmail": Ramp(then=5)}).applying("") == ()


@given(
    st.lists(st.integers(1, 40), max_size=60),
    st.lists(st.integers(1, 100), max_size=4).map(tuple),
    st.one_of(st.none(), st.integers(40, 100)),
)
def test_no_day_is_ever_over_its_limit_and_all_leave_in_the_end(
    sizes: list[int], a_day: tuple[int, ...], then: int | None
) -> None:
    """Chunks no larger than the smallest day to come, as planning makes them."""
    ramp = Ramp(a_day=a_day, then=then)
    least = ramp.least_from(0) or 1_000
    left = [min(size, least) for size in sizes]
    now, first = NOW, None
    days: dict[int, int] = {}
    for _ in range(len(left) + 200):
        if not left:
            break
        today = day_of(first, now, DAY)
        until = wait_until(
            left[0],
            used=days.get(today, 0),
            ramp=ramp,
            first_at=first,
            now=now,
            day=DAY,
        )
        if until is not None:
            assert now < until <= now + DAY
            now = until
            continue
        first = first or now
        days[today] = days.get(today, 0) + left.pop(0)
    assert not left
    for day, used in days.items():
        limit = ramp.on(day)
        assert limit is None or used <= limit
