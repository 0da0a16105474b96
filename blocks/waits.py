"""What of a campaign waits by itself: for an hour, or for tomorrow's allowance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from blocks.text import count, date, line, plural
from domain.sending import WaitsFor
from domain.views import WaitLine

_SHOWN: Final = 3


def waits(lines: Sequence[WaitLine], planned: int) -> str:
    """The next mails to leave and when, as sentences; empty when none wait.

    Args:
        planned: Mails of the steps so far.
    """
    if not lines:
        return ""
    rows = [_row(each, planned) for each in lines[:_SHOWN]]
    rest = sum(each.mails for each in lines[_SHOWN:])
    if rest:
        last = date(lines[-1].until)
        rows.append(f"{plural(rest, 'more mail')} after that, the last {last}.")
    return "\n".join(rows)


def _row(each: WaitLine, planned: int) -> str:
    verb = "waits" if each.mails == 1 else "wait"
    some = f"{count(each.mails)} of {plural(planned, 'mail')} {verb}"
    if each.why is WaitsFor.WARM_UP:
        return f"{some} for the next day of the warm-up, {date(each.until)}."
    if each.there is None:
        return f"{some} for the send window, {date(each.until)}."
    where = line(each.time_zone.rpartition("/")[2].replace("_", " "), 40)
    return f"{some} for {each.there:%H:%M} their time in {where}, {date(each.until)}."
