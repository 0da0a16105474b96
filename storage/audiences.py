"""Audiences, their recipients, and the suppressions that always win."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.attributes import Kind, texts_of
from domain.campaign import CampaignId
from domain.errors import Unknown
from domain.segment import fields_of, filter_sha256, parse_filter
from domain.send import Recipient
from storage.filters import condition, rfm_cuts
from storage.repository import Repository, ignore_taken
from storage.tables import audiences, recipients, sends, suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """A list or a segment, as a brief can name it.

    Attributes:
        list_id: The list whose people it has; its own id when it is a list.
        attributes: Kind by attribute.
        filter: Of a segment; empty when it is a list.
    """

    id: int
    key: str
    title: str
    size: int
    list_id: int
    attributes: Mapping[str, Kind] = field(default_factory=dict)
    filter: str = ""

    @property
    def is_segment(self) -> bool:
        return bool(self.filter)


class Mailable(NamedTuple):
    """What a plan asks of a recipient; a named tuple, as they come by the million."""

    id: int
    address_hash: str
    provider: str
    time_zone: str


def audience_from(row: Row[Any]) -> Audience:
    return Audience(
        id=row.id,
        key=row.key,
        title=row.title,
        size=row.size,
        list_id=row.list_id or row.id,
        attributes={name: Kind(kind) for name, kind in row.attributes.items()},
        filter=row.filter,
    )


def recipient_from(row: Row[Any]) -> Recipient:
    return Recipient(
        id=row.id,
        address=row.address,
        address_hash=row.address_hash,
        first_name=row.first_name,
        last_name=row.last_name,
        company=row.company,
        time_zone=row.time_zone,
        provider=row.provider,
        region=row.region,
        attributes=texts_of(row.attributes),
    )


def is_mailable() -> sa.ColumnElement[bool]:
    """Consent given, and nobody has asked for silence."""
    return sa.and_(recipients.c.has_consent, ~_is_suppressed())


def may_still_be_mailed() -> sa.ColumnElement[bool]:
    """Of somebody planned: in their list today, with consent, and not suppressed.

    The list may have been imported anew since, so the row that was planned from does
    not know.
    """
    planned, whole, today = (
        audiences.alias("planned"),
        audiences.alias("whole"),
        recipients.alias("today"),
    )
    has_consent = (
        sa.select(today.c.has_consent)
        .where(
            planned.c.id == recipients.c.audience_id,
            whole.c.id == sa.func.coalesce(planned.c.list_id, planned.c.id),
            today.c.audience_id == sa.func.coalesce(whole.c.import_id, whole.c.id),
            today.c.address_hash == recipients.c.address_hash,
        )
        .correlate(recipients)
        .scalar_subquery()
    )
    return sa.and_(_read(has_consent), ~_is_suppressed())


def _read(has_consent: sa.ScalarSelect[bool]) -> sa.ColumnElement[bool]:
    """The consent of one address, which is read and not asked for.

    Asked for, it has PostgreSQL walk all who gave it, once for each address, as long as
    it does not know how many they are: right after an import.
    """
    return sa.func.coalesce(has_consent, sa.false())


def _is_suppressed() -> sa.ColumnElement[bool]:
    return (
        sa.exists()
        .where(suppressions.c.address_hash == recipients.c.address_hash)
        .correlate(recipients)
    )


def reach_of_list() -> sa.ColumnElement[int]:
    """How many of a list, a row of `audiences`, can be mailed.

    Who has given consent is counted on an index alone, and of the suppressed, who are
    few, each is looked up.
    """
    shown = sa.func.coalesce(audiences.c.import_id, audiences.c.id)
    is_listed = recipients.c.audience_id == shown
    consented = (
        sa.select(sa.func.count())
        .select_from(recipients)
        .where(is_listed, recipients.c.has_consent)
        .correlate(audiences)
        .scalar_subquery()
    )
    has_consent = (
        sa.select(recipients.c.has_consent)
        .where(is_listed, recipients.c.address_hash == suppressions.c.address_hash)
        .correlate(audiences, suppressions)
        .scalar_subquery()
    )
    silenced = (
        sa.select(sa.func.count())
        .select_from(suppressions)
        .where(_read(has_consent))
        .correlate(audiences)
        .scalar_subquery()
    )
    return consented - silenced


NAMED: Final = audiences.c.kind.in_(("list", "segment"))
"""What a brief can name; the imports of a list are kept beside."""


class Audiences(Repository):
    def by_key(self, key: str) -> Audience:
        """Read a list or a segment.

        Raises:
            Unknown: Nothing of that name was imported or saved.
        """
        row = self._one(sa.select(audiences).where(audiences.c.key == key, NAMED))
        if row is None:
            named = sa.select(audiences.c.key).where(NAMED).order_by(audiences.c.id)
            known = [r.key for r in self._all(named.limit(10))]
            raise Unknown(
                f'There is no segment "{key}".'
                + (f" There are: {', '.join(known)}." if known else "")
            )
        return audience_from(row)

    def get(self, audience_id: int) -> Audience:
        """Read a list or a segment.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(sa.select(audiences).where(audiences.c.id == audience_id))
        if row is None:
            raise Unknown("There is no such segment.")
        return audience_from(row)

    def shown(self, list_id: int, *, hold: bool = False) -> int:
        """Whose id the list's recipients have now: its newest import's, or its own.

        Args:
            hold: No newer import is shown until we commit.
        """
        query = sa.select(
            sa.func.coalesce(audiences.c.import_id, audiences.c.id).label("n")
        ).where(audiences.c.id == list_id)
        row = self._one(query.with_for_update(read=True) if hold else query)
        if row is None:
            raise Unknown("There is no such list.")
        return int(row.n)

    def people(self, audience: Audience) -> sa.ColumnElement[bool]:
        """Who is in a list, or in a segment today.

        Raises:
            FilterInvalid: The list does not have what the segment's filter asks for.
        """
        of_list = sa.and_(
            recipients.c.audience_id == self.shown(audience.list_id),
            # who was forgotten and is kept, because a mail went to them, is blank
            recipients.c.address != "",
        )
        if not audience.is_segment:
            return of_list
        cuts = rfm_cuts(self.connection, audience.list_id)
        fields = fields_of(self.get(audience.list_id).attributes, has_rfm=bool(cuts))
        node = parse_filter(audience.filter, fields)
        return sa.and_(of_list, condition(node, today=self.now.date(), cuts=cuts))

    def chosen_by(self, audience: Audience) -> dict[str, str]:
        """How a segment chooses its people, for the record; nothing of a list."""
        if not audience.is_segment:
            return {}
        return {
            "list": self.get(audience.list_id).key,
            "where": audience.filter,
            "where_sha256": filter_sha256(audience.filter),
        }

    def find(self, source_sha256: str) -> Audience | None:
        """The list imported from exactly these bytes, if any."""
        row = self._one(
            sa.select(audiences).where(
                audiences.c.source_sha256 == source_sha256, NAMED
            )
        )
        return audience_from(row) if row else None

    def replace(self, key: str, title: str, *, source_sha256: str) -> int:
        """Make the audience, or empty the one of that name for a new import."""
        row = self._one(sa.select(audiences.c.id).where(audiences.c.key == key))
        facts: dict[str, Any] = {
            "title": title,
            "source_sha256": source_sha256,
            "imported_at": self.now,
        }
        if row is None:
            return self._insert(audiences, key=key, size=0, **facts)
        self.connection.execute(
            sa.update(audiences).where(audiences.c.id == row.id).values(**facts)
        )
        return int(row.id)

    def add_recipients(
        self, audience_id: int, rows: Iterable[Mapping[str, object]]
    ) -> int:
        """Append recipients; one whose address is in the list already is skipped."""
        batch = [{**row, "audience_id": audience_id} for row in rows]
        if not batch:
            return 0
        done = self.connection.execute(ignore_taken(self.connection, recipients), batch)
        return max(done.rowcount, 0)

    def settle_size(self, audience_id: int) -> int:
        """Count a list's recipients, and keep the number with it."""
        count = self._one(
            sa.select(sa.func.count().label("n")).where(
                recipients.c.audience_id == self.shown(audience_id)
            )
        )
        size = int(count.n) if count else 0
        self.connection.execute(
            sa.update(audiences).where(audiences.c.id == audience_id).values(size=size)
        )
        return size

    def count(self, audience: Audience) -> tuple[int, int]:
        """(people, people who can be mailed), counted now."""
        query = (
            sa.select(
                sa.func.count().label("n"),
                sa.func.count().filter(is_mailable()).label("mailable"),
            )
            .select_from(recipients)
            .where(self.people(audience))
        )
        row = self.connection.execute(query).one()
        return int(row.n), int(row.mailable)

    def reach(self, audience: Audience) -> tuple[int, int]:
        """(people, people who can be mailed), fast enough for a click to wait for.

        Of a segment as they were counted when it was saved, or its list imported.
        """
        query = sa.select(
            audiences.c.size,
            sa.case(
                (audiences.c.kind == "segment", audiences.c.mailable),
                else_=reach_of_list(),
            ).label("mailable"),
        ).where(audiences.c.id == audience.id)
        row = self.connection.execute(query).one()
        return int(row.size), int(row.mailable)

    def mailable(self, audience_id: int) -> int:
        return self.count(self.get(audience_id))[1]

    def mailable_keys(
        self, audience_id: int, *, after_id: int = 0, limit: int | None = None
    ) -> list[Mailable]:
        """Who can be mailed, in order of their ids.

        Args:
            after_id: The last recipient that is known already.
        """
        query = (
            sa.select(
                recipients.c.id,
                recipients.c.address_hash,
                recipients.c.provider,
                recipients.c.time_zone,
            )
            .where(
                self.people(self.get(audience_id)),
                is_mailable(),
                recipients.c.id > after_id,
            )
            .order_by(recipients.c.id)
            .limit(limit)
        )
        return [Mailable._make(row) for row in self._all(query)]

    # Suppressions -----------------------------------------------------------------

    def suppress_senders(
        self, reasons: Mapping[int, str], campaign_id: CampaignId
    ) -> int:
        """Suppress the people behind these send ids; repeating it changes nothing.

        Args:
            reasons: Send id to reason (complained, unsubscribed, bounced).
        """
        if not reasons:
            return 0
        query = (
            sa.select(
                sends.c.id.label("send_id"), recipients.c.id, recipients.c.address_hash
            )
            .join(recipients, recipients.c.id == sends.c.recipient_id)
            .where(sends.c.id.in_(list(reasons)))
        )
        rows = [
            {
                "address_hash": row.address_hash,
                "reason": reasons[row.send_id],
                "campaign_id": campaign_id,
                "recipient_id": row.id,
                "created_at": self.now,
            }
            for row in self._all(query)
        ]
        if not rows:
            return 0
        done = self.connection.execute(
            ignore_taken(self.connection, suppressions), rows
        )
        return max(done.rowcount, 0)

    def to_push(self, campaign_id: CampaignId, limit: int = 1000) -> dict[int, str]:
        """Suppression id to address of those the ESP has not been told about."""
        query = (
            sa.select(suppressions.c.id, recipients.c.address)
            .join(recipients, recipients.c.id == suppressions.c.recipient_id)
            .where(
                suppressions.c.campaign_id == campaign_id,
                suppressions.c.pushed_at.is_(None),
                # who was forgotten since has none
                recipients.c.address != "",
            )
            .limit(limit)
        )
        return {row.id: row.address for row in self._all(query)}

    def pushed(self, suppression_ids: Iterable[int]) -> None:
        self.connection.execute(
            sa.update(suppressions)
            .where(suppressions.c.id.in_(list(suppression_ids)))
            .values(pushed_at=self.now)
        )

    def first_suppressed_at(
        self, campaign_id: CampaignId, reason: str
    ) -> datetime | None:
        """When the first of a campaign's recipients was suppressed for it: on intake."""
        row = self._one(
            sa.select(sa.func.min(suppressions.c.created_at).label("at")).where(
                suppressions.c.campaign_id == campaign_id,
                suppressions.c.reason == reason,
            )
        )
        return None if row is None else row.at

    def suppressed_by(self, campaign_id: CampaignId) -> int:
        row = self._one(
            sa.select(sa.func.count().label("n")).where(
                suppressions.c.campaign_id == campaign_id
            )
        )
        return int(row.n) if row else 0
