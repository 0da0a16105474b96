"""An A/B test read back: both arms, people's clicks, and nothing before all is out."""

from __future__ import annotations

from datetime import timedelta

from domain.arms import ArmsResult
from domain.campaign import Campaign, State
from domain.canary import CanaryPolicy
from domain.experiment import Outcome
from storage import queries
from storage.engine import Database
from tests.clock import Clock
from tests.factories import add_campaign, plan, write_all
from tests.sent_arms import LINK, happened, sent_arms

POLICY = CanaryPolicy()
HOUR = timedelta(hours=1)


def read(database: Database, campaign: Campaign, clock: Clock) -> ArmsResult | None:
    return database.read(queries.arms, campaign.id, today=POLICY, now=clock())


def test_clicks_of_people_decide_at_the_planned_end(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign, ids = sent_arms(store)
        at = store.now
        for arm in "AB":
            happened(store, campaign, ids[arm], "delivered", at=at)
        happened(store, campaign, ids["A"][:10], "clicked", at=at + HOUR, url=LINK)
        happened(store, campaign, ids["B"][:40], "clicked", at=at + HOUR, url=LINK)
        # a scanner opens one of them at once, and the ESP flags some more
        happened(store, campaign, ids["A"][:99], "clicked", at=at, url=LINK)
        flagged = ids["A"][50:200]
        later = at + 2 * HOUR
        happened(
            store, campaign, flagged, "clicked", at=later, url=LINK, is_machine=True
        )
    clock.tick(timedelta(hours=25))

    found = read(database, campaign, clock)

    assert found is not None
    assert found.finding is not None
    assert (found.finding.outcome, found.finding.best.name) == (Outcome.WINNER, "B")
    a, b = found.arms
    assert (a.delivered, a.clicked, a.machine_only) == (300, 10, 190)
    assert (b.delivered, b.clicked, b.machine_only) == (300, 40, 0)


def test_arms_that_arrived_unevenly_are_not_compared(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign, ids = sent_arms(store)
        happened(store, campaign, ids["A"], "delivered", at=store.now)
        happened(store, campaign, ids["B"][:60], "delivered", at=store.now)
    found = read(database, campaign, clock)
    assert found is not None
    assert found.finding is None
    assert "A 300 of 300, B 60 of 300" in found.sentence


def test_nothing_is_compared_before_all_is_out_or_of_one_arm(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        one = add_campaign(store, recipients=10)
        variant, *_ = write_all(store, one)
        plan(store, one, variant)
        empty = add_campaign(store, audience_id=one.audience_id)
    assert read(database, one, clock) is None
    assert read(database, empty, clock) is None


def test_arms_that_are_out_are_compared_in_any_state(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign, _ = sent_arms(store, per_arm=20, state=State.HELD)
    found = read(database, campaign, clock)
    assert found is not None
    assert found.sentence.startswith("Cannot tell: ")
