"""Outside services fail in every way they can; no campaign is lost, nobody mailed twice."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import httpx
import pytest

from domain.campaign import Actor, CampaignId, State
from domain.postmortem import markdown
from domain.rollback import Trigger
from domain.send import ChunkState
from domain.variant import Copy, RevisionId, VariantState
from pipeline import record, send
from pipeline.esp.sendgrid import SendGrid
from pipeline.jobs import TASKS
from pipeline.relay import Relay
from pipeline.tasks import run_job
from practice.esp.faults import Fault
from storage import queries
from tests.clock import Clock
from tests.pipeline.lab import (
    ANA,
    CAMPAIGNS,
    CLEO,
    DEV,
    MARA,
    OMAR,
    ONCALL,
    Lab,
)

ENGINEER = Actor(id="U0MKTENG")


def scheduled(desk: Lab) -> CampaignId:
    number = desk.brief()
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    assert desk.state(number) is State.SCHEDULED
    return number


def reviewed(desk: Lab) -> CampaignId:
    number = desk.brief()
    desk.drain()
    assert desk.state(number) is State.STAGED_REVIEW
    return number


def sends_out(desk: Lab, number: CampaignId) -> None:
    """Every step goes out by people's clicks, and nobody is mailed twice."""
    for _ in range(8):
        if desk.state(number) is State.SENT:
            break
        if desk.state(number) in (State.CANARY, State.EXPANDING, State.HELD):
            step = desk.campaign(number).step
            ladder = len(desk.look(lambda s: s.sends.cohorts(number)))
            if step < ladder - 1:
                is_held = desk.state(number) is State.HELD
                desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
                if is_held:
                    desk.write(record.expand, desk.deps.playbook, number, actor=OMAR)
        desk.drain()
        desk.tick(10)
    assert desk.state(number) is State.SENT
    mailed = desk.mailed()
    assert len(mailed) == len(set(mailed)) == 300


# The writer --------------------------------------------------------------------------


def test_garbage_is_repaired_by_asking_once_more(desk: Lab) -> None:
    desk.with_model("sample-writer-garbage-once")
    number = reviewed(desk)
    keys = [key for (key,) in desk.rows("SELECT key FROM model_calls ORDER BY id")]
    assert keys[:2] == ["1:1:draft", "1:1:repair"]
    assert desk.events(number).count("variant_drafted") == 3


@pytest.mark.parametrize("model", ["sample-writer-garbage", "sample-writer-truncated"])
def test_a_writer_that_never_answers_well_parks_the_campaign(
    desk: Lab, model: str
) -> None:
    desk.with_model(model)
    number = desk.brief()
    desk.drain()
    campaign = desk.campaign(number)
    assert campaign.state is State.PARKED
    assert campaign.reason
    assert {v.state for v in desk.variants(number)} == {VariantState.FAILED}
    assert len(desk.cards(number)) == 1


def test_retry_has_a_parked_campaign_written_after_all(desk: Lab) -> None:
    desk.with_model("sample-writer-garbage")
    number = desk.brief()
    desk.drain()
    desk.with_model("sample-writer")
    desk.write(record.retry, desk.deps.playbook, number, actor=ENGINEER)
    desk.drain()
    assert desk.state(number) is State.STAGED_REVIEW


@pytest.mark.parametrize("model", ["sample-writer-limited", "sample-writer-error"])
def test_a_busy_writer_is_asked_five_times_and_then_given_up(
    desk: Lab, model: str
) -> None:
    desk.with_model(model)
    number = desk.brief()
    desk.drain()
    assert desk.state(number) is State.BRIEFED
    for _ in range(12):
        desk.tick(61)
    assert desk.state(number) is State.PARKED
    assert "failed 5 times" in str(desk.campaign(number).reason)


def test_a_busy_writer_that_recovers_costs_only_time(desk: Lab) -> None:
    desk.with_model("sample-writer-limited")
    number = desk.brief()
    desk.drain()
    desk.with_model("sample-writer")
    desk.tick(61)
    assert desk.state(number) is State.STAGED_REVIEW


def test_an_unknown_model_parks_with_the_cure_in_words(desk: Lab) -> None:
    desk.with_model("no-such-model")
    number = desk.brief()
    desk.drain()
    assert desk.state(number) is State.PARKED
    assert "does not know the model" in str(desk.campaign(number).reason)


class Hurried:
    """A clock on which each look takes most of the writer's deadline."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self) -> datetime:
        return self._clock.tick(timedelta(seconds=79.6))


def test_a_silent_writer_is_left_when_its_deadline_is_over(desk: Lab) -> None:
    desk.with_model("sample-writer-slow")
    number = desk.brief()
    patient = desk.deps
    (job, *_others) = desk.look(
        lambda s: s.outbox.due(redrive_after=timedelta(seconds=1))
    )
    hurried = dataclasses.replace(desk.deps, clock=Hurried(desk.clock))
    run_job(hurried, TASKS["write"], job.id)
    again = desk.look(lambda s: s.outbox.get(job.id))
    assert again is not None
    assert (again.is_finished, again.attempts) == (False, 1)
    desk.deps = patient
    desk.with_model("sample-writer")
    desk.drain()
    desk.tick(61)
    assert desk.state(number) is State.STAGED_REVIEW


def test_one_failed_variant_does_not_hold_up_the_others(desk: Lab) -> None:
    number = desk.brief()
    first, *others = desk.look(
        lambda s: s.outbox.due(redrive_after=timedelta(seconds=1))
    )
    desk.with_model("sample-writer-garbage")
    run_job(desk.deps, TASKS["write"], first.id)
    desk.with_model("sample-writer")
    desk.drain()
    states = [v.state for v in desk.variants(number)]
    assert states == [
        VariantState.FAILED,
        VariantState.IN_REVIEW,
        VariantState.IN_REVIEW,
    ]
    assert len(others) == 3


def test_an_answer_is_paid_for_once_when_the_job_runs_again(desk: Lab) -> None:
    desk.brief()
    job = desk.look(lambda s: s.outbox.due(redrive_after=timedelta(seconds=1)))[0]
    for _ in range(3):
        run_job(desk.deps, TASKS["write"], job.id)
    assert desk.rows("SELECT count(*) FROM model_calls") == [(1,)]
    assert desk.rows("SELECT count(*) FROM revisions") == [(1,)]


def test_bad_copy_goes_back_to_its_writer_with_what_lint_found(desk: Lab) -> None:
    desk.with_model("sample-writer-bad")
    number = desk.brief(variants=1, arms=1, ab_variable="none")
    desk.drain()
    (variant,) = desk.variants(number)
    assert variant.regenerations >= 1
    first = desk.look(lambda s: s.variants.lint_outcome(RevisionId(1)))
    assert first == "hard"
    assert variant.state is VariantState.IN_REVIEW


def test_copy_that_stays_bad_is_rewritten_twice_and_then_shown(desk: Lab) -> None:
    number = desk.brief(
        variants=1,
        arms=1,
        ab_variable="none",
        forbidden_phrases=["setup", "demo", "the", "a", "you"],
    )
    desk.drain()
    (variant,) = desk.variants(number)
    assert variant.regenerations == 2
    assert desk.events(number).count("variant_drafted") == 3
    assert variant.state is VariantState.IN_REVIEW
    newest = variant.revision_id
    assert newest is not None
    assert desk.look(lambda s: s.variants.lint_outcome(newest)) == "hard"


def test_a_cancelled_campaign_is_not_written(desk: Lab) -> None:
    number = desk.brief()
    desk.write(record.cancel, desk.deps.playbook, number, actor=MARA)
    desk.drain()
    assert desk.state(number) is State.CANCELLED
    assert desk.rows("SELECT count(*) FROM model_calls") == [(0,)]
    assert desk.rows("SELECT count(*) FROM revisions") == [(0,)]


@pytest.mark.usefixtures("cards_at_once")
def test_a_body_of_twelve_thousand_characters_is_linted_and_shown(desk: Lab) -> None:
    number = reviewed(desk)
    variant = desk.variants(number)[0]
    revision_id = variant.revision_id
    assert revision_id is not None
    text = desk.look(lambda s: s.variants.revision(revision_id)).text
    long = ("Setup takes two working days. " * 400)[:12_000]
    desk.write(
        record.edit,
        desk.deps.playbook,
        revision_id,
        Copy(subject=text.subject, preheader=text.preheader, body=long),
        actor=CLEO,
    )
    desk.drain()
    newest = desk.variants(number)[0]
    assert newest.state is VariantState.IN_REVIEW
    assert newest.revision_id != revision_id
    assert not desk.rows("SELECT 1 FROM outbox WHERE finished_at IS NULL")


# Slack ---------------------------------------------------------------------------------


def test_a_brief_is_kept_while_the_bot_is_not_in_its_channel(desk: Lab) -> None:
    desk.remove(CAMPAIGNS)
    number = desk.brief()
    desk.drain()
    assert desk.state(number) is State.STAGED_REVIEW
    assert desk.messages(CAMPAIGNS) == []
    (told,) = desk.messages(f"D{MARA[1:]}")
    assert "#1" in told.text
    desk.invite(CAMPAIGNS)
    assert desk.write(record.channel_joined, CAMPAIGNS) == 1
    desk.drain()
    assert len(desk.cards(number)) == 1
    assert len(desk.thread(number)) == 4


def test_a_closed_on_call_channel_does_not_hold_up_the_cards(desk: Lab) -> None:
    number = scheduled(desk)
    desk.tick(1)
    desk.remove(ONCALL)
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        number,
        trigger=Trigger.BUTTON,
        actor=Actor(id=ANA),
    )
    desk.drain()
    assert "rolled back" in desk.cards(number)[0].text
    assert desk.messages(f"D{MARA[1:]}") == []
    desk.invite(ONCALL)
    desk.write(record.channel_joined, ONCALL)
    desk.drain()
    assert len(desk.messages(ONCALL)) == 1
    assert desk.look(lambda s: s.incidents.of(number)).told_at is not None


@pytest.mark.parametrize("mode", ["429", "500"])
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
@pytest.mark.usefixtures("cards_at_once")
def test_a_busy_slack_delays_the_card_and_posts_it_once(
    desk: Lab, mode: str, method: str
) -> None:
    faults = desk.slack.workspace.faults
    faults.mode, faults.method, faults.count = mode, method, 4
    number = desk.brief()
    desk.drain()
    # what Slack says never holds up the campaign
    assert desk.state(number) is State.STAGED_REVIEW
    for _ in range(8):
        desk.tick(61)
    assert len(desk.cards(number)) == 1
    # nobody decides in all that time, so others are called in besides
    posted = [m for m in desk.thread(number) if "review waits" not in m.text]
    assert len(posted) == 4
    assert not desk.rows("SELECT 1 FROM outbox WHERE finished_at IS NULL")


@pytest.mark.usefixtures("cards_at_once")
def test_a_lost_answer_to_an_update_leaves_one_card(desk: Lab) -> None:
    number = reviewed(desk)
    faults = desk.slack.workspace.faults
    faults.mode, faults.method, faults.count = "lost", "chat.update", 2
    desk.approve_all(number, CLEO)
    for _ in range(6):
        desk.tick(61)
    assert len(desk.cards(number)) == 1
    assert desk.thread(number)
    assert not desk.rows("SELECT 1 FROM outbox WHERE finished_at IS NULL")


def test_a_deleted_card_is_posted_anew(desk: Lab) -> None:
    number = reviewed(desk)
    (card,) = desk.cards(number)
    desk.erase(card)
    desk.approve_all(number, CLEO)
    for _ in range(3):
        desk.tick(61)
    (anew,) = desk.cards(number)
    assert anew.ts != card.ts
    assert "deliverability" in str(anew.blocks)


@pytest.mark.usefixtures("cards_at_once")
def test_a_job_that_cannot_draw_its_card_never_stops_the_campaign(desk: Lab) -> None:
    number = scheduled(desk)
    with desk.deps.database.begin() as store:
        store.outbox.add("card", number, 99, number, suffix=":poison")
    (row,) = desk.rows("SELECT id FROM outbox WHERE dedup_key = 'card:1:99:poison'")
    with desk.deps.database.begin() as store:
        for _ in range(5):
            store.outbox.started(row[0])
    desk.drain()
    assert desk.state(number) is State.SCHEDULED
    assert desk.events(number).count("card_failed") == 1


# The ESP ---------------------------------------------------------------------------------


def test_an_esp_that_refuses_parks_and_retry_sends_all_of_it(desk: Lab) -> None:
    number = scheduled(desk)
    settings = desk.deps.settings
    good = desk.deps
    bad = settings.model_copy(update={"mail_from": "not an address"})
    desk.deps = dataclasses.replace(desk.deps, settings=bad)
    desk.tick(1)
    campaign = desk.campaign(number)
    assert campaign.state is State.PARKED
    assert campaign.reason
    assert desk.mailed() == []
    desk.deps = good
    desk.write(record.retry, desk.deps.playbook, number, actor=ENGINEER)
    desk.drain()
    assert desk.state(number) is State.CANARY
    assert len(desk.mailed()) == 6
    sends_out(desk, number)


def test_a_wrong_key_parks_too(desk: Lab) -> None:
    number = scheduled(desk)
    wrong = SendGrid(
        api_key="wrong", clock=desk.clock, base_url=desk.deps.settings.sendgrid_api_url
    )
    desk.deps = dataclasses.replace(desk.deps, esp=wrong)
    desk.tick(1)
    wrong.close()
    assert desk.state(number) is State.PARKED
    assert "SENDGRID_API_KEY" in str(desk.campaign(number).reason)


def test_an_answer_that_never_came_is_looked_up_and_not_sent_again(desk: Lab) -> None:
    number = scheduled(desk)
    esp_that_forgets(desk)
    desk.esp_fault(AFTER)
    desk.tick(1)
    unknown = [c for c in desk.chunks(number) if c.state is ChunkState.UNKNOWN]
    assert len(unknown) == 1
    assert "chunk_unknown" in desk.events(number)
    for _ in range(4):
        desk.tick(16)
    (settled,) = [c for c in desk.chunks(number) if c.id == unknown[0].id]
    assert settled.state is ChunkState.SENT
    assert settled.accepted == settled.size
    assert "chunk_reconciled" in desk.events(number)
    sends_out(desk, number)


def test_a_call_that_never_arrived_is_sent_once_the_esp_says_so(desk: Lab) -> None:
    number = scheduled(desk)
    esp_that_forgets(desk)
    desk.esp_fault(Fault.REFUSE)
    desk.tick(1)
    assert len([c for c in desk.chunks(number) if c.state is ChunkState.UNKNOWN]) == 1
    for _ in range(4):
        desk.tick(16)
    assert "chunk_not_taken" in desk.events(number)
    sends_out(desk, number)


def test_an_esp_is_given_its_own_lag_whatever_the_playbook_says(desk: Lab) -> None:
    number = scheduled(desk)
    esp_that_forgets(desk)
    hasty = dataclasses.replace(desk.deps.playbook, look_up_lag=timedelta(0))
    settings = desk.deps.settings.model_copy(update={"time_scale": 1.0})
    desk.deps = dataclasses.replace(
        desk.deps, settings=settings, playbook_now=lambda: hasty
    )
    desk.esp_fault(Fault.REFUSE)
    desk.tick(1)
    (unknown,) = [c for c in desk.chunks(number) if c.state is ChunkState.UNKNOWN]

    def asked_again() -> None:
        desk.tick(1)
        desk.write(record.resolve_chunk, hasty, unknown.id, "look_up", actor=ANA)
        desk.drain()

    desk.tick(14 * 60)
    asked_again()
    assert "chunk_not_taken" not in desk.events(number)
    desk.tick(60)
    asked_again()
    assert "chunk_not_taken" in desk.events(number)


def test_a_fault_of_the_esp_is_never_taken_for_a_refusal(desk: Lab) -> None:
    number = scheduled(desk)
    desk.esp_fault(Fault.BROKEN)
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    for _ in range(4):
        desk.tick(16)
    sends_out(desk, number)


def test_a_rate_limit_only_puts_the_chunk_off(desk: Lab) -> None:
    number = scheduled(desk)
    desk.esp_fault(Fault.TOO_MANY, 3)
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    assert "chunk_put_off" in desk.events(number)
    for _ in range(6):
        desk.tick(61)
    sends_out(desk, number)


def test_another_esp_is_not_asked_about_a_call_it_never_got(desk: Lab) -> None:
    number = scheduled(desk)
    esp_that_forgets(desk)
    desk.esp_fault(Fault.REFUSE)
    desk.tick(1)
    (unknown,) = [c for c in desk.chunks(number) if c.state is ChunkState.UNKNOWN]
    assert unknown.esp == desk.deps.esp.name
    with desk.deps.database.begin() as store:
        store.sends.swap(unknown, ChunkState.UNKNOWN, esp="smtp")
    for _ in range(8):
        desk.tick(61)
    # this one truthfully has none of it, which proves nothing
    (still,) = [c for c in desk.chunks(number) if c.id == unknown.id]
    assert still.state is ChunkState.UNKNOWN
    assert "chunk_not_taken" not in desk.events(number)


def test_a_sender_that_died_in_the_call_is_reconciled(desk: Lab) -> None:
    number = scheduled(desk)
    died_after_the_call(desk, number)
    desk.tick(1)
    for _ in range(8):
        desk.tick(61)
    assert not [c for c in desk.chunks(number) if c.state is ChunkState.INTENT]
    sends_out(desk, number)


def test_a_person_can_settle_what_nobody_knows(desk: Lab) -> None:
    number = scheduled(desk)
    esp_that_forgets(desk)
    desk.esp_fault(AFTER)
    desk.tick(1)
    (unknown,) = [c for c in desk.chunks(number) if c.state is ChunkState.UNKNOWN]
    desk.write(
        record.resolve_chunk,
        desk.deps.playbook,
        unknown.id,
        "mark_sent",
        actor=ANA,
    )
    desk.drain()
    assert "chunk_marked_sent" in desk.events(number)
    sends_out(desk, number)


def test_what_a_person_marks_as_sent_after_a_rollback_has_leaked(desk: Lab) -> None:
    number = scheduled(desk)
    esp_that_forgets(desk)
    desk.esp_fault(AFTER)
    desk.tick(1)
    (unknown,) = [c for c in desk.chunks(number) if c.state is ChunkState.UNKNOWN]
    playbook = desk.deps.playbook
    desk.write(
        record.roll_back,
        playbook,
        number,
        trigger=Trigger.BUTTON,
        actor=Actor(id=ANA),
    )
    desk.drain()
    desk.clock.tick(timedelta(minutes=1))
    desk.write(record.resolve_chunk, playbook, unknown.id, "mark_sent", actor=ANA)
    desk.drain()
    with desk.deps.database.engine.connect() as connection:
        view = queries.postmortem(connection, number, playbook.view_facts)
    assert view.incident.leaked == unknown.size
    assert f"gate shut | {unknown.size} |" in markdown(view, {})


def test_a_chunk_put_off_while_held_goes_when_the_campaign_goes_on(desk: Lab) -> None:
    number = scheduled(desk)
    esp_that_forgets(desk)
    desk.esp_fault(Fault.REFUSE)
    desk.tick(1)
    desk.write(record.hold, desk.deps.playbook, number, actor=ANA)
    for _ in range(4):
        desk.tick(16)
    assert ChunkState.REVOKED not in {c.state for c in desk.chunks(number)}
    sends_out(desk, number)


def test_who_was_suppressed_between_plan_and_send_is_skipped(desk: Lab) -> None:
    number = scheduled(desk)
    (send_id, address) = desk.rows(
        "SELECT s.id, r.address FROM sends s JOIN recipients r ON r.id = s.recipient_id"
        " JOIN chunks c ON c.id = s.chunk_id WHERE c.step = 0 ORDER BY s.id"
    )[0]
    desk.write(record.unsubscribe, send_id)
    desk.tick(1)
    assert address not in desk.mailed()
    assert sum(c.skipped for c in desk.chunks(number)) == 1
    assert desk.rows(f"SELECT is_skipped FROM sends WHERE id = {send_id}") in (  # noqa: S608  # a test's own number
        [(True,)],
        [(1,)],
    )


# Jobs ------------------------------------------------------------------------------


def test_a_job_that_kills_its_worker_is_parked_after_five_starts(desk: Lab) -> None:
    number = desk.brief()
    desk.drain()
    desk.approve_all(number, CLEO)
    for request in desk.requests(number)[:2]:
        desk.approve(request, by=DEV)
    (job_id,) = desk.rows("SELECT id FROM outbox WHERE task = 'schedule'")[0]
    with desk.deps.database.begin() as store:
        for _ in range(5):
            store.outbox.started(job_id)
    desk.drain()
    assert desk.state(number) is State.PARKED
    assert "The schedule job failed 5 times" in str(desk.campaign(number).reason)
    desk.write(record.retry, desk.deps.playbook, number, actor=ENGINEER)
    desk.drain()
    assert desk.state(number) is State.SCHEDULED


def test_running_every_job_twice_changes_nothing(desk: Lab) -> None:
    number = scheduled(desk)
    desk.tick(1)
    before = (desk.events(number), desk.mailed(), len(desk.messages()))
    for job_id, task in desk.rows("SELECT id, task FROM outbox ORDER BY id"):
        run_job(desk.deps, TASKS[task], job_id)
    assert (desk.events(number), desk.mailed(), len(desk.messages())) == before


AFTER = Fault.TIMEOUT_AFTER_ACCEPT


def esp_that_forgets(desk: Lab) -> None:
    """The same ESP, with little patience for an answer."""
    desk.deps.esp.close()
    hasty = SendGrid(
        api_key="practice-key",
        clock=desk.clock,
        base_url=desk.deps.settings.sendgrid_api_url,
        webhook_public_key=desk.deps.settings.sendgrid_webhook_public_key,
        timeout=httpx.Timeout(0.5, connect=2.0),
    )
    desk.deps = dataclasses.replace(desk.deps, esp=hasty)


def died_after_the_call(desk: Lab, number: CampaignId) -> None:
    """As a crash leaves it: the ESP has the chunk, our row says only intent."""
    desk.clock.tick(timedelta(seconds=1))
    relay = Relay(desk.deps, TASKS)
    relay.fire_deadlines()
    relay.close()
    chunk = desk.chunks(number)[0]
    mails = send._mails(desk.deps, chunk)
    batch_id = desk.deps.esp.new_batch()
    with desk.deps.database.begin() as store:
        store.sends.swap(
            chunk,
            ChunkState.INTENT,
            batch_id=batch_id,
            intent_at=store.now,
            skipped=chunk.size - len(mails),
        )
    send._call(desk.deps, chunk, batch_id, mails)
