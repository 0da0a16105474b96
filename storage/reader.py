"""The web process's read side; nothing else loads SQLAlchemy's asynchronous engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.engine import (
    ONE_MOMENT,
    WEB_LOCK_TIMEOUT,
    lost_as_try_later,
    pragmas,
    url_of,
)

P = ParamSpec("P")
R = TypeVar("R")


class Reader:
    """The web process's read side: an asynchronous engine that cannot write."""

    def __init__(self, address: str) -> None:
        url = url_of(address, is_async=True)
        self.engine: AsyncEngine = create_async_engine(url, hide_parameters=True)
        if url.get_backend_name() == "sqlite":
            sa.event.listen(
                self.engine.sync_engine,
                "connect",
                pragmas(is_writer=False, lock_timeout=WEB_LOCK_TIMEOUT),
            )
            sa.event.listen(self.engine.sync_engine, "begin", _begin_read)
        else:
            sa.event.listen(self.engine.sync_engine, "begin", _read_only)

    async def run(
        self,
        query: Callable[Concatenate[Connection, P], R],
        *args: P.args,
        **kw: P.kwargs,
    ) -> R:
        """Run one of `storage.queries` without holding up the event loop."""
        with lost_as_try_later():
            async with self.engine.connect() as connection:
                return await connection.run_sync(query, *args, **kw)

    async def close(self) -> None:
        await self.engine.dispose()


def _begin_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _read_only(connection: Connection) -> None:
    connection.exec_driver_sql(f"{ONE_MOMENT}, READ ONLY")
