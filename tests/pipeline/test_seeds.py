"""Seed mails: the team gets each variant, and nothing counts them or waits for them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from domain.campaign import Actor, CampaignId, State
from domain.freeze import Scope
from domain.rollback import Trigger
from domain.seeds import FIRST_SEND_ID, SeedMails, SeedState
from pipeline import record
from pipeline.jobs import TASKS
from pipeline.playbook_scaled import playbook_of
from pipeline.relay import Relay
from pipeline.seeds import TASK
from pipeline.tasks import run_job
from practice.esp.faults import Fault
from storage import queries
from storage.queue import Job
from tests.pipeline.lab import OMAR, Lab, environment, make_settings
from tests.pipeline.test_jobs_story import approved, held, in_canary
from tests.pipeline.test_record_judge import with_playbook

ROOT = Path(__file__).parents[2]
SEEDS = ("ann@yahoo-like.complains.example", "bo@cedar.bounces.example")
LOST = timedelta(seconds=100)


def named(desk: Lab, *seeds: str) -> None:
    with_playbook(desk, seeds=seeds or SEEDS)


def seeds_of(desk: Lab, number: CampaignId) -> SeedMails:
    found = desk.look(lambda store: store.seeds.of(number))
    assert found is not None
    return found


def got(desk: Lab, *seeds: str) -> Counter[str]:
    """How many mails the ESP took for each seed."""
    return Counter(each for each in desk.mailed() if each in (seeds or SEEDS))


def started(desk: Lab, number: CampaignId) -> Job:
    """The canary has started, and nothing of it was run; the job of its seed mails."""
    relay = Relay(desk.deps, TASKS)
    desk.clock.tick(timedelta(seconds=1))
    relay.fire_deadlines()
    relay.close()
    assert desk.state(number) is State.CANARY
    due = desk.look(lambda s: s.outbox.due(redrive_after=timedelta(1)))
    (job,) = (each for each in due if each.task == "seeds")
    return job


def card(desk: Lab, number: CampaignId) -> str:
    (message,) = desk.cards(number)
    return json.dumps(message.blocks)


def story(desk: Lab, number: CampaignId) -> list[tuple[str, str]]:
    events = desk.look(lambda s: queries.audit(s.connection, number))
    return [(e.event, e.detail) for e in events if e.event.startswith("seed_mails")]


def test_each_seed_gets_each_variant_and_is_no_recipient(desk: Lab) -> None:
    named(desk)
    number = in_canary(desk)
    arms = desk.look(lambda s: s.variants.arms(number))
    assert got(desk) == dict.fromkeys(SEEDS, len(arms))
    settled = seeds_of(desk, number)
    assert (settled.state, settled.seeds, settled.mails, settled.accepted) == (
        *(SeedState.SENT, 2),
        *(4, 4),
    )
    view = desk.look(
        lambda s: queries.campaign_card(
            s.connection, number, desk.deps.playbook.view_facts
        )
    )
    assert view.mails_out == len(desk.mailed()) - 4
    ((sends,),) = desk.rows("SELECT count(*) FROM sends")
    assert sends == 300
    ((most,),) = desk.rows("SELECT max(id) FROM sends")
    assert most < FIRST_SEND_ID
    assert story(desk, number) == [
        ("seed_mails_sent", "to 2 of the team, 4 mails accepted")
    ]


def test_a_seed_mail_is_the_recipients_own_but_for_whom_it_is(desk: Lab) -> None:
    named(desk, SEEDS[0])
    number = in_canary(desk, variants=1, arms=1, ab_variable="none")
    from practice.esp.keys import DB
    from practice.esp.reading import mail

    async def mails() -> list[dict[str, Any]]:
        rows = desk.esp[DB].execute("SELECT id FROM mails ORDER BY id").fetchall()
        return [found for row in rows if (found := mail(desk.esp[DB], row["id"]))]

    whole = {each["to"] == SEEDS[0]: each for each in desk.run(mails())}
    seed, other = whole[True], whole[False]
    assert seed["subject"]
    assert "{{" not in seed["subject"] + json.dumps(seed["content"])
    assert seed["headers"].keys() == other["headers"].keys()
    assert seed["headers"]["List-Unsubscribe"].endswith("/u/seed>")
    assert seed["from"] == other["from"]
    # the team's clicks are no conversions
    link = "https://northwind.example/demo"
    assert f"{link}?cd={number}-A-" in json.dumps(other["content"])
    assert f"{link}?cd=" not in json.dumps(seed["content"])
    assert link in json.dumps(seed["content"])


def test_what_the_esp_tells_about_a_seed_counts_and_stops_nothing(desk: Lab) -> None:
    named(desk)
    number = in_canary(desk)
    ignored = 0
    for _ in range(80):
        desk.clock.tick(timedelta(seconds=5))
        ignored += sum(each.ignored for each in desk.hear())
    happened = desk.esp_rows(
        "SELECT m.email, e.kind FROM events e JOIN mails m ON m.id = e.mail_id"
    )
    kinds = {kind for email, kind in happened if email in SEEDS}
    assert {"spamreport", "bounce"} <= kinds
    assert ignored >= 6
    assert desk.rows("SELECT * FROM suppressions") == []
    totals = desk.look(lambda s: s.events.totals(number))
    assert totals.get("complained", 0) == 0
    assert desk.state(number) is not State.ROLLED_BACK


def test_a_blind_cohorts_card_says_to_look_at_one(desk: Lab) -> None:
    named(desk)
    number = approved(desk)
    assert "2 seeds of the team get each variant when the canary starts." in card(
        desk, number
    )
    assert "It matters most here" in card(desk, number)
    desk.tick(1)
    desk.tick(30)
    words = "*Seed mails are out to 2 of the team: look at one before you expand.*"
    assert words in card(desk, number)


def test_where_nobody_is_named_nothing_is_sent_and_a_blind_card_says_so(
    desk: Lab,
) -> None:
    number = approved(desk)
    assert "No seed mails: `canary.yaml` names nobody" in card(desk, number)
    desk.tick(1)
    assert desk.look(lambda s: s.seeds.of(number)) is None
    assert "eed mails" not in card(desk, number)


def test_no_address_of_a_seed_is_kept_or_logged(desk: Lab) -> None:
    named(desk)
    with structlog.testing.capture_logs() as logs:
        number = in_canary(desk)
        desk.hear()
    kept = [
        str(row)
        for table in ("audit_events", "outbox", "seed_mails", "deadlines", "inbox")
        for row in desk.rows(f"SELECT * FROM {table}")  # noqa: S608  # our own names
    ]
    for seed in SEEDS:
        assert seed not in str(logs)
        assert not [row for row in kept if seed in row]
        assert seed not in card(desk, number)


@pytest.mark.parametrize(
    "fault", [Fault.TIMEOUT_AFTER_ACCEPT, Fault.BROKEN, Fault.REFUSE]
)
def test_seed_mails_without_an_answer_stay_unknown_and_are_not_sent_again(
    desk: Lab, fault: Fault
) -> None:
    named(desk)
    number = approved(desk)
    job = started(desk, number)
    desk.esp[_stall()].closing.set()
    desk.esp_fault(fault, 1)
    run_job(desk.deps, TASK, job.id)
    assert seeds_of(desk, number).state is SeedState.UNKNOWN
    before = got(desk)
    for _ in range(4):
        desk.tick(300)
    assert seeds_of(desk, number).state is SeedState.UNKNOWN
    assert got(desk) == before
    assert "They are not sent again." in card(desk, number)
    ((event, _detail),) = story(desk, number)
    assert event == "seed_mails_unknown"


def _stall() -> Any:
    from practice.esp.keys import FAULTS

    return FAULTS


def test_an_esp_that_takes_nothing_for_now_gets_them_later(desk: Lab) -> None:
    named(desk)
    number = approved(desk)
    job = started(desk, number)
    desk.esp_fault(Fault.TOO_MANY, 1)
    run_job(desk.deps, TASK, job.id)
    assert seeds_of(desk, number).state is SeedState.PLANNED
    for _ in range(70):
        desk.tick(60)
        if seeds_of(desk, number).state is SeedState.SENT:
            break
    assert got(desk) == dict.fromkeys(SEEDS, 2)


def test_an_esp_that_refuses_them_parks_nothing(desk: Lab) -> None:
    named(desk)
    number = approved(desk)
    job = started(desk, number)
    desk.esp_fault(Fault.QUOTA, 1)
    run_job(desk.deps, TASK, job.id)
    assert seeds_of(desk, number).state is SeedState.FAILED
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    assert "Maximum credits exceeded" in card(desk, number)
    assert got(desk) == {}


def test_a_frozen_desk_sends_no_seed_mails_until_it_thaws(desk: Lab) -> None:
    named(desk)
    number = approved(desk)
    job = started(desk, number)
    desk.write(
        record.freeze,
        desk.deps.playbook,
        scope=Scope.TENANT,
        target="",
        reason="Wrong price",
        lasts=timedelta(hours=1),
        actor=Actor(id=OMAR),
    )
    run_job(desk.deps, TASK, job.id)
    assert seeds_of(desk, number).state is SeedState.PLANNED
    assert desk.mailed() == []
    desk.tick(3601)
    assert got(desk) == dict.fromkeys(SEEDS, 2)


def test_a_gate_that_shuts_first_keeps_them_until_it_opens(desk: Lab) -> None:
    named(desk)
    number = approved(desk)
    job = started(desk, number)
    desk.write(record.hold, desk.deps.playbook, number, actor=OMAR)
    run_job(desk.deps, TASK, job.id)
    assert (seeds_of(desk, number).state, got(desk)) == (SeedState.PLANNED, {})
    for actor in (OMAR, "U0ANALYST"):
        desk.write(record.extend, desk.deps.playbook, number, actor=actor)
    desk.drain()
    assert got(desk) == dict.fromkeys(SEEDS, 2)


def test_a_rollback_that_comes_first_ends_them(desk: Lab) -> None:
    named(desk)
    number = approved(desk)
    job = started(desk, number)
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        number,
        trigger=Trigger.BUTTON,
        actor=Actor(id=OMAR),
    )
    run_job(desk.deps, TASK, job.id)
    desk.drain()
    settled = seeds_of(desk, number)
    assert settled.state is SeedState.FAILED
    assert settled.reason == "The campaign had ended before they left."
    assert desk.mailed() == []


def test_seeds_that_the_playbook_lost_are_said_and_nothing_waits(desk: Lab) -> None:
    named(desk)
    number = approved(desk)
    job = started(desk, number)
    with_playbook(desk, seeds=())
    run_job(desk.deps, TASK, job.id)
    desk.tick(1)
    assert seeds_of(desk, number).reason == "canary.yaml names no seeds any more."
    assert "failed, nobody of the team got one" in card(desk, number)
    assert desk.state(number) is State.CANARY
    assert len(desk.mailed()) > 0


def test_a_canary_is_judged_without_waiting_for_its_seeds(desk: Lab) -> None:
    named(desk)
    with_playbook(desk, seeds=SEEDS)
    number = held(desk)
    assert desk.campaign(number).reason
    assert got(desk) == dict.fromkeys(SEEDS, 2)


def test_a_bug_in_the_seeds_job_never_parks_the_campaign(desk: Lab) -> None:
    named(desk)
    number = approved(desk)
    started(desk, number)
    found = seeds_of(desk, number)
    assert TASK.give_up is not None
    TASK.give_up(desk.deps, found.id, "The seeds job failed 5 times.")
    TASK.give_up(desk.deps, found.id, "The seeds job failed 5 times.")
    assert seeds_of(desk, number).state is SeedState.FAILED
    desk.drain()
    assert desk.state(number) is State.CANARY
    assert got(desk) == {}


@pytest.mark.parametrize(
    ("failpoint", "state", "each"),
    [
        ("seeds.after_batch", SeedState.SENT, 2),
        ("seeds.after_intent", SeedState.UNKNOWN, 0),
        ("seeds.after_call", SeedState.UNKNOWN, 2),
    ],
)
def test_a_kill_at_any_line_sends_no_seed_mail_twice(
    desk: Lab, tmp_path: Path, failpoint: str, state: SeedState, each: int
) -> None:
    # a process of its own reads the playbook that is shipped
    shipped = playbook_of(desk.deps.settings).seeds
    named(desk, *shipped)
    number = approved(desk)
    job = started(desk, number)
    armed = tmp_path / "failpoints"
    armed.mkdir()
    (armed / failpoint).write_text("")
    killed = subprocess.run(
        [
            *(sys.executable, "-m", "tests.pipeline.one_job"),
            *(str(job.id), desk.clock().isoformat()),
        ],
        cwd=ROOT,
        env={**environment(desk.deps.settings), "COPYDESK_FAILPOINTS": str(armed)},
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL
    desk.drain()
    desk.tick(LOST.total_seconds())
    desk.tick(LOST.total_seconds())
    assert seeds_of(desk, number).state is state
    assert set(got(desk, *shipped).values()) == ({each} if each else set())


def test_examples_are_no_seeds_at_a_real_esp(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    assert len(playbook_of(settings).seeds) == 3
    real = settings.model_copy(update={"practice": "slack,writer"})
    assert playbook_of(real).seeds == ()


def test_twenty_seeds_fit_one_call_at_every_esp() -> None:
    from domain.seeds import SEEDS_MOST
    from pipeline.esp import sendgrid, ses, smtp, sparkpost

    for vendor in (sendgrid, ses, smtp, sparkpost):
        assert vendor.CAPABILITIES.batch_size >= SEEDS_MOST
