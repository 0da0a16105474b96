from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.campaign import Campaign, CampaignId, State
from domain.canary import CanaryPolicy, breach_count, foresight
from domain.canary_policy import Guardrail
from domain.errors import Unknown
from domain.rollback import StepName, StepState, Trigger
from domain.send import ChunkState
from domain.variant import Origin, RevisionId, VariantId, VariantState
from domain.views import CampaignCard
from storage import queries
from storage.engine import Database
from tests.clock import Clock
from tests.factories import (
    COPY_ONE,
    COPY_TWO,
    HOURS_4,
    MAIL_OPS,
    MARKETER,
    SAMPLE,
    TEXT,
    add_audience,
    add_campaign,
    decide,
    hand_over,
    lint,
    make_event,
    make_facts,
    move,
    open_request,
    open_review,
    plan,
    send_ids,
    write,
    write_all,
)

MINUTE = timedelta(minutes=1)
FACTS = make_facts()


def card(database: Database, campaign: Campaign) -> CampaignCard:
    return database.read(queries.campaign_card, campaign.id, FACTS)


# Before review -------------------------------------------------------------------


def test_a_fresh_brief_is_a_card_with_nothing_written(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        store.variants.add(campaign.id, ["A", "B", "C"])

    view = card(database, campaign)

    assert (view.title, view.channel, view.tier) == (
        "Recover stalled demos",
        "email",
        "B",
    )
    assert (view.recipients, view.mails_out, view.mails_left) == (10, 0, 10)
    assert (view.variants_asked, len(view.variants)) == (3, 3)
    assert (view.writers, view.is_sample, view.practice) == (
        (),
        False,
        ("practice Slack",),
    )
    assert (view.moved_by, view.moved_at, view.suppressed_before) == (
        MARKETER,
        clock(),
        2,
    )
    assert (view.slack_channel, view.slack_ts) == ("C0CAMPAIGNS", None)
    assert (view.reviews, view.canary, view.incident) == ((), None, None)
    assert (view.decisions, view.unknown_chunks, view.arms) == ((), (), ())


def test_each_variant_is_a_line_with_what_lint_found_in_its_present_text(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        a, b, c = store.variants.add(campaign.id, ["A", "B", "C"])
        linted = lint(store, write(store, a), ("hard", "forbidden_phrase"))
        again = write(
            store,
            store.variants.swap(
                linted, VariantState.BRIEFED, regenerated_for=["forbidden_phrase"]
            ),
        )
        lint(store, again)
        lint(store, write(store, b), ("soft", "grammar"), ("soft", "length"))
        store.variants.swap(c, VariantState.FAILED, reason="The writer is away.")

    a_line, b_line, c_line = card(database, campaign).variants

    assert (a_line.hard, a_line.soft) == (0, 0)
    assert a_line.regenerated_for == ("forbidden_phrase",)
    assert (b_line.hard, b_line.soft, b_line.state) == (0, 2, VariantState.LINTED)
    assert (c_line.state, c_line.reason) == (VariantState.FAILED, "The writer is away.")


def test_the_card_names_each_writer_once_and_says_when_one_is_a_sample(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        a, b, c = store.variants.add(campaign.id, ["A", "B", "C"])
        write(store, a)
        write(store, b)
        write(store, write(store, c, origin=SAMPLE), origin=Origin(editor=COPY_ONE))

    view = card(database, campaign)

    assert view.writers == ("gpt-x", "sample writer")
    assert view.is_sample


# In review ---------------------------------------------------------------------------


def test_a_card_in_review_says_which_stage_who_is_asked_and_until_when(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        a, b, _ = write_all(store, campaign)
        open_review(store, campaign, [a])
    due = clock() + HOURS_4
    clock.tick(MINUTE)
    with database.begin() as store:
        open_review(store, campaign, [b])
        decide(store, open_request(store, b))

    (review,) = card(database, campaign).reviews

    assert (review.stage, review.number, review.total) == ("copy", 1, 2)
    # the brief's author has the role too, but may not decide
    assert (review.role, review.asked) == ("copy_editor", (COPY_ONE, COPY_TWO))
    assert (review.due_at, review.quota, review.approved) == (due, 3, 1)


def test_an_approval_of_an_older_text_is_not_shown_for_the_new_one(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        a, b, _ = write_all(store, campaign)
        open_review(store, campaign, [a, b])
        for variant in (a, b):
            decide(store, open_request(store, variant))
        edited = write(store, store.variants.get(a.id), origin=Origin(editor=COPY_TWO))

    view = card(database, campaign)

    assert [each.variant_label for each in view.decisions] == ["B"]
    assert view.reviews[0].approved == 1
    assert database.read(queries.variant_card, edited.id, FACTS).decisions == ()


def test_the_last_stage_takes_the_arms(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        variants = write_all(store, campaign)
        open_review(
            store, campaign, variants, stage="deliverability", role="deliverability"
        )

    (review,) = card(database, campaign).reviews

    assert (review.number, review.quota, review.asked) == (2, 2, (MAIL_OPS,))


def test_a_stage_does_not_promise_to_let_more_through_than_there_are(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        (only,) = write_all(store, campaign, "A")
        open_review(store, campaign, [only])

    (review,) = card(database, campaign).reviews

    assert (review.quota, review.approved) == (1, 0)


def test_a_stage_that_left_the_playbook_does_not_break_the_card(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        open_review(store, campaign, write_all(store, campaign), stage="astrology")

    assert card(database, campaign).reviews == ()


def test_a_rejection_is_shown_with_its_reason(database: Database, clock: Clock) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        a, *_ = write_all(store, campaign)
        open_review(store, campaign, [a])
        request = open_request(store, a)
        decide(store, request, is_approval=False, reason="Off brief.")
        move(store, campaign, State.REJECTED, by=COPY_ONE, reason="Off brief.")

    view = card(database, campaign)

    (line,) = view.decisions
    assert (line.stage, line.actor, line.is_approval) == ("copy", COPY_ONE, False)
    assert (line.reason, line.decided_at) == ("Off brief.", clock())
    assert (view.state, view.reason, view.moved_by) == (
        State.REJECTED,
        "Off brief.",
        COPY_ONE,
    )


# Out ------------------------------------------------------------------------------------


def make_canary(database: Database, *, recipients: int = 1000) -> Campaign:
    """Two chunks of 500, all at providers that report; nothing handed over yet."""
    with database.begin() as store:
        campaign = add_campaign(store, recipients=recipients)
        variant, *_ = write_all(store, campaign)
        store.variants.swap(
            store.variants.swap(variant, VariantState.IN_REVIEW),
            VariantState.APPROVED,
            is_arm=True,
        )
        plan(
            store,
            campaign,
            variant,
            steps=((50.0, 1), (100.0, 1)),
            chunk_size=recipients // 2,
        )
        return move(
            store,
            campaign,
            State.CANARY,
            step_started_at=store.now,
            decides_at=store.now + HOURS_4,
        )


def test_a_scheduled_card_says_what_its_canary_could_see(database: Database) -> None:
    campaign = make_canary(database)
    with database.begin() as store:
        move(store, campaign, State.SCHEDULED)

    view = card(database, campaign)

    assert view.arms == ("A",)
    assert view.canary is not None
    assert (view.canary.planned, view.canary.steps_total) == (500, 2)
    assert view.canary.foresight == foresight(
        planned=500, reporting=500, policy=FACTS.canary, step=0, steps_total=2
    )


def test_a_canarys_numbers_are_different_mails_and_not_raw_events(
    database: Database, clock: Clock
) -> None:
    campaign = make_canary(database)
    with database.begin() as store:
        first, _ = store.sends.chunks(campaign.id)
        ids = send_ids(store, [first])
        hand_over(store, first, accepted=498)
        told = [
            *((key, "accepted", {}) for key in ids[:400]),
            *((key, "delivered", {}) for key in ids[:390]),
            *((key, "opened", {}) for key in ids[:9]),
            *((key, "opened", {"is_machine": True}) for key in ids[:50]),
            *((key, "clicked", {}) for key in ids[:4]),
            *((key, "clicked", {"is_machine": True}) for key in ids[:2]),
            *((key, "bounced", {"is_hard": True}) for key in ids[395:400]),
            *((key, "bounced", {}) for key in ids[400:410]),
            *((key, "deferred", {}) for key in ids[410:413]),
            (ids[0], "complained", {}),
            (ids[1], "unsubscribed", {}),
        ]
        events = [
            make_event(campaign, key, kind, at=store.now, event_id=str(n), **facts)
            for n, (key, kind, facts) in enumerate(told)
        ]
        store.events.add(events, bucket=MINUTE)
        store.campaigns.note(campaign.id, judgement="1 complaint; the window is open.")

    view = card(database, campaign)
    canary = view.canary

    assert canary is not None
    assert (canary.accepted, canary.delivered, canary.deferred) == (498, 390, 3)
    assert (canary.opens, canary.machine_opens) == (9, 50)
    assert (canary.clicks, canary.machine_clicks) == (4, 2)
    assert (canary.complaints, canary.unsubscribes, canary.hard_bounces) == (1, 1, 5)
    assert canary.judgement == "1 complaint; the window is open."
    assert (canary.started_at, canary.decides_at) == (clock(), clock() + HOURS_4)
    assert canary.last_event_at == clock()
    assert (view.mails_out, view.mails_left, view.skipped) == (498, 500, 2)


def test_the_count_that_rolls_back_is_the_judges_own(database: Database) -> None:
    canary = card(database, make_canary(database)).canary

    assert canary is not None
    assert canary.breach_at == breach_count(
        500,
        ok=FACTS.canary.ok_rate,
        limit=FACTS.canary.limit_rate,
        alpha=FACTS.canary.alpha_first,
    )


def test_guardrails_are_read_as_the_judge_reads_them(database: Database) -> None:
    campaign = make_canary(database)
    with database.begin() as store:
        first, _ = store.sends.chunks(campaign.id)
        key, *_ = send_ids(store, [first])
        told = make_event(campaign, key, "unsubscribed", at=store.now)
        store.events.add([told], bucket=MINUTE)
    rails = {"unsubscribes": Guardrail(ok=0.005, limit=0.01)}
    facts = replace(FACTS, canary=CanaryPolicy(guardrails=rails))

    canary = database.read(queries.campaign_card, campaign.id, facts).canary

    assert canary is not None
    (reading,) = canary.guardrails
    assert (reading.name, reading.count, reading.of) == ("unsubscribes", 1, 500)
    assert reading.to_roll_back == breach_count(
        500, ok=0.005, limit=0.01, alpha=facts.canary.alpha_first
    )


def test_a_canary_too_small_to_see_complaints_has_no_such_count(
    database: Database,
) -> None:
    canary = card(database, make_canary(database, recipients=100)).canary

    assert canary is not None
    assert canary.breach_at is None
    assert "cannot" in canary.foresight


def test_numbers_of_a_later_step_include_the_steps_before(database: Database) -> None:
    campaign = make_canary(database)
    with database.begin() as store:
        move(store, campaign, State.EXPANDING, step=1)

    canary = card(database, campaign).canary

    assert canary is not None
    assert (canary.step, canary.percent) == (1, 100.0)
    assert (canary.planned, canary.reporting) == (1000, 1000)


def test_a_chunk_that_never_answered_is_a_question_on_the_card(
    database: Database, clock: Clock
) -> None:
    campaign = make_canary(database, recipients=10)
    asked_at = clock()
    with database.begin() as store:
        chunk, _ = store.sends.chunks(campaign.id)
        ids = send_ids(store, [chunk])
        intended = store.sends.swap(chunk, ChunkState.INTENT, intent_at=store.now)
        unknown = store.sends.swap(intended, ChunkState.UNKNOWN)
        events = [
            make_event(campaign, key, kind, at=store.now)
            for key, kind in ((ids[0], "accepted"), (ids[0], "delivered"))
        ]
        store.events.add(events, bucket=MINUTE)
    clock.tick(MINUTE)

    view = card(database, campaign)

    (line,) = view.unknown_chunks
    assert (line.chunk_id, line.version) == (chunk.id, unknown.version)
    assert (line.number, line.size, line.events_seen) == (1, 5, 1)
    assert line.since == asked_at
    assert view.mails_out == 5


@pytest.mark.parametrize("state", [State.HELD, State.PARKED])
def test_a_paused_card_says_why_and_where_it_was(
    database: Database, state: State
) -> None:
    campaign = make_canary(database)
    with database.begin() as store:
        paused = {"paused_from": State.CANARY, "reason": "Two complaints."}
        move(store, campaign, state, by=MAIL_OPS, **paused)

    view = card(database, campaign)

    assert (view.state, view.paused_from, view.reason) == (
        state,
        State.CANARY,
        "Two complaints.",
    )
    assert view.canary is not None


def test_a_rolled_back_card_tells_its_incident(
    database: Database, clock: Clock
) -> None:
    campaign = make_canary(database, recipients=10)
    with database.begin() as store:
        chunk, _ = store.sends.chunks(campaign.id)
        ids = send_ids(store, [chunk])
        hand_over(store, chunk)
        store.audiences.suppress_senders(
            {ids[0]: "complained", ids[1]: "complained"}, campaign.id
        )
        incident = store.incidents.open(
            campaign.id,
            trigger=Trigger.COMPLAINTS,
            actor="judge",
            reason="Rolled back at the 2nd complaint.",
            mails_out=5,
            mails_spared=5,
            onset_at=store.now - MINUTE,
            ingested_at=None,
            detected_at=None,
            evidence={},
        )
        store.incidents.add_step(incident.id, StepName.HALT, state=StepState.DONE)
        store.incidents.add_step(incident.id, StepName.CANCEL, target="batch-1")
        store.incidents.note(incident.id, leaked=1, contained_at=store.now)
        move(store, campaign, State.ROLLED_BACK)

    view = card(database, campaign).incident

    assert view is not None
    assert (view.title, view.trigger, view.actor) == (
        campaign.title,
        "complaints",
        "judge",
    )
    assert (view.mails_out, view.mails_spared, view.leaked, view.suppressed) == (
        5,
        5,
        1,
        2,
    )
    assert [(each.name, each.target, each.state) for each in view.steps] == [
        ("halt", "", "done"),
        ("cancel", "batch-1", "pending"),
    ]
    assert (view.onset_at, view.opened_at) == (clock() - MINUTE, clock())
    assert view.contained_at == clock()
    assert database.read(queries.incident, campaign.id) == view


def test_the_card_knows_where_in_slack_it_is(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        for key in (f"campaign:{campaign.id}", f"plot:{campaign.id}"):
            message = store.messages.claim(key, campaign.id, "C0OTHER")
            assert message is not None
            store.messages.settle(message, state="posted", ts=f"ts-{key}")

    view = card(database, campaign)

    assert (view.slack_channel, view.slack_ts) == (
        "C0OTHER",
        f"ts-campaign:{campaign.id}",
    )


@pytest.mark.parametrize("variants", [1, 8])
def test_a_card_takes_the_same_few_statements_whatever_its_size(
    database: Database, variants: int
) -> None:
    with database.begin() as store:
        audience = add_audience(store, 10)
        campaign = add_campaign(store, audience_id=audience)
        written = write_all(store, campaign, "ABCDEFGH"[:variants])
        plan(store, campaign, written[0])
        open_review(store, campaign, written)
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    card(database, campaign)

    assert len(seen) == 15


# Variants and revisions ---------------------------------------------------------------------


def test_a_variants_card_asks_about_its_present_text(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        (variant,) = store.variants.add(campaign.id, ["A"])
        linted = lint(store, write(store, variant), ("soft", "grammar"))
        open_review(store, campaign, [linted])
        request = open_request(store, linted)

    view = database.read(queries.variant_card, variant.id, FACTS)

    assert (view.campaign_title, view.campaign_state, view.tier) == (
        campaign.title,
        State.STAGED_REVIEW,
        "B",
    )
    assert (view.label, view.state, view.revision_number) == (
        "A",
        VariantState.IN_REVIEW,
        1,
    )
    (question,) = view.questions
    assert (view.text, question.request_id, question.stage) == (
        TEXT,
        request.id,
        "copy",
    )
    assert (question.asked, question.due_at) == (
        (COPY_ONE, COPY_TWO),
        clock() + HOURS_4,
    )
    (finding,) = view.findings
    assert (finding.rule, finding.severity, finding.field) == (
        "grammar",
        "soft",
        "body",
    )
    assert view.origin is not None
    assert view.origin.sources == ("product.md",)


def test_a_decided_variant_has_a_decision_and_no_question(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        variant, *_ = write_all(store, campaign)
        open_review(store, campaign, [variant])
        decide(store, open_request(store, variant))

    view = database.read(queries.variant_card, variant.id, FACTS)

    assert view.questions == ()
    assert [each.actor for each in view.decisions] == [COPY_ONE]


def test_an_unwritten_variant_has_no_text(database: Database) -> None:
    with database.begin() as store:
        (variant,) = store.variants.add(add_campaign(store).id, ["A"])

    view = database.read(queries.variant_card, variant.id, FACTS)

    assert (view.text, view.origin, view.revision_id) == (None, None, None)
    assert (view.revision_number, view.findings, view.questions) == (0, (), ())


def test_revisions_come_in_order_each_beside_its_parent(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        (variant,) = store.variants.add(campaign.id, ["A"])
        first = lint(store, write(store, variant), ("hard", "length"))
        write(store, first, origin=Origin(editor=COPY_ONE))

    one, two = database.read(queries.revisions, variant.id)

    assert (one.number, one.parent, one.findings[0].rule) == (1, None, "length")
    assert (two.number, two.parent, two.findings) == (2, TEXT, ())
    assert (two.campaign_id, two.variant_label) == (campaign.id, "A")
    assert database.read(queries.revision, two.revision_id) == two
    assert database.read(queries.variant_ids, campaign.id) == (variant.id,)


def test_what_is_not_there_is_unknown_to_the_cards(database: Database) -> None:
    for look in (
        lambda: database.read(queries.campaign_card, CampaignId(9), FACTS),
        lambda: database.read(queries.variant_card, VariantId(9), FACTS),
        lambda: database.read(queries.revision, RevisionId(9)),
    ):
        with pytest.raises(Unknown):
            look()
