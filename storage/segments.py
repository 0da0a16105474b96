"""Segments: filters saved under a key, over the people of one list."""

from __future__ import annotations

import sqlalchemy as sa

from storage.audiences import Audience, audience_from
from storage.repository import Repository
from storage.tables import audiences, campaigns


class Segments(Repository):
    def save(self, *, key: str, title: str, list_id: int, filter_text: str) -> Audience:
        """Save a filter under a new key, or in place of the one that has the key."""
        facts = {
            "title": title,
            "list_id": list_id,
            "filter": filter_text,
            "imported_at": self.now,
        }
        row = self._one(sa.select(audiences.c.id).where(audiences.c.key == key))
        if row is None:
            segment_id = self._insert(
                audiences, key=key, kind="segment", source_sha256="", **facts
            )
        else:
            segment_id = row.id
            self.connection.execute(
                sa.update(audiences).where(audiences.c.id == row.id).values(**facts)
            )
        return audience_from(
            self.connection.execute(
                sa.select(audiences).where(audiences.c.id == segment_id)
            ).one()
        )

    def counted(self, segment_id: int, *, size: int, mailable: int) -> None:
        self.connection.execute(
            sa.update(audiences)
            .where(audiences.c.id == segment_id)
            .values(size=size, mailable=mailable)
        )

    def of(self, list_id: int) -> tuple[Audience, ...]:
        """The segments of a list, by key."""
        query = (
            sa.select(audiences)
            .where(audiences.c.kind == "segment", audiences.c.list_id == list_id)
            .order_by(audiences.c.key)
        )
        return tuple(audience_from(row) for row in self._all(query))

    def campaign_on(self, audience_id: int) -> int | None:
        """A campaign that names it; None when none does."""
        row = self._one(
            sa.select(sa.func.min(campaigns.c.id).label("n")).where(
                campaigns.c.audience_id == audience_id
            )
        )
        return row.n if row else None
