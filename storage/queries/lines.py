"""Campaigns as lines of a list, Home, the desk's status, and the segments."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import LIVE, CampaignId, State
from domain.errors import Unknown
from domain.review import RequestId
from domain.views import (
    AudienceLine,
    CampaignLine,
    DeskStatus,
    Facts,
    HomeView,
    WaitingLine,
)
from storage import tables
from storage.audiences import is_mailable
from storage.events import totals_of
from storage.sends import Mails, mails_of
from storage.tables import (
    Utc,
    outbox,
    recipients,
    review_requests,
    slack_messages,
    variants,
)

_HOME_LINES: Final = 25
_WAITING_LINES: Final = 100
_LIVE_LINES: Final = 200


def _is_card() -> sa.ColumnElement[bool]:
    """The Slack message of the campaign's own card."""
    number = sa.cast(tables.campaigns.c.id, sa.Text)
    return slack_messages.c.key == sa.literal("campaign:") + number


def campaigns(
    connection: Connection, *, author: str | None = None, limit: int = 20
) -> tuple[CampaignLine, ...]:
    """Campaigns, newest first.

    Args:
        author: Only those whose brief this person wrote.
    """
    if author is None:
        return _lines(connection, sa.true(), limit)
    return _lines(connection, tables.campaigns.c.author == author, limit)


def live(connection: Connection) -> tuple[CampaignLine, ...]:
    """Campaigns that are mailing, or would without another decision; newest first."""
    return _lines(connection, _in_state(LIVE), _LIVE_LINES)


def line(connection: Connection, campaign_id: CampaignId) -> CampaignLine:
    """Read one campaign's line.

    Raises:
        Unknown: There is no campaign with that number.
    """
    found = _lines(connection, tables.campaigns.c.id == campaign_id, 1)
    if not found:
        raise Unknown(f"There is no campaign #{campaign_id}.")
    return found[0]


def _in_state(states: Collection[State]) -> sa.ColumnElement[bool]:
    return tables.campaigns.c.state.in_(sorted(states))


def _lines(
    connection: Connection, where: sa.ColumnElement[bool], limit: int
) -> tuple[CampaignLine, ...]:
    query = (
        sa.select(
            tables.campaigns,
            slack_messages.c.channel.label("slack_channel"),
            slack_messages.c.ts.label("slack_ts"),
        )
        .outerjoin(slack_messages, _is_card())
        .where(where)
        .order_by(tables.campaigns.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    keys = [row.id for row in rows]
    mails = mails_of(connection, keys)
    counts = totals_of(connection, keys)
    return tuple(
        _line(row, mails.get(row.id), counts.get(row.id, {}).get("complained", 0))
        for row in rows
    )


def _line(row: Row[Any], mails: Mails | None, complaints: int) -> CampaignLine:
    return CampaignLine(
        id=CampaignId(row.id),
        title=row.title,
        state=State(row.state),
        stage=row.stage,
        tier=row.tier,
        author=row.author,
        recipients=row.audience_size,
        mails_out=mails.out if mails else 0,
        mails_left=mails.left if mails else row.audience_size,
        complaints=complaints,
        updated_at=row.updated_at,
        permalink_channel=row.slack_channel or row.channel,
        permalink_ts=row.slack_ts,
    )


def home(connection: Connection, user: str, facts: Facts) -> HomeView:
    """What a person's Home tab shows."""
    person = facts.team.people.get(user)
    roles = tuple(sorted(person.roles)) if person else ()
    return HomeView(
        user=user,
        is_known=person is not None,
        roles=roles,
        waiting=_waiting(connection, user, roles),
        mine=campaigns(connection, author=user, limit=_HOME_LINES),
        live=live(connection),
        practice=facts.practice,
    )


def _waiting(
    connection: Connection, user: str, roles: Collection[str]
) -> tuple[WaitingLine, ...]:
    """Open requests to the person's roles, but for briefs of their own; due first."""
    if not roles:
        return ()
    query = (
        sa.select(
            review_requests,
            variants.c.label,
            tables.campaigns.c.title,
            tables.campaigns.c.tier,
            tables.campaigns.c.audience_size,
            tables.campaigns.c.channel,
            slack_messages.c.channel.label("slack_channel"),
            slack_messages.c.ts.label("slack_ts"),
        )
        .join(tables.campaigns, tables.campaigns.c.id == review_requests.c.campaign_id)
        .join(variants, variants.c.id == review_requests.c.variant_id)
        .outerjoin(slack_messages, _is_card())
        .where(
            review_requests.c.closed_at.is_(None),
            # reopened at an earlier stage, a later stage's question rests
            review_requests.c.stage == tables.campaigns.c.stage,
            review_requests.c.role.in_(roles),
            tables.campaigns.c.author != user,
        )
        .order_by(review_requests.c.due_at, review_requests.c.id)
        .limit(_WAITING_LINES)
    )
    return tuple(
        WaitingLine(
            request_id=RequestId(row.id),
            campaign_id=CampaignId(row.campaign_id),
            title=row.title,
            variant_label=row.label,
            stage=row.stage,
            tier=row.tier,
            recipients=row.audience_size,
            due_at=row.due_at,
            slack_channel=row.slack_channel or row.channel,
            slack_ts=row.slack_ts,
        )
        for row in connection.execute(query)
    )


def status(
    connection: Connection, facts: Facts, *, now: datetime | None = None
) -> DeskStatus:
    """How the desk is doing.

    Args:
        now: The time to count the oldest job's age to; else the database's own.
    """
    by_state = {
        row.state: row.n
        for row in connection.execute(
            sa.select(tables.campaigns.c.state, sa.func.count().label("n")).group_by(
                tables.campaigns.c.state
            )
        )
    }
    jobs = connection.execute(
        sa.select(
            sa.func.count().label("n"),
            sa.func.min(outbox.c.available_at).label("oldest"),
            sa.func.current_timestamp(type_=Utc).label("now"),
        ).where(outbox.c.finished_at.is_(None))
    ).one()
    return DeskStatus(
        by_state=tuple(
            (state, by_state[state]) for state in State if state in by_state
        ),
        queued_jobs=jobs.n,
        oldest_job_age_s=_age_s(jobs.oldest, now or jobs.now),
        parked=_lines(connection, _in_state({State.PARKED}), _HOME_LINES),
        live=live(connection),
        practice=facts.practice,
    )


def _age_s(since: datetime | None, now: datetime) -> float | None:
    """Seconds; 0 for a job that is not due yet."""
    if since is None:
        return None
    return max(now - since, timedelta(0)).total_seconds()


def audiences(connection: Connection) -> tuple[AudienceLine, ...]:
    """Segments that a brief can name, by title."""
    query = (
        sa.select(
            tables.audiences.c.key,
            tables.audiences.c.title,
            tables.audiences.c.size,
            sa.func.count(recipients.c.id).label("mailable"),
        )
        .select_from(tables.audiences)
        .outerjoin(
            recipients,
            sa.and_(recipients.c.audience_id == tables.audiences.c.id, is_mailable()),
        )
        .group_by(tables.audiences.c.id)
        .order_by(tables.audiences.c.title, tables.audiences.c.key)
    )
    return tuple(
        AudienceLine(key=row.key, title=row.title, mailable=row.mailable, size=row.size)
        for row in connection.execute(query)
    )
