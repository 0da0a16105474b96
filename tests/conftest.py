"""Resources that suites share: a settable clock and a migrated database."""

from __future__ import annotations

import gc
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from storage import migrate
from storage.engine import Database
from tests.clock import Clock

POSTGRES = "COPYDESK_TEST_POSTGRES_URL"

# thousands of tests in one process: walking all of its objects costs more than they do
gc.set_threshold(50_000, 20, 50)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy; migrating once saves a tenth of a second each."""
    path = tmp_path_factory.mktemp("template") / "copydesk.db"
    database = Database(f"sqlite:///{path}", Clock())
    migrate.upgrade(database)
    database.close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, for each kind we run on."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'copydesk.db'}"
        return
    with postgres_schema() as url:
        yield url


@pytest.fixture
def database_url(empty_url: str, migrated_file: Path) -> str:
    """The address of a migrated, empty database."""
    url = sa.make_url(empty_url)
    if url.get_backend_name() == "sqlite":
        shutil.copyfile(migrated_file, str(url.database))
        return empty_url
    migrate_postgres(empty_url)
    return empty_url


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """The address of a migrated, empty SQLite file."""
    path = tmp_path / "only.db"
    shutil.copyfile(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    """A migrated, empty database whose transactions take their time from `clock`."""
    made = Database(database_url, clock)
    yield made
    made.close()


_RAN: Final[list[str]] = []
"""What the migrations ran on PostgreSQL the first time."""


def migrate_postgres(url: str) -> None:
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


@contextmanager
def postgres_schema() -> Iterator[str]:
    """A schema of its own: rows of append-only tables cannot be cleared away."""
    address = os.environ.get(POSTGRES)
    if not address:
        pytest.fail(f"{POSTGRES} has to name a PostgreSQL database for this test.")
    url = sa.make_url(address).set(drivername="postgresql+psycopg")
    schema = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    own = url.update_query_dict({"options": f"-csearch_path={schema}"})
    yield own.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()
