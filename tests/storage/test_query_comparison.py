from __future__ import annotations

import pytest

from domain.campaign import Campaign, CampaignId, State
from domain.errors import Refused, Unknown
from domain.variant import Copy, RevisionId, Variant, VariantId, VariantState
from domain.views import ComparisonView
from storage import queries
from storage.engine import Database
from storage.store import Store
from tests.factories import (
    add_campaign,
    decide,
    lint,
    move,
    open_request,
    open_review,
    write,
    write_all,
)

OTHER = Copy(subject="Another", preheader="", body="Another body")


def in_review(store: Store, labels: str = "AB") -> tuple[Campaign, list[Variant]]:
    campaign = add_campaign(store)
    variants = write_all(store, campaign, labels)
    return open_review(store, campaign, variants), variants


def columns(view: ComparisonView) -> list[tuple[str, int]]:
    return [
        (column.revision.variant_label, column.revision.number)
        for column in (view.left, view.right)
    ]


def test_a_comparison_begins_with_the_first_two_texts_in_play(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign, (a, *_) = in_review(store, "ABC")
        decide(store, open_request(store, a), is_approval=False, reason="Too loud.")

    view = database.read(queries.comparison, campaign.id)

    assert columns(view) == [("B", 1), ("C", 1)]
    assert view.title == campaign.title
    assert [(each.variant_label, each.number) for each in view.options] == [
        ("A", 1),
        ("B", 1),
        ("C", 1),
    ]


def test_it_begins_with_the_variant_that_was_asked_for(database: Database) -> None:
    with database.begin() as store:
        campaign, (_, b) = in_review(store)

    view = database.read(queries.comparison, campaign.id, variant=b.id)
    assert columns(view) == [("B", 1), ("A", 1)]


def test_of_one_variant_the_newest_two_revisions_are_compared(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        (variant,) = store.variants.add(campaign.id, ["A"])
        write(store, write(store, write(store, variant)), OTHER)

    view = database.read(queries.comparison, campaign.id)

    assert columns(view) == [("A", 3), ("A", 2)]
    assert [each.is_current for each in view.options] == [True, False, False]


def test_any_revision_can_be_put_in_either_column(database: Database) -> None:
    with database.begin() as store:
        campaign, (a, b) = in_review(store)
        first, second = a.revision_id, b.revision_id

    view = database.read(queries.comparison, campaign.id, left=second, right=first)
    assert columns(view) == [("B", 1), ("A", 1)]
    same = database.read(queries.comparison, campaign.id, left=first, right=first)
    assert columns(same) == [("A", 1), ("A", 1)]


def test_an_open_question_about_a_passing_text_can_be_approved_here(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        a, b = store.variants.add(campaign.id, list("AB"))
        passing = lint(store, write(store, a), ("soft", "grammar.style"))
        blocked = lint(store, write(store, b, OTHER), ("hard", "phrase.banned"))
        open_review(store, campaign, [passing, blocked])
        request = open_request(store, passing)

    view = database.read(queries.comparison, campaign.id)

    assert view.left.questions == ((request.id, "copy"),)
    assert [each.severity for each in view.left.revision.findings] == ["soft"]
    assert view.right.questions == ()
    assert (view.left.is_linted, view.right.is_linted) == (True, True)


def test_nothing_can_be_approved_here_once_it_is_decided_or_rests(
    database: Database,
) -> None:
    def questions() -> list[object]:
        view = database.read(queries.comparison, campaign.id)
        return [view.left.questions, view.right.questions]

    with database.begin() as store:
        campaign, (a, b) = in_review(store)
        decide(store, open_request(store, a))
        other = open_request(store, b)
    assert questions() == [(), ((other.id, "copy"),)]

    with database.begin() as store:
        move(store, campaign, State.STAGED_REVIEW, stage="deliverability")
    assert questions() == [(), ()]


def test_a_text_that_is_being_checked_says_so(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        a, b = store.variants.add(campaign.id, list("AB"))
        written = [write(store, each) for each in (a, b)]
        open_review(
            store,
            campaign,
            [store.variants.swap(each, VariantState.LINTED) for each in written],
        )

    view = database.read(queries.comparison, campaign.id)
    assert (view.left.is_linted, view.left.questions) == (False, ())


def test_one_text_cannot_be_compared(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        write_all(store, campaign, "A")
        store.variants.add(campaign.id, ["B"])

    with pytest.raises(Refused, match="only one text so far"):
        database.read(queries.comparison, campaign.id)
    with pytest.raises(Refused, match="only one text so far"):
        database.read(queries.comparison, CampaignId(99))


def test_a_revision_of_another_campaign_is_unknown(database: Database) -> None:
    with database.begin() as store:
        campaign, _ = in_review(store)
        elsewhere = add_campaign(store, audience_id=campaign.audience_id)
        (other, *_) = write_all(store, elsewhere, "A")
        assert other.revision_id is not None
        foreign = other.revision_id

    for key in (foreign, RevisionId(999)):
        with pytest.raises(Unknown, match="no such revision"):
            database.read(queries.comparison, campaign.id, left=key)


def test_the_campaign_of_a_variant(database: Database) -> None:
    with database.begin() as store:
        campaign, (a, _) = in_review(store)

    assert database.read(queries.campaign_of, a.id) == campaign.id
    with pytest.raises(Unknown, match="no such variant"):
        database.read(queries.campaign_of, VariantId(99))
