"""Metrics per stage, read off the record; along indexes, also with 10,000 campaigns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from domain.campaign import State
from domain.federation import TeamRules
from domain.rejection import RejectReason
from domain.review import BY_ITSELF, Outcome
from domain.stage_metrics import DeskMetrics, StageMetrics
from domain.undo import DecisionId
from domain.variant import Variant, VariantState
from storage import queries, tables
from storage.engine import Database
from storage.queries.stage_metrics import STATEMENTS
from storage.store import Store
from tests.clock import Clock
from tests.factories import (
    COPY_ONE,
    COPY_TWO,
    add_audience,
    add_campaign,
    decide,
    make_facts,
    move,
    open_request,
    open_review,
    write_all,
)

FACTS = make_facts()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MANY = 10_000


def in_review(store: Store, labels: str, **asked: Any) -> list[Variant]:
    """Texts of one campaign about which its first stage is asked."""
    campaign = add_campaign(store)
    texts = write_all(store, campaign, labels)
    open_review(store, campaign, texts, **asked)
    return texts


def metrics(database: Database, clock: Clock, *, days: int = 7) -> DeskMetrics:
    return database.read(queries.stage_metrics, FACTS, now=clock(), days=days)


def copy(database: Database, clock: Clock, *, days: int = 7) -> StageMetrics:
    found = metrics(database, clock, days=days).stages
    return next(each for each in found if each.stage == "copy")


def test_an_empty_desk_names_every_stage_and_counts_nothing(
    database: Database, clock: Clock
) -> None:
    found = metrics(database, clock)
    names = {stage.name for tier in FACTS.stages.values() for stage in tier}
    assert {each.stage for each in found.stages} == names
    assert copy(database, clock) == StageMetrics(stage="copy")
    assert (found.days, found.now) == (7, clock())


def test_decisions_are_counted_with_their_codes_and_times(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        texts = in_review(store, "ABCDE")
    for variant, code in zip(
        texts,
        (None, RejectReason.LEGAL, RejectReason.OFF_BRIEF, RejectReason.LEGAL),
        strict=False,
    ):
        clock.tick(HOUR)
        with database.begin() as store:
            request = open_request(store, variant)
            decide(store, request, is_approval=code is None, code=code, reason="So.")

    found = copy(database, clock)

    assert (found.seen, found.asked, found.open, found.overdue) == (5, 5, 1, 0)
    assert (found.approved, found.rejected, found.passed) == (1, 3, 0)
    assert found.rejected_for == (
        (RejectReason.LEGAL, 2),
        (RejectReason.OFF_BRIEF, 1),
    )
    assert (found.median, found.p90) == (2 * HOUR, 4 * HOUR)
    assert (found.kept, found.kept_of) == (4, 4)


def test_a_decision_at_its_due_time_is_kept_and_a_later_one_is_not(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        first, second, _third = in_review(store, "ABC", due_in=HOUR)
    clock.tick(HOUR)
    with database.begin() as store:
        decide(store, open_request(store, first))
    clock.tick(timedelta(seconds=1))
    with database.begin() as store:
        decide(store, open_request(store, second))

    found = copy(database, clock)

    assert (found.kept, found.overdue, found.kept_of) == (1, 1, 3)


def test_what_passed_by_itself_kept_no_sla_and_took_nobody_time(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        (variant,) = in_review(store, "A", due_in=HOUR)
    clock.tick(HOUR)
    with database.begin() as store:
        decide(store, open_request(store, variant), actor=BY_ITSELF)

    found = copy(database, clock)

    assert (found.approved, found.passed, found.kept, found.kept_of) == (0, 1, 0, 1)
    assert (found.median, found.p90) == (None, None)


def test_rework_withdrawals_reminders_and_escalations_are_counted(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        texts = in_review(store, "ABCD")
        asked = [open_request(store, each) for each in texts]
        store.reviews.reminded([each.id for each in asked[:3]])
        store.reviews.escalated([asked[0].id])
        store.reviews.close(asked[1], Outcome.SUPERSEDED)
        store.reviews.close(asked[2], Outcome.WITHDRAWN)
        store.reviews.close(asked[3], Outcome.TAKEN_BACK, decided_by=COPY_ONE)

    found = copy(database, clock)

    assert (found.reminded, found.escalated) == (3, 1)
    assert (found.superseded, found.withdrawn, found.decided) == (1, 2, 0)
    assert (found.seen, found.open, found.rejected_for) == (4, 1, ())


def test_a_decision_that_was_taken_back_counts_as_undone_alone(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        (variant,) = in_review(store, "A")
        request = open_request(store, variant)
        slip = RejectReason.LEGAL
        decide(store, request, is_approval=False, code=slip, reason="A slip.")
        given = store.decisions.get(DecisionId(1))
        store.decisions.take_back(given)
        store.reviews.reopen(request.id)
        rejected = store.variants.get(variant.id)
        store.variants.bring_back(rejected, VariantState.IN_REVIEW)
    clock.tick(HOUR)
    with database.begin() as store:
        code = RejectReason.WRITING
        decide(
            store,
            store.reviews.get(request.id),
            actor=COPY_TWO,
            is_approval=False,
            code=code,
            reason="Clumsy.",
        )

    found = copy(database, clock)

    assert (found.undone, found.rejected) == (1, 1)
    assert found.rejected_for == ((RejectReason.WRITING, 1),)


def test_a_rejection_of_before_there_were_codes_is_counted_without_one(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        (variant,) = in_review(store, "A")
        decide(store, open_request(store, variant), is_approval=False, reason="Old.")

    assert copy(database, clock).rejected_for == ((None, 1),)


def test_only_the_last_days_count_and_an_open_question_is_never_too_old(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        old, _waiting = in_review(store, "AB")
        decide(store, open_request(store, old))
    clock.tick(8 * DAY)

    week, month = copy(database, clock), copy(database, clock, days=30)

    assert (week.seen, week.asked, week.decided, week.overdue) == (1, 0, 0, 1)
    assert (month.seen, month.asked, month.approved, month.kept) == (2, 2, 1, 1)


@pytest.mark.parametrize("state", [State.PARKED, State.CANCELLED])
def test_a_campaign_that_is_not_in_review_has_nothing_overdue(
    database: Database, clock: Clock, state: State
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        variant, *_ = write_all(store, campaign, "A")
        campaign = open_review(store, campaign, [variant], due_in=HOUR)
        move(store, campaign, state)
    clock.tick(DAY)

    assert copy(database, clock) == StageMetrics(stage="copy")


def test_a_question_that_rests_while_an_earlier_stage_is_asked_is_not_overdue(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        first, second, *_ = write_all(store, campaign, "AB")
        later = {"stage": "deliverability", "role": "deliverability"}
        open_review(store, campaign, [second], due_in=HOUR, **later)
        open_review(store, store.campaigns.get(campaign.id), [first], due_in=HOUR)
    clock.tick(DAY)

    found = {each.stage: each for each in metrics(database, clock).stages}

    assert (found["copy"].open, found["copy"].overdue) == (1, 1)
    resting = found["deliverability"]
    assert (resting.open, resting.overdue, resting.kept_of) == (0, 0, 0)


def test_a_stage_of_a_team_of_its_own_is_named_too(
    database: Database, clock: Clock
) -> None:
    central = FACTS.stages["B"][0]
    own = TeamRules(
        key="emea",
        own=FACTS.team,
        team=FACTS.team,
        stages={"B": (dataclasses.replace(central, name="regional"),)},
        rules=FACTS.rules,
    )
    facts = dataclasses.replace(FACTS, teams={"emea": own})
    found = database.read(queries.stage_metrics, facts, now=clock())
    assert found.stages[-1] == StageMetrics(stage="regional")


def test_a_stage_that_left_the_playbook_comes_last(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        in_review(store, "A", stage="astrology")

    last = metrics(database, clock).stages[-1]

    assert (last.stage, last.asked, last.open) == ("astrology", 1, 1)


def test_practice_is_handed_on(database: Database, clock: Clock) -> None:
    facts = dataclasses.replace(FACTS, practice=("practice Slack",))
    found = database.read(queries.stage_metrics, facts, now=clock())
    assert found.practice == ("practice Slack",)


# With many ------------------------------------------------------------------------------


def rows(now: datetime) -> Iterator[dict[str, Any]]:
    """Ten thousand campaigns' questions over two years, three each."""
    for number in range(MANY * 3):
        at = now - timedelta(minutes=35 * (number + 10))
        is_rejected = number % 5 == 0
        yield {
            "campaign_id": 1,
            "variant_id": 1,
            "revision_id": number + 1,
            "stage": ("copy", "deliverability")[number % 2],
            "role": "copy_editor",
            "asked_at": at,
            "due_at": at + 4 * HOUR,
            "closed_at": at + HOUR,
            "outcome": Outcome.REJECTED if is_rejected else Outcome.APPROVED,
            "decided_by": COPY_ONE,
        }


@pytest.fixture
def busy(database: Database, clock: Clock) -> Database:
    """A desk of two years, in rows as they are kept."""
    return two_years(database, clock)


def two_years(database: Database, clock: Clock) -> Database:
    with database.begin() as store:
        campaign = add_campaign(store, audience_id=add_audience(store, 3))
        write_all(store, campaign, "A")
        made = list(rows(clock()))
        query = sa.select(tables.revisions)
        revision = dict(store.connection.execute(query).mappings().one())
        store.connection.execute(
            sa.insert(tables.revisions),
            [revision | {"id": n, "number": n} for n in range(2, len(made) + 1)],
        )
        store.connection.execute(sa.insert(tables.review_requests), made)
        store.connection.execute(
            sa.insert(tables.decisions),
            [
                {
                    "request_id": number,
                    "campaign_id": 1,
                    "variant_id": 1,
                    "revision_id": number,
                    "stage": each["stage"],
                    "actor": COPY_ONE,
                    "is_approval": each["outcome"] is Outcome.APPROVED,
                    "reason_code": RejectReason.LEGAL,
                    "decided_at": each["closed_at"],
                }
                for number, each in enumerate(made, 1)
            ],
        )
    return database


def test_every_statement_goes_along_an_index_and_none_walks_a_table(
    sqlite_url: str, clock: Clock
) -> None:
    database = two_years(Database(sqlite_url, clock), clock)
    when = {"since": clock() - 7 * DAY, "now": clock()}

    def plans(connection: sa.Connection) -> list[str]:
        return [
            str(row.detail)
            for statement in STATEMENTS
            for row in connection.exec_driver_sql(
                "EXPLAIN QUERY PLAN "
                + str(
                    statement.params(when).compile(
                        connection, compile_kwargs={"literal_binds": True}
                    )
                )
            )
        ]

    found = database.read(plans)
    database.close()
    assert found
    assert [each for each in found if each.startswith("SCAN")] == []


def test_a_week_is_counted_out_of_two_years(busy: Database, clock: Clock) -> None:
    found = metrics(busy, clock)
    in_time = [each for each in rows(clock()) if each["closed_at"] >= clock() - 7 * DAY]
    rejected = sum(each["outcome"] is Outcome.REJECTED for each in in_time)
    assert sum(each.decided for each in found.stages) == len(in_time)
    assert sum(each.rejected for each in found.stages) == rejected
    counted = [n for each in found.stages for _, n in each.rejected_for]
    assert sum(counted) == rejected
