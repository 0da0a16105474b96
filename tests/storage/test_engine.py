from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from domain.errors import TryLater, Unknown
from storage import queries
from storage.engine import Database
from storage.reader import Reader
from storage.tables import Utc, audiences, campaigns, inbox
from tests.clock import Clock
from tests.factories import add_audience

NOTHING = timedelta(0)


def count_of(connection: Connection, table: sa.Table) -> int:
    return connection.execute(
        sa.select(sa.func.count()).select_from(table)
    ).scalar_one()


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def import_and_fail() -> None:
        with database.begin() as store:
            add_audience(store, 3)
            store.audiences.by_key("absent")

    with pytest.raises(Unknown):
        import_and_fail()
    assert database.read(count_of, audiences) == 0


def test_all_rows_of_a_transaction_carry_its_one_time(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        store.inbox.put("slack", "1", "")
        clock.tick(timedelta(seconds=5))
        store.inbox.put("slack", "2", "")
        moments = store.connection.execute(sa.select(inbox.c.created_at)).scalars()

        assert set(moments) == {store.now}


async def test_a_pool_without_a_free_connection_is_an_answer_as_well(
    sqlite_url: str, clock: Clock
) -> None:
    Database(sqlite_url, clock).close()
    reader = Reader(sqlite_url)
    one = reader.engine.sync_engine.url.set(drivername="sqlite+aiosqlite")
    reader.engine = create_async_engine(
        one, pool_size=1, max_overflow=0, pool_timeout=0.01
    )
    try:
        async with reader.engine.connect():
            with pytest.raises(TryLater, match="busy"):
                await reader.run(count_of, audiences)
    finally:
        await reader.close()


def test_a_locked_sqlite_file_is_an_answer_and_not_a_silence(
    sqlite_url: str, clock: Clock
) -> None:
    database = Database(sqlite_url, clock, lock_timeout=NOTHING)
    holder = sqlite3.connect(str(sa.make_url(sqlite_url).database))
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(TryLater, match="busy"), database.begin():
            pass
    finally:
        holder.close()
        database.close()


def test_a_read_does_not_wait_for_a_writer(sqlite_url: str, clock: Clock) -> None:
    database = Database(sqlite_url, clock, lock_timeout=NOTHING)
    with database.begin() as store:
        add_audience(store, 1)

        assert database.read(queries.audiences) == ()
    assert len(database.read(queries.audiences)) == 1
    database.close()


async def test_the_reader_cannot_write(database_url: str, clock: Clock) -> None:
    def sneak(connection: Connection) -> None:
        connection.execute(
            sa.insert(inbox).values(
                source="web", external_id="1", response="", created_at=clock()
            )
        )

    reader = Reader(database_url)
    with pytest.raises(sa.exc.DBAPIError, match=r"read-?\s?only"):
        await reader.run(sneak)
    await reader.close()


async def test_a_view_of_several_statements_shows_one_moment(
    database: Database, database_url: str
) -> None:
    def before_and_after_a_write(connection: Connection) -> tuple[int, int]:
        before = count_of(connection, audiences)
        with database.begin() as store:
            add_audience(store, 1)
        return before, count_of(connection, audiences)

    reader = Reader(database_url)
    assert await reader.run(before_and_after_a_write) == (0, 0)
    assert await reader.run(count_of, audiences) == 1
    await reader.close()


def test_a_view_of_a_worker_shows_one_moment_too(database: Database) -> None:
    def before_and_after_a_write(connection: Connection) -> tuple[int, int]:
        before = count_of(connection, audiences)
        with database.begin() as store:
            add_audience(store, 1)
        return before, count_of(connection, audiences)

    assert database.read(before_and_after_a_write) == (0, 0)


def test_a_read_in_a_worker_sees_what_is_committed(database: Database) -> None:
    with database.begin() as store:
        add_audience(store, 4)

    (line,) = database.read(queries.audiences)
    assert (line.size, line.mailable) == (4, 4)
    assert database.read(count_of, campaigns) == 0


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 11, 24, 12)  # noqa: DTZ001 - that is what is refused

    with pytest.raises(ValueError, match="without a zone"):
        Utc().process_bind_param(naive, database.engine.dialect)


def test_times_come_back_aware_and_to_the_microsecond(
    database: Database, clock: Clock
) -> None:
    clock.tick(timedelta(microseconds=123_456))
    with database.begin() as store:
        store.inbox.put("slack", "1", "")

    with database.engine.connect() as connection:
        stored = connection.execute(sa.select(inbox.c.created_at)).scalar_one()
    assert stored == clock()
    assert stored.utcoffset() == NOTHING
