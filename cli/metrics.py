"""`copydesk metrics`: how each stage of review did over some days."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.desk import open_desk
from domain.stage_metrics import DAYS, DAYS_MOST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from domain.stage_metrics import DeskMetrics, StageMetrics


@click.command()
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MOST),
    default=DAYS,
    show_default=True,
    help="So many times 24 hours, up to now.",
)
@click.option("--json", "is_json", is_flag=True, help="For programs; times in seconds.")
def metrics(days: int, *, is_json: bool) -> None:
    """Show what each stage decided, how fast, and what it rejected for."""
    from pipeline.wall_clock import utc_now
    from storage import queries

    with open_desk() as desk:
        facts = desk.playbook.view_facts
        found = desk.database.read(
            queries.stage_metrics, facts, now=utc_now(), days=days
        )
    click.echo(json.dumps(as_json(found), indent=2) if is_json else in_words(found))


def in_words(found: DeskMetrics) -> str:
    """What `/desk metrics` shows, for a terminal."""
    from blocks import stage_metrics

    why = [f"  {each}" for each in stage_metrics.reasons(found)]
    parts = [
        [stage_metrics.title(found), stage_metrics.summary(found)],
        _columns(stage_metrics.rows(found)),
        ["Why texts were rejected", *why] if why else [],
        [stage_metrics.quiet(found), stage_metrics.WHAT_IS_COUNTED, *found.practice],
    ]
    return "\n\n".join("\n".join(filter(None, part)) for part in parts if part)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def as_json(found: DeskMetrics) -> dict[str, Any]:
    """Plain values with units in their names; null where nothing was decided."""
    return {
        "days": found.days,
        "until": found.now.isoformat(),
        "times": "wall clock",
        "stages": [_stage(each) for each in found.stages],
    }


def _stage(each: StageMetrics) -> dict[str, Any]:
    return {
        "stage": each.stage,
        "seen": each.seen,
        "asked": each.asked,
        "open": each.open,
        "overdue": each.overdue,
        "decided": each.decided,
        "approved": each.approved,
        "rejected": each.rejected,
        "rejected_for": {str(code or "uncoded"): n for code, n in each.rejected_for},
        "passed_by_itself": each.passed,
        "median_s": _seconds(each.median),
        "p90_s": _seconds(each.p90),
        "sla_kept": each.kept,
        "sla_kept_of": each.kept_of,
        "reminded": each.reminded,
        "escalated": each.escalated,
        "superseded": each.superseded,
        "withdrawn": each.withdrawn,
        "undone": each.undone,
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
