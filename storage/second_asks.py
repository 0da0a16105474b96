"""What one person has asked for that takes a second to confirm."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.campaign import CampaignId
from domain.second_person import Act, Ask
from storage.repository import Repository
from storage.tables import second_asks


def ask_from(row: Row[Any]) -> Ask:
    return Ask(
        id=row.id,
        campaign_id=CampaignId(row.campaign_id),
        act=Act(row.act),
        row_id=row.row_id,
        row_version=row.row_version,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        confirmed_by=row.confirmed_by,
    )


class SecondAsks(Repository):
    """The campaign's row is locked by whoever writes here."""

    def find(self, act: Act, row_id: int, row_version: int) -> Ask | None:
        row = self._one(sa.select(second_asks).where(*_is(act, row_id, row_version)))
        return None if row is None else ask_from(row)

    def ask(
        self,
        campaign_id: CampaignId,
        act: Act,
        row_id: int,
        row_version: int,
        *,
        by: str,
        until: datetime,
    ) -> None:
        """Ask, in place of an earlier ask that has expired."""
        facts = {"asked_by": by, "asked_at": self.now, "expires_at": until}
        is_new = self._insert_new(
            second_asks,
            campaign_id=campaign_id,
            act=act,
            row_id=row_id,
            row_version=row_version,
            **facts,
        )
        if not is_new:
            self.connection.execute(
                sa.update(second_asks)
                .where(*_is(act, row_id, row_version))
                .values(confirmed_by=None, confirmed_at=None, **facts)
            )

    def confirmed(self, ask: Ask, *, by: str) -> None:
        self.connection.execute(
            sa.update(second_asks)
            .where(second_asks.c.id == ask.id)
            .values(confirmed_by=by, confirmed_at=self.now)
        )


def _is(act: Act, row_id: int, row_version: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        second_asks.c.act == act,
        second_asks.c.row_id == row_id,
        second_asks.c.row_version == row_version,
    )
