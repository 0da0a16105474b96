"""When an answer is due: time counted in working hours, clock changes included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

_DAY: Final = timedelta(days=1)
_EVERY_DAY: Final = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a desk works, in its own zone.

    Attributes:
        days: Weekdays that are worked; Monday is 0.
        closes: None is midnight, the end of the day.
        holidays: Days that are not worked, whatever their weekday.

    Raises:
        ValueError: It never opens.
    """

    zone: tzinfo
    days: frozenset[int] = _EVERY_DAY
    opens: time = time(0)
    closes: time | None = None
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.days or not self.days <= _EVERY_DAY:
            raise ValueError("a calendar needs at least one weekday, 0 to 6")
        if self.closes is not None and self.closes <= self.opens:
            raise ValueError("a desk has to open before it closes")

    @property
    def is_round_the_clock(self) -> bool:
        return (
            self.days == _EVERY_DAY
            and not self.holidays
            and self.opens == time(0)
            and self.closes is None
        )

    @property
    def week(self) -> timedelta:
        """Working time of a week without holidays, as the clock on the wall has it."""
        opens, closes = _since_midnight(self.opens), timedelta(days=1)
        if self.closes is not None:
            closes = _since_midnight(self.closes)
        return len(self.days) * (closes - opens)

    def is_worked(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.holidays


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


ROUND_THE_CLOCK: Final = Calendar(zone=UTC)
"""Every hour counts: what practice time uses, where a night lasts two minutes."""


def due_at(asked: datetime, sla: timedelta, calendar: Calendar) -> datetime:
    """The moment when `sla` of working time has passed since `asked`.

    Never out of hours: it is the next opening when nothing is left to wait, and at the
    latest the minute of closing.

    Args:
        asked: An aware time.
        sla: Working time, not negative.

    Returns:
        An aware time in UTC.
    """
    if calendar.is_round_the_clock:
        return asked.astimezone(UTC) + sla
    left = sla
    for opens, closes in _open_hours(asked, calendar):
        begins = max(asked.astimezone(UTC), opens)
        if left <= closes - begins:
            return begins + left
        left -= closes - begins
    raise OverflowError("the calendar ends before the time is up")


def half_at(asked: datetime, sla: timedelta, calendar: Calendar) -> datetime:
    """When half of the time to answer has passed."""
    return share_at(asked, sla, 0.5, calendar)


def share_at(
    asked: datetime, sla: timedelta, share: float, calendar: Calendar
) -> datetime:
    """When a share of the time to answer has passed.

    Args:
        share: 0 to 1.
    """
    return due_at(asked, sla * share, calendar)


def worked(since: datetime, until: datetime, calendar: Calendar) -> timedelta:
    """Working time between two aware times; none when they are the other way round."""
    total = timedelta(0)
    if until <= since:
        return total
    if calendar.is_round_the_clock:
        return until - since
    end = until.astimezone(UTC)
    for opens, closes in _open_hours(since, calendar):
        if opens >= end:
            break
        total += min(closes, end) - max(opens, since.astimezone(UTC))
    return total


def _open_hours(
    since: datetime, calendar: Calendar
) -> Iterator[tuple[datetime, datetime]]:
    """Each working day's opening and closing in UTC that `since` does not follow.

    Counted in UTC, a day on which the clock is put forward is an hour shorter.
    """
    # a day earlier: midnight in the zone may be yesterday's or tomorrow's in UTC
    day = since.astimezone(calendar.zone).date() - _DAY
    while day < date.max - _DAY:
        if calendar.is_worked(day):
            opens = _moment(day, calendar.opens, calendar.zone)
            closes = (
                _moment(day + _DAY, time(0), calendar.zone)
                if calendar.closes is None
                else _moment(day, calendar.closes, calendar.zone)
            )
            if opens < closes and closes >= since:
                yield opens, closes
        day += _DAY


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
