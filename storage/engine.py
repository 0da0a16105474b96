"""Engines and transactions: one way to write, one way to read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from domain.errors import TryLater
from storage.store import Store

P = ParamSpec("P")
R = TypeVar("R")

WORKER_LOCK_TIMEOUT = timedelta(seconds=30)
WEB_LOCK_TIMEOUT = timedelta(seconds=2)
"""Well under Slack's 3 s, so that a locked database is an answer and not a silence."""


def url_of(address: str, *, is_async: bool) -> URL:
    """The address with the driver that we use; the folder of a SQLite file is made."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        return url.set(drivername="sqlite+aiosqlite" if is_async else "sqlite")
    return url.set(drivername="postgresql+psycopg")


def pragmas(*, is_writer: bool, lock_timeout: timedelta) -> Callable[..., None]:
    """What each new connection to a SQLite file is told; one that only reads cannot write."""

    def apply(connection: Any, _record: object) -> None:
        # None: SQLAlchemy's begin event below says BEGIN, not the driver
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(
            f"PRAGMA busy_timeout = {int(lock_timeout.total_seconds() * 1000)}"
        )
        cursor.execute("PRAGMA foreign_keys = ON")
        if is_writer:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")
        else:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    return apply


def _begin(connection: Connection) -> None:
    # a read that upgrades to a write gets "database is locked" at once, whatever
    # the timeout; taking the lock first waits instead
    is_read = connection.get_execution_options().get("is_read", False)
    connection.exec_driver_sql("BEGIN" if is_read else "BEGIN IMMEDIATE")


def _try_later(error: DBAPIError | NoConnection) -> TryLater | None:
    """Translate a lock or a lost server into the fate it has."""
    if isinstance(error, NoConnection):
        # every connection is in use, as when the server hangs
        return TryLater("The database is busy.", retry_after=timedelta(seconds=1))
    if isinstance(error.orig, sqlite3.OperationalError):
        if "locked" in str(error.orig) or "busy" in str(error.orig):
            return TryLater("The database is busy.", retry_after=timedelta(seconds=1))
        return None
    if isinstance(error, OperationalError):
        return TryLater("The database is away.", retry_after=timedelta(seconds=2))
    return None


@contextmanager
def lost_as_try_later() -> Iterator[None]:
    """Raise a lock, or a server that is away, as what it means for the caller.

    Raises:
        TryLater: The database is locked or away; nothing was written.
    """
    try:
        yield
    except (DBAPIError, NoConnection) as error:
        later = _try_later(error)
        if later is None:
            raise
        raise later from error


class Database:
    """The write side: a synchronous engine whose transactions are `Store`s.

    Made once per process, after any fork.
    """

    def __init__(
        self,
        address: str,
        clock: Callable[[], datetime],
        *,
        lock_timeout: timedelta = WORKER_LOCK_TIMEOUT,
    ) -> None:
        url = url_of(address, is_async=False)
        self.clock = clock
        self.is_sqlite = url.get_backend_name() == "sqlite"
        # parameters are addresses and mail bodies: they stay out of error texts
        self.engine: Engine = sa.create_engine(
            url, pool_pre_ping=not self.is_sqlite, hide_parameters=True
        )
        if self.is_sqlite:
            sa.event.listen(
                self.engine,
                "connect",
                pragmas(is_writer=True, lock_timeout=lock_timeout),
            )
            sa.event.listen(self.engine, "begin", _begin)

    @contextmanager
    def begin(self) -> Iterator[Store]:
        """One write transaction: commits at the end, rolls back on any error.

        Raises:
            TryLater: The database is locked or away; nothing was written.
        """
        with lost_as_try_later(), self.engine.begin() as connection:
            yield Store(connection, now=self.clock())

    def read(
        self,
        query: Callable[Concatenate[Connection, P], R],
        *args: P.args,
        **kw: P.kwargs,
    ) -> R:
        """Run one of `storage.queries` and let go of the connection."""
        with (
            lost_as_try_later(),
            self.engine.connect().execution_options(is_read=True) as connection,
        ):
            if not self.is_sqlite:
                connection.exec_driver_sql(ONE_MOMENT)
            return query(connection, *args, **kw)

    def look(self, ask: Callable[[Store], R]) -> R:
        """Ask the repositories something without taking the write lock."""
        return self.read(lambda connection: ask(Store(connection, now=self.clock())))

    def close(self) -> None:
        self.engine.dispose()


ONE_MOMENT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
"""A view takes several statements, which have to agree; SQLite's do in any case."""
