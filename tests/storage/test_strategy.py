"""Brief versions are for good, and a decision about one stays with it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from domain.campaign import Campaign, State
from domain.errors import Overtaken, Unknown
from domain.review import Person
from domain.strategy import BriefVersion
from storage import queries
from storage.engine import Database
from storage.store import Store
from tests.factories import MARKETER, add_campaign, make_facts

LEAD = "U0LEAD"


def waiting(store: Store) -> Campaign:
    campaign = add_campaign(store, tier="A", objective="Book", offer="A month free")
    return store.campaigns.swap(
        campaign, State.AWAITING_BRAND_LEAD, moved_by=campaign.author
    )


def change(store: Store, campaign: Campaign, **body: object) -> BriefVersion:
    before = store.campaigns.brief_version(campaign.id)
    newer = store.campaigns.add_brief(
        {**before.body, **body},
        sha256=f"{before.sha256}-changed",
        author=before.author,
        source="modal",
        parent=before,
    )
    store.campaigns.note(campaign.id, brief_id=newer)
    return store.campaigns.brief_version(campaign.id)


def test_a_changed_brief_is_the_next_version_of_the_same_campaign(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = waiting(store)
        other = add_campaign(store, audience_id=campaign.audience_id)
        first = store.campaigns.brief_version(campaign.id)
        second = change(store, campaign, objective="Call")
        third = change(store, campaign, objective="Write")
        assert [v.number for v in (first, second, third)] == [1, 2, 3]
        assert third.body["objective"] == "Write"
        for version in (first, second, third):
            assert store.campaigns.lock_for_brief(version.id).id == campaign.id
        assert store.campaigns.lock_for_brief(other.brief_id).id == other.id
        with pytest.raises(Unknown, match="There is no such brief"):
            store.campaigns.lock_for_brief(third.id + 100)


def test_a_locked_campaign_is_read_anew(database: Database) -> None:
    with database.begin() as store:
        campaign = waiting(store)
        second = change(store, campaign, objective="Call")
        locked = store.campaigns.lock_for_brief(campaign.brief_id)
        assert locked.brief_id == second.id
        assert store.campaigns.lock(campaign.id) is locked


def test_a_brief_is_never_changed_in_place(database: Database) -> None:
    with database.begin() as store:
        waiting(store)
    for statement in ("UPDATE briefs SET sha256 = 'x'", "DELETE FROM briefs"):
        with (
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
            database.engine.begin() as connection,
        ):
            connection.exec_driver_sql(statement)


def test_a_decision_is_about_one_version_and_its_hash(database: Database) -> None:
    with database.begin() as store:
        campaign = waiting(store)
        first = store.campaigns.brief_version(campaign.id)
        store.strategy.decide(first, actor=LEAD, is_approval=False, reason="Shorter.")
        second = change(store, campaign, objective="Call")
        decision = store.strategy.decision(first.id)
        assert decision is not None
        assert (decision.actor, decision.reason) == (LEAD, "Shorter.")
        assert store.strategy.decision(second.id) is None
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT brief_id, brief_sha256 FROM strategy_decisions"
        ).all()
    assert [tuple(row) for row in rows] == [(first.id, first.sha256)]


def test_the_card_shows_the_newest_version_and_what_changed_in_it(
    database: Database,
) -> None:
    lead = Person(id=LEAD, name="Lea", roles=frozenset({"brand_lead"}))
    facts = make_facts()
    facts.team.people[LEAD] = lead  # type: ignore[index]  # a dict underneath
    with database.begin() as store:
        campaign = waiting(store)
        first = store.campaigns.brief_version(campaign.id)

    view = database.read(queries.campaign_card, campaign.id, facts).strategy
    assert view is not None
    assert (view.brief_id, view.number, view.asked) == (first.id, 1, (LEAD,))
    assert (view.changed, view.decision) == ((), None)
    assert (view.objective, view.offer) == ("Book", "A month free")

    with database.begin() as store:
        store.strategy.decide(first, actor=LEAD, is_approval=False, reason="Shorter.")
    view = database.read(queries.campaign_card, campaign.id, facts).strategy
    assert view is not None
    assert view.decision is not None
    assert (view.decision.actor, view.decision.is_approval) == (LEAD, False)

    with database.begin() as store:
        second = change(store, campaign, objective="Call", arms=1)
    view = database.read(queries.campaign_card, campaign.id, facts).strategy
    assert view is not None
    assert (view.brief_id, view.number, view.decision) == (second.id, 2, None)
    assert view.changed == ("objective", "arms")


def test_a_campaign_that_no_brand_lead_is_asked_about_shows_no_strategy(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
    view = database.read(queries.campaign_card, campaign.id, make_facts())
    assert view.strategy is None


def test_the_form_is_filled_from_the_newest_version_only(database: Database) -> None:
    with database.begin() as store:
        campaign = waiting(store)
        second = change(store, campaign, objective="Call")
    found = database.read(queries.brief_version, second.id)
    assert (found, found.author) == (second, MARKETER)
    with pytest.raises(Overtaken, match="has been changed since the card was drawn"):
        database.read(queries.brief_version, campaign.brief_id)
    assert database.read(queries.strategy_decision, second.id) is None
