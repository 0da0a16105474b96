"""A desk of 0003 that is upgraded while a campaign is in its canary goes on to the end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from blocks import campaign_card, history, home_tab, notices
from domain.campaign import CampaignId, State
from pipeline import record
from pipeline.tokens import address_hash
from storage import migrate, queries
from storage.engine import Database
from tests.blocks.checks import check_message, check_modal
from tests.pipeline.lab import MARA, OMAR, SECRET, Lab
from tests.pipeline.test_freeze import freeze
from tests.pipeline.test_jobs_story import go_on, in_canary, roll_back
from tests.schemas import postgres_schema

APPEND_ONLY = (
    "audit_events",
    "briefs",
    "decisions",
    "revisions",
)


@contextmanager
def of_before(desk: Lab, folder: Path) -> Iterator[Database]:
    """A database of schema 0003 with all that the desk has, as 0003 kept it."""
    if desk.deps.database.engine.dialect.name == "postgresql":
        with postgres_schema() as url:
            yield from _filled(desk, url)
    else:
        yield from _filled(desk, f"sqlite:///{folder / 'before.db'}")


def _filled(desk: Lab, url: str) -> Iterator[Database]:
    before = Database(url, desk.clock)
    migrate.upgrade(before, to="0003")
    tables = sa.MetaData()
    tables.reflect(before.engine)
    with desk.deps.database.engine.connect() as source, before.engine.begin() as into:
        now = sa.MetaData()
        now.reflect(source)
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            columns = [now.tables[table.name].c[each.name] for each in table.columns]
            rows = source.execute(sa.select(*columns)).mappings().all()
            if rows:
                into.execute(table.insert(), [dict(row) for row in rows])
            if into.dialect.name == "postgresql" and isinstance(
                table.c[0].type, sa.Integer
            ):
                top = into.execute(sa.select(sa.func.max(table.c[0]))).scalar_one()
                own = sa.func.pg_get_serial_sequence(table.name, table.c[0].name)
                into.execute(sa.select(sa.func.setval(own, top or 1)))
    yield before
    before.close()


def look_at_everything(desk: Lab, number: CampaignId) -> None:
    facts, now = desk.deps.playbook.view_facts, desk.clock()
    read = desk.deps.database.read
    card = read(queries.campaign_card, number, facts)
    check_message(campaign_card.render(card, now=now))
    check_modal(history.campaign_history(read(queries.audit, number)))
    check_message(notices.status(read(queries.status, facts, now=now)))
    for user in (MARA, OMAR):
        view = home_tab.render(read(queries.home, user, facts, now=now), now=now)
        check_modal(view)
    assert read(queries.audiences)


@pytest.mark.usefixtures("cards_at_once")
def test_a_canary_of_before_goes_on_after_the_upgrade(
    desk: Lab, tmp_path: Path
) -> None:
    number = in_canary(desk)
    with of_before(desk, tmp_path) as database:
        migrate.upgrade(database)
        assert migrate.is_current(database)
        desk.deps.database.close()
        desk.deps = dataclasses.replace(desk.deps, database=database)
        for table in APPEND_ONLY:
            with (
                pytest.raises(DBAPIError, match="append-only"),
                database.engine.begin() as c,
            ):
                c.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - our own names
        look_at_everything(desk, number)
        desk.pass_time(120, until=lambda: desk.state(number) is State.HELD)
        look_at_everything(desk, number)
        go_on(desk, number)
        frozen = freeze(desk)
        desk.drain()
        look_at_everything(desk, number)
        desk.pass_time(4000, step=60, until=lambda: frozen.until < desk.clock())
        roll_back(desk, number)
        desk.drain()
        look_at_everything(desk, number)
        assert desk.state(number) is State.ROLLED_BACK
        who = desk.mailed()[0]
        done = desk.write(record.forget, address_hash(SECRET, who), actor="shell:ann")
        assert done.rows == 1
        assert desk.write(lambda store: store.audit.verify()).broken == ()
        assert len(desk.mailed()) == len(set(desk.mailed()))
