from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from domain.campaign import Campaign, State
from domain.preferences import Preferences
from domain.review import Person
from domain.variant import Copy, Origin, Variant, VariantState
from domain.views import Facts, HomeView
from storage import queries
from storage.engine import Database
from storage.store import Store
from storage.tables import review_requests, undone_decisions
from tests.clock import Clock
from tests.factories import (
    COPY_ONE,
    COPY_TWO,
    HOURS_4,
    MAIL_OPS,
    MARKETER,
    MODEL,
    add_audience,
    add_campaign,
    decide,
    lint,
    make_facts,
    make_team,
    move,
    open_request,
    open_review,
    write,
    write_all,
)

MINUTE = timedelta(minutes=1)
BRAND = "U0BRAND"


def make_desk() -> Facts:
    """The usual team, and a brand lead."""
    bea = Person(id=BRAND, name="Bea", roles=frozenset({"brand_lead"}))
    team = make_team()
    return replace(make_facts(), team=replace(team, people={**team.people, BRAND: bea}))


FACTS = make_desk()


def home_of(database: Database, user: str, clock: Clock) -> HomeView:
    return database.read(queries.home, user, FACTS, now=clock())


def labels(home: HomeView) -> list[str]:
    return [line.variant_label for line in home.waiting]


def asked(
    store: Store, *, audience: int | None = None, **brief: Any
) -> tuple[Campaign, Variant]:
    """A campaign of one variant that the copy editors are asked about."""
    campaign = add_campaign(store, audience_id=audience, **brief)
    variant, *_ = write_all(store, campaign, "A")
    return open_review(store, campaign, [variant]), variant


# What waits ------------------------------------------------------------------------


def test_home_shows_what_waits_for_the_persons_roles(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        a, b, _ = write_all(store, campaign)
        open_review(store, campaign, [b], due_in=2 * MINUTE)
        open_review(store, campaign, [a], due_in=MINUTE)
        request = open_request(store, a)

    home = home_of(database, COPY_ONE, clock)

    assert (home.is_known, home.roles) == (True, ("copy_editor",))
    assert labels(home) == ["A", "B"]
    (first, _) = home.waiting
    assert (first.request_id, first.stage, first.recipients) == (
        request.id,
        "copy",
        10,
    )
    assert (first.variant_id, first.asked_at) == (a.id, clock())
    assert first.title == campaign.title
    assert home_of(database, MAIL_OPS, clock).waiting == ()


def test_risk_comes_before_a_slightly_nearer_deadline(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        audience = add_audience(store, 3)
        low, _ = asked(store, audience=audience, tier="C")
        high, _ = asked(store, audience=audience, tier="B")
    clock.tick(MINUTE)
    with database.begin() as store:
        store.connection.execute(
            sa.update(review_requests)
            .where(review_requests.c.campaign_id == low.id)
            .values(due_at=clock() + 3 * HOURS_4 / 4)
        )

    home = home_of(database, COPY_ONE, clock)

    assert [line.campaign_id for line in home.waiting] == [high.id, low.id]


def test_home_never_asks_people_about_their_own_briefs(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        open_review(store, campaign, write_all(store, campaign))

    home = home_of(database, MARKETER, clock)

    assert "copy_editor" in home.roles
    assert home.waiting == ()
    assert [line.id for line in home.mine] == [campaign.id]


@pytest.mark.parametrize("state", [State.PARKED, State.CANCELLED, State.LINTED])
def test_a_question_waits_only_while_its_campaign_is_in_review(
    database: Database, clock: Clock, state: State
) -> None:
    with database.begin() as store:
        campaign, _ = asked(store)
        move(store, campaign, state)

    assert home_of(database, COPY_ONE, clock).waiting == ()


def test_a_question_of_another_stage_rests(database: Database, clock: Clock) -> None:
    with database.begin() as store:
        campaign, _ = asked(store)
        move(store, campaign, State.STAGED_REVIEW, stage="deliverability")

    assert home_of(database, COPY_ONE, clock).waiting == ()


def test_what_was_given_to_one_person_waits_for_nobody_else(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        asked(store)
        store.connection.execute(sa.update(review_requests).values(assignee=COPY_TWO))

    assert home_of(database, COPY_ONE, clock).waiting == ()
    assert labels(home_of(database, COPY_TWO, clock)) == ["A"]


def test_of_two_approvals_the_persons_own_is_not_asked_for_again(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        _, variant = asked(store)
        request = open_request(store, variant)
        store.reviews.decide(
            request,
            actor=COPY_ONE,
            is_approval=True,
            reason=None,
            policy_hash="",
            answers={},
        )

    assert home_of(database, COPY_ONE, clock).waiting == ()
    assert labels(home_of(database, COPY_TWO, clock)) == ["A"]

    with database.begin() as store:
        undo_all(store)
    assert labels(home_of(database, COPY_ONE, clock)) == ["A"]


def undo_all(store: Store) -> None:
    keys = store.connection.exec_driver_sql("SELECT id FROM decisions").scalars()
    for key in keys:
        store.connection.execute(
            sa.insert(undone_decisions).values(decision_id=key, undone_at=store.now)
        )


def test_of_very_many_questions_those_due_first_are_read(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        (variant,) = store.variants.add(campaign.id, ["A"])
        texts = [
            store.variants.add_revision(
                variant, Copy(subject=str(n), preheader="", body="Hello"), MODEL
            )
            for n in range(201)
        ]
        for n, text in enumerate(texts):
            store.reviews.ask(
                campaign.id,
                variant.id,
                text.id,
                stage="copy",
                round_name="copy",
                role="copy_editor",
                due_at=store.now + (201 - n) * MINUTE,
            )
        move(store, campaign, State.STAGED_REVIEW, stage="copy")

    home = home_of(database, COPY_ONE, clock)

    assert (len(home.waiting), "waiting" in home.cut) == (200, True)
    assert home.waiting[0].due_at == clock() + MINUTE
    assert max(line.due_at for line in home.waiting) == clock() + 200 * MINUTE


# Strategies ------------------------------------------------------------------------


def test_a_brief_waits_for_the_brand_lead_until_one_has_answered(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store, tier="A")
        move(store, campaign, State.AWAITING_BRAND_LEAD)

    def waits(user: str) -> bool:
        return bool(home_of(database, user, clock).strategies)

    assert waits(BRAND)
    assert not waits(COPY_ONE)

    with database.begin() as store:
        version = store.campaigns.brief_version(campaign.id)
        store.strategy.decide(
            version, actor=BRAND, is_approval=False, reason="Say why now."
        )
    assert not waits(BRAND)


# Live, mine, overdue -----------------------------------------------------------------


def test_what_mails_comes_before_what_will(database: Database, clock: Clock) -> None:
    with database.begin() as store:
        audience = add_audience(store, 3)
        states = (State.SCHEDULED, State.HELD, State.CANARY, State.SENT)
        for state in states:
            move(store, add_campaign(store, audience_id=audience), state)

    live = home_of(database, COPY_ONE, clock).live
    assert [line.state for line in live] == [State.CANARY, State.HELD, State.SCHEDULED]


def test_long_lists_are_cut_and_say_so(database: Database, clock: Clock) -> None:
    with database.begin() as store:
        audience = add_audience(store, 3)
        for _ in range(11):
            move(store, add_campaign(store, audience_id=audience), State.CANARY)

    home = home_of(database, MARKETER, clock)

    assert (len(home.live), len(home.mine)) == (10, 10)
    assert home.cut == {"live", "mine"}
    assert [line.id for line in home.mine] == list(range(11, 1, -1))


def test_overdue_is_what_others_are_late_with(database: Database, clock: Clock) -> None:
    with database.begin() as store:
        asked(store)
    clock.tick(HOURS_4 + MINUTE)

    assert home_of(database, COPY_ONE, clock).overdue == ()
    (late,) = home_of(database, MAIL_OPS, clock).overdue
    assert (late.role, late.variant_label) == ("copy_editor", "A")


# What was decided ------------------------------------------------------------------


def test_home_lists_the_persons_last_decisions_but_not_those_taken_back(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        a, b, _ = write_all(store, campaign)
        open_review(store, campaign, [a, b])
        decide(store, open_request(store, a))
    clock.tick(MINUTE)
    with database.begin() as store:
        decide(store, open_request(store, b), is_approval=False, reason="Too loud.")

    home = home_of(database, COPY_ONE, clock)
    shown = [
        (line.decision.variant_label, line.decision.is_approval)
        for line in home.decided
    ]
    assert shown == [("B", False), ("A", True)]
    assert home.week.decided == 2
    assert home_of(database, COPY_TWO, clock).decided == ()

    with database.begin() as store:
        undo_all(store)
    after = home_of(database, COPY_ONE, clock)
    assert (after.decided, after.week.decided) == ((), 0)


def test_the_week_counts_what_ended_in_it(database: Database, clock: Clock) -> None:
    with database.begin() as store:
        audience = add_audience(store, 3)
        move(store, add_campaign(store, audience_id=audience), State.SENT)
    clock.tick(timedelta(days=8))
    with database.begin() as store:
        for state in (State.SENT, State.SENT, State.REJECTED, State.ROLLED_BACK):
            move(store, add_campaign(store, audience_id=audience), state)

    week = home_of(database, COPY_ONE, clock).week
    assert (week.sent, week.rejected, week.rolled_back, week.decided) == (2, 1, 1, 0)


def test_home_of_a_stranger_has_no_roles(database: Database, clock: Clock) -> None:
    home = home_of(database, "U0STRANGER", clock)

    assert (home.is_known, home.roles, home.waiting) == (False, (), ())
    assert home.practice == FACTS.practice
    assert home.preferences == Preferences()


# In one go ---------------------------------------------------------------------------


def passing(database: Database, user: str) -> list[tuple[str, bool]]:
    return [
        (line.waiting.variant_label, line.has_notes)
        for line in database.read(queries.passing, user, FACTS)
    ]


def test_only_what_passes_lint_at_the_lowest_tier_can_be_approved_in_one_go(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        audience = add_audience(store, 3)
        asked(store, audience=audience, tier="B")
        campaign = add_campaign(store, audience_id=audience, tier="C")
        a, b, c, d = store.variants.add(campaign.id, list("ABCD"))
        ready = [
            lint(store, write(store, a)),
            lint(store, write(store, b), ("hard", "phrase.banned")),
            lint(store, write(store, c), ("soft", "grammar.style")),
            store.variants.swap(write(store, d), VariantState.LINTED),
        ]
        open_review(store, campaign, ready)

    assert passing(database, COPY_ONE) == [("A", False), ("C", True)]
    assert home_of(database, COPY_ONE, clock).passing == 2
    # the brief's author, and somebody without the role
    assert passing(database, MARKETER) == []
    assert passing(database, MAIL_OPS) == []
    (first, _) = database.read(queries.passing, COPY_ONE, FACTS)
    assert first.subject == "Still weighing the demo?"


def test_nobody_approves_their_own_edit_in_one_go(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store, tier="C")
        (variant,) = store.variants.add(campaign.id, ["A"])
        written = write(store, variant)
        text = Copy(subject="Mine", preheader="", body="Hello")
        edited = lint(store, write(store, written, text, Origin(editor=COPY_ONE)))
        open_review(store, campaign, [edited])

    assert passing(database, COPY_ONE) == []
    assert passing(database, COPY_TWO) == [("A", False)]
