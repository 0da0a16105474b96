"""Decisions that were taken back, comments, and suggestions, as rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from domain.campaign import Campaign, State
from domain.comment import SuggestionId, SuggestionState
from domain.errors import Overtaken, Unknown
from domain.review import Outcome
from domain.undo import UNDO_FOR, DecisionId
from domain.variant import Revision, Variant, VariantState
from storage import queries
from storage.engine import Database
from storage.store import Store
from tests.clock import Clock
from tests.factories import (
    COPY_ONE,
    COPY_TWO,
    HOURS_4,
    MAIL_OPS,
    MARKETER,
    TEXT,
    add_campaign,
    decide,
    make_facts,
    move,
    open_request,
    open_review,
    plan,
    write_all,
)

FACTS = make_facts()


def reviewed(store: Store) -> tuple[Campaign, list[Variant]]:
    campaign = add_campaign(store)
    written = write_all(store, campaign)
    return open_review(store, campaign, written), written


def newest(store: Store) -> DecisionId:
    return DecisionId(
        store.connection.execute(sa.text("SELECT max(id) FROM decisions")).scalar_one()
    )


def text_of(store: Store, variant: Variant) -> Revision:
    assert variant.revision_id is not None
    return store.variants.revision(variant.revision_id)


# Undo --------------------------------------------------------------------------------


def test_a_decision_that_was_taken_back_counts_nowhere(database: Database) -> None:
    with database.begin() as store:
        campaign, (a, b, _c) = reviewed(store)
        decide(store, open_request(store, a))
        first = store.decisions.get(newest(store))
        decide(store, open_request(store, b))
        assert len(store.decisions.since(first)) == 1
        store.decisions.take_back(store.decisions.get(newest(store)))
        assert store.decisions.since(first) == ()
        assert [x.variant_id for x in store.reviews.approvals(campaign.id)] == [a.id]
    shown = database.read(queries.campaign_card, campaign.id, FACTS).decisions
    assert [each.variant_label for each in shown] == ["A"]
    assert database.read(queries.variant_card, b.id, FACTS).decisions == ()
    (undone,) = database.read(queries.undone, campaign.id)
    assert (undone.variant_label, undone.stage, undone.actor) == ("B", "copy", COPY_ONE)


def test_a_decision_is_taken_back_once_and_for_good(database: Database) -> None:
    with database.begin() as store:
        _campaign, (a, *_) = reviewed(store)
        decide(store, open_request(store, a))
        decision = store.decisions.get(newest(store))
        store.decisions.take_back(decision)
        with pytest.raises(Overtaken, match="taken back already"):
            store.decisions.take_back(decision)
    with (
        pytest.raises(DBAPIError, match="append-only"),
        database.begin() as store,
    ):
        store.connection.execute(sa.text("DELETE FROM undone_decisions"))


def test_a_decision_that_is_not_there_is_unknown(database: Database) -> None:
    with database.begin() as store, pytest.raises(Unknown, match="no such decision"):
        store.decisions.get(DecisionId(99))


@pytest.mark.parametrize("outcome", [Outcome.TAKEN_BACK, Outcome.WITHDRAWN])
def test_a_question_that_an_undo_closed_is_asked_anew(
    database: Database, clock: Clock, outcome: Outcome
) -> None:
    with database.begin() as store:
        campaign, (a, *_) = reviewed(store)
        request = open_request(store, a)
        store.reviews.close(request, outcome, decided_by=COPY_ONE)
    clock.tick(timedelta(minutes=5))
    with database.begin() as store:
        assert store.reviews.ask(
            campaign.id,
            request.variant_id,
            request.revision_id,
            stage="copy",
            round_name="copy",
            role="copy_editor",
            due_at=store.now + HOURS_4,
        )
        again = store.reviews.get(request.id)
        assert (again.closed_at, again.outcome, again.decided_by) == (None, None, None)
        assert again.due_at == clock() + HOURS_4


def test_what_an_undo_brings_back_had_been_turned_down(database: Database) -> None:
    with database.begin() as store:
        _campaign, (a, *_) = reviewed(store)
        decide(store, open_request(store, a), is_approval=False, reason="Too loud.")
        rejected = store.variants.get(a.id)
        back = store.variants.bring_back(rejected, VariantState.IN_REVIEW)
        assert (back.state, back.reason) == (VariantState.IN_REVIEW, None)
        with pytest.raises(Overtaken):
            store.variants.bring_back(rejected, VariantState.IN_REVIEW)


def test_a_plan_is_discarded_as_far_as_nothing_has_left(database: Database) -> None:
    with database.begin() as store:
        campaign, (a, *_) = reviewed(store)
        other = add_campaign(store, audience_id=campaign.audience_id)
        (b, *_) = write_all(store, other)
        plan(store, campaign, a)
        kept = plan(store, other, b)
        while store.sends.discard_plan(campaign.id, most=1):
            pass
        assert not store.sends.is_planned(campaign.id)
        assert store.sends.chunks(campaign.id) == ()
        assert store.sends.chunks(other.id) == kept
        # a recipient is planned once, so this would break if a row had stayed
        plan(store, campaign, a)


def test_the_card_offers_undo_until_the_minute_is_over(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign, (a, b, _c) = reviewed(store)
        decide(store, open_request(store, a))
    undo = database.read(queries.variant_card, a.id, FACTS).undo
    assert undo is not None
    assert (undo.actor, undo.until) == (COPY_ONE, clock() + UNDO_FOR)
    assert database.read(queries.variant_card, b.id, FACTS).undo is None
    with database.begin() as store:
        decide(store, open_request(store, b), actor=COPY_TWO)
    assert database.read(queries.variant_card, a.id, FACTS).undo is None
    assert database.read(queries.variant_card, b.id, FACTS).undo is not None
    with database.begin() as store:
        move(store, campaign, State.CANARY)
    assert database.read(queries.variant_card, b.id, FACTS).undo is None


def test_the_card_says_which_stage_was_withdrawn_and_by_whom(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign, (a, b, _c) = reviewed(store)
        for variant in (a, b):
            request = open_request(store, variant)
            store.reviews.close(request, Outcome.TAKEN_BACK, decided_by=MAIL_OPS)
    (line,) = database.read(queries.variant_card, a.id, FACTS).withdrawn
    assert (line.stage, line.actor, line.at) == ("copy", MAIL_OPS, clock())
    (line,) = database.read(queries.withdrawn, campaign.id)
    assert (line.stage, line.role, line.at) == ("copy", "copy_editor", clock())


# Comments and suggestions ------------------------------------------------------------


def test_a_comment_is_to_be_posted_until_it_is(database: Database) -> None:
    with database.begin() as store:
        campaign, (a, *_) = reviewed(store)
        for text in ("One", "Two"):
            store.comments.add(
                campaign.id, text_of(store, a), author=MARKETER, quote="", text=text
            )
        message = store.messages.claim("comment:1", campaign.id, "C0CAMPAIGNS")
        assert message is not None
        store.messages.settle(message, state="intent")
    lines = database.read(queries.comments_to_post, campaign.id)
    assert [each.text for each in lines] == ["One", "Two"]
    with database.begin() as store:
        message = store.messages.claim("comment:1", campaign.id, "C0CAMPAIGNS")
        assert message is not None
        store.messages.settle(message, state="posted", ts="1.1")
    (line,) = database.read(queries.comments_to_post, campaign.id)
    assert (line.text, line.variant_label, line.revision_number) == ("Two", "A", 1)


def test_of_two_answers_to_a_suggestion_the_second_is_overtaken(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign, (a, b, _c) = reviewed(store)
        for variant in (a, b):
            store.comments.suggest(
                campaign.id,
                text_of(store, variant),
                TEXT,
                author=MARKETER,
                comment="Shorter.",
            )
        seen = store.comments.suggestion(SuggestionId(1))
        store.comments.decide(seen, SuggestionState.ACCEPTED, decided_by=COPY_ONE)
        with pytest.raises(Overtaken):
            store.comments.decide(seen, SuggestionState.DECLINED, decided_by=COPY_TWO)
        assert store.comments.overtake(a.id) == 0
        assert store.comments.overtake(b.id) == 1
    first, second = database.read(queries.suggestions_of, campaign.id, FACTS)
    assert (first.state, first.decided_by) == (SuggestionState.ACCEPTED, COPY_ONE)
    assert (second.state, second.decided_by) == (SuggestionState.OVERTAKEN, None)
    # the suggester wrote the brief and edits copy, and decides neither way
    assert first.owners == (COPY_ONE, COPY_TWO)


def test_a_suggestion_asks_whom_the_question_is_assigned_to_and_the_author(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign, (a, *_) = reviewed(store)
        store.comments.suggest(
            campaign.id, text_of(store, a), TEXT, author=MAIL_OPS, comment="Shorter."
        )
        asked = open_request(store, a)
    (shown,) = database.read(queries.suggestions_of, campaign.id, FACTS)
    assert shown.owners == (MARKETER, COPY_ONE, COPY_TWO)
    for assignee, owners in (
        (COPY_TWO, (MARKETER, COPY_TWO)),
        # whoever has left the team, or suggested it, is nobody to ask
        ("U0GONE", (MARKETER, COPY_ONE, COPY_TWO)),
    ):
        with database.begin() as store:
            store.pools.assign([asked.id], assignee)
        (shown,) = database.read(queries.suggestions_of, campaign.id, FACTS)
        assert shown.owners == owners


def test_a_suggestion_that_is_not_there_is_unknown(database: Database) -> None:
    with database.begin() as store, pytest.raises(Unknown, match="such suggestion"):
        store.comments.suggestion(SuggestionId(99))
