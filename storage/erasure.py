"""Erasure: what is known of a person goes; that they asked for it stays, as a hash."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from storage.imports import BLANK, FORGOTTEN
from storage.repository import Repository
from storage.tables import audiences, intents, recipients, sends, suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was erased.

    Attributes:
        lists: Keys of the lists that had the person at the time.
        rows: Recipients erased, older imports' among them.
        kept: Of those, rows blanked and kept because a mail went to them.
        signals: Intent signals erased.
    """

    lists: tuple[str, ...]
    rows: int
    kept: int
    signals: int


class Erasure(Repository):
    def forget(self, address_hash: str) -> Forgotten:
        """Erase a person from every list, and keep their address out of later ones."""
        # an import that is under way adds nobody while we look
        self._all(
            sa.select(audiences.c.id)
            .where(audiences.c.kind == "importing")
            .with_for_update()
        )
        everywhere = sa.and_(
            recipients.c.audience_id.in_(sa.select(audiences.c.id)),
            recipients.c.address_hash == address_hash,
        )
        lists = self._lists(everywhere)
        self._suppress(address_hash)
        is_mailed = sa.exists().where(sends.c.recipient_id == recipients.c.id)
        erased = self.connection.execute(
            sa.delete(recipients).where(everywhere, ~is_mailed)
        ).rowcount
        kept = self.connection.execute(
            sa.update(recipients)
            .where(everywhere)
            .values(
                **BLANK,
                # unique in its list, and no hash of anything
                address_hash="forgotten-" + sa.cast(recipients.c.id, sa.Text),
            )
        ).rowcount
        signals = self.connection.execute(
            sa.delete(intents).where(intents.c.subject == address_hash)
        ).rowcount
        return Forgotten(lists=lists, rows=erased + kept, kept=kept, signals=signals)

    def _lists(self, everywhere: sa.ColumnElement[bool]) -> tuple[str, ...]:
        """The lists that show the person; each has one recipient less from now on."""
        shown = sa.func.coalesce(audiences.c.import_id, audiences.c.id)
        has_them = sa.and_(
            audiences.c.kind == "list",
            shown.in_(sa.select(recipients.c.audience_id).where(everywhere)),
        )
        query = sa.select(audiences.c.key).where(has_them).order_by(audiences.c.key)
        keys = tuple(row.key for row in self._all(query))
        self.connection.execute(
            sa.update(audiences).where(has_them).values(size=audiences.c.size - 1)
        )
        return keys

    def _suppress(self, address_hash: str) -> None:
        # without its recipient the ESP cannot be told any more; it need not be, as we
        # mail the address no longer
        theirs = sa.update(suppressions).where(
            suppressions.c.address_hash == address_hash
        )
        changed = self.connection.execute(
            theirs.values(reason=FORGOTTEN, recipient_id=None)
        ).rowcount
        if not changed:
            self._insert(
                suppressions,
                address_hash=address_hash,
                reason=FORGOTTEN,
                created_at=self.now,
            )
