"""Resources that suites share: a settable clock and a migrated database."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from storage import migrate
from storage.engine import Database
from tests import one_dialect
from tests.clock import Clock
from tests.schemas import Schemas, postgres_schema

# thousands of tests in one process: walking all of its objects costs more than they do
gc.set_threshold(50_000, 20, 50)
one_dialect.share()


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


@pytest.fixture(scope="session")
def schemas() -> Iterator[Schemas]:
    with ExitStack() as stack:
        yield Schemas(stack)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database that we run on."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'copydesk.db'}"
        return
    with postgres_schema() as url:
        yield url


@pytest.fixture
def database_url(
    kind: str, tmp_path: Path, migrated_file: Path, schemas: Schemas
) -> Iterator[str]:
    """The address of a migrated, empty database."""
    if kind == "sqlite":
        path = tmp_path / "copydesk.db"
        shutil.copyfile(migrated_file, path)
        yield f"sqlite:///{path}"
        return
    with schemas.take() as url:
        yield url


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
