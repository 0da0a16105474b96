"""What a canary is judged on: counts, the arms' mails, and alarms that need no count."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Totals over all steps so far, of different recipients (not of raw events).

    `planned` is fixed before a step starts; `reporting` are those of them whose
    mailbox provider tells the ESP who complained. `..._before` are the same of the
    steps before this one; only a drip needs them.
    """

    planned: int
    reporting: int
    planned_before: int = 0
    reporting_before: int = 0
    sent: int = 0
    delivered: int = 0
    complaints: int = 0
    hard_bounces: int = 0
    unsubscribes: int = 0
    opens: int = 0
    machine_opens: int = 0
    clicks: int = 0
    machine_clicks: int = 0
    deferrals: int = 0
    dropped: int = 0

    def __post_init__(self) -> None:
        if any(getattr(self, field.name) < 0 for field in fields(self)):
            raise ValueError("A canary's counts cannot be negative.")
        if self.reporting > self.planned:
            raise ValueError("Reporting recipients are a part of those planned.")
        if self.planned_before > self.planned or self.reporting_before > self.reporting:
            raise ValueError("The steps before are a part of all steps so far.")

    @property
    def base(self) -> int:
        """Planned recipients who could complain in a way we would see.

        A complaint from a cohort thought to be mute shows that the provider table is
        wrong; all recipients are the safe base then.
        """
        return self.reporting or self.planned

    @property
    def base_before(self) -> int:
        return self.reporting_before if self.reporting else self.planned_before

    @property
    def delivered_share(self) -> float:
        return min(1.0, self.delivered / self.planned) if self.planned else 0.0

    @property
    def seen(self) -> int:
        """Recipients whose complaint could have been seen by now."""
        return round(self.base * self.delivered_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMails:
    """One arm's mails in all steps so far."""

    name: str
    planned: int
    delivered: int


class Alarm(StrEnum):
    """What ends a canary at once, whatever its counts."""

    VIP_COMPLAINT = "vip_complaint"
    ACCOUNT_WARNING = "account_warning"
    FAILED_PROBE = "failed_probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class HardKill:
    """An alarm that was raised, and what it said; "" when it said nothing."""

    alarm: Alarm
    said: str = ""
