"""Alembic's entry: the same metadata on SQLite and Postgres."""

from __future__ import annotations

import os
from datetime import datetime

from alembic import context

from storage.engine import Database
from storage.migrate import DEFAULT_ADDRESS
from storage.tables import metadata


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection)
        return
    address = os.environ.get("DATABASE_URL", DEFAULT_ADDRESS)
    database = Database(address, clock=_no_clock)
    with database.engine.begin() as own:
        _run(own)
    database.close()


def _no_clock() -> datetime:
    raise RuntimeError("A migration takes no time from the clock.")


def _run(connection: object) -> None:
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
