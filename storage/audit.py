"""The record: append-only events, chained per campaign and sealed into one chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.audit import GENESIS, Link, canonical, link, verify
from domain.campaign import CampaignId
from storage.audience_record import links
from storage.repository import Repository
from storage.tables import audit_events, audit_seals

_SEALING: Final = 7_235_001
"""Key of the advisory lock that one sealing relay holds."""


def event_fields(row: Row[Any]) -> dict[str, object]:
    """All of an event but its hashes: exactly what was hashed."""
    return {
        "campaign": row.campaign_id,
        "seq": row.seq,
        "at": row.at,
        "actor": row.actor,
        "event": row.event,
        "from": row.from_state,
        "to": row.to_state,
        "detail": detail_from(row.detail),
    }


def detail_from(packed: str) -> object:
    """Unpack a detail; one that was made unreadable comes back as it is.

    Its hash cannot match then, so `verify` names the event.
    """
    try:
        return json.loads(packed)
    except ValueError:
        return packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What walking the chains found.

    Attributes:
        events: Audit events read.
        broken: Sentences that name each break; empty when every hash holds.
        unsealed: Events not yet in the global chain: the tail a cut would not show.
        head: Hash of the newest seal, to be kept elsewhere.
    """

    events: int
    broken: tuple[str, ...]
    unsealed: int
    head: str


_LAST: Final = (
    sa.select(audit_events.c.seq, audit_events.c.hash)
    .where(audit_events.c.campaign_id == sa.bindparam("campaign_id"))
    .order_by(audit_events.c.seq.desc())
    .limit(1)
)


class Audit(Repository):
    def __init__(self, connection: Connection, now: datetime) -> None:
        super().__init__(connection, now)
        self._ends: dict[CampaignId, tuple[int, str]] = {}

    def append(
        self,
        campaign_id: CampaignId,
        event: str,
        *,
        actor: str,
        before: str | None = None,
        after: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Add an event to the campaign's chain; the caller holds the campaign's row."""
        number, prev_hash = self._end(campaign_id)
        seq = number + 1
        packed = canonical(detail or {})
        fields = {
            "campaign": campaign_id,
            "seq": seq,
            "at": self.now,
            "actor": actor,
            "event": event,
            "from": before,
            "to": after,
            "detail": json.loads(packed),
        }
        new_hash = link(prev_hash, fields)
        self._insert(
            audit_events,
            campaign_id=campaign_id,
            seq=seq,
            at=self.now,
            actor=actor,
            event=event,
            from_state=before,
            to_state=after,
            detail=packed,
            prev_hash=prev_hash,
            hash=new_hash,
        )
        self._ends[campaign_id] = (seq, new_hash)

    def last_seq(self, campaign_id: CampaignId) -> int:
        """How many events the campaign has so far."""
        return self._end(campaign_id)[0]

    def _end(self, campaign_id: CampaignId) -> tuple[int, str]:
        """Number and hash of the chain's last event; kept while we hold the row."""
        if campaign_id not in self._ends:
            last = self._one(_LAST, campaign_id=campaign_id)
            self._ends[campaign_id] = (last.seq, last.hash) if last else (0, GENESIS)
        return self._ends[campaign_id]

    def has_unsealed(self) -> bool:
        """Whether there is anything for `seal` to do."""
        unsealed = sa.select(audit_events.c.id).where(
            ~sa.exists().where(audit_seals.c.audit_event_id == audit_events.c.id)
        )
        return (
            self._one(unsealed.order_by(audit_events.c.id.desc()).limit(1)) is not None
        )

    def seal(self, limit: int = 500) -> int:
        """Chain committed events that no seal covers yet; returns how many."""
        if self.connection.dialect.name == "postgresql":
            # two relays would both build on the same head; SQLite has one writer
            self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEALING)))
        query = (
            sa.select(audit_events.c.id, audit_events.c.hash)
            .where(
                ~sa.exists().where(audit_seals.c.audit_event_id == audit_events.c.id)
            )
            .order_by(audit_events.c.id)
            .limit(limit)
        )
        unsealed = self._all(query)
        head = self._head()
        for row in unsealed:
            sealed = link(head, {"event": row.id, "hash": row.hash})
            if not self._insert_new(
                audit_seals, audit_event_id=row.id, prev_hash=head, hash=sealed
            ):
                return 0
            head = sealed
        return len(unsealed)

    def _head(self) -> str:
        row = self._one(
            sa.select(audit_seals.c.hash).order_by(audit_seals.c.id.desc()).limit(1)
        )
        return str(row.hash) if row else GENESIS

    def verify(self) -> Verified:
        """Walk every campaign's chain and the global one."""
        rows = self._all(
            sa.select(audit_events).order_by(
                audit_events.c.campaign_id, audit_events.c.seq
            )
        )
        chains: dict[int, list[Row[Any]]] = {}
        for row in rows:
            chains.setdefault(row.campaign_id, []).append(row)
        broken = [
            sentence
            for campaign_id, chain in chains.items()
            if (sentence := _break_in(campaign_id, chain)) is not None
        ]
        seals = self._all(
            sa.select(
                audit_seals,
                audit_events.c.id.label("event_id"),
                audit_events.c.hash.label("event_hash"),
            )
            .outerjoin(audit_events, audit_events.c.id == audit_seals.c.audit_event_id)
            .order_by(audit_seals.c.id)
        )
        audience_chain = tuple(links(self.connection))
        if (odd := verify(audience_chain)) is not None:
            broken.append(f"The record of audiences breaks at event {odd + 1}.")
        bad = verify(
            Link(
                prev_hash=row.prev_hash,
                hash=row.hash,
                fields={"event": row.event_id, "hash": row.event_hash},
            )
            for row in seals
        )
        if bad is not None:
            broken.append(f"The global chain breaks at seal {seals[bad].id}.")
        return Verified(
            events=len(rows) + len(audience_chain),
            broken=tuple(broken),
            unsealed=len(rows) - len(seals),
            head=self._head(),
        )


def _break_in(campaign_id: int, chain: list[Row[Any]]) -> str | None:
    gap = next((n for n, row in enumerate(chain, start=1) if row.seq != n), None)
    if gap is not None:
        return f"Campaign #{campaign_id}: event {gap} is missing."
    bad = verify(
        Link(prev_hash=row.prev_hash, hash=row.hash, fields=event_fields(row))
        for row in chain
    )
    if bad is None:
        return None
    at: datetime = chain[bad].at
    return f"Campaign #{campaign_id}: event {bad + 1} ({at:%Y-%m-%d %H:%M:%S}) does not match its hash."
