"""What every repository has: a connection and the transaction's time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql.dml import ReturningUpdate

from domain.errors import Overtaken


class Repository:
    """SQL about one noun. Rows never leave `storage`; domain values do."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now

    def _one(self, query: sa.Select[Any], **given: object) -> Row[Any] | None:
        return self.connection.execute(query, given).first()

    def _all(self, query: sa.Select[Any], **given: object) -> Sequence[Row[Any]]:
        return self.connection.execute(query, given).all()

    def _insert(self, table: sa.Table, **values: object) -> int:
        """Insert one row and return its id."""
        result = self.connection.execute(_insert_into(table), values)
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
                ignore_taken(self.connection, table), values
            ).rowcount
        )

    def _swap(
        self, table: sa.Table, row_id: int, version: int, **changes: object
    ) -> Row[Any]:
        """Change a row that still has `version`, raise the version, return the row.

        Raises:
            Overtaken: Another transaction changed the row first.
        """
        row = self.connection.execute(
            _update_seen(table),
            {_ROW: row_id, _SEEN: version, "version": version + 1, **changes},
        ).first()
        if row is None:
            raise Overtaken(
                f"The {table.name.rstrip('s').replace('_', ' ')} has moved on meanwhile."
            )
        return row


# Building a statement takes SQLAlchemy several times as long as running it, and a
# click waits for some thirty: those that never change are built once, and the values
# travel as parameters.
_ROW: Final = "row_to_change"
_SEEN: Final = "version_seen"


@cache
def _insert_into(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@cache
def _update_seen(table: sa.Table) -> ReturningUpdate[Any]:
    return (
        sa.update(table)
        .where(table.c.id == sa.bindparam(_ROW), table.c.version == sa.bindparam(_SEEN))
        .returning(*table.c)
    )


def ignore_taken(
    connection: Connection, table: sa.Table
) -> sqlite.Insert | postgresql.Insert:
    """An insert that does nothing where a unique key is taken, and counts its rows."""
    return _insert_if_free(connection.dialect.name, table)


@cache
def _insert_if_free(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    # without preserve_rowcount the count on Postgres is -1, whatever was inserted
    if dialect == "postgresql":
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
