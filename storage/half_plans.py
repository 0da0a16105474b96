"""Half plans: how far the planning of a list has come, in case it is interrupted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.campaign import CampaignId
from domain.cohort import Division, StepPlan
from domain.errors import TryLater
from storage.repository import Repository
from storage.tables import half_plans


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfPlan:
    """A plan under way, from which nobody is mailed before it is whole.

    Attributes:
        version: The campaign's when it was begun: another approval plans anew.
        import_id: Whose recipients the list showed then.
        after_id: The last recipient who has a place.
        planned: Mails of each step so far.
        reporting: Of those, at mailbox providers that report complaints.
    """

    campaign_id: CampaignId
    version: int
    import_id: int
    division: Division
    planned: tuple[int, ...]
    reporting: tuple[int, ...]
    after_id: int = 0


def half_plan_from(row: Row[Any]) -> HalfPlan:
    return HalfPlan(
        campaign_id=CampaignId(row.campaign_id),
        version=row.version,
        import_id=row.import_id,
        division=_division_from(row.division),
        planned=tuple(row.planned),
        reporting=tuple(row.reporting),
        after_id=row.after_id,
    )


def _division_from(body: Mapping[str, Any]) -> Division:
    return Division(
        steps=tuple(StepPlan(**step) for step in body["steps"]),
        ends={
            name: tuple((rank, is_all, key) for rank, is_all, key in ends)
            for name, ends in body["ends"].items()
        },
    )


def _packed(division: Division) -> dict[str, Any]:
    return {
        "steps": [
            {name: getattr(step, name) for name in StepPlan.__dataclass_fields__}
            for step in division.steps
        ],
        "ends": {name: list(ends) for name, ends in division.ends.items()},
    }


class HalfPlans(Repository):
    def get(self, campaign_id: CampaignId) -> HalfPlan | None:
        row = self._one(
            sa.select(half_plans).where(half_plans.c.campaign_id == campaign_id)
        )
        return None if row is None else half_plan_from(row)

    def begin(self, half: HalfPlan) -> None:
        """Keep a plan of which nobody has a place yet.

        Raises:
            TryLater: Another job has begun one.
        """
        is_first = self._insert_new(
            half_plans,
            campaign_id=half.campaign_id,
            version=half.version,
            import_id=half.import_id,
            after_id=half.after_id,
            division=_packed(half.division),
            planned=list(half.planned),
            reporting=list(half.reporting),
        )
        if not is_first:
            raise TryLater("Another job is planning this campaign.")

    def go_on(
        self,
        half: HalfPlan,
        *,
        after_id: int,
        planned: Sequence[int],
        reporting: Sequence[int],
    ) -> HalfPlan:
        """Move on to the next recipients, if nobody else has.

        Raises:
            TryLater: Another job plans them.
        """
        self._change(
            half,
            sa.update(half_plans).values(
                after_id=after_id, planned=list(planned), reporting=list(reporting)
            ),
        )
        return replace(
            half,
            after_id=after_id,
            planned=tuple(planned),
            reporting=tuple(reporting),
        )

    def end(self, half: HalfPlan) -> None:
        """Forget how far it has come: the plan is whole, or given up.

        Raises:
            TryLater: Another job is still at it.
        """
        self._change(half, sa.delete(half_plans))

    def _change(self, half: HalfPlan, change: sa.Update | sa.Delete) -> None:
        changed = self.connection.execute(
            change.where(
                half_plans.c.campaign_id == half.campaign_id,
                half_plans.c.version == half.version,
                half_plans.c.import_id == half.import_id,
                half_plans.c.after_id == half.after_id,
            )
        ).rowcount
        if not changed:
            raise TryLater("Another job is planning this campaign.")
