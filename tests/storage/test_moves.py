from __future__ import annotations

import pytest

from domain.campaign import State
from domain.errors import MoveNotAllowed, Overtaken, Unknown
from domain.review import Outcome
from domain.rollback import StepName, StepState, Trigger
from domain.send import ChunkState
from domain.variant import Origin, VariantState
from storage.engine import Database
from tests.factories import (
    MARKETER,
    SAMPLE,
    add_campaign,
    decide,
    hand_over,
    open_request,
    open_review,
    plan,
    write,
    write_all,
)


def test_the_second_of_two_moves_from_one_version_is_overtaken(
    database: Database,
) -> None:
    with database.begin() as store:
        seen = add_campaign(store)
        moved = store.campaigns.swap(seen, State.DRAFTED, moved_by="writer")

        assert (moved.version, moved.state) == (2, State.DRAFTED)
        with pytest.raises(Overtaken, match="campaign has moved on"):
            store.campaigns.swap(seen, State.CANCELLED, moved_by=MARKETER)
        assert store.campaigns.get(seen.id) == moved


def test_each_row_that_moves_has_a_version_of_its_own(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        (variant, *_) = write_all(store, campaign)
        (chunk, *_) = plan(store, campaign, variant)
        incident = store.incidents.open(
            campaign.id,
            trigger=Trigger.BUTTON,
            actor=MARKETER,
            reason=None,
            mails_out=0,
            mails_spared=10,
            onset_at=None,
            ingested_at=None,
            detected_at=None,
            evidence={},
        )
        store.incidents.add_step(incident.id, StepName.CANCEL, target="batch-1")
        (step,) = store.incidents.steps(incident.id)

        write(store, variant)
        hand_over(store, chunk)
        store.incidents.swap_step(step, StepState.DONE)

        assert store.campaigns.get(campaign.id).version == 1
        with pytest.raises(Overtaken):
            write(store, variant)
        with pytest.raises(Overtaken):
            store.sends.swap(chunk, ChunkState.INTENT)
        with pytest.raises(Overtaken):
            store.incidents.swap_step(step, StepState.FAILED)


def test_a_variant_moves_only_as_its_table_says(database: Database) -> None:
    with database.begin() as store:
        (variant, *_) = store.variants.add(add_campaign(store).id, ["A", "B"])

        with pytest.raises(MoveNotAllowed):
            store.variants.swap(variant, VariantState.APPROVED)


def test_a_review_request_is_closed_once(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        (variant, *_) = write_all(store, campaign)
        open_review(store, campaign, [variant])
        request = open_request(store, variant)

        assert store.reviews.close(request, Outcome.APPROVED, decided_by="U1")
        assert not store.reviews.close(request, Outcome.REJECTED, decided_by="U2")
        assert store.reviews.get(request.id).decided_by == "U1"


def test_a_text_is_asked_about_once_per_stage(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        (variant, *_) = write_all(store, campaign)
        open_review(store, campaign, [variant])
        assert variant.revision_id is not None

        assert not store.reviews.ask(
            campaign.id,
            variant.id,
            variant.revision_id,
            stage="copy",
            round_name="copy",
            role="copy_editor",
            due_at=store.now,
        )


def test_an_approval_binds_to_the_text_it_was_given_for(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        (variant, *_) = write_all(store, campaign)
        open_review(store, campaign, [variant])
        decide(store, open_request(store, variant))
        edited = write(
            store, store.variants.get(variant.id), origin=Origin(editor="U9")
        )

        (approval,) = store.reviews.approvals(campaign.id)
        assert approval.revision_id == variant.revision_id != edited.revision_id


def test_the_last_editor_is_known_until_a_writer_writes_anew(
    database: Database,
) -> None:
    with database.begin() as store:
        (variant,) = store.variants.add(add_campaign(store).id, ["A"])
        written = write(store, variant)
        edited = write(store, written, origin=Origin(editor="U9"))
        rewritten = write(store, edited, origin=SAMPLE)

        editors = [
            store.variants.last_editor(store.variants.revision(each.revision_id))
            for each in (written, edited, rewritten)
            if each.revision_id is not None
        ]
        assert editors == [None, "U9", None]


def test_a_model_call_is_intended_once_and_its_answer_kept(database: Database) -> None:
    with database.begin() as store:
        (variant,) = store.variants.add(add_campaign(store).id, ["A"])

        assert store.variants.intend_call("v1", variant.id, facts={"seed": 7})
        assert not store.variants.intend_call("v1", variant.id)
        assert store.variants.call_reply("v1") is None
        store.variants.finish_call("v1", "answered", response="{}")
        assert store.variants.call_reply("v1") == {"seed": 7, "text": "{}"}


def test_a_campaign_has_one_incident(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        facts = {"reason": None, "mails_out": 1, "mails_spared": 2}
        store.incidents.open(
            campaign.id,
            trigger=Trigger.SHELL,
            actor="U1",
            onset_at=None,
            ingested_at=None,
            detected_at=None,
            evidence={},
            **facts,  # type: ignore[arg-type]
        )
        assert store.incidents.of(campaign.id).actor == "U1"


def test_what_is_not_there_is_unknown(database: Database) -> None:
    with database.begin() as store:
        add_campaign(store)

        for look in (
            lambda: store.campaigns.get(99),  # type: ignore[arg-type]
            lambda: store.campaigns.brief(99),  # type: ignore[arg-type]
            lambda: store.variants.get(99),  # type: ignore[arg-type]
            lambda: store.variants.revision(99),  # type: ignore[arg-type]
            lambda: store.reviews.get(99),  # type: ignore[arg-type]
            lambda: store.sends.chunk(99),  # type: ignore[arg-type]
            lambda: store.sends.campaign_of(99),
            lambda: store.incidents.of(99),  # type: ignore[arg-type]
            lambda: store.incidents.step(99),
        ):
            with pytest.raises(Unknown):
                look()
        with pytest.raises(Unknown, match="There are: calm"):
            store.audiences.by_key("clam")
