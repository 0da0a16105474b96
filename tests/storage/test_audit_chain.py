from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.campaign import CampaignId
from domain.freeze import Scope
from storage.audit import Verified
from storage.engine import Database
from storage.tables import APPEND_ONLY
from tests.clock import Clock
from tests.factories import add_audience, add_campaign


def make_story(database: Database, clock: Clock, *, events: int = 3) -> CampaignId:
    with database.begin() as store:
        audience = add_audience(store, 1)
        campaign = add_campaign(store, audience_id=audience)
    for n in range(events):
        clock.tick(timedelta(seconds=1, microseconds=7))
        with database.begin() as store:
            store.audit.append(
                campaign.id,
                "drafted",
                actor="writer",
                before="briefed",
                after="drafted",
                detail={"variant": "A", "rate": 0.25 * n, "labels": ["A", "B"]},
            )
    return campaign.id


def verify(database: Database) -> Verified:
    with database.begin() as store:
        return store.audit.verify()


def seal(database: Database, limit: int = 500) -> int:
    with database.begin() as store:
        return store.audit.seal(limit)


def tamper(database: Database, *statements: str) -> None:
    """Change the record as somebody with the database's password would."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(
                "DROP TRIGGER audit_events_append_only ON audit_events"
            )
            connection.exec_driver_sql("SET session_replication_role = replica")
        else:
            connection.exec_driver_sql("DROP TRIGGER audit_events_no_update")
            connection.exec_driver_sql("DROP TRIGGER audit_events_no_delete")
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_an_untouched_record_verifies(database: Database, clock: Clock) -> None:
    make_story(database, clock)
    make_story(database, clock)

    found = verify(database)
    assert (found.events, found.broken, found.unsealed) == (6, (), 6)


def test_sealing_covers_each_event_once_and_tells_the_tail(
    database: Database, clock: Clock
) -> None:
    make_story(database, clock)

    assert (seal(database, limit=2), seal(database), seal(database)) == (2, 1, 0)
    sealed = verify(database)
    assert (sealed.broken, sealed.unsealed) == ((), 0)
    make_story(database, clock, events=1)
    assert (verify(database).unsealed, verify(database).head) == (1, sealed.head)


def test_what_is_not_sealed_is_known_without_a_write(
    database: Database, clock: Clock
) -> None:
    make_story(database, clock)
    with database.begin() as store:
        assert store.audit.has_unsealed()
        store.audit.seal()
        assert not store.audit.has_unsealed()


@pytest.mark.parametrize(
    "change",
    [
        'detail = \'{"variant":"B"}\'',
        "detail = 'not even JSON'",
        "actor = 'somebody'",
        "event = 'approved'",
        "to_state = NULL",
        "hash = prev_hash",
    ],
)
def test_a_changed_event_is_named(
    database: Database, clock: Clock, change: str
) -> None:
    campaign = make_story(database, clock)
    tamper(database, f"UPDATE audit_events SET {change} WHERE seq = 2")  # noqa: S608 - our own words

    (sentence,) = verify(database).broken
    assert sentence.startswith(f"Campaign #{campaign}: event 2 (")


def test_a_missing_event_is_named(database: Database, clock: Clock) -> None:
    campaign = make_story(database, clock)
    tamper(database, "DELETE FROM audit_events WHERE seq = 2")

    assert verify(database).broken == (f"Campaign #{campaign}: event 2 is missing.",)


def test_two_swapped_events_are_named(database: Database, clock: Clock) -> None:
    make_story(database, clock)
    tamper(
        database,
        "UPDATE audit_events SET seq = 20 WHERE seq = 2",
        "UPDATE audit_events SET seq = 2 WHERE seq = 3",
        "UPDATE audit_events SET seq = 3 WHERE seq = 20",
    )

    assert len(verify(database).broken) == 1


def test_a_rewritten_chain_breaks_the_seals(database: Database, clock: Clock) -> None:
    make_story(database, clock)
    seal(database)
    tamper(
        database,
        "UPDATE audit_events SET hash = prev_hash WHERE seq = 3",
    )

    broken = verify(database).broken
    assert len(broken) == 2
    assert broken[1] == "The global chain breaks at seal 3."


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id + 100", "DELETE FROM {}"])
def test_the_database_refuses_to_rewrite_the_record(
    database: Database, clock: Clock, rows: Callable[[], None], table: str, verb: str
) -> None:
    rows()
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        database.engine.begin() as connection,
    ):
        connection.exec_driver_sql(verb.format(table))


@pytest.fixture
def rows(database: Database, clock: Clock) -> Callable[[], None]:
    """At least one row in every table that only grows."""
    from tests.factories import decide, open_request, open_review, write_all

    def make() -> None:
        make_story(database, clock)
        seal(database)
        with database.begin() as store:
            campaign = add_campaign(
                store, audience_id=store.audiences.by_key("calm").id
            )
            (variant, *_) = write_all(store, campaign)
            open_review(store, campaign, [variant])
            decide(store, open_request(store, variant))
            store.freezes.add(
                scope=Scope.TENANT,
                target="",
                reason="Wrong price",
                by="U0ONCALL",
                until=store.now + timedelta(hours=1),
            )
            store.audience_record.append("exported", actor="shell:ann")

    return make
