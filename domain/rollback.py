"""A rollback: its steps in order, and the clock that runs while they do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.campaign import CampaignId


class StepName(StrEnum):
    HALT = "halt"
    REVOKE = "revoke"
    # of what a slot shows: the version before it is shown again
    RESTORE = "restore"
    CANCEL = "cancel"
    READ_BACK = "read_back"
    SUPPRESS = "suppress"
    NOTIFY = "notify"


class StepState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    # the ESP has no such thing: settled, and trying again would not help
    IMPOSSIBLE = "impossible"


SETTLED: Final = frozenset({StepState.DONE, StepState.IMPOSSIBLE})
"""Nothing more is to be done about such a step."""

LOCAL_STEPS: Final = (StepName.HALT, StepName.REVOKE, StepName.RESTORE)
"""Done inside the transaction that shuts the gate: they need only our database."""

ESP_STEPS: Final = (StepName.CANCEL, StepName.READ_BACK, StepName.SUPPRESS)


class Trigger(StrEnum):
    COMPLAINTS = "complaints"
    HARD_BOUNCES = "hard_bounces"
    UNSUBSCRIBES = "unsubscribes"
    DEFERRALS = "deferrals"
    VIP_COMPLAINT = "vip_complaint"
    ACCOUNT_WARNING = "account_warning"
    FAILED_PROBE = "failed_probe"
    BUTTON = "button"
    COMMAND = "command"
    SHELL = "shell"
    # for practice, from a shell: the same in all but the name
    DRILL = "drill"


BY_SHELL: Final = frozenset({Trigger.SHELL, Trigger.DRILL})
"""Whoever is at the machine is trusted; team.yaml knows no shell users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackStep:
    id: int
    incident_id: int
    name: StepName
    # what the step acts on: a batch id, or "" when it acts once
    target: str
    state: StepState
    version: int
    attempts: int
    detail: str | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    id: int
    campaign_id: CampaignId
    trigger: Trigger
    actor: str
    # the judge's sentence, or the person's words given afterwards
    reason: str | None
    mails_out: int
    mails_spared: int
    # first bad event: when it happened, and when it was taken in
    onset_at: datetime | None
    ingested_at: datetime | None
    # when the numbers broke the limit; None for what a person saw
    detected_at: datetime | None
    # decided, and the gate shut, in one transaction
    opened_at: datetime
    contained_at: datetime | None
    told_at: datetime | None
    # not contained in time: since when that is said loudly
    late_at: datetime | None
    # what people say of it afterwards
    cause: str | None
    missed_by: str | None
    missed_why: str | None
    closed_at: datetime | None
    closed_by: str | None
