"""What brand leads decided about briefs, bound to the exact brief by its hash."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.strategy import BriefVersion, StrategyDecision
from storage.repository import Repository
from storage.tables import strategy_decisions

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


class Strategy(Repository):
    def decision(self, brief_id: int) -> StrategyDecision | None:
        """The decision about this brief version; None while it waits for one."""
        row = self._one(DECISION, brief_id=brief_id)
        return None if row is None else strategy_decision_from(row)

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
