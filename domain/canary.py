"""The judge: counts of a canary in, one of five verdicts and a sentence out.

It knows nothing of sending. A cumulative count never falls, so it may be asked after
every event: looking often does not raise the rate of false rollbacks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.binomial import breach_count, detectable_rate, excluded_rate, tail
from domain.canary_case import (
    Case,
    Cause,
    Reading,
    Verdict,
    bar,
    complaint_k,
    readings,
)
from domain.canary_checks import found
from domain.canary_counts import Alarm, ArmMails, Counts, HardKill
from domain.canary_policy import (
    CanaryPolicy,
    decides_after,
    matured_share,
    milestones,
)
from domain.canary_words import (
    MAILS,
    Words,
    blindness,
    muteness,
    percent,
    percent_up,
)

__all__ = [
    "Alarm",
    "ArmMails",
    "CanaryPolicy",
    "Cause",
    "Counts",
    "HardKill",
    "Judgement",
    "Reading",
    "Verdict",
    "breach_at",
    "breach_count",
    "decides_after",
    "detectable_rate",
    "excluded_rate",
    "foresight",
    "guardrails",
    "judge",
    "matured_share",
    "tail",
]

_POWER: Final = 0.8  # "8 times in 10"
_BLIND_POWER: Final = 0.5  # a rate that is missed more often than caught is not seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict, the sentence that explains it, and the numbers it rests on."""

    verdict: Verdict
    reason: str
    # what it is rolled back for; None with any other verdict
    cause: Cause | None
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
    guardrails: tuple[Reading, ...]


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
    arms: Sequence[ArmMails] = (),
    worse: str = "",
    kills: Sequence[HardKill] = (),
    mute_esp: str = "",
    words: Words = MAILS,
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
        arms: Each arm's mails so far, where there are several; read only once the
            window is over.
        worse: In a sentence, that people clearly click the champion more; read only
            once the window is over.
        kills: Alarms that roll back without any statistics; the first is named.
        mute_esp: The title of an ESP that reports nothing of what it took; such a step
            is held for a person once its window is over.
        words: What it calls what it counts.
    """
    case = Case(
        counts=counts,
        policy=policy,
        elapsed=elapsed,
        window=policy.window if window is None else window,
        last_event_age=last_event_age,
        bar=bar(counts, policy, policy.alpha_at(step, steps_total)),
        is_first=step == 0,
        is_last=step == steps_total - 1,
        expands_alone=expands_alone,
        arms=tuple(arms),
        worse=worse,
        kills=tuple(kills),
        mute_esp=mute_esp,
        words=words,
    )
    decided = found(case)
    return Judgement(
        verdict=decided.verdict,
        reason=decided.reason,
        cause=decided.cause,
        complaints=counts.complaints,
        complaints_to_roll_back=case.complaint_k,
        base=case.bar.base,
        hard_bounces=counts.hard_bounces,
        hard_bounces_to_roll_back=case.bounce_k,
        planned=case.bar.planned,
        false_rollback_rate=case.false_rollback_rate,
        matured_share=case.matured,
        guardrails=case.readings,
    )


def breach_at(
    counts: Counts, *, policy: CanaryPolicy, step: int, steps_total: int
) -> int | None:
    """Return the complaints that roll back by now; None when they cannot be seen."""
    if counts.reporting < policy.min_reporting:
        return None
    held = bar(counts, policy, policy.alpha_at(step, steps_total))
    return complaint_k(held.base, policy, held.alpha)


def guardrails(
    counts: Counts, *, policy: CanaryPolicy, step: int, steps_total: int
) -> tuple[Reading, ...]:
    """Return each guardrail of the policy as it stands now."""
    held = bar(counts, policy, policy.alpha_at(step, steps_total))
    return readings(counts, policy, held)


def foresight(
    *,
    planned: int,
    reporting: int,
    policy: CanaryPolicy,
    step: int,
    steps_total: int,
    mute_esp: str = "",
    words: Words = MAILS,
) -> str:
    """Say before launch what a step could detect, in one sentence.

    Args:
        planned: Recipients of this step and all before it.
        reporting: Those of them at providers that report complaints.
        policy: Limits the step will be judged by.
        step: Counted from 0.
        steps_total: Steps of the whole ladder.
        mute_esp: The title of an ESP that reports nothing.
    """
    noun = "canary" if step == 0 else "step"
    if mute_esp:
        return muteness(mute_esp)
    if reporting < policy.min_reporting:
        return blindness(
            noun,
            planned=planned,
            reporting=reporting,
            needed=policy.min_reporting,
            words=words,
        )
    # of a drip, what all of it will be held against
    spent = milestones(policy)[-1][1]
    k = complaint_k(reporting, policy, spent * policy.alpha_at(step, steps_total))
    caught = percent_up(detectable_rate(reporting, k, _POWER))
    sentence = f"This {noun} would catch a {caught} complaint rate 8 times in 10"
    power = tail(reporting, k, policy.disaster_rate)
    if power >= _POWER:
        return f"{sentence}."
    disaster = percent(policy.disaster_rate)
    if power < _BLIND_POWER:
        return f"{sentence}; it cannot see {disaster}."
    return f"{sentence}; it sees {disaster} {math.floor(power * 10)} times in 10."
