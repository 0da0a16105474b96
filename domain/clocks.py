"""The clocks of an incident: when harm began, was seen, was stopped, and was over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.views import IncidentView


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One moment of an incident.

    Attributes:
        name: As the record calls it.
        words: What happened then.
        at: None: it has not happened, or nobody can know.
    """

    name: str
    words: str
    at: datetime | None

    @property
    def missing(self) -> str:
        """What stands where there is no time."""
        return "not yet" if self.name in _STILL_TO_COME else "not known"


_STILL_TO_COME: Final = frozenset({"t_contained", "t_told", "t_closed"})


def clocks(incident: IncidentView) -> tuple[Clock, ...]:
    """All moments, in the order in which they should come."""
    source = "site" if incident.slot else "provider"
    contained = (
        "every visitor sees what was there before"
        if incident.slot
        else "the ESP confirmed that it stopped"
    )
    told = (
        ("t_onset", f"first bad event, as the {source} dates it", incident.onset_at),
        ("t_ingest", "that event taken in", incident.ingested_at),
        ("t_detect", "the numbers broke the limit", incident.detected_at),
        ("t_decide", "decided", incident.opened_at),
        ("t_halt", "gate shut, in the transaction that decided", incident.opened_at),
        ("t_contained", contained, incident.contained_at),
        ("t_told", "on-call and author told", incident.told_at),
        ("t_closed", "incident closed", incident.closed_at),
    )
    return tuple(Clock(name=name, words=words, at=at) for name, words, at in told)


def since_halt(incident: IncidentView, at: datetime) -> timedelta:
    """Seconds after the gate was shut; before it, less than nothing."""
    return at - incident.opened_at
