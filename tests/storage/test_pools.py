from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from domain.campaign import Campaign, State
from domain.errors import NotYourTurn, Overtaken, Unknown
from domain.pool import Load
from domain.preferences import Preferences
from domain.review import Outcome, RequestId
from domain.views import AssignView
from storage import queries
from storage.engine import Database
from storage.store import Store
from storage.tables import review_requests
from tests.clock import Clock
from tests.factories import (
    COPY_ONE,
    COPY_TWO,
    MAIL_OPS,
    MARKETER,
    add_campaign,
    make_facts,
    move,
    open_request,
    open_review,
    write_all,
)

FACTS = make_facts()
DAY = timedelta(days=1)
AWAY = Preferences(
    away_from=datetime(2000, 1, 1, tzinfo=UTC),
    away_until=datetime(2999, 1, 1, tzinfo=UTC),
)


def asked(store: Store, *users: str | None) -> Campaign:
    """A campaign in copy review with a question per user, assigned to them."""
    campaign = add_campaign(store)
    variants = write_all(store, campaign, "ABCDE"[: len(users)])
    campaign = open_review(store, campaign, variants)
    for variant, user in zip(variants, users, strict=True):
        store.pools.assign([open_request(store, variant).id], user)
    return campaign


def loads(store: Store) -> tuple[Load, ...]:
    return store.pools.loads((COPY_ONE, COPY_TWO))


def assigning(database: Database, clock: Clock, **more: object) -> AssignView:
    return database.read(
        queries.assigning,
        RequestId(int(str(more.get("request", 1)))),
        str(more.get("user", COPY_ONE)),
        FACTS,
        now=clock(),
    )


def test_a_load_is_what_waits_and_when_it_was_last_asked(
    database: Database, clock: Clock
) -> None:
    began = clock()
    with database.begin() as store:
        asked(store, COPY_ONE, COPY_ONE, None)
    clock.tick(DAY)
    with database.begin() as store:
        campaign = asked(store, COPY_ONE, COPY_TWO)
        (_, other) = store.pools.questions(campaign.id, "copy")
        store.reviews.close(other, Outcome.APPROVED, decided_by=COPY_TWO)
        assert loads(store) == (
            Load(user=COPY_ONE, waiting=3, last_asked=clock()),
            Load(user=COPY_TWO, waiting=0, last_asked=clock()),
        )
    assert clock() == began + DAY


def test_whoever_was_never_asked_has_nothing(database: Database) -> None:
    with database.begin() as store:
        assert loads(store) == (Load(user=COPY_ONE), Load(user=COPY_TWO))
        assert store.pools.loads(()) == ()


@pytest.mark.parametrize(
    ("state", "stage"),
    [
        (State.PARKED, "copy"),
        (State.CANCELLED, "copy"),
        (State.STAGED_REVIEW, "deliverability"),
    ],
)
def test_what_rests_is_no_load(database: Database, state: State, stage: str) -> None:
    with database.begin() as store:
        move(store, asked(store, COPY_ONE), state, stage=stage)
        assert loads(store)[0].waiting == 0


def test_what_a_person_holds_is_found_by_campaign_and_stage(database: Database) -> None:
    with database.begin() as store:
        first = asked(store, COPY_ONE, COPY_ONE)
        asked(store, COPY_TWO)
        last = asked(store, None, COPY_ONE)
        held = store.pools.held_by(COPY_ONE)
        assert held == ((first.id, "copy"), (last.id, "copy"))
        assert store.pools.held_by("<!channel>") == ()


def test_a_change_reads_back_as_it_was_put_on_record(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = asked(store, COPY_ONE)
        role = {"stage": "copy", "role": "copy_editor"}
        for actor, detail in (
            ("desk", {"to": COPY_ONE, "reason": "has the least"}),
            (COPY_TWO, {"from": COPY_ONE, "to": "copy_editor"}),
            (COPY_TWO, {"from": "copy_editor", "to": COPY_TWO}),
        ):
            store.audit.append(
                campaign.id, "request_assigned", actor=actor, detail={**role, **detail}
            )
        assert store.pools.last_assignment(campaign.id, "legal") is None
    first, opened, claimed = database.read(queries.assignments, campaign.id)
    assert (first.is_first, first.before, first.after) == (True, None, COPY_ONE)
    assert first.reason == "has the least"
    assert (opened.is_first, opened.before, opened.after) == (False, COPY_ONE, None)
    assert (claimed.before, claimed.after, claimed.actor) == (None, COPY_TWO, COPY_TWO)
    assert claimed.at == clock()


def test_assign_shows_who_could_be_asked_and_what_they_have(
    database: Database, clock: Clock
) -> None:
    away = Preferences(away_from=clock() - DAY, away_until=clock() + DAY)
    with database.begin() as store:
        asked(store, COPY_ONE, COPY_ONE)
        store.preferences.set(COPY_TWO, away)
    view = assigning(database, clock)
    assert (view.stage, view.role, view.labels) == ("copy", "copy_editor", ("A", "B"))
    assert (view.assignee, view.reader, view.seen) == (COPY_ONE, COPY_ONE, 0)
    # the author holds the role too, and may not decide
    assert [(p.user, p.waiting, p.away_until) for p in view.pool] == [
        (COPY_ONE, 2, None),
        (COPY_TWO, 0, clock() + DAY),
    ]
    clock.tick(2 * DAY)
    assert assigning(database, clock).pool[1].away_until is None


def test_assign_is_for_those_who_may_and_while_it_waits(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = asked(store, None)
    # an author of the role may say who is asked instead of them
    assert assigning(database, clock, user=MARKETER).reader == MARKETER
    with pytest.raises(NotYourTurn, match="can say who is asked"):
        assigning(database, clock, user=MAIL_OPS)
    with pytest.raises(Unknown):
        assigning(database, clock, request=99)
    with database.begin() as store:
        move(store, campaign, State.PARKED)
    with pytest.raises(Overtaken, match="nothing to assign"):
        assigning(database, clock)


def test_cards_ask_the_assignee_alone_while_they_are_on_the_team(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = asked(store, COPY_TWO)
    (variant,) = database.read(queries.variant_ids, campaign.id)

    def both() -> list[tuple[str, ...]]:
        card = database.read(queries.campaign_card, campaign.id, FACTS)
        shown = database.read(queries.variant_card, variant, FACTS)
        return [card.reviews[0].asked, shown.questions[0].asked]

    assert both() == [(COPY_TWO,)] * 2
    with database.begin() as store:
        store.connection.execute(sa.update(review_requests).values(assignee="U0GONE"))
    assert both() == [(COPY_ONE, COPY_TWO)] * 2


def test_cards_say_when_nobody_of_the_pool_is_here(database: Database) -> None:
    with database.begin() as store:
        campaign = asked(store, None)
        store.preferences.set(COPY_ONE, AWAY)
    (variant,) = database.read(queries.variant_ids, campaign.id)

    def empty() -> tuple[bool, bool]:
        card = database.read(queries.campaign_card, campaign.id, FACTS)
        shown = database.read(queries.variant_card, variant, FACTS)
        return card.reviews[0].is_pool_empty, shown.questions[0].is_pool_empty

    assert empty() == (False, False)
    with database.begin() as store:
        store.preferences.set(COPY_TWO, AWAY)
    assert empty() == (True, True)
