"""Which clicks are a person's: scanners open every link of a mail before anybody reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SWEEP: Final = timedelta(seconds=10)
"""Every link of a mail within this time is a machine's round."""

_RESOLUTION: Final = timedelta(seconds=1)  # of an event's time
_LINKS_LEAST: Final = 2  # of one link, "all links" says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One click as the ESP told it; `is_machine` when it or its agent said so."""

    at: datetime
    url: str | None
    is_machine: bool


def is_too_soon(at: datetime, sent_at: datetime, human_after: timedelta) -> bool:
    """Say whether a click came before a person could have read the mail.

    The clock starts at the send, before delivery. Events are told to the second, so a
    limit below one second (practice time) tells nothing apart.
    """
    if human_after < _RESOLUTION:
        return False
    return at - sent_at < human_after


def first_by_a_person(
    clicks: Sequence[Click], *, sent_at: datetime, links: int, human_after: timedelta
) -> datetime | None:
    """Return when a person first clicked in one mail; None: only machines did.

    Args:
        clicks: All clicks of the mail, in any order.
        sent_at: When the ESP took the mail.
        links: Different links of the mail.
        human_after: A click sooner after the send is a machine's.
    """
    for click in sorted(clicks, key=lambda each: each.at):
        if click.is_machine or is_too_soon(click.at, sent_at, human_after):
            continue
        if not _is_in_a_sweep(click, clicks, links):
            return click.at
    return None


def _is_in_a_sweep(click: Click, clicks: Sequence[Click], links: int) -> bool:
    if links < _LINKS_LEAST:
        return False
    around = [each for each in clicks if abs(each.at - click.at) <= SWEEP]
    starts = [each.at for each in around]
    return any(
        len({e.url for e in around if timedelta(0) <= e.at - start <= SWEEP}) >= links
        and timedelta(0) <= click.at - start <= SWEEP
        for start in starts
    )
