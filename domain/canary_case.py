"""One canary at one moment: what it is held against, worked out once for all checks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.binomial import breach_count, tail
from domain.canary_counts import ArmMails, Counts, HardKill
from domain.canary_policy import (
    GUARDED,
    CanaryPolicy,
    Decides,
    Guardrail,
    matured_share,
    milestones,
)
from domain.canary_words import Words, counted, odds


class Verdict(StrEnum):
    """What the numbers say; acting on it is somebody else's work."""

    ROLLBACK = "rollback"
    HOLD = "hold"
    EXPAND = "expand"
    WAIT = "wait"
    NO_DATA = "no_data"


class Cause(StrEnum):
    """What a canary is rolled back for."""

    COMPLAINTS = "complaints"
    HARD_BOUNCES = "hard_bounces"
    UNSUBSCRIBES = "unsubscribes"
    DEFERRALS = "deferrals"
    VIP_COMPLAINT = "vip_complaint"
    ACCOUNT_WARNING = "account_warning"
    FAILED_PROBE = "failed_probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What counts are held against now: a step, or the part of a drip that is out."""

    base: int  # who could complain in a way we would see
    planned: int
    alpha: float
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One guardrail as it stands.

    Attributes:
        to_roll_back: The count that is too many.
        error_rate: Chance that a send at the `ok` rate reaches it.
    """

    name: str
    count: int
    to_roll_back: int
    of: int
    error_rate: float
    decides: Decides

    @property
    def is_breached(self) -> bool:
        return self.count >= self.to_roll_back

    @property
    def decisive(self) -> bool:
        return self.decides is Decides.YES

    @property
    def noun(self) -> str:
        return GUARDED[self.name]


def bar(counts: Counts, policy: CanaryPolicy, alpha: float) -> Bar:
    """Return what the counts are held against by now.

    A burst is held against the whole step from the start. A drip is held against a
    quarter of it while no more than that is out, and against all of it later, each
    with its own part of `alpha`: by the union bound never more than `alpha` together.
    """
    for part, spent in milestones(policy):
        reached = Bar(
            base=_upto(counts.base_before, counts.base, part),
            planned=_upto(counts.planned_before, counts.planned, part),
            alpha=alpha * spent,
            is_whole=part == 1,
        )
        if counts.sent <= reached.planned:
            break
    return reached


def complaint_k(base: int, policy: CanaryPolicy, alpha: float) -> int:
    """Return the complaints that roll back a step of `base` reporting recipients."""
    return breach_count(base, ok=policy.ok_rate, limit=policy.limit_rate, alpha=alpha)


def readings(counts: Counts, policy: CanaryPolicy, held: Bar) -> tuple[Reading, ...]:
    """Return every guardrail of the policy as it stands, in its order."""
    return tuple(
        _reading(name, rail, getattr(counts, name), held)
        for name, rail in policy.guardrails.items()
    )


def _reading(name: str, rail: Guardrail, count: int, held: Bar) -> Reading:
    n = held.planned
    k = breach_count(n, ok=rail.ok, limit=rail.limit, alpha=held.alpha)
    return Reading(
        name=name,
        count=count,
        to_roll_back=k,
        of=n,
        error_rate=tail(n, k, rail.ok),
        decides=rail.decides,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What `judge` was asked; its own arguments, and what follows from them."""

    counts: Counts
    policy: CanaryPolicy
    elapsed: timedelta
    window: timedelta
    last_event_age: timedelta | None
    bar: Bar
    is_first: bool
    is_last: bool
    expands_alone: bool
    arms: tuple[ArmMails, ...]
    # that people clearly click the champion more, in a sentence
    worse: str
    kills: tuple[HardKill, ...]
    words: Words
    # the ESP's title, when it reports nothing of what it took
    mute_esp: str = ""

    @property
    def complaint_k(self) -> int:
        return complaint_k(self.bar.base, self.policy, self.bar.alpha)

    @property
    def bounce_k(self) -> int:
        ok = self.policy.hard_bounce_ok_rate
        return breach_count(self.bar.planned, ok=ok, limit=ok, alpha=self.bar.alpha)

    @property
    def false_rollback_rate(self) -> float:
        return tail(self.bar.base, self.complaint_k, self.policy.healthy_rate)

    @property
    def matured(self) -> float:
        return matured_share(self.elapsed, self.policy)

    @property
    def needs_person(self) -> bool:
        """Whether no data could make it expand by itself."""
        is_blind = self.counts.reporting < self.policy.min_reporting
        return not self.is_last and (is_blind or not self.expands_alone)

    @property
    def cohort(self) -> str:
        first = "" if self.bar.is_whole else "the first "
        if 0 < self.counts.reporting < self.counts.planned:
            return f"{first}{self.bar.base:,} who can report"
        return f"{first}{self.bar.base:,}"

    @property
    def noun(self) -> str:
        return "canary" if self.is_first else "step"

    @property
    def tally(self) -> str:
        count = counted(self.counts.complaints, "complaint")
        return (
            f"{count} of {self.cohort} ({self.complaint_k:,} roll it back, which a"
            f" healthy send reaches {odds(self.false_rollback_rate)})"
        )

    @property
    def readings(self) -> tuple[Reading, ...]:
        return readings(self.counts, self.policy, self.bar)


def _upto(before: int, total: int, part: float) -> int:
    return before + math.ceil(part * (total - before))
