from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.send_window import (
    BURST_WITHIN,
    Quiet,
    SendWindow,
    burst_at,
    next_allowed,
)

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
TOKYO, KATHMANDU = ZoneInfo("Asia/Tokyo"), ZoneInfo("Asia/Kathmandu")
ZONES = [BERLIN, NEW_YORK, TOKYO, KATHMANDU, ZoneInfo("Australia/Lord_Howe")]
WEEKDAYS = frozenset(range(5))


def make_window(**changes: object) -> SendWindow:
    usual: dict[str, object] = {
        "default_zone": BERLIN,
        "days": WEEKDAYS,
        "opens": time(8),
        "closes": time(20),
    }
    return SendWindow(**usual | changes)  # type: ignore[arg-type]  # tests name fields


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        # a Tuesday
        ("2026-11-24T14:20", "2026-11-24T14:20"),
        ("2026-11-24T08:00", "2026-11-24T08:00"),
        ("2026-11-24T07:59", "2026-11-24T08:00"),
        # the minute of closing is too late
        ("2026-11-24T20:00", "2026-11-25T08:00"),
        ("2026-11-27T20:30", "2026-11-30T08:00"),
        ("2026-11-28T12:00", "2026-11-30T08:00"),
        # the clock goes forward on 29 March and back on 25 October
        ("2026-03-27T21:00", "2026-03-30T08:00"),
        ("2026-10-23T21:00", "2026-10-26T08:00"),
    ],
)
def test_a_mail_waits_for_the_hour_where_its_reader_is(now: str, allowed: str) -> None:
    assert next_allowed(at(now), BERLIN, make_window()) == at(allowed)


def test_the_same_moment_is_day_in_one_zone_and_night_in_another() -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert next_allowed(noon, BERLIN, make_window()) == noon
    assert next_allowed(noon, NEW_YORK, make_window()) == at(
        "2026-11-24T08:00", NEW_YORK
    )


def test_quiet_hours_are_taken_out_also_past_midnight() -> None:
    window = make_window(
        days=frozenset(range(7)),
        opens=time(0),
        closes=None,
        quiet=(
            Quiet(begins=time(21), ends=time(7)),
            Quiet(begins=time(12), ends=time(13)),
        ),
    )
    for now, allowed in [
        ("2026-11-24T06:00", "2026-11-24T07:00"),
        ("2026-11-24T12:30", "2026-11-24T13:00"),
        ("2026-11-24T21:00", "2026-11-25T07:00"),
        ("2026-11-24T23:59", "2026-11-25T07:00"),
        ("2026-11-24T20:59", "2026-11-24T20:59"),
    ]:
        assert next_allowed(at(now), BERLIN, window) == at(allowed)


def test_nothing_leaves_on_a_holiday() -> None:
    window = make_window(holidays=frozenset({date(2026, 12, 25)}))
    assert next_allowed(at("2026-12-25T10:00"), BERLIN, window) == at(
        "2026-12-28T08:00"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"days": frozenset()},
        {"days": frozenset({7})},
        {"closes": time(8)},
        {"quiet": (Quiet(begins=time(7), ends=time(21)),)},
        {"quiet": (Quiet(begins=time(9), ends=time(9)),)},
    ],
)
def test_a_window_that_never_opens_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="send window"):
        make_window(**changes)


MOMENTS = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - made aware below
    max_value=datetime(2027, 12, 31),  # noqa: DTZ001
).map(lambda moment: moment.replace(tzinfo=UTC))
# where no clock is changed: its own hour would exist twice or never
HOURS = st.integers(5, 22)


@st.composite
def windows(draw: st.DrawFn) -> SendWindow:
    opens, closes = sorted(draw(st.lists(HOURS, min_size=2, max_size=2, unique=True)))
    return make_window(
        days=draw(st.frozensets(st.integers(0, 6), min_size=1)),
        opens=time(opens),
        closes=time(closes, draw(st.sampled_from([0, 30]))),
    )


def is_open(moment: datetime, zone: ZoneInfo, window: SendWindow) -> bool:
    """The same by the clock on the wall there."""
    there = moment.astimezone(zone)
    assert window.closes is not None
    return (
        there.weekday() in window.days and window.opens <= there.time() < window.closes
    )


@given(MOMENTS, st.sampled_from(ZONES), windows())
def test_the_next_allowed_moment_is_allowed_and_the_first(
    now: datetime, zone: ZoneInfo, window: SendWindow
) -> None:
    found = next_allowed(now, zone, window)
    assert found >= now
    assert is_open(found, zone, window)
    assert next_allowed(found, zone, window) == found
    assert found - now <= timedelta(days=7, hours=1)
    if found > now:
        assert not is_open(now, zone, window)
        assert not is_open(found - timedelta(microseconds=1), zone, window)
        step = (found - now) / 48
        assert not any(is_open(now + n * step, zone, window) for n in range(48))


@given(MOMENTS, st.lists(st.sampled_from(ZONES), max_size=4), windows())
def test_a_burst_suits_every_zone_or_there_is_none(
    now: datetime, zones: list[ZoneInfo], window: SendWindow
) -> None:
    found = burst_at(now, zones, window)
    if found is not None:
        assert now <= found <= now + BURST_WITHIN
        assert all(is_open(found, zone, window) for zone in zones)
        return
    minutes = int(BURST_WITHIN / timedelta(minutes=30))
    for number in range(minutes):
        moment = now + number * timedelta(minutes=30)
        assert not all(is_open(moment, zone, window) for zone in zones)


def test_a_canary_of_two_continents_leaves_when_both_are_awake() -> None:
    morning = at("2026-11-24T09:00")
    assert burst_at(morning, [BERLIN, NEW_YORK], make_window()) == at(
        "2026-11-24T08:00", NEW_YORK
    )
    office = make_window(opens=time(9), closes=time(17))
    assert burst_at(morning, [TOKYO, NEW_YORK], office) is None
