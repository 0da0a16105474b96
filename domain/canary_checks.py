"""What is asked of a canary, in order: the first check that finds something decides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from domain.binomial import excluded_rate, tail
from domain.canary_case import Case, Cause, Verdict
from domain.canary_counts import Alarm
from domain.canary_words import (
    blindness,
    counted,
    muteness,
    odds,
    percent,
    percent_up,
    quoted,
    reached,
    span,
)
from domain.experiment import SPLIT_ALPHA, is_split_unfair

_GREY_EVENTS: Final = 2  # one complaint alone is never evidence of a rate

_ALARMS: Final = {
    Alarm.VIP_COMPLAINT: "a seed or VIP address complained",
    Alarm.ACCOUNT_WARNING: "the ESP warned the account",
    Alarm.FAILED_PROBE: "a probe of the mail failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A verdict, its sentence, and for a rollback what it is for."""

    verdict: Verdict
    reason: str
    cause: Cause | None = None


def _hard_kill(case: Case) -> Found | None:
    if not case.kills:
        return None
    kill = case.kills[0]
    said = f" ({quoted(kill.said)})" if kill.said else ""
    tally = counted(case.counts.complaints, "complaint")
    return Found(
        verdict=Verdict.ROLLBACK,
        reason=(
            f"Rolled back at once, whatever the rate: {_ALARMS[kill.alarm]}{said}, "
            f"at {tally} of {case.cohort}."
        ),
        cause=Cause(kill.alarm),
    )


def _complaint_breach(case: Case) -> Found | None:
    count, k = case.counts.complaints, case.complaint_k
    if count < k:
        return None
    what = reached(count, k, "complaint", of=case.cohort)
    return Found(
        verdict=Verdict.ROLLBACK,
        reason=(
            f"Rolled back at {what}; "
            f"a healthy send does this {odds(case.false_rollback_rate)}."
        ),
        cause=Cause.COMPLAINTS,
    )


def _bounce_breach(case: Case) -> Found | None:
    count, k, planned = case.counts.hard_bounces, case.bounce_k, case.bar.planned
    if count < k:
        return None
    ok = case.policy.hard_bounce_ok_rate
    what = reached(count, k, case.words.failure, of=f"{planned:,}")
    return Found(
        verdict=Verdict.ROLLBACK,
        reason=(
            f"Rolled back at {what}; {case.words.healthy.format(ok=percent(ok))} does "
            f"this {odds(tail(planned, k, ok))}."
        ),
        cause=Cause.HARD_BOUNCES,
    )


def _guardrail_breach(case: Case) -> Found | None:
    for reading in case.readings:
        if reading.decisive and reading.is_breached:
            k, of = reading.to_roll_back, f"{reading.of:,}"
            what = reached(reading.count, k, reading.noun, of=of)
            ok = percent(case.policy.guardrails[reading.name].ok)
            return Found(
                verdict=Verdict.ROLLBACK,
                reason=(
                    f"Rolled back at {what}; a send with {ok} {reading.name} does "
                    f"this {odds(reading.error_rate)}."
                ),
                cause=Cause(reading.name),
            )
    return None


def _window_open(case: Case) -> Found | None:
    if case.elapsed >= case.window:
        return None
    if case.mute_esp:
        bounced = counted(case.counts.hard_bounces, "hard bounce")
        return _wait(f"{bounced} so far; the window is open.")
    if case.counts.delivered == 0 and case.elapsed >= case.policy.no_data_after:
        return _wait(
            f"No delivered event in {span(case.policy.no_data_after)}; the ESP or its "
            "webhook may be silent."
        )
    return _wait(f"{case.tally}; the window is open.")


def _mute(case: Case) -> Found | None:
    """Of an ESP that never tells, silence is no fault, and no data will come."""
    if not case.mute_esp or case.is_last:
        return None
    return _hold(muteness(case.mute_esp))


def _silence(case: Case) -> Found | None:
    counts, age = case.counts, case.last_event_age
    if counts.delivered == 0:
        return Found(
            verdict=Verdict.NO_DATA,
            reason=(
                "The window is over without a delivered event for "
                f"{counts.planned:,} mails; nothing expands until data returns."
            ),
        )
    if case.needs_person:
        # its few recipients fall silent for good; holding tells a person
        return None
    if age is None or age > case.policy.stale_after:
        return Found(
            verdict=Verdict.NO_DATA,
            reason=(
                f"The window is over, but the {case.words.source} has been silent for "
                "more than "
                f"{span(case.policy.stale_after)}; nothing expands until data returns."
            ),
        )
    return None


def _unfair_split(case: Case) -> Found | None:
    delivered = [arm.delivered for arm in case.arms]
    if not is_split_unfair(delivered, [arm.planned for arm in case.arms]):
        return None
    got = ", ".join(f"{a.name} {a.delivered:,} of {a.planned:,}" for a in case.arms)
    words = case.words
    return _hold(
        f"Metrics void: {got} {words.one}s were {words.arrived}, which a fair split "
        "does less than "
        f"{SPLIT_ALPHA * 1_000:g} in 1,000 times; expanding needs a person."
    )


def _worse_than_champion(case: Case) -> Found | None:
    if not case.worse:
        return None
    return _hold(
        f"Held: people click the champion more. {case.worse} Expanding needs a person."
    )


def _grey_zone(case: Case) -> Found | None:
    counts, limit = case.counts, case.policy.limit_rate
    if counts.complaints < _GREY_EVENTS or counts.complaints <= limit * counts.seen:
        return None
    return _hold(
        f"Held above the limit of {percent(limit)}: {counts.complaints:,} complaints "
        f"of {counts.seen:,} {case.words.arrived}; {case.complaint_k:,} would have "
        "rolled back, "
        f"which a healthy send reaches {odds(case.false_rollback_rate)}. "
        "Expanding needs a person."
    )


def _guarded_grey_zone(case: Case) -> Found | None:
    counts = case.counts
    for reading in case.readings:
        limit = case.policy.guardrails[reading.name].limit
        is_over = reading.count > limit * counts.planned * counts.delivered_share
        if reading.decisive and is_over and reading.count >= _GREY_EVENTS:
            return _hold(
                f"Held above the limit of {percent(limit)}: {reading.count:,} "
                f"{reading.name} of {counts.delivered:,} {case.words.arrived}; "
                f"{reading.to_roll_back:,} would have rolled back, which a send at the "
                f"accepted rate reaches {odds(reading.error_rate)}. "
                "Expanding needs a person."
            )
    return None


def _unripe(case: Case) -> Found | None:
    if case.matured >= case.policy.min_matured_share:
        return None
    return _wait(
        f"{case.tally}; under {percent(case.policy.min_matured_share)} of the "
        "complaints to expect have had time to arrive."
    )


def _blind(case: Case) -> Found | None:
    counts = case.counts
    if case.is_last or counts.reporting >= case.policy.min_reporting:
        return None
    return _hold(
        blindness(
            case.noun,
            planned=counts.planned,
            reporting=counts.reporting,
            needed=case.policy.min_reporting,
            words=case.words,
        )
    )


def _undelivered(case: Case) -> Found | None:
    counts, least = case.counts, case.policy.min_delivered_share
    if case.is_last or counts.delivered_share >= least:
        return None
    return _hold(
        f"Only {counts.delivered:,} of {counts.planned:,} mails were delivered, under "
        f"{percent(least)}; expanding needs a person."
    )


def _needs_person(case: Case) -> Found | None:
    if case.is_last or case.expands_alone:
        return None
    return _hold(
        f"{case.tally}, but a list this small never expands by itself; "
        "expanding needs a person."
    )


def _passed(case: Case) -> Found:
    head = "The last step passed" if case.is_last else "Passed"
    if case.counts.reporting < case.policy.min_reporting:
        sentence = f"{head} without seeing complaints; nothing is left to send."
    else:
        sentence = f"{head}: {case.tally}."
        if case.counts.complaints == 0:
            proof = excluded_rate(math.floor(case.counts.seen * case.matured))
            sentence += f" None seen rules out {percent_up(proof)} or more (95 %)."
    return Found(verdict=Verdict.EXPAND, reason=sentence)


def _wait(reason: str) -> Found:
    return Found(verdict=Verdict.WAIT, reason=reason)


def _hold(reason: str) -> Found:
    return Found(verdict=Verdict.HOLD, reason=reason)


CHECKS: Final[tuple[Callable[[Case], Found | None], ...]] = (
    _hard_kill,
    _complaint_breach,
    _bounce_breach,
    _guardrail_breach,
    _window_open,
    _mute,
    _silence,
    _unfair_split,
    _worse_than_champion,
    _grey_zone,
    _guarded_grey_zone,
    _unripe,
    _blind,
    _undelivered,
    _needs_person,
)
"""In this order: a breach comes before all else, and never waits."""


def found(case: Case) -> Found:
    """Return the first finding, or that the canary passed; with what a dry run says."""
    decided = next((each for check in CHECKS if (each := check(case))), None)
    decided = decided or _passed(case)
    notes = [
        f"in dry run, {counted(reading.count, reading.noun)} of {reading.of:,} would "
        f"have rolled it back (at {reading.to_roll_back:,})"
        for reading in case.readings
        if reading.is_breached and not reading.decisive
    ]
    reason = "; ".join([decided.reason.removesuffix("."), *notes])
    return Found(verdict=decided.verdict, reason=f"{reason}.", cause=decided.cause)
