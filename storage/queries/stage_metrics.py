"""Metrics per stage: five statements, each along an index that ends with the days."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import State
from domain.rejection import RejectReason
from domain.review import BY_ITSELF, Outcome
from domain.stage_metrics import DAYS, DeskMetrics, StageMetrics, percentile
from domain.views import Facts
from storage.decisions import STANDS
from storage.tables import campaigns, decisions, review_requests, undone_decisions

_SINCE: Final[sa.BindParameter[datetime]] = sa.bindparam("since")
_NOW: Final[sa.BindParameter[datetime]] = sa.bindparam("now")
_asked = review_requests.c


def _count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count().filter(sa.and_(*conditions))


_BY_PEOPLE: Final = sa.and_(
    _asked.outcome.in_((Outcome.APPROVED, Outcome.REJECTED)),
    _asked.decided_by != BY_ITSELF,
)
_TOUCHED: Final = (
    sa.func.count().label("seen"),
    _count(_asked.asked_at >= _SINCE).label("asked"),
    _count(_asked.reminded_at >= _SINCE).label("reminded"),
    _count(_asked.escalated_at >= _SINCE).label("escalated"),
)
_CLOSED: Final = (
    sa.select(
        _asked.stage,
        *_TOUCHED,
        _count(_BY_PEOPLE, _asked.outcome == Outcome.APPROVED).label("approved"),
        _count(_BY_PEOPLE, _asked.outcome == Outcome.REJECTED).label("rejected"),
        _count(
            _asked.outcome == Outcome.APPROVED, _asked.decided_by == BY_ITSELF
        ).label("passed"),
        _count(_asked.outcome == Outcome.SUPERSEDED).label("superseded"),
        _count(_asked.outcome.in_((Outcome.WITHDRAWN, Outcome.TAKEN_BACK))).label(
            "withdrawn"
        ),
        _count(_BY_PEOPLE, _asked.closed_at <= _asked.due_at).label("kept"),
    )
    .where(_asked.closed_at >= _SINCE)
    .group_by(_asked.stage)
)
_OPEN: Final = (
    sa.select(
        _asked.stage,
        *_TOUCHED,
        sa.func.count().label("open"),
        _count(_asked.due_at < _NOW).label("overdue"),
    )
    .join(campaigns, campaigns.c.id == _asked.campaign_id)
    .where(
        _asked.closed_at.is_(None),
        campaigns.c.state == State.STAGED_REVIEW,
        # reopened at an earlier stage, a later stage's question rests
        _asked.round == campaigns.c.stage,
    )
    .group_by(_asked.stage)
)
_REJECTED: Final = sa.select(_asked.id).where(
    _asked.closed_at >= _SINCE, _asked.outcome == Outcome.REJECTED
)
_REASONS: Final = (
    sa.select(decisions.c.stage, decisions.c.reason_code, sa.func.count().label("n"))
    # not a join: SQLite would walk all decisions there ever were
    .where(decisions.c.request_id.in_(_REJECTED), ~decisions.c.is_approval, STANDS)
    .group_by(decisions.c.stage, decisions.c.reason_code)
    .order_by(sa.desc("n"), decisions.c.reason_code)
)
_TIMES: Final = sa.select(_asked.stage, _asked.asked_at, _asked.closed_at).where(
    _asked.closed_at >= _SINCE, _BY_PEOPLE
)
_UNDONE: Final = (
    sa.select(decisions.c.stage, sa.func.count().label("undone"))
    .join(undone_decisions, undone_decisions.c.decision_id == decisions.c.id)
    .where(undone_decisions.c.undone_at >= _SINCE)
    .group_by(decisions.c.stage)
)
STATEMENTS: Final = (_CLOSED, _OPEN, _REASONS, _TIMES, _UNDONE)


def stage_metrics(
    connection: Connection, facts: Facts, *, now: datetime, days: int = DAYS
) -> DeskMetrics:
    """How every stage of every team did in the last days, the playbook's first.

    Args:
        days: Of 24 hours, up to `now`.
    """
    when = {"since": now - timedelta(days=days), "now": now}
    counts = _counts(connection, when)
    reasons = _reasons(connection, when)
    times = _times(connection, when)
    rows = [facts.stages, *(each.stages for each in facts.teams.values())]
    named = [stage.name for row in rows for tier in row.values() for stage in tier]
    names = dict.fromkeys([*named, *sorted(counts)])
    return DeskMetrics(
        days=days,
        now=now,
        stages=tuple(
            StageMetrics(
                stage=name,
                rejected_for=tuple(reasons[name]),
                median=percentile(times[name], 0.5),
                p90=percentile(times[name], 0.9),
                **counts.get(name, {}),
            )
            for name in names
        ),
        practice=facts.practice,
    )


def _counts(
    connection: Connection, when: dict[str, datetime]
) -> dict[str, dict[str, int]]:
    """By stage and name; a question counts as closed or as open, never as both."""
    found: defaultdict[str, defaultdict[str, int]] = defaultdict(
        lambda: defaultdict(int)
    )
    for statement in (_CLOSED, _OPEN, _UNDONE):
        for row in connection.execute(statement, when).mappings():
            for name, number in row.items():
                if name != "stage":
                    found[row["stage"]][name] += number
    return {stage: dict(each) for stage, each in found.items()}


def _reasons(
    connection: Connection, when: dict[str, datetime]
) -> dict[str, list[tuple[RejectReason | None, int]]]:
    found: defaultdict[str, list[tuple[RejectReason | None, int]]] = defaultdict(list)
    for row in connection.execute(_REASONS, when):
        code = RejectReason(row.reason_code) if row.reason_code else None
        found[row.stage].append((code, row.n))
    return found


def _times(
    connection: Connection, when: dict[str, datetime]
) -> dict[str, list[timedelta]]:
    found: defaultdict[str, list[timedelta]] = defaultdict(list)
    for row in connection.execute(_TIMES, when):
        found[row.stage].append(row.closed_at - row.asked_at)
    return found
