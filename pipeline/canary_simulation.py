"""The judge's error rates: thousands of imagined canaries whose true rate is known.

The rule is not written here a second time: at every minute `domain.canary.judge` is
asked from how many complaints on it rolls back, and at the end of a window what it says
to every lower count. Only complaints are drawn: their number is binomial, they come
after a lognormal delay, and recipients do not know of each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from domain.canary import CanaryPolicy, Counts, Verdict, decides_after, judge
from domain.canary_policy import Sending
from domain.cohort import plan

COHORTS: Final = (500, 2_000, 10_000)
RATES: Final = (0.0005, 0.001, 0.003, 0.005, 0.01)
LIST: Final = 50_000
LADDER_RATES: Final = (0.0005, 0.001, 0.0015, 0.003, 0.005, 0.01)

HEARD: Final = 0.985
"""Share of mails whose complaint would be seen: all but the 1.5 % not delivered."""

SPREAD: Final = {
    Sending.BURST: timedelta(minutes=10),
    Sending.DRIP: timedelta(hours=4),
}
"""How long a step takes to arrive. Of a burst the ESP has all at once, of a drip not."""

_MINUTE: Final = timedelta(minutes=1)
_BATCH_CELLS: Final = 4_000_000  # runs times minutes held in memory at once
_MOST_COMPLAINTS: Final = 2_000_000  # drawn at once

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is the same in every row.

    Attributes:
        runs: Imagined campaigns of a row.
        heard: Share of mails whose complaint would be seen, 0-1: delivered, and at a
            provider that reports complaints.
    """

    policy: CanaryPolicy
    runs: int
    seed: int
    heard: float = HEARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of the runs of one cohort, or of one ladder, at one true rate.

    Shares are 0-1. Minutes count from the first mail; None: nothing was rolled back.
    """

    cohort: int
    true_rate: float
    rolled_back: float
    median_minute: float | None
    held: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRow(Row):
    """The whole way of a list of `cohort` recipients.

    Attributes:
        steps: Mails out after each step.
        reached_all: Share of runs that went out to everyone unstopped.
        mean_mails: Mails out when it was stopped, or all, on average.
    """

    steps: tuple[int, ...]
    reached_all: float
    mean_mails: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step as it is judged: totals after it, and how many were out before."""

    step: int
    steps_total: int
    planned: int
    reporting: int
    planned_before: int = 0
    reporting_before: int = 0
    expands_alone: bool = True


@dataclass(slots=True, kw_only=True)
class _Runs:
    """Runs that still go on: complaints so far, and those yet to come (run, minute)."""

    so_far: Numbers
    coming: tuple[Numbers, Numbers]

    def keep(self, alive: NDArray[np.bool_], so_far: Numbers) -> None:
        places = np.cumsum(alive) - 1
        run, minute = self.coming
        kept = alive[run]
        self.coming = (places[run[kept]], minute[kept])
        self.so_far = so_far[alive]


@dataclass(slots=True, kw_only=True)
class _Ends:
    """How runs ended: minutes and mails of those rolled back, counts of the others."""

    minutes: list[Numbers]
    mails: float = 0.0
    held: int = 0
    reached_all: int = 0


def alone(size: int, rate: float, setting: Setting) -> Row:
    """Play a cohort of `size` by itself, with the whole error rate of a ladder."""
    step = Step(
        step=0,
        steps_total=1,
        planned=size,
        reporting=math.floor(size * setting.heard),
    )
    ends = _play((step,), rate, setting, seed=(size, 0))
    return Row(cohort=size, true_rate=rate, **_shares(ends, setting.runs))


def canary(size: int, rate: float, setting: Setting, rungs: Sequence[float]) -> Row:
    """Play only the first step of a list, with the error rate a first step has."""
    first = steps_of(size, setting.heard, rungs)[:1]
    ends = _play(first, rate, setting, seed=(size, 2))
    shares = _shares(ends, setting.runs)
    return Row(cohort=first[0].planned, true_rate=rate, **shares)


def ladder(
    size: int, rate: float, setting: Setting, rungs: Sequence[float]
) -> LadderRow:
    """Play a whole list; held ends it, as nothing goes on without a person."""
    steps = steps_of(size, setting.heard, rungs)
    ends = _play(steps, rate, setting, seed=(size, 1))
    return LadderRow(
        cohort=size,
        true_rate=rate,
        **_shares(ends, setting.runs),
        steps=tuple(step.planned for step in steps),
        reached_all=ends.reached_all / setting.runs,
        mean_mails=ends.mails / setting.runs,
    )


def steps_of(size: int, heard: float, rungs: Sequence[float]) -> tuple[Step, ...]:
    """Cut a list into steps as the desk does."""
    planned = plan(size, math.floor(size * heard), rungs)
    before = [(0, 0), *((each.planned_total, each.reporting_total) for each in planned)]
    return tuple(
        Step(
            step=each.step,
            steps_total=len(planned),
            planned=each.planned_total,
            reporting=each.reporting_total,
            planned_before=out,
            reporting_before=heard_of,
            expands_alone=each.expands_alone,
        )
        for each, (out, heard_of) in zip(planned, before, strict=False)
    )


def minutes_of(policy: CanaryPolicy) -> int:
    """Minutes from a step's first mail until its window is over."""
    handed_over = SPREAD[policy.sending] if _is_drip(policy) else timedelta(0)
    return math.ceil((handed_over + decides_after(policy)) / _MINUTE)


def limits(step: Step, policy: CanaryPolicy) -> list[int]:
    """Return for each minute the least complaints at which the judge rolls back."""
    found: list[int] = []
    at = 0
    for minute in range(1, minutes_of(policy) + 1):
        at = _least(partial(_rolls_back, step, policy, minute), at)
        found.append(at)
    return found


def is_held(step: Step, policy: CanaryPolicy, complaints: int) -> bool:
    """Say whether the judge lets nothing more out at the end of the window."""
    said = _asked(step, policy, minutes_of(policy), complaints)
    return said not in (Verdict.EXPAND, Verdict.ROLLBACK)


def _is_drip(policy: CanaryPolicy) -> bool:
    return policy.sending is Sending.DRIP


def _sent(step: Step, policy: CanaryPolicy, minutes: Numbers) -> Numbers:
    """Return how many mails are out after each of these minutes of a step."""
    if not _is_drip(policy):
        return np.full(len(minutes), step.planned)
    out = np.minimum(minutes / (SPREAD[policy.sending] / _MINUTE), 1.0)
    size = step.planned - step.planned_before
    sent: Numbers = step.planned_before + np.floor(size * out).astype(np.int64)
    return sent


def _least(is_enough: Callable[[int], bool], near: int) -> int:
    """Find the least count that is enough; counts above it are enough too."""
    while not is_enough(near):
        near += 1
    while near > 0 and is_enough(near - 1):
        near -= 1
    return near


def _rolls_back(step: Step, policy: CanaryPolicy, minute: int, n: int) -> bool:
    return _asked(step, policy, minute, n) is Verdict.ROLLBACK


def _asked(step: Step, policy: CanaryPolicy, minute: int, complaints: int) -> Verdict:
    """Ask the judge as the desk does: the window counts from a step's last mail."""
    passed, spread = minute * _MINUTE, SPREAD[policy.sending]
    sent = int(_sent(step, policy, np.array([minute]))[0])
    counts = Counts(
        planned=step.planned,
        reporting=step.reporting,
        planned_before=step.planned_before,
        reporting_before=step.reporting_before,
        sent=sent,
        delivered=math.ceil(sent * HEARD),
        complaints=complaints,
    )
    return judge(
        counts,
        policy=policy,
        step=step.step,
        steps_total=step.steps_total,
        elapsed=max(passed - spread, timedelta(0)) if _is_drip(policy) else passed,
        last_event_age=timedelta(0),
        expands_alone=step.expands_alone,
        window=decides_after(policy),
    ).verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """What recipients do in one row."""

    policy: CanaryPolicy
    rate: float
    draw: np.random.Generator

    def complain(self, runs: _Runs, step: Step, start: int) -> None:
        """Add when each complaint about this step's mails will come."""
        heard = step.reporting - step.reporting_before
        number = self.draw.binomial(heard, self.rate, size=len(runs.so_far))
        run = np.repeat(np.arange(len(number)), number)
        sent = self.draw.random(len(run)) * (SPREAD[self.policy.sending] / _MINUTE)
        typical = math.log(self.policy.delay_median / _MINUTE)
        delay = self.draw.lognormal(typical, self.policy.delay_sigma, len(run))
        minute = start + np.ceil(sent + delay).astype(np.int64)
        runs.coming = (
            np.concatenate([runs.coming[0], run]),
            np.concatenate([runs.coming[1], minute]),
        )


def _play(
    steps: Sequence[Step], rate: float, setting: Setting, seed: tuple[int, int]
) -> _Ends:
    """Play all runs of a row, some at a time so that memory stays small."""
    policy, ends = setting.policy, _Ends(minutes=[])
    draw = np.random.default_rng([setting.seed, *seed, round(rate * 1e9)])
    world = _World(policy=policy, rate=rate, draw=draw)
    judged = [(step, np.array(limits(step, policy))) for step in steps]
    complaints = steps[-1].reporting * rate + 1
    most = min(_BATCH_CELLS / minutes_of(policy), _MOST_COMPLAINTS / complaints)
    at_once = max(int(most), 1)
    for start in range(0, setting.runs, at_once):
        _batch(judged, world, min(at_once, setting.runs - start), ends)
    return ends


def _batch(
    judged: Sequence[tuple[Step, Numbers]], world: _World, size: int, ends: _Ends
) -> None:
    nothing = np.zeros(0, dtype=np.int64)
    runs = _Runs(so_far=np.zeros(size, dtype=np.int64), coming=(nothing, nothing))
    span = minutes_of(world.policy)
    for step, limit in judged:
        start = step.step * span
        world.complain(runs, step, start)
        totals = runs.so_far[:, None] + _per_minute(runs, start, span)
        stopped = totals >= limit
        is_stopped = stopped.any(axis=1)
        first = stopped.argmax(axis=1)[is_stopped]
        ends.minutes.append(start + first + 1)
        ends.mails += float(_sent(step, world.policy, first + 1).sum())
        holds = _holds(step, world.policy, int(limit[-1]))
        held = holds[np.minimum(totals[:, -1], limit[-1])] & ~is_stopped
        ends.held += int(held.sum())
        ends.mails += step.planned * int(held.sum())
        runs.keep(~is_stopped & ~held, totals[:, -1])
    ends.reached_all += len(runs.so_far)
    ends.mails += judged[-1][0].planned * len(runs.so_far)


def _per_minute(runs: _Runs, start: int, span: int) -> Numbers:
    """Take what comes until the window ends: complaints after each of its minutes."""
    run, minute = runs.coming
    now = minute <= start + span
    # a minute that a float rounded down to the start belongs to the first one
    cell = run[now] * span + np.maximum(minute[now] - start, 1) - 1
    runs.coming = (run[~now], minute[~now])
    found = np.bincount(cell, minlength=len(runs.so_far) * span)
    totals: Numbers = found.reshape(len(runs.so_far), span).cumsum(axis=1)
    return totals


def _holds(step: Step, policy: CanaryPolicy, limit: int) -> NDArray[np.bool_]:
    """Return for each count below the limit whether it is held at the end."""
    return np.array([is_held(step, policy, n) for n in range(limit + 1)])


class _Shares(TypedDict):
    rolled_back: float
    median_minute: float | None
    held: float


def _shares(ends: _Ends, runs: int) -> _Shares:
    minutes = np.concatenate(ends.minutes)
    return {
        "rolled_back": len(minutes) / runs,
        "median_minute": float(np.median(minutes)) if len(minutes) else None,
        "held": ends.held / runs,
    }


def dripped(policy: CanaryPolicy) -> CanaryPolicy:
    """Return the same limits for mails that leave over hours."""
    return replace(policy, sending=Sending.DRIP)
