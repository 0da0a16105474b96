"""When a mail may leave by the clock where its recipient is, clock changes included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

Span = tuple[datetime, datetime]

_DAY: Final = timedelta(days=1)
_MINUTES_A_DAY: Final = 24 * 60
_LOOKED_AHEAD: Final = 800
"""Days; a year of holidays and the longest week fit in."""

BURST_WITHIN: Final = timedelta(hours=24)
"""How long a canary waits for an hour that suits all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hours of each day in which nothing leaves; they may go past midnight."""

    begins: time
    ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWindow:
    """When mails may leave, in the recipient's own zone.

    Attributes:
        days: Weekdays; Monday is 0.
        closes: The first minute that is too late; None is midnight.
        quiet: Taken out of the window.
        holidays: Days on which nothing leaves.
        default_zone: Of recipients whose zone is not known.

    Raises:
        ValueError: It never opens.
    """

    default_zone: tzinfo
    days: frozenset[int] = frozenset(range(7))
    opens: time = time(0)
    closes: time | None = None
    quiet: tuple[Quiet, ...] = ()
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.days or not self.days <= frozenset(range(7)):
            raise ValueError("a send window needs at least one weekday, 0 to 6")
        if self.closes is not None and self.closes <= self.opens:
            raise ValueError("a send window has to open before it closes")
        if not any(self._is_open(minute) for minute in range(_MINUTES_A_DAY)):
            raise ValueError("the quiet hours leave nothing of the send window")

    def _is_open(self, minute: int) -> bool:
        at = time(minute // 60, minute % 60)
        if at < self.opens or (self.closes is not None and at >= self.closes):
            return False
        return not any(_is_in(at, each) for each in self.quiet)


def _is_in(at: time, quiet: Quiet) -> bool:
    if quiet.begins < quiet.ends:
        return quiet.begins <= at < quiet.ends
    return at >= quiet.begins or at < quiet.ends


def next_allowed(now: datetime, zone: tzinfo, window: SendWindow) -> datetime:
    """The first moment from `now` on at which a mail may leave to somebody in `zone`.

    Args:
        now: An aware time; returned as it is when it is allowed itself.

    Returns:
        An aware time in UTC.
    """
    moment = now.astimezone(UTC)
    for opens, closes in _open_spans(moment, zone, window):
        if moment < closes:
            return max(moment, opens)
    raise OverflowError("the send window does not open within two years")


def burst_at(
    now: datetime, zones: Iterable[tzinfo], window: SendWindow
) -> datetime | None:
    """The first moment that is allowed in all of these zones at once.

    A canary that leaves as one burst is judged several times faster than a drip.

    Returns:
        None when there is none within `BURST_WITHIN`; each zone has its own then.
    """
    asked = tuple(zones)
    moment, last = now.astimezone(UTC), now.astimezone(UTC) + BURST_WITHIN
    while moment <= last:
        later = max(
            (next_allowed(moment, zone, window) for zone in asked), default=moment
        )
        if later == moment:
            return moment
        moment = later
    return None


def _open_spans(since: datetime, zone: tzinfo, window: SendWindow) -> Iterator[Span]:
    """Spans in UTC in which mails may leave, those that `since` does not follow.

    A span that a change of the clock has turned round is none.
    """
    first = since.astimezone(zone).date()
    for number in range(-1, _LOOKED_AHEAD):
        day = first + number * _DAY
        if day.weekday() not in window.days or day in window.holidays:
            continue
        closes = (
            _moment(day + _DAY, time(0), zone)
            if window.closes is None
            else _moment(day, window.closes, zone)
        )
        whole = (_moment(day, window.opens, zone), closes)
        for begins, ends in _without(whole, _quiet(day, zone, window.quiet)):
            if begins < ends and since < ends:
                yield begins, ends


def _quiet(day: date, zone: tzinfo, quiet: Sequence[Quiet]) -> list[Span]:
    """The quiet spans that touch a day, also those that began the evening before."""
    spans = []
    for each in quiet:
        is_past_midnight = each.ends <= each.begins
        for begins_on in (day - _DAY, day):
            ends_on = begins_on + _DAY if is_past_midnight else begins_on
            spans.append(
                (
                    _moment(begins_on, each.begins, zone),
                    _moment(ends_on, each.ends, zone),
                )
            )
    return sorted(spans)


def _without(whole: Span, taken: Iterable[Span]) -> Iterator[Span]:
    """What is left of a span, in order."""
    begins, ends = whole
    for taken_from, taken_until in taken:
        if taken_until <= begins or taken_from >= ends:
            continue
        if begins < taken_from:
            yield begins, taken_from
        begins = max(begins, taken_until)
    if begins < ends:
        yield begins, ends


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
