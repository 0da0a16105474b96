"""What was done to audiences, append-only and hash-chained; never an address in it.

Campaigns have chains of their own; a list belongs to none of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.audit import GENESIS, Link, canonical, link
from storage.repository import Repository
from storage.tables import audience_events

_APPENDING: Final = 7_235_004
"""Key of the advisory lock that whoever appends holds on Postgres."""


class AudienceRecord(Repository):
    def append(
        self, event: str, *, actor: str, detail: Mapping[str, object] | None = None
    ) -> None:
        """Add an event at the end of the chain.

        Args:
            detail: Keys, numbers and hashes; never an address, nor a hash of one.
        """
        if self.connection.dialect.name == "postgresql":
            # two would both build on the same end; SQLite has one writer
            self.connection.execute(
                sa.select(sa.func.pg_advisory_xact_lock(_APPENDING))
            )
        last = self._one(
            sa.select(audience_events.c.seq, audience_events.c.hash)
            .order_by(audience_events.c.seq.desc())
            .limit(1)
        )
        seq, prev_hash = (last.seq + 1, last.hash) if last else (1, GENESIS)
        packed = canonical(detail or {})
        fields = {
            "seq": seq,
            "at": self.now,
            "actor": actor,
            "event": event,
            "detail": json.loads(packed),
        }
        self._insert(
            audience_events,
            seq=seq,
            at=self.now,
            actor=actor,
            event=event,
            detail=packed,
            prev_hash=prev_hash,
            hash=link(prev_hash, fields),
        )


def links(connection: Connection) -> Iterator[Link]:
    """The chain as `domain.audit.verify` reads it."""
    query = sa.select(audience_events).order_by(audience_events.c.seq)
    for row in connection.execute(query):
        yield Link(
            prev_hash=row.prev_hash,
            hash=row.hash,
            fields={
                "seq": row.seq,
                "at": row.at,
                "actor": row.actor,
                "event": row.event,
                "detail": _detail(row.detail),
            },
        )


def _detail(packed: str) -> object:
    """A detail that was made unreadable comes back as it is: its hash cannot match."""
    try:
        return json.loads(packed)
    except ValueError:
        return packed
