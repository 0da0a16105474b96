"""What addresses outside Slack are told about an incident, once of each kind."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.errors import Unknown
from domain.incident import Alert, AlertKind, AlertState
from storage.repository import Repository
from storage.tables import alerts


def alert_from(row: Row[Any]) -> Alert:
    return Alert(
        id=row.id,
        incident_id=row.incident_id,
        kind=AlertKind(row.kind),
        version=row.version,
        state=AlertState(row.state),
        host=row.host,
        attempts=row.attempts,
        error=row.error,
        created_at=row.created_at,
        done_at=row.done_at,
    )


class Alerts(Repository):
    def open(self, incident_id: int, kind: AlertKind, host: str) -> bool:
        """Commit the intent; False when there is one of that kind already."""
        return self._insert_new(
            alerts,
            incident_id=incident_id,
            kind=kind,
            version=1,
            state=AlertState.INTENT,
            host=host,
            attempts=0,
            created_at=self.now,
        )

    def of(self, incident_id: int) -> tuple[Alert, ...]:
        query = (
            sa.select(alerts)
            .where(alerts.c.incident_id == incident_id)
            .order_by(alerts.c.id)
        )
        return tuple(alert_from(row) for row in self._all(query))

    def get(self, alert_id: int) -> Alert:
        """Read an alert.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(sa.select(alerts).where(alerts.c.id == alert_id))
        if row is None:
            raise Unknown("There is no such alert.")
        return alert_from(row)

    def swap(self, alert: Alert, state: AlertState, *, error: str | None) -> Alert:
        """Keep what a call came to; the loser of two gets `Overtaken`."""
        row = self._swap(
            alerts,
            alert.id,
            alert.version,
            state=state,
            attempts=alert.attempts + 1,
            error=error,
            done_at=None if state is AlertState.INTENT else self.now,
        )
        return alert_from(row)

    def again(self, alert: Alert) -> Alert:
        """Put a refused one back, as when a person presses once more."""
        row = self._swap(
            alerts,
            alert.id,
            alert.version,
            state=AlertState.INTENT,
            attempts=0,
            error=None,
            done_at=None,
        )
        return alert_from(row)
