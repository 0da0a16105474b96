from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from storage import migrate, queries
from storage.engine import Database
from storage.tables import Utc, metadata
from tests.clock import Clock
from tests.factories import add_audience


def test_an_empty_database_is_not_current_until_it_is_upgraded(
    empty_url: str, clock: Clock
) -> None:
    database = Database(empty_url, clock)
    assert not migrate.is_current(database)

    migrate.upgrade(database)

    assert migrate.is_current(database)
    database.close()


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    with database.begin() as store:
        add_audience(store, 2)

    migrate.upgrade(database)

    assert migrate.is_current(database)
    assert len(database.read(queries.audiences)) == 1


def test_a_migration_that_dies_half_way_leaves_what_was_and_runs_again(
    empty_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(empty_url, clock)
    migrate.upgrade(database, to="0014")

    def dies(*_given: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # between the index that goes and the one that comes
        patch.setattr(op, "create_index", dies)
        with pytest.raises(KeyboardInterrupt):
            migrate.upgrade(database)

    def of_consent() -> bool:
        with database.engine.connect() as connection:
            found = sa.inspect(connection).get_indexes("recipients")
        return "ix_recipients_consent" in {each["name"] for each in found}

    assert of_consent()
    assert not migrate.is_current(database)
    migrate.upgrade(database)
    assert of_consent()
    assert migrate.is_current(database)
    database.close()


def test_the_migrations_make_the_tables_that_the_code_expects(
    database: Database,
) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        tables = set(sa.inspect(connection).get_table_names())

        assert compare_metadata(context, metadata) == []
        assert set(metadata.tables) < tables


_ROWS = (
    "INSERT INTO audiences (id, imported_at) VALUES (1, :at)",
    "INSERT INTO briefs (id, body, created_at) VALUES (1, '{}', :at)",
    (
        "INSERT INTO campaigns (id, brief_id, audience_id, created_at, updated_at)"
        " VALUES (1, 1, 1, :at, :at)"
    ),
    (
        "INSERT INTO variants (id, campaign_id, regenerated_for, is_arm)"
        " VALUES (1, 1, '[]', :no)"
    ),
    (
        "INSERT INTO revisions (id, variant_id, origin, created_at)"
        " VALUES (1, 1, '{}', :at)"
    ),
    (
        "INSERT INTO review_requests"
        " (id, campaign_id, variant_id, revision_id, asked_at, due_at)"
        " VALUES (1, 1, 1, 1, :at, :at)"
    ),
    (
        "INSERT INTO decisions (request_id, campaign_id, variant_id, revision_id, actor,"
        " is_approval, decided_at) VALUES (1, 1, 1, 1, 'U0COPYONE', :no, :at)"
    ),
)

_GIVEN = {
    "at": sa.bindparam("at", datetime(2026, 3, 2, 9, tzinfo=UTC), Utc),
    "no": sa.bindparam("no", value=False, type_=sa.Boolean),
}


def test_decisions_of_the_first_schema_are_kept_and_stay_append_only(
    empty_url: str, clock: Clock
) -> None:
    database = Database(empty_url, clock)
    migrate.upgrade(database, to="0001")
    with database.engine.begin() as connection:
        for row in _ROWS:
            given = [each for name, each in _GIVEN.items() if f":{name}" in row]
            connection.execute(sa.text(row).bindparams(*given))

    migrate.upgrade(database)

    with database.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT actor, answers FROM decisions").one()
        assert kept[0] == "U0COPYONE"
    with (
        pytest.raises(DBAPIError, match="append-only"),
        database.engine.begin() as connection,
    ):
        connection.exec_driver_sql("UPDATE decisions SET actor = 'U0OTHER'")
    database.close()


def test_a_strategy_that_waits_during_the_upgrade_begins_its_time_with_the_relay(
    empty_url: str, clock: Clock
) -> None:
    database = Database(empty_url, clock)
    migrate.upgrade(database, to="0002")
    with database.engine.begin() as connection:
        for row in (
            *_ROWS[:3],
            "UPDATE campaigns SET state = 'awaiting_brand_lead'",
            (
                "INSERT INTO outbox (campaign_id, dedup_key, available_at, created_at)"
                " VALUES (1, 'card:1:1', :at, :at)"
            ),
        ):
            given = [each for name, each in _GIVEN.items() if f":{name}" in row]
            connection.execute(sa.text(row).bindparams(*given))

    migrate.upgrade(database)

    due = database.look(lambda store: store.deadlines.due())
    assert [(each.campaign_id, each.kind) for each in due] == [(1, "remind")]
    with database.engine.connect() as connection:
        jobs = connection.exec_driver_sql("SELECT campaign_id, dedup_key FROM outbox")
        assert [tuple(row) for row in jobs] == [(1, "card:1:1")]
    database.close()


def test_a_list_of_before_keeps_its_people_and_learns_their_domains(
    empty_url: str, clock: Clock
) -> None:
    database = Database(empty_url, clock)
    migrate.upgrade(database, to="0003")
    with database.engine.begin() as connection:
        connection.execute(
            sa.text(
                # its id is 1: the sequence has to know that on PostgreSQL
                "INSERT INTO audiences (key, size, imported_at) VALUES ('calm', 1, :at)"
            ).bindparams(_GIVEN["at"])
        )
        connection.execute(
            sa.text(
                "INSERT INTO recipients (audience_id, address, address_hash,"
                " has_consent) VALUES (1, 'ann@one.example', 'hash-of-ann', :yes)"
            ).bindparams(sa.bindparam("yes", value=True, type_=sa.Boolean))
        )

    migrate.upgrade(database)

    with database.begin() as store:
        calm = store.audiences.by_key("calm")
        assert (calm.is_segment, calm.attributes) == (False, {})
        assert store.audiences.reach(calm) == store.audiences.count(calm) == (1, 1)
        theirs = store.segments.save(
            key="one",
            title="One",
            list_id=calm.id,
            filter_text='domain = "one.example"',
        )
        assert store.audiences.count(theirs) == (1, 1)
    database.close()
