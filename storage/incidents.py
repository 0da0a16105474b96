"""Incidents and the steps of their rollback."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.campaign import CampaignId
from domain.errors import Unknown
from domain.rollback import (
    SETTLED,
    Incident,
    RollbackStep,
    StepName,
    StepState,
    Trigger,
)
from storage.repository import Repository
from storage.tables import incidents, rollback_steps


def incident_from(row: Row[Any]) -> Incident:
    return Incident(
        id=row.id,
        campaign_id=CampaignId(row.campaign_id),
        trigger=Trigger(row.trigger),
        actor=row.actor,
        reason=row.reason,
        mails_out=row.mails_out,
        mails_spared=row.mails_spared,
        onset_at=row.onset_at,
        ingested_at=row.ingested_at,
        detected_at=row.detected_at,
        opened_at=row.opened_at,
        contained_at=row.contained_at,
        told_at=row.told_at,
        late_at=row.late_at,
        cause=row.cause,
        missed_by=row.missed_by,
        missed_why=row.missed_why,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )


def step_from(row: Row[Any]) -> RollbackStep:
    return RollbackStep(
        id=row.id,
        incident_id=row.incident_id,
        name=StepName(row.name),
        target=row.target,
        state=StepState(row.state),
        version=row.version,
        attempts=row.attempts,
        detail=row.detail,
        done_at=row.done_at,
    )


class Incidents(Repository):
    def open(
        self,
        campaign_id: CampaignId,
        *,
        trigger: Trigger,
        actor: str,
        reason: str | None,
        mails_out: int,
        mails_spared: int,
        onset_at: datetime | None,
        ingested_at: datetime | None,
        detected_at: datetime | None,
        evidence: Mapping[str, object],
    ) -> Incident:
        self._insert(
            incidents,
            campaign_id=campaign_id,
            trigger=trigger,
            actor=actor,
            reason=reason,
            mails_out=mails_out,
            mails_spared=mails_spared,
            leaked=0,
            evidence=dict(evidence),
            onset_at=onset_at,
            ingested_at=ingested_at,
            detected_at=detected_at,
            opened_at=self.now,
        )
        return self.of(campaign_id)

    def find(self, campaign_id: CampaignId) -> Incident | None:
        row = self._one(
            sa.select(incidents).where(incidents.c.campaign_id == campaign_id)
        )
        return None if row is None else incident_from(row)

    def of(self, campaign_id: CampaignId) -> Incident:
        """The campaign's one incident.

        Raises:
            Unknown: It was never rolled back.
        """
        found = self.find(campaign_id)
        if found is None:
            raise Unknown(f"Campaign #{campaign_id} has no incident.")
        return found

    def get(self, incident_id: int) -> Incident:
        """Read an incident.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(sa.select(incidents).where(incidents.c.id == incident_id))
        if row is None:
            raise Unknown("There is no such incident.")
        return incident_from(row)

    def note(self, incident_id: int, **facts: object) -> None:
        self.connection.execute(
            sa.update(incidents).where(incidents.c.id == incident_id).values(**facts)
        )

    # Steps -------------------------------------------------------------------------

    def add_step(
        self,
        incident_id: int,
        name: StepName,
        *,
        target: str = "",
        state: StepState = StepState.PENDING,
        detail: str | None = None,
    ) -> None:
        self._insert_new(
            rollback_steps,
            incident_id=incident_id,
            name=name,
            target=target,
            state=state,
            version=1,
            attempts=0,
            detail=detail,
            done_at=self.now if state in SETTLED else None,
        )

    def steps(self, incident_id: int) -> tuple[RollbackStep, ...]:
        query = (
            sa.select(rollback_steps)
            .where(rollback_steps.c.incident_id == incident_id)
            .order_by(rollback_steps.c.id)
        )
        return tuple(step_from(row) for row in self._all(query))

    def step(self, step_id: int) -> RollbackStep:
        """Read a step.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(sa.select(rollback_steps).where(rollback_steps.c.id == step_id))
        if row is None:
            raise Unknown("There is no such rollback step.")
        return step_from(row)

    def swap_step(
        self, step: RollbackStep, state: StepState, *, detail: str | None = None
    ) -> RollbackStep:
        """Compare-and-swap on the step's own version; the loser gets `Overtaken`."""
        row = self._swap(
            rollback_steps,
            step.id,
            step.version,
            state=state,
            detail=detail,
            attempts=step.attempts + 1,
            done_at=self.now if state in SETTLED else None,
        )
        return step_from(row)
