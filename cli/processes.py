"""The processes of a Procfile, each on its own and told everything by environment."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from typing import Any

import click

from cli import logs
from cli.desk import settings


@click.command()
def web() -> None:
    """Serve Slack, ESP webhooks, unsubscribe pages and health until SIGTERM."""
    logs.set_up()
    from bot import server
    from pipeline.wiring import build
    from storage.engine import WEB_LOCK_TIMEOUT
    from storage.reader import Reader

    given = settings()
    deps = build(given, lock_timeout=WEB_LOCK_TIMEOUT)
    try:
        code = server.run(deps, Reader(given.database_address))
    finally:
        deps.close()
    sys.exit(code)


@click.command()
def relay() -> None:
    """Publish queued work, fire deadlines and seal the audit until SIGTERM."""
    logs.set_up()
    from pipeline.jobs import TASKS
    from pipeline.relay import Relay
    from pipeline.wiring import build

    deps = build(settings())
    one = Relay(deps, TASKS)

    def stop(*_: Any) -> None:
        one.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        one.run()
    finally:
        one.close()
        deps.close()


@click.command()
@click.argument("name", type=click.Choice(["fast", "slow"]))
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Jobs at a time.",
)
def worker(name: str, concurrency: int) -> None:
    """Do queued work until SIGTERM.

    `fast` runs cards and rollbacks; `slow` writes, lints and sends, so that stopping
    never waits behind sending.
    """
    logs.set_up()
    # SIGTERM lets running jobs end within `worker_soft_shutdown_timeout`
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")
    from pipeline.broker import Worker
    from pipeline.jobs import TASKS

    Worker(settings(), TASKS).run(name, concurrency=concurrency)


@click.command()
def migrate() -> None:
    """Bring the database to this version; safe to run twice or at the same time."""
    from storage.engine import Database
    from storage.migrate import upgrade

    database = Database(settings().database_address, _no_clock)
    try:
        upgrade(database)
    finally:
        database.close()
    click.echo("The database is up to date.")


def _no_clock() -> datetime:
    raise RuntimeError("A migration takes no time from the clock.")
