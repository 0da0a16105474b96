"""Bring a database to the newest schema, and say which one it has."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage.engine import Database

DEFAULT_ADDRESS: Final = "sqlite:///.copydesk/copydesk.db"
_LOCK: Final = 7_235_002
"""Key of the advisory lock that one migrating process holds on Postgres."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(database: Database, *, to: str = "head") -> None:
    """Run the missing migrations in one transaction; others wait for its lock."""
    config = _config()
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def is_current(database: Database) -> bool:
    """Whether the database has the schema this code expects."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.engine.connect().execution_options(is_read=True) as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
