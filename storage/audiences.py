"""Audiences, their recipients, and the suppressions that always win."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.campaign import CampaignId
from domain.errors import Unknown
from domain.send import Recipient
from storage.repository import Repository, ignore_taken
from storage.tables import audiences, recipients, sends, suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    id: int
    key: str
    title: str
    size: int


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
    )


def is_mailable() -> sa.ColumnElement[bool]:
    """Consent given, and nobody has asked for silence."""
    is_suppressed = (
        sa.exists()
        .where(suppressions.c.address_hash == recipients.c.address_hash)
        .correlate(recipients)
    )
    return sa.and_(recipients.c.has_consent, ~is_suppressed)


class Audiences(Repository):
    def by_key(self, key: str) -> Audience:
        """Read a segment.

        Raises:
            Unknown: No list was imported under that name.
        """
        row = self._one(sa.select(audiences).where(audiences.c.key == key))
        if row is None:
            known = [r.key for r in self._all(sa.select(audiences.c.key).limit(10))]
            raise Unknown(
                f'There is no segment "{key}".'
                + (f" There are: {', '.join(known)}." if known else "")
            )
        return Audience(id=row.id, key=row.key, title=row.title, size=row.size)

    def find(self, source_sha256: str) -> Audience | None:
        """The list imported from exactly these bytes, if any."""
        row = self._one(
            sa.select(audiences).where(audiences.c.source_sha256 == source_sha256)
        )
        if row is None:
            return None
        return Audience(id=row.id, key=row.key, title=row.title, size=row.size)

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
        count = self._one(
            sa.select(sa.func.count().label("n")).where(
                recipients.c.audience_id == audience_id
            )
        )
        size = int(count.n) if count else 0
        self.connection.execute(
            sa.update(audiences).where(audiences.c.id == audience_id).values(size=size)
        )
        return size

    def mailable(self, audience_id: int) -> int:
        row = self._one(
            sa.select(sa.func.count().label("n"))
            .select_from(recipients)
            .where(recipients.c.audience_id == audience_id, is_mailable())
        )
        return int(row.n) if row else 0

    def mailable_keys(self, audience_id: int) -> list[tuple[int, str, str]]:
        """(recipient id, address hash, mailbox provider) of all who can be mailed."""
        query = (
            sa.select(recipients.c.id, recipients.c.address_hash, recipients.c.provider)
            .where(recipients.c.audience_id == audience_id, is_mailable())
            .order_by(recipients.c.id)
        )
        return [(r.id, r.address_hash, r.provider) for r in self._all(query)]

    def time_zones(self, audience_id: int) -> dict[int, str]:
        """Where each recipient is, by recipient id, as the list has it."""
        query = sa.select(recipients.c.id, recipients.c.time_zone).where(
            recipients.c.audience_id == audience_id
        )
        # a long list has few zones: each is kept once
        seen: dict[str, str] = {}
        return {
            row.id: seen.setdefault(row.time_zone, row.time_zone)
            for row in self._all(query)
        }

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
