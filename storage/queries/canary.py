"""A canary as it is read: its cohorts, what came back, and what is not known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import SENDING, Campaign, CampaignId
from domain.canary import (
    CanaryPolicy,
    Counts,
    breach_at,
    foresight,
    guardrails,
)
from domain.canary_limits import Limits
from domain.canary_words import MAILS, VISITORS
from domain.exposure import policy_of
from domain.second_person import Act
from domain.send import ChunkState
from domain.sending import WaitsFor
from domain.views import AskLine, CanaryView, Point, UnknownChunk, WaitLine
from storage.canary_pins import campaign_limits
from storage.events import totals_of
from storage.sends import Cohort, Mails, chunk_from, cohorts_of, events_seen
from storage.tables import chunks, counters, pulses, second_asks
from storage.time_zones import zone_named

_POINTS_MOST: Final = 240
_PLOTTED: Final = ("delivered", "clicked", "complained", "unsubscribed")


def canary_view(
    connection: Connection,
    campaign: Campaign,
    mails: Mails,
    *,
    today: CanaryPolicy,
    judgement: str | None,
    mute_esp: str = "",
) -> CanaryView | None:
    """The numbers of all steps so far; None before the list was cut into steps.

    Args:
        today: The playbook's policy; the campaign may have been approved with another.
    """
    ladder = cohorts_of(connection, campaign.id)
    if not ladder:
        return None
    # who counts visitors hears of them from the site, and from no ESP
    mute_esp = "" if campaign.slot else mute_esp
    counts = totals_of(connection, [campaign.id]).get(campaign.id, {})
    heard = connection.execute(
        sa.select(pulses.c.last_ingest_at).where(pulses.c.campaign_id == campaign.id)
    ).scalar()
    return _view(
        campaign,
        [replace(each, reporting=0) for each in ladder] if mute_esp else ladder,
        mails,
        counts,
        limits=campaign_limits(connection, campaign.id, today),
        judgement=judgement,
        heard=heard,
        mute_esp=mute_esp,
    )


def _view(
    campaign: Campaign,
    ladder: Sequence[Cohort],
    mails: Mails,
    counts: Mapping[str, int],
    *,
    limits: Limits,
    judgement: str | None,
    heard: datetime | None,
    mute_esp: str,
) -> CanaryView:
    policy = policy_of(limits.policy, campaign.slot)
    step = min(campaign.step, len(ladder) - 1)
    planned = sum(cohort.planned for cohort in ladder[: step + 1])
    reporting = sum(cohort.reporting for cohort in ladder[: step + 1])
    held_against = Counts(
        planned=planned,
        reporting=reporting,
        planned_before=planned - ladder[step].planned,
        reporting_before=reporting - ladder[step].reporting,
        sent=mails.out,
        unsubscribes=counts.get("unsubscribed", 0),
        deferrals=counts.get("deferred", 0),
    )
    return CanaryView(
        step=step,
        steps_total=len(ladder),
        percent=ladder[step].percent,
        planned=planned,
        reporting=reporting,
        # a call that never answered may have been accepted: its events say so
        accepted=max(mails.accepted, counts.get("accepted", 0)),
        delivered=counts.get("delivered", 0),
        opens=counts.get("opened", 0),
        machine_opens=counts.get("machine_opened", 0),
        clicks=counts.get("clicked", 0),
        machine_clicks=counts.get("machine_clicked", 0),
        complaints=counts.get("complained", 0),
        breach_at=breach_at(
            held_against, policy=policy, step=step, steps_total=len(ladder)
        ),
        unsubscribes=counts.get("unsubscribed", 0),
        hard_bounces=counts.get("bounced_hard", 0),
        deferred=counts.get("deferred", 0),
        started_at=campaign.step_started_at,
        decides_at=campaign.decides_at,
        foresight=foresight(
            planned=planned,
            reporting=reporting,
            policy=policy,
            step=step,
            steps_total=len(ladder),
            mute_esp=mute_esp,
            words=VISITORS if campaign.slot else MAILS,
        ),
        mute_esp=mute_esp,
        judgement=judgement,
        last_event_at=heard,
        guardrails=guardrails(
            held_against, policy=policy, step=step, steps_total=len(ladder)
        ),
        limits=limits.sentence,
        slot=campaign.slot,
    )


def points(connection: Connection, campaign_id: CampaignId) -> tuple[Point, ...]:
    """The live plot: cumulative counts in order of time, at most 240 points."""
    query = (
        sa.select(counters.c.bucket, counters.c.metric, counters.c.n)
        .where(counters.c.campaign_id == campaign_id, counters.c.metric.in_(_PLOTTED))
        .order_by(counters.c.bucket)
    )
    buckets: dict[int, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(query):
        buckets[row.bucket][row.metric] = row.n
    sums = {
        metric: list(accumulate(each.get(metric, 0) for each in buckets.values()))
        for metric in _PLOTTED
    }
    every = -(-len(buckets) // _POINTS_MOST) or 1
    made = [
        Point(
            at=datetime.fromtimestamp(bucket, UTC),
            delivered=sums["delivered"][index],
            clicks=sums["clicked"][index],
            complaints=sums["complained"][index],
            unsubscribes=sums["unsubscribed"][index],
        )
        for index, bucket in enumerate(buckets)
    ]
    # thinned from the end, so that the newest count is always there
    return tuple(reversed(made[::-1][::every]))


def wait_lines(connection: Connection, campaign: Campaign) -> tuple[WaitLine, ...]:
    """Mails of an open gate that wait for their time, what leaves first before the rest."""
    if campaign.state not in SENDING:
        return ()
    key = (chunks.c.not_before, chunks.c.waits_for, chunks.c.time_zone)
    query = (
        sa.select(*key, sa.func.sum(chunks.c.size).label("mails"))
        .where(
            chunks.c.campaign_id == campaign.id,
            chunks.c.state == ChunkState.PLANNED,
            chunks.c.step <= campaign.step,
            chunks.c.not_before.is_not(None),
        )
        .group_by(*key)
        .order_by(*key)
    )
    return tuple(
        WaitLine(
            mails=int(row.mails),
            until=row.not_before,
            why=WaitsFor(row.waits_for),
            time_zone=row.time_zone,
            there=_there(row.not_before, row.time_zone),
        )
        for row in connection.execute(query)
    )


def _there(at: datetime, time_zone: str) -> datetime | None:
    zone = zone_named(time_zone)
    return None if zone is None else at.astimezone(zone)


def unknown_chunks(
    connection: Connection, campaign: Campaign
) -> tuple[UnknownChunk, ...]:
    """Chunks whose call never answered, the oldest first."""
    query = (
        sa.select(chunks)
        .where(
            chunks.c.campaign_id == campaign.id, chunks.c.state == ChunkState.UNKNOWN
        )
        .order_by(chunks.c.number)
    )
    found = [chunk_from(row) for row in connection.execute(query)]
    if not found:
        return ()
    seen = events_seen(connection, [chunk.id for chunk in found])
    return tuple(
        UnknownChunk(
            chunk_id=chunk.id,
            version=chunk.version,
            number=chunk.number,
            size=chunk.size,
            events_seen=seen.get(chunk.id, 0),
            since=chunk.intent_at or campaign.updated_at,
        )
        for chunk in found
    )


def asks(connection: Connection, campaign: Campaign) -> tuple[AskLine, ...]:
    """What waits for a second person; what has moved on since is not in it."""
    is_about_chunk = second_asks.c.act == Act.SEND_AGAIN
    query = (
        sa.select(second_asks, chunks.c.number)
        .outerjoin(chunks, sa.and_(is_about_chunk, chunks.c.id == second_asks.c.row_id))
        .where(
            second_asks.c.campaign_id == campaign.id,
            second_asks.c.confirmed_at.is_(None),
            second_asks.c.row_version
            == sa.case((is_about_chunk, chunks.c.version), else_=campaign.version),
        )
        .order_by(second_asks.c.id)
    )
    return tuple(
        AskLine(
            act=Act(row.act),
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            expires_at=row.expires_at,
            chunk=row.number,
        )
        for row in connection.execute(query)
    )
