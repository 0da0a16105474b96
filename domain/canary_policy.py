"""The limits a canary is judged by, and the time its complaints take to arrive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from statistics import NormalDist
from typing import Final

MINIMUM_REPORTING: Final = 225
"""Below this many recipients at reporting providers not even 2 % complaints show."""

MILESTONES: Final = ((0.25, 0.25), (1.0, 0.75))
"""Of a drip: the part of a step that is out, and the part of its alpha spent on it."""

GUARDED: Final[Mapping[str, str]] = {
    "unsubscribes": "unsubscribe",
    "deferrals": "deferral",
}
"""What may be guarded besides complaints and hard bounces, and its noun."""

_NORMAL: Final = NormalDist()


class Sending(StrEnum):
    """How a step leaves, which decides what its counts are held against."""

    # within minutes, so that the whole step is the base from the start
    BURST = "burst"
    # over hours: a count early on is held against the quarter that is out by then
    DRIP = "drip"


class Decides(StrEnum):
    YES = "yes"
    # judged and reported, never decisive
    DRY_RUN = "dry_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """One more count that may end a canary. Rates are shares of mails planned, 0-1."""

    ok: float
    limit: float
    decides: Decides = Decides.DRY_RUN

    def __post_init__(self) -> None:
        if not 0 < self.ok <= self.limit < 1:
            raise ValueError("A guardrail needs 0 < ok <= limit < 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryPolicy:
    """Limits in force for one campaign, pinned when it was approved. Rates are 0-1.

    `ok_rate` should be the sender's own history, never below 0.05 %. The defaults are
    Gmail's and Yahoo's sender rules: stay under 0.1 %, never reach 0.3 %.
    """

    window: timedelta = timedelta(hours=4)
    healthy_rate: float = 0.0005
    ok_rate: float = 0.001
    limit_rate: float = 0.002
    disaster_rate: float = 0.003
    # Chance of rolling back a whole ladder at `ok_rate`, and the first step's part of
    # it; later steps share the rest equally, so any ladder stays within `alpha`.
    alpha: float = 0.02
    alpha_first: float = 0.015
    hard_bounce_ok_rate: float = 0.02
    no_data_after: timedelta = timedelta(minutes=10)
    stale_after: timedelta = timedelta(minutes=5)
    # Complaint delay is taken as lognormal. The sigma was fitted to the simulated
    # detection times of the count rule; re-fit both from a sender's own history.
    delay_median: timedelta = timedelta(minutes=45)
    delay_sigma: float = 1.2
    min_matured_share: float = 0.8
    min_delivered_share: float = 0.8
    min_reporting: int = MINIMUM_REPORTING
    # A click sooner after its mail's send is a scanner's.
    human_after: timedelta = timedelta(seconds=60)
    # Arms are compared for good by the clicks within this time of each mail's send.
    compare_after: timedelta = timedelta(hours=24)
    sending: Sending = Sending.BURST
    # By name, out of `GUARDED`; each has the whole error rate of a step for itself.
    guardrails: Mapping[str, Guardrail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.guardrails) - set(GUARDED))
        shares = (self.min_matured_share, self.min_delivered_share)
        needed = (
            (not unknown, f"There is no guardrail {', '.join(unknown)}."),
            (
                0 < self.healthy_rate <= self.ok_rate < self.limit_rate < 1,
                "A canary policy needs 0 < healthy rate <= ok rate < limit rate < 1.",
            ),
            (
                self.limit_rate <= self.disaster_rate < 1,
                "The disaster rate lies between the limit rate and 1.",
            ),
            (
                0 < self.hard_bounce_ok_rate < 1,
                "The accepted hard bounce rate lies between 0 and 1.",
            ),
            (
                0 < self.alpha_first < self.alpha < 0.5,  # noqa: PLR2004 - half is a coin, not a test
                "The error rates need 0 < first step < whole ladder < 0.5.",
            ),
            (
                self.delay_median > timedelta(0) and self.delay_sigma > 0,
                "The complaint delay needs a median and a sigma above 0.",
            ),
            (
                all(0 < share < 1 for share in shares),
                "The matured and delivered shares lie between 0 and 1.",
            ),
            (
                self.human_after >= timedelta(0) < self.compare_after,
                "Arms are compared after a time above 0, and people click after one.",
            ),
        )
        for holds, otherwise in needed:
            if not holds:
                raise ValueError(otherwise)

    def alpha_at(self, step: int, steps_total: int) -> float:
        """Return the step's part of the ladder's error rate; steps count from 0."""
        if not 0 <= step < steps_total:
            raise ValueError(f"Step {step} is not one of {steps_total} steps.")
        if steps_total == 1:
            return self.alpha
        if step == 0:
            return self.alpha_first
        return (self.alpha - self.alpha_first) / (steps_total - 1)


def milestones(policy: CanaryPolicy) -> tuple[tuple[float, float], ...]:
    """Return (part of a step that is out, part of its alpha), in order."""
    return MILESTONES if policy.sending is Sending.DRIP else ((1.0, 1.0),)


def matured_share(elapsed: timedelta, policy: CanaryPolicy) -> float:
    """Return the part of all complaints expected within `elapsed` of sending, 0-1."""
    if elapsed <= timedelta(0):
        return 0.0
    return _NORMAL.cdf(math.log(elapsed / policy.delay_median) / policy.delay_sigma)


def decides_after(policy: CanaryPolicy) -> timedelta:
    """Return the earliest time after a step's start at which it can expand.

    That is the window, or later if the complaints need longer to arrive.
    """
    spread = policy.delay_sigma * _NORMAL.inv_cdf(policy.min_matured_share)
    matures = policy.delay_median * math.exp(spread) + timedelta(microseconds=1)
    return max(policy.window, matures)
