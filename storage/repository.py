"""What every repository has: a connection and the transaction's time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from domain.errors import Overtaken


class Repository:
    """SQL about one noun. Rows never leave `storage`; domain values do."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now

    def _one(self, query: sa.Select[Any]) -> Row[Any] | None:
        return self.connection.execute(query).first()

    def _all(self, query: sa.Select[Any]) -> Sequence[Row[Any]]:
        return self.connection.execute(query).all()

    def _insert(self, table: sa.Table, **values: object) -> int:
        """Insert one row and return its id."""
        result = self.connection.execute(sa.insert(table).values(**values))
        key = result.inserted_primary_key
        if key is None:
            raise LookupError(f"{table.name} gave no key back.")
        return int(key[0])

    def _insert_many(
        self, table: sa.Table, rows: Sequence[Mapping[str, object]]
    ) -> None:
        if rows:
            self.connection.execute(sa.insert(table), list(rows))

    def _insert_new(self, table: sa.Table, **values: object) -> bool:
        """Insert unless a unique key is taken; say whether a row was added."""
        return bool(
            self.connection.execute(
                ignore_taken(self.connection, table).values(**values)
            ).rowcount
        )

    def _swap(
        self, table: sa.Table, row_id: int, version: int, **changes: object
    ) -> None:
        """Change a row that still has `version`, and raise the version.

        Raises:
            Overtaken: Another transaction changed the row first.
        """
        result = self.connection.execute(
            sa.update(table)
            .where(table.c.id == row_id, table.c.version == version)
            .values(version=version + 1, **changes)
        )
        if result.rowcount != 1:
            raise Overtaken(
                f"The {table.name.rstrip('s').replace('_', ' ')} has moved on meanwhile."
            )


def ignore_taken(
    connection: Connection, table: sa.Table
) -> sqlite.Insert | postgresql.Insert:
    """An insert that does nothing where a unique key is taken, and counts its rows."""
    # without preserve_rowcount the count on Postgres is -1, whatever was inserted
    if connection.dialect.name == "postgresql":
        return (
            postgresql.insert(table)
            .on_conflict_do_nothing()
            .execution_options(preserve_rowcount=True)
        )
    return (
        sqlite.insert(table)
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )
