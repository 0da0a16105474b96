"""A brief and what a brand lead decided about it, as they are read."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import State
from domain.errors import Overtaken
from domain.strategy import (
    BriefVersion,
    StrategyDecision,
    brand_leads,
    changed_fields,
)
from domain.views import Facts, StrategyView
from storage.campaigns import brief_version_from
from storage.strategy import DECISION, strategy_decision_from
from storage.tables import briefs, campaigns, strategy_decisions, strategy_waits

BEFORE: Final = briefs.alias("brief_before")
"""The version that a brief was made from."""

STRATEGY_COLUMNS: Final = (
    briefs.c.number.label("brief_number"),
    BEFORE.c.body.label("body_before"),
    strategy_decisions.c.actor.label("strategy_actor"),
    strategy_decisions.c.is_approval.label("strategy_approved"),
    strategy_decisions.c.reason.label("strategy_reason"),
    strategy_decisions.c.decided_at.label("strategy_decided_at"),
    strategy_waits.c.due_at.label("strategy_due_at"),
    strategy_waits.c.reminded_at.label("strategy_reminded_at"),
    strategy_waits.c.escalated_at.label("strategy_escalated_at"),
)
"""What `strategy_view` reads beside the campaign and its brief's body."""


def strategy_view(row: Row[Any], facts: Facts) -> StrategyView | None:
    """Where the brief stands; None when no brand lead is asked about it."""
    decision = _decision(row)
    waits = State.AWAITING_BRAND_LEAD in (row.state, row.paused_from)
    if decision is None and not waits:
        return None
    body, before = row.body, row.body_before
    escalation = facts.rules.brand_lead.escalation
    return StrategyView(
        brief_id=row.brief_id,
        number=row.brief_number,
        asked=brand_leads(facts.team, author=row.author),
        changed=() if before is None else changed_fields(before, body),
        decision=decision,
        objective=str(body.get("objective", "")),
        audience=str(body.get("audience", "")),
        key_message=str(body.get("key_message", "")),
        offer=str(body.get("offer", "")),
        cta_url=str(body.get("cta_url", "")),
        due_at=row.strategy_due_at if decision is None else None,
        reminded_at=row.strategy_reminded_at,
        escalated_at=row.strategy_escalated_at,
        escalated_to=facts.team.named(escalation.to) if escalation else (),
        **({"escalated_by": escalation.by} if escalation else {}),
    )


def _decision(row: Row[Any]) -> StrategyDecision | None:
    if row.strategy_actor is None:
        return None
    return StrategyDecision(
        brief_id=row.brief_id,
        actor=row.strategy_actor,
        is_approval=row.strategy_approved,
        reason=row.strategy_reason,
        decided_at=row.strategy_decided_at,
    )


def strategy_decision(connection: Connection, brief_id: int) -> StrategyDecision | None:
    """The decision about a brief version; None while it waits for one."""
    row = connection.execute(DECISION, {"brief_id": brief_id}).first()
    return None if row is None else strategy_decision_from(row)


def brief_version(connection: Connection, brief_id: int) -> BriefVersion:
    """Read a brief that is its campaign's newest.

    Raises:
        Overtaken: The campaign has a newer version by now.
    """
    row = connection.execute(
        sa.select(briefs, campaigns.c.id.label("campaign_id"))
        .join(campaigns, campaigns.c.brief_id == briefs.c.id)
        .where(briefs.c.id == brief_id)
    ).first()
    if row is None:
        raise Overtaken(
            "This brief has been changed since the card was drawn;"
            " the newest card has the newest version."
        )
    return brief_version_from(row)
