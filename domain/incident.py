"""An incident after the stop: what caused it, what to do, who is told, when it ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.errors import Refused
from domain.rollback import Trigger

_ADDRESS: Final = re.compile(r"[^\s@<>()\[\]\"',;:|]+@[^\s@<>()\[\]\"',;:|]+")


def without_addresses(text: str) -> str:
    """Leave out whatever looks like an address: what people type may name recipients."""
    return _ADDRESS.sub("[address left out]", text)


class Cause(StrEnum):
    """What an incident was, as people say afterwards; each has one runbook."""

    FALSE_POSITIVE = "false_positive"
    HARMFUL_CONTENT = "harmful_content"
    DELIVERABILITY_HIT = "deliverability_hit"
    WRONG_SEGMENT = "wrong_segment"
    PROVIDER_OUTAGE = "provider_outage"


CAUSE_WORDS: Final = {
    Cause.FALSE_POSITIVE: "False positive: nothing was wrong",
    Cause.HARMFUL_CONTENT: "Harmful or wrong content",
    Cause.DELIVERABILITY_HIT: "Deliverability hit: complaints or bounces",
    Cause.WRONG_SEGMENT: "Wrong segment: the wrong people were mailed",
    Cause.PROVIDER_OUTAGE: "Provider outage: ESP, model or Slack",
}

_UNTIL_SAID: Final = {
    Trigger.COMPLAINTS: Cause.DELIVERABILITY_HIT,
    Trigger.HARD_BOUNCES: Cause.DELIVERABILITY_HIT,
}
"""Where to begin while nobody has said the cause; a person's click says none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """What to do about incidents of one cause: Markdown that the team owns."""

    cause: Cause
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """What the playbook says of stopping, and who outside Slack is told.

    Attributes:
        second_person_within: How long an act that takes two people waits for the
            second.
        page_after: A rollback that is not contained after this long pages.
        page_url: Where a page is posted; empty: nowhere.
        ticket_url: Where a postmortem's ticket is posted; empty: nowhere.
    """

    second_person_within: timedelta = timedelta(minutes=30)
    page_after: timedelta = timedelta(minutes=5)
    page_url: str = ""
    ticket_url: str = ""
    runbooks: Mapping[Cause, Runbook] = field(default_factory=dict)

    def runbook(self, cause: Cause | None, trigger: str) -> Runbook | None:
        """The runbook of the cause, or where to begin until somebody has said it."""
        begin = _UNTIL_SAID.get(Trigger(trigger)) if trigger in list(Trigger) else None
        found = cause or begin
        return None if found is None else self.runbooks.get(found)


class AlertKind(StrEnum):
    PAGE = "page"
    TICKET = "ticket"
    # the postmortem as a file in the campaign's thread
    DOCUMENT = "document"


class AlertState(StrEnum):
    # committed before the call; tried again until it is answered
    INTENT = "intent"
    DELIVERED = "delivered"
    # refused: as it stands it never will be taken
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One word to somebody who has to know, once per incident and kind."""

    id: int
    incident_id: int
    kind: AlertKind
    version: int
    state: AlertState
    host: str
    attempts: int
    error: str | None
    created_at: datetime
    done_at: datetime | None

    @property
    def key(self) -> str:
        """By which the receiver knows a repeat."""
        return f"copydesk-incident-{self.incident_id}-{self.kind}"


_LONGEST_WAIT: Final = timedelta(minutes=1)


def retry_alert_after(attempts: int) -> timedelta:
    """Doubling from a second: pages wake people, so never longer than a minute."""
    return min(timedelta(seconds=2 ** min(attempts, 6)), _LONGEST_WAIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionItem:
    """Something to do so that it does not happen again."""

    id: int
    incident_id: int
    text: str
    owner: str
    due_at: datetime
    created_by: str
    created_at: datetime
    reminded_at: datetime | None
    done_at: datetime | None
    done_by: str | None


def check_may_close(
    *,
    contained_at: datetime | None,
    cause: str | None,
    missed_by: str | None,
    closed_at: datetime | None,
) -> None:
    """Whether an incident has all that its postmortem asks for.

    Raises:
        Refused: Says everything that is missing.
    """
    if closed_at is not None:
        raise Refused("This incident is closed already.")
    missing = [
        words
        for is_there, words in (
            (contained_at is not None, "the ESP's confirmation that it has stopped"),
            (cause, "its cause"),
            (missed_by, "which stage should have caught it"),
        )
        if not is_there
    ]
    if missing:
        raise Refused(
            f"The incident cannot be closed yet; missing: {'; '.join(missing)}."
        )


ACTIONS_MOST: Final = 20
ACTION_LONGEST: Final = 200
"""Characters of what is to be done."""

PIN_LONGEST: Final = 500
"""Characters of a pinned message that the timeline keeps."""
