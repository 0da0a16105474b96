"""What a simulation came to: for a terminal, for programs, and for docs/canary.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from domain.arms import ArmsResult
from domain.canary import (
    CanaryPolicy,
    breach_count,
    detectable_rate,
    excluded_rate,
    tail,
)
from domain.canary_words import percent, percent_up, span
from domain.experiment import Outcome
from pipeline.canary_simulation import LadderRow, Row, Setting, steps_of

SIZES: Final = (225, 500, 1_000, 2_000, 5_000, 10_000)
"""Recipients who can report, for the table of what a cohort sees."""

_COHORT: Final = ("cohort", "true rate", "rolled back", "median minute", "held")
_LADDER: Final = (
    "true rate",
    "rolled back",
    "held",
    "reached everyone",
    "mails out, on average",
)
_SEES: Final = (
    "who can report",
    "rolls back at",
    "of healthy sends",
    "of sends at the accepted rate",
    "caught 8 times in 10 from",
    "none seen rules out (95 %)",
)


def as_json(row: Row) -> dict[str, Any]:
    """Plain values; shares are 0-1, minutes null where nothing was rolled back."""
    return asdict(row)


def arms_in_words(found: ArmsResult) -> str:
    is_slot = any(each.machine_only is None for each in found.arms)
    head = ["arm", "seen by" if is_slot else "delivered", "clicked by people"]
    rows = [
        [each.label, f"{each.delivered:,}", f"{each.clicked:,}"] for each in found.arms
    ]
    if not is_slot:
        head.append("by machines alone")
        for row, each in zip(rows, found.arms, strict=True):
            row.append(f"{each.machine_only:,}")
    return "\n".join([found.sentence, "", *_columns([head, *rows])])


def arms_as_json(found: ArmsResult) -> dict[str, Any]:
    """Plain values; the winner is null where it cannot be told."""
    finding = found.finding
    won = finding is not None and finding.outcome is Outcome.WINNER
    return {
        "winner": finding.best.name if finding and won else None,
        "sentence": found.sentence,
        "is_split_fair": finding is not None,
        "arms": [asdict(each) for each in found.arms],
        "times_as_often": None
        if finding is None
        else {
            "arm": finding.best.name,
            "as": finding.rival.name,
            "low": finding.interval.low,
            # JSON has no infinity
            "high": None
            if math.isinf(finding.interval.high)
            else finding.interval.high,
            "confidence": finding.interval.confidence,
        },
    }


def in_words(rows: Sequence[Row], setting: Setting) -> str:
    cohorts, ladders = _split(rows)
    parts = [
        [said_of(setting)],
        ["One cohort, judged once", *_columns([_COHORT, *map(_cohort_cells, cohorts)])],
    ]
    if ladders:
        head = _ladder_head(ladders[0])
        parts.append([head, *_columns([_LADDER, *map(_ladder_cells, ladders)])])
    return "\n\n".join("\n".join(part) for part in parts)


def markdown(rows: Sequence[Row], setting: Setting, rungs: Sequence[float]) -> str:
    """The generated part of docs/canary.md."""
    cohorts, ladders = _split(rows)
    size = ladders[0].cohort
    counts = ", ".join(
        f"{limit:,} of {step.reporting:,}"
        for step, limit in _limits(size, setting, rungs)
    )
    return "\n\n".join(
        [
            "### What a cohort can see",
            "\n".join(_table(_SEES, sees(setting.policy))),
            "### One cohort by itself",
            said_of(setting),
            "\n".join(_table(_COHORT, map(_cohort_cells, cohorts))),
            "### A whole ladder",
            f"{_ladder_head(ladders[0])}. It rolls back at {counts} who can report.",
            "\n".join(_table(_LADDER, map(_ladder_cells, ladders))),
        ]
    )


def sees(policy: CanaryPolicy) -> list[tuple[str, ...]]:
    """What a cohort alone can see, by how many of it can report; no simulation."""
    rows: list[tuple[str, ...]] = []
    for n in SIZES:
        k = breach_count(
            n, ok=policy.ok_rate, limit=policy.limit_rate, alpha=policy.alpha
        )
        rows.append(
            (
                f"{n:,}",
                f"{k:,}",
                _share(tail(n, k, policy.healthy_rate)),
                _share(tail(n, k, policy.ok_rate)),
                percent_up(detectable_rate(n, k)),
                percent_up(excluded_rate(n)),
            )
        )
    return rows


def said_of(setting: Setting) -> str:
    """By which limits it was played."""
    policy = setting.policy
    return (
        f"{setting.runs:,} runs a row, seed {setting.seed}; sent as a {policy.sending};"
        f" {percent(setting.heard)} of mails can be complained about in a way we see;"
        f" accepted {percent(policy.ok_rate)}, limit {percent(policy.limit_rate)},"
        f" error rate {percent(policy.alpha)}, window {span(policy.window)}."
    )


def _limits(
    size: int, setting: Setting, rungs: Sequence[float]
) -> Iterable[tuple[Any, int]]:
    from pipeline.canary_simulation import limits

    for step in steps_of(size, setting.heard, rungs):
        yield step, limits(step, setting.policy)[-1]


def _split(rows: Sequence[Row]) -> tuple[list[Row], list[LadderRow]]:
    ladders = [row for row in rows if isinstance(row, LadderRow)]
    return [row for row in rows if not isinstance(row, LadderRow)], ladders


def _ladder_head(row: LadderRow) -> str:
    steps = ", ".join(f"{each:,}" for each in row.steps)
    return f"A list of {row.cohort:,} in steps up to {steps}; a hold ends it"


def _cohort_cells(row: Row) -> tuple[str, ...]:
    return (
        f"{row.cohort:,}",
        percent(row.true_rate),
        _share(row.rolled_back),
        "none" if row.median_minute is None else f"{row.median_minute:.0f}",
        _share(row.held),
    )


def _ladder_cells(row: LadderRow) -> tuple[str, ...]:
    return (
        percent(row.true_rate),
        _share(row.rolled_back),
        _share(row.held),
        _share(row.reached_all),
        f"{row.mean_mails:,.0f} of {row.cohort:,}",
    )


def _share(share: float) -> str:
    return f"{100 * share:.2f} %"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [" | ".join(row) for row in rows]
    names = " | ".join(name.capitalize() for name in head)
    return [
        f"| {names} |",
        f"|{'---|' * len(head)}",
        *(f"| {line} |" for line in lines),
    ]
