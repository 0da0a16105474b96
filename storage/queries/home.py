"""Home: what waits for one person, what is live, what they wrote and decided.

Every list is read by an index up to a limit, so that Home takes as long with ten
thousand open campaigns as with a hundred.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import FINAL, SENDING, CampaignId, State
from domain.channel import Channel
from domain.errors import NotYourTurn
from domain.lint import Severity
from domain.queue_order import LOWEST_TIER, most_pressing_first
from domain.review import RequestId, check_may_decide
from domain.strategy import BRAND_LEAD
from domain.variant import VariantId
from domain.views import (
    CampaignLine,
    DecidedLine,
    DigestView,
    Facts,
    HomeView,
    PassingLine,
    WaitingLine,
    WeekView,
)
from storage.freezes import active_freezes
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
    strategy_waits,
    undone_decisions,
    variants,
)

PASSING_MOST: Final = 30
"""Texts in one go: so many can be read before they are approved."""

_WAITING_READ: Final = 200
_LINES: Final = 10
_OVERDUE_READ: Final = 30
_DECIDED_LINES: Final = 5
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_LIVE: Final = (State.CANARY, State.EXPANDING, State.HELD, State.SCHEDULED)
"""Mailing first, then what will."""


def home(connection: Connection, user: str, facts: Facts, *, now: datetime) -> HomeView:
    """What a person's Home tab shows at `now`."""
    person = facts.everyone.people.get(user)
    rows = _waiting(connection, user, facts)
    live = _ids_of(connection, _LIVE)
    mine = campaign_lines(connection, campaigns.c.author == user, _LINES + 1)
    overdue = _overdue(connection, user, facts, now)
    cut = {
        "waiting": len(rows) > _WAITING_READ,
        "live": len(live) > _LINES,
        "mine": len(mine) > _LINES,
        "overdue": len(overdue) > _OVERDUE_READ,
    }
    return HomeView(
        user=user,
        is_known=person is not None,
        roles=tuple(sorted(person.roles)) if person else (),
        waiting=most_pressing_first(
            (_line(row, user) for row in rows[:_WAITING_READ]), now
        ),
        passing=len(_may_pass(connection, user, facts, rows)),
        strategies=_strategies(connection, user, facts),
        late_strategies=_late_strategies(connection, user, facts, now),
        mine=mine[:_LINES],
        live=_by_id(connection, live[:_LINES]),
        overdue=tuple(_line(row) for row in overdue[:_OVERDUE_READ]),
        decided=_decided(connection, user),
        week=_week(connection, user, now - _WEEK),
        preferences=preferences_of(connection, user),
        cut=frozenset(name for name, is_cut in cut.items() if is_cut),
        practice=facts.practice,
        freezes=active_freezes(connection, now),
    )


def digest(
    connection: Connection, user: str, facts: Facts, *, now: datetime
) -> DigestView:
    """What a person's digest says at `now`: Home's lists, as far as they are theirs."""
    person = facts.everyone.people.get(user)
    rows = _waiting(connection, user, facts)
    seen = {row.id for row in rows}
    late = [
        row
        for row in _late_with(connection, user, facts, now)
        if row.id not in seen and row.author != user
    ]
    open_or_new = sa.or_(
        campaigns.c.state.not_in(sorted(FINAL)), campaigns.c.updated_at > now - _DAY
    )
    briefs = (
        campaign_lines(
            connection, sa.and_(campaigns.c.author == user, open_or_new), _LINES + 1
        )
        if person
        else ()
    )
    cut = {
        "waiting": len(rows) > _WAITING_READ,
        "overdue": len(late) > _OVERDUE_READ,
        "mine": len(briefs) > _LINES,
    }
    going_out = SENDING | {State.HELD}
    return DigestView(
        user=user,
        waiting=most_pressing_first(
            (_line(row, user) for row in rows[:_WAITING_READ]), now
        ),
        strategies=_strategies(connection, user, facts),
        overdue=tuple(_line(row) for row in late[:_OVERDUE_READ]),
        live=tuple(each for each in briefs[:_LINES] if each.state in going_out),
        mine=tuple(each for each in briefs[:_LINES] if each.state not in going_out),
        cut=frozenset(name for name, is_cut in cut.items() if is_cut),
    )


# Questions -------------------------------------------------------------------------

_IS_OF: Final = campaigns.c.team.in_(
    sa.bindparam("keys", expanding=True)
) == sa.bindparam("is_own", type_=sa.Boolean)
"""Of one team of its own; or else of the centre, whose is what no such team's is."""

_ASKED: Final = (
    sa.select(
        review_requests,
        variants.c.label,
        campaigns.c.title,
        campaigns.c.tier,
        campaigns.c.author,
        campaigns.c.team,
        campaigns.c.audience_size,
        campaigns.c.channel,
        campaigns.c.brief_channel,
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
        review_requests.c.round == campaigns.c.stage,
        _IS_OF,
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


class _Part(NamedTuple):
    """The campaigns of one team, and who holds which role in them."""

    facts: Facts
    roles: frozenset[str]
    # the condition's values, as `_IS_OF` binds them
    given: Mapping[str, object]


def _parts(user: str, facts: Facts) -> list[_Part]:
    """The centre's campaigns and those of each team, with the person's roles there."""
    parts = [_Part(facts, facts.team.roles_of(user), _bound(list(facts.teams)))]
    for key in facts.teams:
        own = facts.of(key)
        parts.append(_Part(own, own.team.roles_of(user), _bound([key], is_own=True)))
    return parts


def _bound(keys: list[str], *, is_own: bool = False) -> Mapping[str, object]:
    return {"keys": keys, "is_own": is_own}


def _waiting(connection: Connection, user: str, facts: Facts) -> list[Row[Any]]:
    """Open questions to the person, or to all of a role of theirs; due first.

    But for briefs of their own, and what is assigned to another.
    """
    found: list[Row[Any]] = []
    for part in _parts(user, facts):
        given = {**part.given, "user": user, "most": _WAITING_READ + 1}
        for role in sorted(part.roles):
            holders = part.facts.team.holders(role)
            found += connection.execute(
                _ASKED_OF, {**given, "role": role, "holders": holders}
            ).all()
    return sorted(found, key=_by_deadline)[: _WAITING_READ + 1]


def _overdue(
    connection: Connection, user: str, facts: Facts, now: datetime
) -> list[Row[Any]]:
    """What others on the person's teams are late with, the latest first."""
    centre, *own = _parts(user, facts)
    found: list[Row[Any]] = []
    for part in (centre, *(each for each in own if each.roles)):
        stages = part.facts.stages.values()
        asked = {stage.role for row in stages for stage in row}
        found += _late(connection, part, asked - part.roles, now)
    return sorted(found, key=_by_deadline)[: _OVERDUE_READ + 1]


def _late_with(
    connection: Connection, user: str, facts: Facts, now: datetime
) -> list[Row[Any]]:
    """What is late with a role of the person's, the latest first."""
    found: list[Row[Any]] = []
    for part in _parts(user, facts):
        found += _late(connection, part, part.roles, now)
    return sorted(found, key=_by_deadline)[: _OVERDUE_READ + 1]


def _late(
    connection: Connection, part: _Part, roles: Iterable[str], now: datetime
) -> list[Row[Any]]:
    given = {**part.given, "now": now, "most": _OVERDUE_READ + 1}
    found: list[Row[Any]] = []
    for role in sorted(roles):
        found += connection.execute(_OVERDUE, {**given, "role": role}).all()
    return found


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
        reminded_at=row.reminded_at,
        channel=Channel(row.brief_channel),
    )


# In one go -------------------------------------------------------------------------


def passing(connection: Connection, user: str, facts: Facts) -> tuple[PassingLine, ...]:
    """Questions of the lowest tier that the person may approve as they stand.

    The text passes lint, and separation of duties allows it; due first.
    """
    rows = _waiting(connection, user, facts)
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
    facts = facts.of(row.team)
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
    connection: Connection, user: str, facts: Facts
) -> tuple[CampaignLine, ...]:
    """Briefs that wait for a brand lead, the one that waits longest first."""
    query = _UNDECIDED.where(campaigns.c.author != user)
    return tuple(
        line
        for part in _parts(user, facts)
        if BRAND_LEAD in part.roles
        for line in _with_due(connection, query, part.given)
    )


def _late_strategies(
    connection: Connection, user: str, facts: Facts, now: datetime
) -> tuple[CampaignLine, ...]:
    """Those of others that are overdue; a brand lead has them all before them."""
    query = _UNDECIDED.where(strategy_waits.c.due_at < now)
    centre, *own = _parts(user, facts)
    return tuple(
        line
        for part in (centre, *(each for each in own if each.roles))
        if BRAND_LEAD not in part.roles
        for line in _with_due(connection, query, part.given)
    )


def _with_due(
    connection: Connection, query: sa.Select[Any], given: Mapping[str, object]
) -> tuple[CampaignLine, ...]:
    due = {row.id: row.due_at for row in connection.execute(query, given)}
    lines = _by_id(connection, list(due))
    return tuple(replace(line, due_at=due[line.id]) for line in lines)


_UNDECIDED: Final = (
    sa.select(campaigns.c.id, strategy_waits.c.due_at)
    .outerjoin(strategy_waits, strategy_waits.c.brief_id == campaigns.c.brief_id)
    .where(
        campaigns.c.state == State.AWAITING_BRAND_LEAD,
        _IS_OF,
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
