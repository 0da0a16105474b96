"""The record as it is read: brief, review request, incident, audit trail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.audit_words import fragment
from domain.campaign import CampaignId
from domain.errors import Unknown
from domain.incident import ActionItem, Alert, Cause
from domain.review import RequestId, ReviewRequest
from domain.views import AuditLine, IncidentView, StepLine
from storage.action_items import action_from
from storage.alerts import alert_from
from storage.audit import detail_from
from storage.incidents import incident_from, step_from
from storage.reviews import REQUESTS, request_from
from storage.tables import (
    action_items,
    alerts,
    audit_events,
    briefs,
    campaigns,
    incidents,
    review_requests,
    rollback_steps,
    suppressions,
)


def brief_of(connection: Connection, campaign_id: CampaignId) -> dict[str, Any]:
    """The brief's JSON as it was given.

    Raises:
        Unknown: There is no campaign with that number.
    """
    body = connection.execute(
        sa.select(briefs.c.body)
        .join(campaigns, campaigns.c.brief_id == briefs.c.id)
        .where(campaigns.c.id == campaign_id)
    ).scalar()
    if body is None:
        raise Unknown(f"There is no campaign #{campaign_id}.")
    return dict(body)


def request(connection: Connection, request_id: RequestId) -> ReviewRequest:
    """Read a review request, open or closed.

    Raises:
        Unknown: There is none with that id.
    """
    row = connection.execute(REQUESTS.where(review_requests.c.id == request_id)).first()
    if row is None:
        raise Unknown("There is no such review request.")
    return request_from(row)


def incident(connection: Connection, campaign_id: CampaignId) -> IncidentView | None:
    """The campaign's one incident; None when it was never rolled back.

    Raises:
        Unknown: There is no campaign with that number.
    """
    title = connection.execute(
        sa.select(campaigns.c.title).where(campaigns.c.id == campaign_id)
    ).scalar()
    if title is None:
        raise Unknown(f"There is no campaign #{campaign_id}.")
    return incident_of(connection, campaign_id, title)


def incident_of(
    connection: Connection, campaign_id: CampaignId, title: str
) -> IncidentView | None:
    """The incident of a campaign whose title is known already."""
    suppressed = (
        sa.select(sa.func.count())
        .where(suppressions.c.campaign_id == campaign_id)
        .scalar_subquery()
    )
    row = connection.execute(
        sa.select(incidents, suppressed.label("suppressed"), campaigns.c.slot)
        .join(campaigns, campaigns.c.id == incidents.c.campaign_id)
        .where(incidents.c.campaign_id == campaign_id)
    ).first()
    if row is None:
        return None
    return _incident_view(connection, row, title)


def _incident_view(connection: Connection, row: Row[Any], title: str) -> IncidentView:
    steps = _steps(connection, row.id)
    found = incident_from(row)
    return IncidentView(
        id=found.id,
        campaign_id=found.campaign_id,
        title=title,
        trigger=found.trigger,
        actor=found.actor,
        reason=found.reason,
        mails_out=found.mails_out,
        mails_spared=found.mails_spared,
        leaked=row.leaked,
        suppressed=row.suppressed,
        onset_at=found.onset_at,
        opened_at=found.opened_at,
        contained_at=found.contained_at,
        told_at=found.told_at,
        steps=steps,
        told=(),
        ingested_at=found.ingested_at,
        detected_at=found.detected_at,
        late_at=found.late_at,
        cause=None if found.cause is None else Cause(found.cause),
        missed_by=found.missed_by,
        missed_why=found.missed_why,
        closed_at=found.closed_at,
        closed_by=found.closed_by,
        slot=row.slot,
        alerts=_alerts(connection, found.id),
        actions=_actions(connection, found.id),
    )


def _alerts(connection: Connection, incident_id: int) -> tuple[Alert, ...]:
    query = (
        sa.select(alerts)
        .where(alerts.c.incident_id == incident_id)
        .order_by(alerts.c.id)
    )
    return tuple(alert_from(row) for row in connection.execute(query))


def _actions(connection: Connection, incident_id: int) -> tuple[ActionItem, ...]:
    query = (
        sa.select(action_items)
        .where(action_items.c.incident_id == incident_id)
        .order_by(action_items.c.due_at, action_items.c.id)
    )
    return tuple(action_from(row) for row in connection.execute(query))


def _steps(connection: Connection, incident_id: int) -> tuple[StepLine, ...]:
    query = (
        sa.select(rollback_steps)
        .where(rollback_steps.c.incident_id == incident_id)
        .order_by(rollback_steps.c.id)
    )
    return tuple(
        StepLine(
            name=step.name,
            target=step.target,
            state=step.state,
            detail=step.detail,
            done_at=step.done_at,
        )
        for step in map(step_from, connection.execute(query))
    )


def audit(connection: Connection, campaign_id: CampaignId) -> tuple[AuditLine, ...]:
    """The campaign's story, from the first event."""
    query = (
        sa.select(audit_events)
        .where(audit_events.c.campaign_id == campaign_id)
        .order_by(audit_events.c.seq)
    )
    return tuple(
        AuditLine(
            campaign_id=campaign_id,
            seq=row.seq,
            at=row.at,
            actor=row.actor,
            event=row.event,
            from_state=row.from_state,
            to_state=row.to_state,
            detail=_said(row.detail),
            hash=row.hash,
        )
        for row in connection.execute(query)
    )


def _said(packed: str) -> str:
    detail = detail_from(packed)
    return fragment(detail) if isinstance(detail, dict) else str(detail)
