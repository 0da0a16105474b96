"""When a person's digest is due: once a day, at their hour, on the desk's working days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from domain.sla import Calendar

LATEST: Final = timedelta(hours=3)
"""Later than this a digest waits for the next day: what it says is the morning's."""

_DAY: Final = timedelta(days=1)


class DigestState(StrEnum):
    """What became of one person's digest of one day."""

    DUE = "due"
    # the call was about to be made; after a crash nobody knows whether it was
    INTENT = "intent"
    POSTED = "posted"
    # nothing waited, so nothing was said
    NOTHING = "nothing"
    LATE = "late"
    # Slack said no for a reason that stays
    REFUSED = "refused"
    # the call was not answered: never sent again, since a lost digest is better than two
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One person's digest of one of their days."""

    id: int
    user: str
    day: date
    state: DigestState
    due_at: datetime
    intent_at: datetime | None


def next_digest(
    after: datetime, hour: int, zone: tzinfo, calendar: Calendar
) -> datetime:
    """The first moment after `after` when it is that hour on a working day.

    An hour that the clock leaves out is the moment after the change, one that it has
    twice the first of both. A day that the zone skips has none.

    Args:
        after: An aware time.
        hour: 0 to 23, in `zone`.
        zone: Where the person is; which days are worked is the calendar's.

    Returns:
        An aware time in UTC.
    """
    # a day earlier: the hour of a day may be over in UTC before it began there
    day = after.astimezone(zone).date() - _DAY
    while day < date.max - _DAY:
        at = _moment(day, hour, zone)
        if at is not None and at > after and calendar.is_worked(day):
            return at
        day += _DAY
    raise OverflowError("the calendar has no working day left")


def due_today(
    now: datetime, since: datetime, hour: int, zone: tzinfo, calendar: Calendar
) -> tuple[date, datetime] | None:
    """The day whose digest is to be sent now, and since when it has been due.

    What was missed on the days before is not sent any more.

    Args:
        since: When the first digest that was not looked at yet was due, or a little
            later when looking at it broke.
    """
    day = now.astimezone(zone).date()
    at = _moment(day, hour, zone)
    if at is None or not calendar.is_worked(day):
        return None
    is_wanted = since - LATEST < at <= now
    return (day, at) if is_wanted and not is_too_late(at, now) else None


def is_too_late(due_at: datetime, now: datetime) -> bool:
    return now - due_at >= LATEST


def _moment(day: date, hour: int, zone: tzinfo) -> datetime | None:
    at = datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).date() == day else None
