from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from storage import migrate, queries
from storage.engine import Database
from storage.tables import metadata
from tests.clock import Clock
from tests.factories import add_audience


def test_an_empty_database_is_not_current_until_it_is_upgraded(
    empty_url: str, clock: Clock
) -> None:
    database = Database(empty_url, clock)
    assert not migrate.is_current(database)

    migrate.upgrade(database)

    assert migrate.is_current(database)
    database.close()


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    with database.begin() as store:
        add_audience(store, 2)

    migrate.upgrade(database)

    assert migrate.is_current(database)
    assert len(database.read(queries.audiences)) == 1


def test_the_migrations_make_the_tables_that_the_code_expects(
    database: Database,
) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        tables = set(sa.inspect(connection).get_table_names())

        assert compare_metadata(context, metadata) == []
        assert set(metadata.tables) < tables
