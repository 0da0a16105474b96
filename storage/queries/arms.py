"""An A/B test as it is read: who got or saw each arm, and the clicks that people made."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.arms import (
    ArmsResult,
    ClickedMail,
    SeenArm,
    SentArm,
    arms_result,
    seen_arms_result,
)
from domain.campaign import CampaignId, State
from domain.canary import CanaryPolicy
from domain.canary_clicks import Click
from domain.exposure import COUNTED, MAY_BE_SEEN, Reported
from domain.send import ChunkState
from storage.canary_pins import campaign_limits
from storage.exposures import exposed_arms
from storage.sends import arm_mails
from storage.tables import (
    campaigns,
    chunks,
    delivery_events,
    exposures,
    sends,
    variants,
)


def arms(
    connection: Connection,
    campaign_id: CampaignId,
    *,
    today: CanaryPolicy,
    now: datetime,
) -> ArmsResult | None:
    """Compare the arms of the steps so far; None with one arm, or while one goes out.

    What a slot shows is compared as soon as anybody saw it.

    Args:
        today: The playbook's policy; the campaign may have been approved with another.
    """
    labels = _labels(connection, campaign_id)
    found = _campaign(connection, campaign_id)
    if len(labels) < 2 or found is None:  # noqa: PLR2004 - one arm is no test
        return None
    policy = campaign_limits(connection, campaign_id, today).policy
    if found.slot:
        return _seen(connection, campaign_id, State(found.state), policy, now)
    step = int(found.step)
    last = _last_sent(connection, campaign_id, up_to_step=step)
    if last is None:
        return None
    clicked = _clicked(connection, campaign_id)
    links: dict[str, set[str | None]] = defaultdict(set)
    for mail in clicked:
        links[mail.label].update(click.url for click in mail.clicks)
    mails = arm_mails(connection, campaign_id, up_to_step=step)
    sent = [
        SentArm(label=label, planned=planned, delivered=got, links=len(links[label]))
        for label, planned, got in mails
    ]
    if len(sent) < 2:  # noqa: PLR2004 - the other arm has no mail
        return None
    age = max(now - last, timedelta(0))
    return arms_result(sent, clicked, age=age, policy=policy)


def _seen(
    connection: Connection,
    campaign_id: CampaignId,
    state: State,
    policy: CanaryPolicy,
    now: datetime,
) -> ArmsResult | None:
    arms = exposed_arms(connection, campaign_id)
    last = connection.execute(
        sa.select(sa.func.max(exposures.c.answered_at)).where(
            exposures.c.campaign_id == campaign_id
        )
    ).scalar()
    if last is None:
        return None
    query = (
        sa.select(variants.c.label, sa.func.min(delivery_events.c.at).label("at"))
        .join(exposures, exposures.c.id == delivery_events.c.send_id)
        .join(variants, variants.c.id == exposures.c.variant_id)
        .where(
            delivery_events.c.campaign_id == campaign_id,
            delivery_events.c.type == COUNTED[Reported.CLICKED].type,
        )
        .group_by(delivery_events.c.send_id, variants.c.label)
    )
    clicks = [
        (datetime.fromtimestamp(row.at, UTC), row.label)
        for row in connection.execute(query)
    ]
    return seen_arms_result(
        [SeenArm(label=label, visitors=n) for label, n in arms],
        clicks,
        last_seen=None if state in MAY_BE_SEEN else last,
        now=now,
        policy=policy,
    )


def _labels(connection: Connection, campaign_id: CampaignId) -> list[str]:
    query = sa.select(variants.c.label).where(
        variants.c.campaign_id == campaign_id, variants.c.is_arm
    )
    return [row.label for row in connection.execute(query)]


def _campaign(
    connection: Connection, campaign_id: CampaignId
) -> sa.Row[Any, Any, Any] | None:
    return connection.execute(
        sa.select(campaigns.c.step, campaigns.c.slot, campaigns.c.state).where(
            campaigns.c.id == campaign_id
        )
    ).first()


def _last_sent(
    connection: Connection, campaign_id: CampaignId, *, up_to_step: int
) -> datetime | None:
    """When the last mail of these steps left, once none is left to leave."""
    row = connection.execute(
        sa.select(
            sa.func.max(chunks.c.accepted_at).label("last"),
            sa.func.count(
                sa.case((chunks.c.state != ChunkState.SENT, chunks.c.id))
            ).label("open"),
        ).where(chunks.c.campaign_id == campaign_id, chunks.c.step <= up_to_step)
    ).one()
    return None if row.open else row.last


def _clicked(connection: Connection, campaign_id: CampaignId) -> list[ClickedMail]:
    query = (
        sa.select(
            delivery_events.c.send_id,
            delivery_events.c.at,
            delivery_events.c.url,
            delivery_events.c.is_machine,
            variants.c.label,
            sa.func.coalesce(chunks.c.intent_at, chunks.c.accepted_at).label("sent_at"),
        )
        .join(sends, sends.c.id == delivery_events.c.send_id)
        .join(chunks, chunks.c.id == sends.c.chunk_id)
        .join(variants, variants.c.id == sends.c.variant_id)
        .where(
            delivery_events.c.campaign_id == campaign_id,
            delivery_events.c.type == "clicked",
        )
        .order_by(delivery_events.c.send_id)
    )
    found: dict[int, tuple[str, datetime, list[Click]]] = {}
    for row in connection.execute(query):
        _, _, clicks = found.setdefault(row.send_id, (row.label, row.sent_at, []))
        at = datetime.fromtimestamp(row.at, UTC)
        clicks.append(Click(at=at, url=row.url, is_machine=bool(row.is_machine)))
    return [
        ClickedMail(label=label, sent_at=sent_at, clicks=tuple(clicks))
        for label, sent_at, clicks in found.values()
    ]
