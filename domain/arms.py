"""What an A/B test came to: which arm people clicked more, or that it cannot be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.canary_clicks import Click, first_by_a_person
from domain.canary_policy import CanaryPolicy
from domain.canary_words import percent, span
from domain.experiment import (
    SPLIT_ALPHA,
    Arm,
    Finding,
    Interval,
    Outcome,
    compare,
    is_split_unfair,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickedMail:
    """One mail that was clicked, by whomever."""

    label: str
    sent_at: datetime
    clicks: tuple[Click, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentArm:
    """One arm's mails, and the different links that anybody clicked in them."""

    label: str
    planned: int
    delivered: int
    links: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenArm:
    """One arm of what a slot shows."""

    label: str
    visitors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCount:
    """One arm in numbers.

    Attributes:
        delivered: Mails that arrived, or visitors who saw it.
        machine_only: Mails that no person clicked; None: a site reports people.
    """

    label: str
    delivered: int
    clicked: int
    machine_only: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmsResult:
    """The comparison and its sentence; `finding` is None where the split is unfair."""

    arms: tuple[ArmCount, ...]
    finding: Finding | None
    sentence: str


def arms_result(
    sent: Sequence[SentArm],
    mails: Sequence[ClickedMail],
    *,
    age: timedelta,
    policy: CanaryPolicy,
) -> ArmsResult:
    """Compare the arms by people's clicks at equal age of every mail.

    One arm's mails may leave later than another's; so a click counts only within the
    age that all mails have reached, and no more than the policy's `compare_after`,
    which is the planned end. Clicks are taken in order of the mail's age as well.

    Args:
        sent: Two arms or more.
        mails: Every mail of theirs that was clicked.
        age: Time since the last of all mails was sent.
        policy: Says when a click may be a person's, and when the planned end is.
    """
    counted = min(age, policy.compare_after)
    links = {arm.label: arm.links for arm in sent}
    ages: list[tuple[timedelta, str]] = []
    machine: dict[str, int] = dict.fromkeys(links, 0)
    for mail in mails:
        at = first_by_a_person(
            mail.clicks,
            sent_at=mail.sent_at,
            links=links[mail.label],
            human_after=policy.human_after,
        )
        if at is None:
            machine[mail.label] += 1
        elif at - mail.sent_at <= counted:
            ages.append((at - mail.sent_at, mail.label))
    path = [label for _, label in sorted(ages)]
    counts = tuple(
        ArmCount(
            label=arm.label,
            # who clicked has got it, whatever the ESP has told so far
            delivered=max(arm.delivered, path.count(arm.label)),
            clicked=path.count(arm.label),
            machine_only=machine[arm.label],
        )
        for arm in sent
    )
    if is_split_unfair([a.delivered for a in sent], [a.planned for a in sent]):
        got = ", ".join(f"{a.label} {a.delivered:,} of {a.planned:,}" for a in sent)
        unfair = _unfair(f"the arms did not arrive as planned ({got})")
        return ArmsResult(arms=counts, finding=None, sentence=unfair)
    return _compared(counts, path, left=policy.compare_after - age)


def seen_arms_result(
    seen: Sequence[SeenArm],
    clicks: Sequence[tuple[datetime, str]],
    *,
    last_seen: datetime | None,
    now: datetime,
    policy: CanaryPolicy,
) -> ArmsResult:
    """Compare the arms of what a slot shows by its visitors' clicks.

    Each visitor sees either arm by a hash of their own, so both arms' visitors come
    evenly over time and no age needs to be made equal.

    Args:
        seen: Two arms or more.
        clicks: When each visitor first clicked, and the label that they saw.
        last_seen: When the last visitor came; None: others still may. The planned
            end is the policy's `compare_after` later.
    """
    end = None if last_seen is None else last_seen + policy.compare_after
    path = [label for at, label in sorted(clicks) if end is None or at <= end]
    counts = tuple(
        ArmCount(
            label=arm.label,
            delivered=arm.visitors,
            clicked=path.count(arm.label),
            machine_only=None,
        )
        for arm in seen
    )
    if is_split_unfair([arm.visitors for arm in seen], [1] * len(seen)):
        got = ", ".join(f"{arm.label} by {arm.visitors:,}" for arm in seen)
        unfair = _unfair(f"the arms were not seen by equally many visitors ({got})")
        return ArmsResult(arms=counts, finding=None, sentence=unfair)
    return _compared(counts, path, left=None if end is None else end - now)


def _compared(
    counts: tuple[ArmCount, ...], path: Sequence[str], *, left: timedelta | None
) -> ArmsResult:
    """Compare what was counted.

    Args:
        left: Time to the planned end; None: that is not known yet.
    """
    is_end = left is not None and left <= timedelta(0)
    finding = compare(
        [Arm(name=a.label, delivered=a.delivered, events=a.clicked) for a in counts],
        path,
        is_end=is_end,
    )
    sentence = _said(finding, len(counts))
    if finding.outcome is not Outcome.WINNER and not is_end:
        sentence += (
            " The last test comes when the last visitor has come and had time to click."
            if left is None
            else f" The last test comes in {span(left)}."
        )
    return ArmsResult(arms=counts, finding=finding, sentence=sentence)


def _unfair(what: str) -> str:
    return (
        f"Cannot tell: {what}, which a fair split "
        f"does less than {SPLIT_ALPHA * 1_000:g} in 1,000 times, so their numbers mean "
        "nothing."
    )


def _said(finding: Finding, arms_total: int) -> str:
    best, rival = finding.best, finding.rival
    fits = _times(finding.interval)
    if finding.outcome is Outcome.WINNER:
        others = "" if arms_total == 2 else " and every other arm"  # noqa: PLR2004 - a pair
        return (
            f"{best.name} won: {_rate(best)} clicked it, and {_rate(rival)} {rival.name}. "
            f"{best.name} is clicked {fits} times as often as "
            f"{rival.name}{others} ({percent(finding.interval.confidence)} interval)."
        )
    return (
        f"Cannot tell: {_rate(best)} clicked {best.name}, and {_rate(rival)} "
        f"{rival.name}; {best.name} may be clicked {fits} times as often as "
        f"{rival.name} ({percent(finding.interval.confidence)} interval)."
    )


def _rate(arm: Arm) -> str:
    return f"{100 * arm.rate:.1f} % of {arm.delivered:,}"


def _times(interval: Interval) -> str:
    if math.isinf(interval.high):
        return f"{interval.low:.2f} or more"
    return f"{interval.low:.2f} to {interval.high:.2f}"
