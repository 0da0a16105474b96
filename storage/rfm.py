"""RFM thresholds of a list: computed from its attributes, kept with their date."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from domain.attributes import Kind
from domain.rfm import Cuts, least_of
from storage.filters import attribute
from storage.repository import Repository
from storage.tables import recipients, rfm_thresholds

_AT_ONCE = 1_000


class Rfm(Repository):
    def cuts(self, shown_id: int, name: str, kind: Kind) -> tuple[int, Cuts | None]:
        """(people with the attribute, what parts them); None of when nobody has it."""
        value = attribute(name, kind)
        have_it = sa.and_(recipients.c.audience_id == shown_id, value.is_not(None))
        row = self._one(
            sa.select(sa.func.count().label("n")).select_from(recipients).where(have_it)
        )
        total = int(row.n) if row else 0
        if not total:
            return 0, None
        ordered = self.connection.execute(
            sa.select(value.label("value")).where(have_it).order_by("value"),
            execution_options={"yield_per": _AT_ONCE},
        )
        least = least_of((each.value for each in ordered), total)
        return total, Cuts(attribute=name, kind=kind, least=least)

    def keep(self, list_id: int, cuts: Mapping[str, Cuts], people: int) -> None:
        """Add today's thresholds; older ones stay, and filters read the newest."""
        self._insert(
            rfm_thresholds,
            audience_id=list_id,
            body={
                letter: {
                    "attribute": each.attribute,
                    "kind": str(each.kind),
                    "least": list(each.least),
                }
                for letter, each in cuts.items()
            },
            people=people,
            computed_at=self.now,
        )
