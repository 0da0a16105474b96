"""One dialect and one cache of compiled statements for all engines of a test run.

SQLAlchemy keeps what it has compiled by engine, and each test has a database of its own:
without this a fifth of the time goes into compiling the same statements anew.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import engine as async_engine

_MADE: Final[dict[tuple[str, str, bool], Engine]] = {}
"""The first engine of each dialect and driver, and whether it is asynchronous."""


def share() -> None:
    """Have every engine that is made from now on use what the first one compiled."""
    made_anew = sa.create_engine

    def create_engine(*args: Any, **kwargs: Any) -> Engine:
        engine = made_anew(*args, **kwargs)
        kind = engine.name, engine.driver, engine.dialect.is_async
        first = _MADE.setdefault(kind, engine)
        engine.dialect = first.dialect
        engine.pool._dialect = first.dialect
        engine._compiled_cache = first._compiled_cache
        return engine

    sa.create_engine = create_engine
    async_engine._create_engine = create_engine
