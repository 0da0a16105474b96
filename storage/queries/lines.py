"""Campaigns as lines of a list, the desk's status, and the segments."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import LIVE, CampaignId, State
from domain.channel import Channel
from domain.errors import Unknown
from domain.views import (
    AudienceLine,
    CampaignLine,
    DeskStatus,
    Facts,
    ListLine,
)
from storage import tables
from storage.audiences import NAMED, reach_of_list
from storage.events import totals_of
from storage.exposures import shown_of
from storage.freezes import active_freezes
from storage.sends import Mails, mails_of
from storage.tables import Utc, outbox, slack_messages

_PARKED_LINES: Final = 25
_LIVE_LINES: Final = 200


def is_card() -> sa.ColumnElement[bool]:
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
        return campaign_lines(connection, sa.true(), limit)
    return campaign_lines(connection, tables.campaigns.c.author == author, limit)


def live(connection: Connection) -> tuple[CampaignLine, ...]:
    """Campaigns that are mailing, or would without another decision; newest first.

    And what slots show to everyone, which can be stopped as well.
    """
    return campaign_lines(
        connection, sa.or_(_in_state(LIVE), _LIVE_IN_SLOT), _LIVE_LINES
    )


_newer = tables.campaigns.alias("newer")
_LIVE_IN_SLOT: Final = sa.and_(
    tables.campaigns.c.slot != "",
    tables.campaigns.c.state == State.SENT,
    ~sa.exists().where(
        _newer.c.slot == tables.campaigns.c.slot,
        _newer.c.state == State.SENT,
        sa.tuple_(_newer.c.updated_at, _newer.c.id)
        > sa.tuple_(tables.campaigns.c.updated_at, tables.campaigns.c.id),
    ),
)


def line(connection: Connection, campaign_id: CampaignId) -> CampaignLine:
    """Read one campaign's line.

    Raises:
        Unknown: There is no campaign with that number.
    """
    found = campaign_lines(connection, tables.campaigns.c.id == campaign_id, 1)
    if not found:
        raise Unknown(f"There is no campaign #{campaign_id}.")
    return found[0]


def _in_state(states: Collection[State]) -> sa.ColumnElement[bool]:
    return tables.campaigns.c.state.in_(sorted(states))


def campaign_lines(
    connection: Connection, where: sa.ColumnElement[bool], limit: int
) -> tuple[CampaignLine, ...]:
    """Campaigns that a condition holds for, newest first."""
    query = (
        sa.select(
            tables.campaigns,
            slack_messages.c.channel.label("slack_channel"),
            slack_messages.c.ts.label("slack_ts"),
        )
        .outerjoin(slack_messages, is_card())
        .where(where)
        .order_by(tables.campaigns.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    keys = [row.id for row in rows]
    shown = [row.id for row in rows if row.slot]
    mails = mails_of(connection, keys) | (shown_of(connection, shown) if shown else {})
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
        channel=Channel(row.brief_channel),
        slot=row.slot,
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
        ).where(
            outbox.c.finished_at.is_(None),
            # a card that loses its Undo in a minute does not wait for a worker
            outbox.c.available_at <= now if now is not None else sa.true(),
        )
    ).one()
    return DeskStatus(
        by_state=tuple(
            (state, by_state[state]) for state in State if state in by_state
        ),
        queued_jobs=jobs.n,
        oldest_job_age_s=_age_s(jobs.oldest, now or jobs.now),
        parked=campaign_lines(connection, _in_state({State.PARKED}), _PARKED_LINES),
        live=live(connection),
        practice=facts.practice,
        freezes=active_freezes(connection, now or jobs.now),
    )


def _age_s(since: datetime | None, now: datetime) -> float | None:
    """Seconds; 0 for a job that is not due yet."""
    if since is None:
        return None
    return max(now - since, timedelta(0)).total_seconds()


def lists(connection: Connection) -> tuple[ListLine, ...]:
    """Lists by title, without their segments; counts are those of the last import."""
    named = tables.audiences
    query = (
        sa.select(named.c.key, named.c.title, named.c.size)
        .where(named.c.kind == "list")
        .order_by(named.c.title, named.c.key)
    )
    return tuple(
        ListLine(key=row.key, title=row.title, size=row.size)
        for row in connection.execute(query)
    )


def audiences(connection: Connection) -> tuple[AudienceLine, ...]:
    """Lists and segments that a brief can name, by title.

    A list is counted now; a segment says what it was when it was counted last.
    """
    named = tables.audiences
    query = (
        sa.select(
            named.c.key,
            named.c.title,
            named.c.size,
            sa.case(
                (named.c.kind == "segment", named.c.mailable), else_=reach_of_list()
            ).label("mailable"),
        )
        .where(NAMED)
        .order_by(named.c.title, named.c.key)
    )
    return tuple(
        AudienceLine(key=row.key, title=row.title, mailable=row.mailable, size=row.size)
        for row in connection.execute(query)
    )
