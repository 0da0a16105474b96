"""The judge: counts of a canary in, one of five verdicts and a sentence out.

It knows nothing of sending. A cumulative count never falls, so it may be asked after
every event: looking often does not raise the rate of false rollbacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from domain.binomial import breach_count, detectable_rate, excluded_rate, tail
from domain.canary_policy import CanaryPolicy, decides_after, matured_share
from domain.canary_words import (
    blindness,
    counted,
    odds,
    percent,
    percent_up,
    reached,
    span,
)

__all__ = [
    "CanaryPolicy",
    "Counts",
    "Judgement",
    "Verdict",
    "breach_count",
    "decides_after",
    "detectable_rate",
    "excluded_rate",
    "foresight",
    "judge",
    "matured_share",
    "tail",
]

_GREY_EVENTS: Final = 2  # one complaint alone is never evidence of a rate
_POWER: Final = 0.8  # "8 times in 10"
_BLIND_POWER: Final = 0.5  # a rate that is missed more often than caught is not seen


class Verdict(StrEnum):
    """What the numbers say; acting on it is somebody else's work."""

    ROLLBACK = "rollback"
    HOLD = "hold"
    EXPAND = "expand"
    WAIT = "wait"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Totals over all steps so far, of different recipients (not of raw events).

    `planned` is fixed before a step starts; `reporting` are those of them whose
    mailbox provider tells the ESP who complained.
    """

    planned: int
    reporting: int
    sent: int = 0
    delivered: int = 0
    complaints: int = 0
    hard_bounces: int = 0
    unsubscribes: int = 0
    opens: int = 0
    machine_opens: int = 0
    clicks: int = 0
    machine_clicks: int = 0
    deferred: int = 0
    dropped: int = 0

    def __post_init__(self) -> None:
        if any(getattr(self, field.name) < 0 for field in fields(self)):
            raise ValueError("A canary's counts cannot be negative.")
        if self.reporting > self.planned:
            raise ValueError("Reporting recipients are a part of those planned.")

    @property
    def base(self) -> int:
        """Planned recipients who could complain in a way we would see.

        A complaint from a cohort thought to be mute shows that the provider table is
        wrong; all recipients are the safe base then.
        """
        return self.reporting or self.planned

    @property
    def delivered_share(self) -> float:
        return min(1.0, self.delivered / self.planned) if self.planned else 0.0

    @property
    def seen(self) -> int:
        """Recipients whose complaint could have been seen by now."""
        return round(self.base * self.delivered_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict, the sentence that explains it, and the numbers it rests on."""

    verdict: Verdict
    reason: str
    complaints: int
    complaints_to_roll_back: int
    # Planned recipients the complaint count is held against.
    base: int
    hard_bounces: int
    hard_bounces_to_roll_back: int
    planned: int
    # Chance that a send at the policy's healthy rate reaches the complaint count.
    false_rollback_rate: float
    # Part of all complaints that would have come by now, 0-1.
    matured_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    counts: Counts
    policy: CanaryPolicy
    elapsed: timedelta
    window: timedelta
    last_event_age: timedelta | None
    alpha: float
    is_first: bool
    is_last: bool
    expands_alone: bool

    @property
    def complaint_k(self) -> int:
        return _complaint_k(self.counts.base, self.policy, self.alpha)

    @property
    def bounce_k(self) -> int:
        ok = self.policy.hard_bounce_ok_rate
        return breach_count(self.counts.planned, ok=ok, limit=ok, alpha=self.alpha)

    @property
    def false_rollback_rate(self) -> float:
        return tail(self.counts.base, self.complaint_k, self.policy.healthy_rate)

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
        if 0 < self.counts.reporting < self.counts.planned:
            return f"{self.counts.base:,} who can report"
        return f"{self.counts.base:,}"

    @property
    def noun(self) -> str:
        return "canary" if self.is_first else "step"

    @property
    def tally(self) -> str:
        count = counted(self.counts.complaints, "complaint")
        return f"{count} of {self.cohort} ({self.complaint_k:,} roll it back)"


def judge(
    counts: Counts,
    *,
    policy: CanaryPolicy,
    step: int,
    steps_total: int,
    elapsed: timedelta,
    last_event_age: timedelta | None,
    expands_alone: bool = True,
    window: timedelta | None = None,
) -> Judgement:
    """Compare a campaign's counts with its policy.

    A breach rolls back at once and before all else; an expansion waits for the window,
    fresh data, and enough expected complaints having had the time to arrive.
    `no_data` stops expansion like `hold`, but lifts by itself: judge again when
    events return. At the last step `expand` means that the campaign is done.

    Args:
        counts: Totals over this step and all before it.
        policy: Limits in force when the campaign was approved.
        step: The step now out, counted from 0.
        steps_total: Steps of the whole ladder, this one and the last included.
        elapsed: Time since this step's first mail was accepted.
        last_event_age: Time since the ESP was last heard from by any sign of life;
            None if never. Not the age of this campaign's last complaint.
        expands_alone: False when the plan says that a person must expand the list.
        window: This step's window if a person extended it; else the policy's.
    """
    case = _Case(
        counts=counts,
        policy=policy,
        elapsed=elapsed,
        window=policy.window if window is None else window,
        last_event_age=last_event_age,
        alpha=policy.alpha_at(step, steps_total),
        is_first=step == 0,
        is_last=step == steps_total - 1,
        expands_alone=expands_alone,
    )
    for check in _CHECKS:
        found = check(case)
        if found is not None:
            return _judgement(case, *found)
    return _judgement(case, Verdict.EXPAND, _passed(case))


def foresight(
    *, planned: int, reporting: int, policy: CanaryPolicy, step: int, steps_total: int
) -> str:
    """Say before launch what a step could detect, in one sentence.

    Args:
        planned: Recipients of this step and all before it.
        reporting: Those of them at providers that report complaints.
        policy: Limits the step will be judged by.
        step: Counted from 0.
        steps_total: Steps of the whole ladder.
    """
    noun = "canary" if step == 0 else "step"
    if reporting < policy.min_reporting:
        return blindness(
            noun, planned=planned, reporting=reporting, needed=policy.min_reporting
        )
    k = _complaint_k(reporting, policy, policy.alpha_at(step, steps_total))
    caught = percent_up(detectable_rate(reporting, k, _POWER))
    sentence = f"This {noun} would catch a {caught} complaint rate 8 times in 10"
    power = tail(reporting, k, policy.disaster_rate)
    if power >= _POWER:
        return f"{sentence}."
    disaster = percent(policy.disaster_rate)
    if power < _BLIND_POWER:
        return f"{sentence}; it cannot see {disaster}."
    return f"{sentence}; it sees {disaster} {math.floor(power * 10)} times in 10."


_Finding: TypeAlias = tuple[Verdict, str]


def _complaint_breach(case: _Case) -> _Finding | None:
    count, k = case.counts.complaints, case.complaint_k
    if count < k:
        return None
    what = reached(count, k, "complaint", of=case.cohort)
    return Verdict.ROLLBACK, (
        f"Rolled back at {what}; "
        f"a healthy send does this {odds(case.false_rollback_rate)}."
    )


def _bounce_breach(case: _Case) -> _Finding | None:
    count, k, planned = case.counts.hard_bounces, case.bounce_k, case.counts.planned
    if count < k:
        return None
    ok = case.policy.hard_bounce_ok_rate
    what = reached(count, k, "hard bounce", of=f"{planned:,}")
    return Verdict.ROLLBACK, (
        f"Rolled back at {what}; a list with {percent(ok)} dead addresses does this "
        f"{odds(tail(planned, k, ok))}."
    )


def _window_open(case: _Case) -> _Finding | None:
    if case.elapsed >= case.window:
        return None
    if case.counts.delivered == 0 and case.elapsed >= case.policy.no_data_after:
        return Verdict.WAIT, (
            f"No delivered event in {span(case.policy.no_data_after)}; the ESP or its "
            "webhook may be silent."
        )
    return Verdict.WAIT, f"{case.tally}; the window is open."


def _silence(case: _Case) -> _Finding | None:
    counts, age = case.counts, case.last_event_age
    if counts.delivered == 0:
        return Verdict.NO_DATA, (
            f"The window is over without a delivered event for {counts.planned:,} "
            "mails; nothing expands until data returns."
        )
    if case.needs_person:
        # its few recipients fall silent for good; holding tells a person
        return None
    if age is None or age > case.policy.stale_after:
        return Verdict.NO_DATA, (
            "The window is over, but the ESP has been silent for more than "
            f"{span(case.policy.stale_after)}; nothing expands until data returns."
        )
    return None


def _grey_zone(case: _Case) -> _Finding | None:
    counts, limit = case.counts, case.policy.limit_rate
    if counts.complaints < _GREY_EVENTS or counts.complaints <= limit * counts.seen:
        return None
    return Verdict.HOLD, (
        f"Held above the limit of {percent(limit)}: {counts.complaints:,} complaints "
        f"of {counts.seen:,} delivered; {case.complaint_k:,} would have rolled back. "
        "Expanding needs a person."
    )


def _unripe(case: _Case) -> _Finding | None:
    if case.matured >= case.policy.min_matured_share:
        return None
    return Verdict.WAIT, (
        f"{case.tally}; under {percent(case.policy.min_matured_share)} of the "
        "complaints to expect have had time to arrive."
    )


def _blind(case: _Case) -> _Finding | None:
    counts = case.counts
    if case.is_last or counts.reporting >= case.policy.min_reporting:
        return None
    return Verdict.HOLD, blindness(
        case.noun,
        planned=counts.planned,
        reporting=counts.reporting,
        needed=case.policy.min_reporting,
    )


def _undelivered(case: _Case) -> _Finding | None:
    counts, least = case.counts, case.policy.min_delivered_share
    if case.is_last or counts.delivered_share >= least:
        return None
    return Verdict.HOLD, (
        f"Only {counts.delivered:,} of {counts.planned:,} mails were delivered, under "
        f"{percent(least)}; expanding needs a person."
    )


def _needs_person(case: _Case) -> _Finding | None:
    if case.is_last or case.expands_alone:
        return None
    return Verdict.HOLD, (
        f"{case.tally}, but a list this small never expands by itself; "
        "expanding needs a person."
    )


# In this order; the first that finds something is the verdict.
_CHECKS: Final[tuple[Callable[[_Case], _Finding | None], ...]] = (
    _complaint_breach,
    _bounce_breach,
    _window_open,
    _silence,
    _grey_zone,
    _unripe,
    _blind,
    _undelivered,
    _needs_person,
)


def _passed(case: _Case) -> str:
    head = "The last step passed" if case.is_last else "Passed"
    if case.counts.reporting < case.policy.min_reporting:
        return f"{head} without seeing complaints; nothing is left to send."
    sentence = f"{head}: {case.tally}"
    if case.counts.complaints:
        return f"{sentence}."
    proof = excluded_rate(math.floor(case.counts.seen * case.matured))
    return f"{sentence}. None seen rules out {percent_up(proof)} or more (95 %)."


def _judgement(case: _Case, verdict: Verdict, reason: str) -> Judgement:
    return Judgement(
        verdict=verdict,
        reason=reason,
        complaints=case.counts.complaints,
        complaints_to_roll_back=case.complaint_k,
        base=case.counts.base,
        hard_bounces=case.counts.hard_bounces,
        hard_bounces_to_roll_back=case.bounce_k,
        planned=case.counts.planned,
        false_rollback_rate=case.false_rollback_rate,
        matured_share=case.matured,
    )


def _complaint_k(n: int, policy: CanaryPolicy, alpha: float) -> int:
    return breach_count(n, ok=policy.ok_rate, limit=policy.limit_rate, alpha=alpha)
