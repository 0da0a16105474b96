"""Home: what waits for one person, what is live, what they wrote and decided.

Every list is read by an index up to a limit, so that Home takes as long with ten
thousand open campaigns as with a hundred.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId, State
from domain.errors import NotYourTurn
from domain.lint import Severity
from domain.queue_order import LOWEST_TIER, most_pressing_first
from domain.review import RequestId, Team, check_may_decide
from domain.strategy import BRAND_LEAD
from domain.variant import VariantId
from domain.views import (
    CampaignLine,
    DecidedLine,
    Facts,
    HomeView,
    PassingLine,
    WaitingLine,
    WeekView,
)
from storage.preferences import preferences_of
from storage.queries.decided import decision_from
from storage.queries.edited import editors_of
from storage.queries.lines import campaign_lines, is_card
from storage.tables import (
    campaigns,
    decisions,
    lint_runs,
    review_requests,
    revisions,
    slack_messages,
    strategy_decisions,
    undone_decisions,
    variants,
)

PASSING_MOST: Final = 30
"""Texts in one go: so many can be read before they are approved."""

_WAITING_READ: Final = 200
_LINES: Final = 10
_OVERDUE_READ: Final = 30
_DECIDED_LINES: Final = 5
_WEEK: Final = timedelta(days=7)
_LIVE: Final = (State.CANARY, State.EXPANDING, State.HELD, State.SCHEDULED)
"""Mailing first, then what will."""


def home(connection: Connection, user: str, facts: Facts, *, now: datetime) -> HomeView:
    """What a person's Home tab shows at `now`."""
    person = facts.team.people.get(user)
    roles = tuple(sorted(person.roles)) if person else ()
    rows = _waiting(connection, user, roles, facts.team)
    live = _ids_of(connection, _LIVE)
    mine = campaign_lines(connection, campaigns.c.author == user, _LINES + 1)
    overdue = _overdue(connection, facts, now, but=roles)
    cut = {
        "waiting": len(rows) > _WAITING_READ,
        "live": len(live) > _LINES,
        "mine": len(mine) > _LINES,
        "overdue": len(overdue) > _OVERDUE_READ,
    }
    return HomeView(
        user=user,
        is_known=person is not None,
        roles=roles,
        waiting=most_pressing_first(
            (_line(row, user) for row in rows[:_WAITING_READ]), now
        ),
        passing=len(_may_pass(connection, user, facts, rows)),
        strategies=_strategies(connection, user, roles),
        mine=mine[:_LINES],
        live=_by_id(connection, live[:_LINES]),
        overdue=tuple(_line(row) for row in overdue[:_OVERDUE_READ]),
        decided=_decided(connection, user),
        week=_week(connection, user, now - _WEEK),
        preferences=preferences_of(connection, user),
        cut=frozenset(name for name, is_cut in cut.items() if is_cut),
        practice=facts.practice,
    )


# Questions -------------------------------------------------------------------------

_ASKED: Final = (
    sa.select(
        review_requests,
        variants.c.label,
        campaigns.c.title,
        campaigns.c.tier,
        campaigns.c.author,
        campaigns.c.audience_size,
        campaigns.c.channel,
        lint_runs.c.outcome.label("linted"),
        slack_messages.c.channel.label("slack_channel"),
        slack_messages.c.ts.label("slack_ts"),
    )
    .join(campaigns, campaigns.c.id == review_requests.c.campaign_id)
    .join(variants, variants.c.id == review_requests.c.variant_id)
    .outerjoin(lint_runs, lint_runs.c.revision_id == review_requests.c.revision_id)
    .outerjoin(slack_messages, is_card())
    .where(
        review_requests.c.role == sa.bindparam("role"),
        review_requests.c.closed_at.is_(None),
        campaigns.c.state == State.STAGED_REVIEW,
        # reopened at an earlier stage, a later stage's question rests
        review_requests.c.stage == campaigns.c.stage,
    )
    .order_by(review_requests.c.due_at, review_requests.c.id)
    .limit(sa.bindparam("most"))
)
"""Open questions to one role, due first: one index holds them in that order."""

_STANDS: Final = ~sa.exists().where(undone_decisions.c.decision_id == decisions.c.id)
_ASKED_OF: Final = _ASKED.where(
    campaigns.c.author != sa.bindparam("user"),
    sa.or_(
        review_requests.c.assignee.is_(None),
        review_requests.c.assignee == sa.bindparam("user"),
        # somebody who has left the team is nobody to ask
        review_requests.c.assignee.not_in(sa.bindparam("holders", expanding=True)),
    ),
    # of several approvals, the person's own is given already
    ~sa.exists().where(
        decisions.c.request_id == review_requests.c.id,
        decisions.c.actor == sa.bindparam("user"),
        _STANDS,
    ),
)
_OVERDUE: Final = _ASKED.where(review_requests.c.due_at < sa.bindparam("now"))


def _waiting(
    connection: Connection, user: str, roles: Iterable[str], team: Team
) -> list[Row[Any]]:
    """Open questions to the person, or to all of a role of theirs; due first.

    But for briefs of their own, and what is assigned to another.
    """
    given = {"user": user, "most": _WAITING_READ + 1}
    found: list[Row[Any]] = []
    for role in roles:
        holders = team.holders(role)
        found += connection.execute(
            _ASKED_OF, {**given, "role": role, "holders": holders}
        ).all()
    return sorted(found, key=_by_deadline)[: _WAITING_READ + 1]


def _overdue(
    connection: Connection, facts: Facts, now: datetime, *, but: Collection[str]
) -> list[Row[Any]]:
    """What others on the team are late with, the latest first."""
    asked = {stage.role for stages in facts.stages.values() for stage in stages}
    given = {"now": now, "most": _OVERDUE_READ + 1}
    found: list[Row[Any]] = []
    for role in sorted(asked.difference(but)):
        found += connection.execute(_OVERDUE, {**given, "role": role}).all()
    return sorted(found, key=_by_deadline)[: _OVERDUE_READ + 1]


def _by_deadline(row: Row[Any]) -> tuple[datetime, int]:
    return row.due_at, row.id


def _line(row: Row[Any], user: str | None = None) -> WaitingLine:
    return WaitingLine(
        request_id=RequestId(row.id),
        campaign_id=CampaignId(row.campaign_id),
        title=row.title,
        variant_id=VariantId(row.variant_id),
        variant_label=row.label,
        stage=row.stage,
        role=row.role,
        tier=row.tier,
        recipients=row.audience_size,
        asked_at=row.asked_at,
        due_at=row.due_at,
        slack_channel=row.slack_channel or row.channel,
        slack_ts=row.slack_ts,
        is_assigned=user is not None and row.assignee == user,
    )


# In one go -------------------------------------------------------------------------


def passing(connection: Connection, user: str, facts: Facts) -> tuple[PassingLine, ...]:
    """Questions of the lowest tier that the person may approve as they stand.

    The text passes lint, and separation of duties allows it; due first.
    """
    person = facts.team.people.get(user)
    roles = sorted(person.roles) if person else ()
    rows = _waiting(connection, user, roles, facts.team)
    found = _may_pass(connection, user, facts, rows)
    subjects = _subjects(connection, [row.revision_id for row in found])
    return tuple(
        PassingLine(
            waiting=_line(row),
            subject=subjects[row.revision_id],
            has_notes=row.linted == Severity.SOFT,
        )
        for row in found
    )


def _may_pass(
    connection: Connection, user: str, facts: Facts, rows: Sequence[Row[Any]]
) -> list[Row[Any]]:
    linted = [
        row
        for row in rows
        if row.tier == LOWEST_TIER and row.linted not in (None, Severity.HARD)
    ][:PASSING_MOST]
    if not linted:
        return []
    editors = editors_of(connection, [row.revision_id for row in linted])
    return [
        row
        for row in linted
        if _may_decide(user, facts, row, editor=editors[row.revision_id])
    ]


def _may_decide(user: str, facts: Facts, row: Row[Any], *, editor: str | None) -> bool:
    stages = facts.stages.get(row.tier, ())
    stage = next((each for each in stages if each.name == row.stage), None)
    if stage is None:
        return False
    try:
        check_may_decide(
            user,
            team=facts.team,
            stage=stage,
            stages=stages,
            tier=row.tier,
            brief_author=row.author,
            editor=editor,
        )
    except NotYourTurn:
        return False
    return True


def _subjects(
    connection: Connection, revision_ids: Collection[int]
) -> Mapping[int, str]:
    query = sa.select(revisions.c.id, revisions.c.subject).where(
        revisions.c.id.in_(revision_ids)
    )
    return {row.id: row.subject for row in connection.execute(query)}


# Campaigns -------------------------------------------------------------------------

_IN_STATE: Final = (
    sa.select(campaigns.c.id)
    .where(campaigns.c.state == sa.bindparam("state"))
    .order_by(campaigns.c.updated_at.desc())
    .limit(_LINES + 1)
)


def _ids_of(connection: Connection, states: Iterable[State]) -> list[int]:
    """Campaigns in these states, by state and then what moved last."""
    return [
        key
        for state in states
        for key in connection.execute(_IN_STATE, {"state": state}).scalars()
    ]


def _by_id(connection: Connection, ids: Sequence[int]) -> tuple[CampaignLine, ...]:
    if not ids:
        return ()
    lines = campaign_lines(connection, campaigns.c.id.in_(ids), len(ids))
    return tuple(sorted(lines, key=lambda line: ids.index(line.id)))


def _strategies(
    connection: Connection, user: str, roles: Collection[str]
) -> tuple[CampaignLine, ...]:
    """Briefs that wait for a brand lead, the one that waits longest first."""
    if BRAND_LEAD not in roles:
        return ()
    ids = connection.execute(_UNDECIDED, {"user": user}).scalars().all()
    return _by_id(connection, ids)


_UNDECIDED: Final = (
    sa.select(campaigns.c.id)
    .where(
        campaigns.c.state == State.AWAITING_BRAND_LEAD,
        campaigns.c.author != sa.bindparam("user"),
        # changes were asked for: the author's turn
        ~sa.exists().where(strategy_decisions.c.brief_id == campaigns.c.brief_id),
    )
    .order_by(campaigns.c.updated_at)
    .limit(_LINES)
)

# What was decided ------------------------------------------------------------------

_DECIDED: Final = (
    sa.select(decisions, variants.c.label.label("variant_label"), campaigns.c.title)
    .join(variants, variants.c.id == decisions.c.variant_id)
    .join(campaigns, campaigns.c.id == decisions.c.campaign_id)
    .where(decisions.c.actor == sa.bindparam("user"), _STANDS)
    .order_by(decisions.c.decided_at.desc(), decisions.c.id.desc())
    .limit(_DECIDED_LINES)
)
_DECIDED_SINCE: Final = sa.select(sa.func.count()).where(
    decisions.c.actor == sa.bindparam("user"),
    decisions.c.decided_at >= sa.bindparam("since"),
    _STANDS,
)
_ENDED: Final = (State.SENT, State.ROLLED_BACK, State.REJECTED)
_ENDED_SINCE: Final = (
    sa.select(campaigns.c.state, sa.func.count().label("n"))
    .where(
        campaigns.c.state.in_(_ENDED), campaigns.c.updated_at >= sa.bindparam("since")
    )
    .group_by(campaigns.c.state)
)


def _decided(connection: Connection, user: str) -> tuple[DecidedLine, ...]:
    return tuple(
        DecidedLine(
            campaign_id=CampaignId(row.campaign_id),
            title=row.title,
            decision=decision_from(row),
        )
        for row in connection.execute(_DECIDED, {"user": user})
    )


def _week(connection: Connection, user: str, since: datetime) -> WeekView:
    ended = {
        row.state: int(row.n)
        for row in connection.execute(_ENDED_SINCE, {"since": since})
    }
    mine = connection.execute(_DECIDED_SINCE, {"user": user, "since": since}).scalar()
    return WeekView(
        sent=ended.get(State.SENT, 0),
        rolled_back=ended.get(State.ROLLED_BACK, 0),
        rejected=ended.get(State.REJECTED, 0),
        decided=int(mine or 0),
    )
