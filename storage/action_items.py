"""What is to be done after an incident, by whom and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.errors import Unknown
from domain.incident import ActionItem
from storage.repository import Repository
from storage.tables import action_items


def action_from(row: Row[Any]) -> ActionItem:
    return ActionItem(
        id=row.id,
        incident_id=row.incident_id,
        text=row.text,
        owner=row.owner,
        due_at=row.due_at,
        created_by=row.created_by,
        created_at=row.created_at,
        reminded_at=row.reminded_at,
        done_at=row.done_at,
        done_by=row.done_by,
    )


class ActionItems(Repository):
    """The campaign's row is locked by whoever writes here."""

    def add(
        self, incident_id: int, text: str, *, owner: str, due_at: datetime, by: str
    ) -> int:
        return self._insert(
            action_items,
            incident_id=incident_id,
            text=text,
            owner=owner,
            due_at=due_at,
            created_by=by,
            created_at=self.now,
        )

    def of(self, incident_id: int) -> tuple[ActionItem, ...]:
        query = (
            sa.select(action_items)
            .where(action_items.c.incident_id == incident_id)
            .order_by(action_items.c.id)
        )
        return tuple(action_from(row) for row in self._all(query))

    def get(self, action_id: int) -> ActionItem:
        """Read an action item.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(sa.select(action_items).where(action_items.c.id == action_id))
        if row is None:
            raise Unknown("There is no such action item.")
        return action_from(row)

    def reminded(self, action_ids: Sequence[int]) -> None:
        self.connection.execute(
            sa.update(action_items)
            .where(action_items.c.id.in_(action_ids))
            .values(reminded_at=self.now)
        )

    def done(self, action_id: int, *, by: str) -> None:
        self.connection.execute(
            sa.update(action_items)
            .where(action_items.c.id == action_id)
            .values(done_at=self.now, done_by=by)
        )
