"""Intent signals: one per subject, topic and source, the newest that was seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from domain.intent import Signal
from storage.repository import Repository
from storage.tables import intents


class Intents(Repository):
    def add(self, signals: Sequence[tuple[str, Signal]]) -> int:
        """Keep signals by subject; an older one than is known changes nothing.

        Returns:
            How many were new or newer.
        """
        rows = [
            {
                "subject": subject,
                "topic": each.topic,
                "score": each.score,
                "source": each.source,
                "seen_at": each.seen_at,
                "expires_at": each.expires_at,
            }
            for subject, each in signals
        ]
        statement = _upsert(self.connection.dialect.name)
        return sum(
            max(self.connection.execute(statement, row).rowcount, 0) for row in rows
        )

    def drop_expired(self) -> int:
        """Erase what no filter can find any more."""
        return self.connection.execute(
            sa.delete(intents).where(intents.c.expires_at < self.now.date())
        ).rowcount


@cache
def _upsert(dialect: str) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(intents)
    given = statement.excluded
    names = ("score", "seen_at", "expires_at")
    newer = statement.on_conflict_do_update(
        index_elements=["subject", "topic", "source"],
        set_={name: given[name] for name in names},
        where=sa.and_(
            given.seen_at >= intents.c.seen_at,
            sa.or_(*(given[name] != intents.c[name] for name in names)),
        ),
    )
    # without it the count on Postgres is -1, whatever was written
    return newer.execution_options(preserve_rowcount=True)
