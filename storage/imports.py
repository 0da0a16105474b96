"""Imports: a list's recipients come in by batches, unseen, and are shown all at once.

An import that was killed is never shown; the next one of the same list sweeps it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from domain.attributes import Kind
from domain.campaign import FINAL
from domain.errors import Overtaken
from storage.audiences import NAMED, Audience, audience_from
from storage.repository import Repository, ignore_taken
from storage.tables import audiences, campaigns, recipients, sends, suppressions

FORGOTTEN: Final = "forgotten"
"""Why somebody is suppressed whose rows were erased."""

FACTS: Final = (
    "address",
    "first_name",
    "last_name",
    "company",
    "region",
    "time_zone",
    "locale",
    "has_consent",
    "attributes",
)
"""What makes a person in a newer file a changed one."""

BLANK: Final[Mapping[str, object]] = {
    "address": "",
    "first_name": "",
    "last_name": "",
    "company": "",
    "region": "",
    "time_zone": "",
    "locale": "",
    "domain": "",
    "attributes": {},
    "has_consent": False,
}
"""What is left of a person whose row has to stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a list shows at present; nothing of it when the list is new."""

    audience: Audience | None
    source_sha256: str = ""
    import_id: int | None = None

    @property
    def size(self) -> int:
        return self.audience.size if self.audience else 0


class Imports(Repository):
    def shown(self, key: str) -> Shown:
        row = self._one(sa.select(audiences).where(audiences.c.key == key, NAMED))
        if row is None:
            return Shown(audience=None)
        return Shown(
            audience=audience_from(row),
            source_sha256=row.source_sha256,
            import_id=row.import_id or row.id,
        )

    def begin(self, key: str, token: str) -> int:
        """Open an import; another one of the same list that is open ends here.

        Args:
            token: Makes its own key, which nobody can type.
        """
        self._set_past(audiences.c.title == key)
        return self._insert(
            audiences,
            key=f"{key}#{token}",
            title=key,
            kind="importing",
            size=0,
            source_sha256="",
            imported_at=self.now,
        )

    def add(self, import_id: int, rows: Iterable[Mapping[str, object]]) -> int:
        """Add a batch of recipients to an import that is held."""
        batch = [{**row, "audience_id": import_id} for row in rows]
        if not batch:
            return 0
        done = self.connection.execute(ignore_taken(self.connection, recipients), batch)
        return max(done.rowcount, 0)

    def known(
        self, import_id: int | None, hashes: Collection[str]
    ) -> dict[str, tuple[Any, ...]]:
        """`FACTS` by address hash of those who are in an earlier import, if any."""
        if import_id is None:
            return {}
        query = sa.select(
            recipients.c.address_hash, *(recipients.c[name] for name in FACTS)
        ).where(
            recipients.c.audience_id == import_id,
            recipients.c.address_hash.in_(hashes),
        )
        return {row[0]: tuple(row[1:]) for row in self._all(query)}

    def forgotten(self, hashes: Collection[str]) -> frozenset[str]:
        """Those of the address hashes whose people asked to be erased."""
        query = sa.select(suppressions.c.address_hash).where(
            suppressions.c.reason == FORGOTTEN, suppressions.c.address_hash.in_(hashes)
        )
        return frozenset(row.address_hash for row in self._all(query))

    def show(
        self,
        import_id: int,
        *,
        key: str,
        title: str,
        source_sha256: str,
        attributes: Mapping[str, Kind],
    ) -> int:
        """Let the list have this import's people, and no others; returns its id.

        Raises:
            Overtaken: Another import of the list began meanwhile.
        """
        self.hold(import_id)
        before = self.shown(key)
        kinds = {name: str(kind) for name, kind in attributes.items()}
        facts: dict[str, Any] = {
            "title": title,
            "size": self._size(import_id),
            "source_sha256": source_sha256,
            "imported_at": self.now,
            "import_id": import_id,
            "attributes": kinds,
        }
        if before.audience is None:
            list_id = self._insert(audiences, key=key, kind="list", **facts)
        else:
            list_id = before.audience.id
            self._change(list_id, **facts)
            self._set_past(audiences.c.id == before.import_id, was="shown")
            if before.import_id == list_id:
                self._change(list_id, replaced_at=self.now)
        self._change(import_id, kind="shown", list_id=list_id)
        return list_id

    def _size(self, import_id: int) -> int:
        # not as the file had it: somebody may have been forgotten meanwhile
        row = self._one(
            sa.select(sa.func.count().label("n")).where(
                recipients.c.audience_id == import_id
            )
        )
        return int(row.n) if row else 0

    def drop(self, import_id: int) -> None:
        """Give an import up: nothing of it is ever shown."""
        self._set_past(audiences.c.id == import_id)

    def past(self, key: str) -> tuple[int, ...]:
        """Whose recipients the list had, or never came to have."""
        query = sa.select(audiences.c.id).where(
            sa.or_(
                sa.and_(audiences.c.kind == "past", audiences.c.title == key),
                # recipients that stood under the list itself before its first import
                sa.and_(audiences.c.key == key, audiences.c.import_id.is_not(None)),
            )
        )
        return tuple(row.id for row in self._all(query))

    def sweep(self, import_id: int, *, after: str, limit: int) -> str | None:
        """Erase some recipients that no list has; who was mailed from it stays.

        Args:
            after: Address hash to go on from; empty at the start.

        Returns:
            Where to go on; None when it is done.
        """
        of_import = recipients.c.audience_id == import_id
        some: list[str] = [
            row.address_hash
            for row in self._all(
                sa.select(recipients.c.address_hash)
                .where(of_import, recipients.c.address_hash > after)
                .order_by(recipients.c.address_hash)
                .limit(limit)
            )
        ]
        self.connection.execute(
            sa.delete(recipients).where(
                of_import,
                recipients.c.address_hash.in_(some),
                ~sa.exists().where(sends.c.recipient_id == recipients.c.id),
                ~sa.exists().where(suppressions.c.recipient_id == recipients.c.id),
            )
        )
        if len(some) == limit:
            return some[-1]
        self.connection.execute(
            sa.update(audiences)
            .where(audiences.c.id == import_id, audiences.c.kind == "past")
            .values(kind="swept")
        )
        return None

    def replaced(self, before: datetime) -> tuple[int, ...]:
        """Imports that were replaced before then, and may hold people's data still."""
        query = sa.select(audiences.c.id).where(audiences.c.replaced_at <= before)
        return tuple(row.id for row in self._all(query.order_by(audiences.c.id)))

    def let_go(self, import_id: int, *, limit: int) -> int:
        """Blank some people of a replaced import who were mailed; how many.

        The rows stay, as counts rest on them, and so do their address hashes, by which
        a late unsubscribe is known. Whom a campaign that has not ended mails stays
        whole. Fewer than `limit`: nobody else is left, now or for good.
        """
        goes_on = (
            sa.exists()
            .where(sends.c.recipient_id == recipients.c.id)
            .where(campaigns.c.id == sends.c.campaign_id)
            .where(campaigns.c.state.not_in(sorted(FINAL)))
        )
        some = (
            sa.select(recipients.c.id)
            .where(recipients.c.audience_id == import_id, recipients.c.address != "")
            .where(~goes_on)
            .limit(limit)
        )
        blanked = self.connection.execute(
            sa.update(recipients).where(recipients.c.id.in_(some)).values(**BLANK)
        ).rowcount
        if blanked < limit:
            is_left = sa.exists().where(
                recipients.c.audience_id == import_id, recipients.c.address != ""
            )
            self.connection.execute(
                sa.update(audiences)
                .where(audiences.c.id == import_id, ~is_left)
                .values(replaced_at=None)
            )
        return blanked

    def hold(self, import_id: int) -> None:
        """Keep others from ending an import, or from forgetting somebody meanwhile.

        Raises:
            Overtaken: Another import of the list began.
        """
        row = self._one(
            sa.select(audiences.c.kind)
            .where(audiences.c.id == import_id)
            .with_for_update()
        )
        if row is None or row.kind != "importing":
            raise Overtaken(
                "Another import of this list has begun, so this one is given up;"
                " nothing of it is shown."
            )

    def _change(self, audience_id: int, **facts: object) -> None:
        self.connection.execute(
            sa.update(audiences).where(audiences.c.id == audience_id).values(**facts)
        )

    def _set_past(
        self, which: sa.ColumnElement[bool], *, was: str = "importing"
    ) -> None:
        self.connection.execute(
            sa.update(audiences)
            .where(which, audiences.c.kind == was)
            .values(kind="past", replaced_at=self.now)
        )
