"""What brand leads decided about briefs, bound to the exact brief by its hash."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.campaign import Campaign
from domain.strategy import BriefVersion, StrategyDecision, StrategyWait
from storage.repository import Repository
from storage.tables import strategy_decisions, strategy_waits

DECISION: Final = (
    sa.select(strategy_decisions)
    .where(strategy_decisions.c.brief_id == sa.bindparam("brief_id"))
    .order_by(strategy_decisions.c.id)
    .limit(1)
)


def strategy_decision_from(row: Row[Any]) -> StrategyDecision:
    return StrategyDecision(
        brief_id=row.brief_id,
        actor=row.actor,
        is_approval=row.is_approval,
        reason=row.reason,
        decided_at=row.decided_at,
    )


_WAIT: Final = sa.select(strategy_waits).where(
    strategy_waits.c.brief_id == sa.bindparam("brief_id")
)
_NOTE: Final = sa.update(strategy_waits).where(
    strategy_waits.c.brief_id == sa.bindparam("whose")
)


class Strategy(Repository):
    def decision(self, brief_id: int) -> StrategyDecision | None:
        """The decision about this brief version; None while it waits for one."""
        row = self._one(DECISION, brief_id=brief_id)
        return None if row is None else strategy_decision_from(row)

    def begin_wait(self, campaign: Campaign, due_at: datetime) -> StrategyWait:
        """Keep since when, and until when, the campaign's brief version waits.

        A wait that has begun goes on as it was.
        """
        self._insert_new(
            strategy_waits,
            brief_id=campaign.brief_id,
            campaign_id=campaign.id,
            asked_at=self.now,
            due_at=due_at,
        )
        row = self.connection.execute(_WAIT, {"brief_id": campaign.brief_id}).one()
        return StrategyWait(
            brief_id=row.brief_id,
            asked_at=row.asked_at,
            due_at=row.due_at,
            reminded_at=row.reminded_at,
            escalated_at=row.escalated_at,
        )

    def reminded(self, brief_id: int) -> None:
        self.connection.execute(_NOTE, {"whose": brief_id, "reminded_at": self.now})

    def escalated(self, brief_id: int) -> None:
        self.connection.execute(_NOTE, {"whose": brief_id, "escalated_at": self.now})

    def decide(
        self,
        version: BriefVersion,
        *,
        actor: str,
        is_approval: bool,
        reason: str | None = None,
    ) -> None:
        """Append the decision; the caller holds the campaign's row."""
        self._insert(
            strategy_decisions,
            campaign_id=version.campaign_id,
            brief_id=version.id,
            brief_sha256=version.sha256,
            actor=actor,
            is_approval=is_approval,
            reason=reason,
            decided_at=self.now,
        )
