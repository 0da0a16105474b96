from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.preferences import Preferences
from storage import queries
from storage.engine import Database
from storage.preferences import present
from tests.clock import Clock
from tests.factories import (
    COPY_ONE,
    COPY_TWO,
    add_campaign,
    make_facts,
    open_review,
    write_all,
)

DAY = timedelta(days=1)
FACTS = make_facts()


def test_whoever_set_nothing_has_the_defaults(database: Database) -> None:
    assert database.read(queries.preferences_of, "U1") == Preferences()


def test_the_last_settings_hold_and_are_only_ones_own(
    database: Database, clock: Clock
) -> None:
    first = Preferences(wants_dm=False)
    away = Preferences(away_from=clock(), away_until=clock() + DAY)
    with database.begin() as store:
        store.preferences.set("U1", first)
        store.preferences.set("U2", first)
    with database.begin() as store:
        store.preferences.set("U1", away)
        assert store.preferences.get("U1") == away

    assert database.read(queries.preferences_of, "U1") == away
    assert database.read(queries.preferences_of, "U2") == first


AWAY = Preferences(
    away_from=datetime(2000, 1, 1, tzinfo=UTC),
    away_until=datetime(2999, 1, 1, tzinfo=UTC),
)
OVER = Preferences(
    away_from=datetime(2000, 1, 1, tzinfo=UTC),
    away_until=datetime(2001, 1, 1, tzinfo=UTC),
)
PLANNED = Preferences(
    away_from=datetime(2998, 1, 1, tzinfo=UTC),
    away_until=datetime(2999, 1, 1, tzinfo=UTC),
)


def test_who_is_out_of_office_is_left_out_while_it_lasts(database: Database) -> None:
    with database.begin() as store:
        for user, given in (("U1", AWAY), ("U2", OVER), ("U3", PLANNED)):
            store.preferences.set(user, given)

    assert database.read(present, ["U1", "U2", "U3", "U4"]) == ("U2", "U3", "U4")
    assert database.read(present, []) == ()


def test_somebody_is_asked_even_when_everybody_is_away(database: Database) -> None:
    with database.begin() as store:
        store.preferences.set("U1", AWAY)

    assert database.read(present, ["U1"]) == ("U1",)


def test_cards_ask_those_who_are_in(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        variant, *_ = write_all(store, campaign, "A")
        open_review(store, campaign, [variant])
        store.preferences.set(COPY_ONE, AWAY)

    card = database.read(queries.campaign_card, campaign.id, FACTS)
    assert card.reviews[0].asked == (COPY_TWO,)
    shown = database.read(queries.variant_card, variant.id, FACTS)
    assert shown.questions[0].asked == (COPY_TWO,)
