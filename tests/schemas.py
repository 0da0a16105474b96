"""Schemas on PostgreSQL for tests: one for each, emptied and used again."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from storage import migrate
from storage.engine import Database
from tests.clock import Clock

POSTGRES: Final = "COPYDESK_TEST_POSTGRES_URL"

_LARGE: Final = 4_000_000
"""Bytes of a schema that is cheaper to drop than to empty."""

_SIZE: Final = sa.text("""
    SELECT coalesce(sum(pg_relation_size(c.oid)), 0) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relkind = 'r'
""")
_TABLES: Final = sa.text("""
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0
        AND c.relname <> 'alembic_version'
""")
_RESTARTED: Final = sa.text("""
    SELECT setval(c.oid::regclass, 1, false) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relkind = 'S'
""")
_ALONE: Final = sa.text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = :schema
""")

_SHAPE: Final = sa.text("""
    SELECT coalesce(string_agg(found, ' ' ORDER BY found), '') FROM (
        SELECT c.relname || '.' || t.tgname || CAST(t.tgenabled AS text) AS found
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = :schema AND NOT t.tgisinternal
        UNION ALL
        SELECT c.relname || '.' || a.attname FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = :schema AND NOT a.attisdropped
    ) AS shape
""")

_RAN: Final[list[str]] = []
"""What the migrations ran the first time."""


class _Schema(NamedTuple):
    name: str
    url: str
    # its triggers and columns
    shape: str


class Schemas:
    """The migrated schemas of a test run."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._free: list[_Schema] = []

    @contextmanager
    def take(self) -> Iterator[str]:
        """The address of a migrated, empty one; nobody else has it meanwhile."""
        schema = self._free.pop() if self._free else self._made()
        yield schema.url
        if _emptied(schema):
            self._free.append(schema)

    def _made(self) -> _Schema:
        name, url = self._stack.enter_context(_schema())
        _migrate(url)
        with _server() as connection:
            shape = connection.execute(_SHAPE, {"schema": name}).scalar_one()
        return _Schema(name, url, shape)


@contextmanager
def postgres_schema() -> Iterator[str]:
    """A schema of its own, without tables."""
    with _schema() as (_name, url):
        yield url


@contextmanager
def _schema() -> Iterator[tuple[str, str]]:
    schema = f"test_{uuid.uuid4().hex}"
    with _server() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    own = _address().update_query_dict(
        {"options": f"-csearch_path={schema}", "application_name": schema}
    )
    yield schema, own.render_as_string(hide_password=False)
    with _server() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


def _emptied(schema: _Schema) -> bool:
    """Empty it for the next test; False when it is too large or has been changed."""
    given = {"schema": schema.name}
    with _server() as connection:
        # whatever a test left behind writes into no other's tables
        connection.execute(_ALONE, given)
        if connection.execute(_SIZE, given).scalar_one() > _LARGE:
            return False
        if connection.execute(_SHAPE, given).scalar_one() != schema.shape:
            return False
        tables = connection.execute(_TABLES, given).scalars().all()
        # rows of append-only tables cannot be deleted otherwise
        connection.exec_driver_sql("SET session_replication_role = replica")
        for table in tables:
            connection.execute(sa.delete(sa.table(table, schema=schema.name)))
        connection.execute(_RESTARTED, given)
    return True


def _migrate(url: str) -> None:
    """Migrate an empty schema; from the second on by the very same statements.

    Working them out takes ten times longer than running them.
    """
    database = Database(url, Clock())
    if _RAN:
        with database.engine.begin() as connection:
            connection.exec_driver_sql(";\n".join(_RAN))
    else:
        ran: list[str] = []

        def keep(*given: object) -> None:
            statement, parameters = str(given[2]), given[3]
            if not statement.lstrip().startswith(("SELECT", "SHOW")):
                assert not parameters, statement
                ran.append(statement)

        sa.event.listen(database.engine, "before_cursor_execute", keep)
        migrate.upgrade(database)
        _RAN.extend(ran)
    database.close()


def _address() -> sa.URL:
    address = os.environ.get(POSTGRES)
    if not address:
        pytest.fail(f"{POSTGRES} has to name a PostgreSQL database for this test.")
    return sa.make_url(address).set(drivername="postgresql+psycopg")


@contextmanager
def _server() -> Iterator[Connection]:
    engine = sa.create_engine(_address(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
