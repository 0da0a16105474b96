"""Nothing leaves while it is frozen, and everything goes on when that is over."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.campaign import Actor, CampaignId, State
from domain.errors import AlreadyDecided, NotYourTurn, Refused, TryLater
from domain.freeze import Freeze, FreezeId, Scope
from domain.rollback import Trigger
from domain.send import ChunkState
from pipeline import record
from pipeline.esp.port import Batch
from pipeline.jobs import TASKS
from pipeline.relay import Relay
from pipeline.tasks import run_job
from practice.esp.faults import Fault
from storage import queries
from tests.pipeline.lab import (
    ANA,
    CAMPAIGNS,
    CASPAR,
    CLEO,
    DEV,
    MARA,
    NOBODY,
    OMAR,
    Lab,
)
from tests.pipeline.test_federation import EDDA, ELLA, ENZO, federated, use

HOUR = timedelta(hours=1)
BIG = 11_300


def freeze(desk: Lab, *, by: str = OMAR, **changes: Any) -> Freeze:
    asked: dict[str, Any] = {
        "scope": Scope.TENANT,
        "target": "",
        "reason": "Wrong price on the site",
        "lasts": HOUR,
    }
    return desk.write(
        record.freeze, desk.deps.playbook, **asked | changes, actor=Actor(id=by)
    )


def lift(desk: Lab, number: int, *, by: str) -> record.Lift:
    return desk.write(
        record.lift, desk.deps.playbook, FreezeId(number), actor=Actor(id=by)
    )


def lifted(desk: Lab, number: int) -> None:
    lift(desk, number, by=OMAR)
    lift(desk, number, by=CLEO)
    desk.drain()


def approved(desk: Lab, *, author: str = MARA, **brief: object) -> CampaignId:
    number = desk.brief(author=author, **brief)
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    return number


def card(desk: Lab, number: CampaignId) -> str:
    (message,) = desk.cards(number)
    return str(message.blocks)


def notices(desk: Lab) -> list[Any]:
    return [m for m in desk.messages() if "frozen" in m.text or "goes on" in m.text]


def test_the_last_approval_counts_and_the_mails_wait(desk: Lab) -> None:
    freeze(desk)
    number = approved(desk)
    assert desk.state(number) is State.SCHEDULED
    desk.tick(1)
    assert desk.state(number) is State.SCHEDULED
    assert desk.mailed() == []
    assert f"by <@{OMAR}>: Wrong price on the site." in card(desk, number)
    assert "Frozen until" in card(desk, number)
    # once, at the approval, however often it is met
    assert desk.events(number).count("frozen") == 1
    trail = desk.events(number)
    assert trail.index("approved") < trail.index("frozen") < trail.index("scheduled")


def test_it_goes_on_by_itself_at_the_end(desk: Lab) -> None:
    freeze(desk)
    number = approved(desk)
    desk.tick(1)
    desk.tick(HOUR.total_seconds() - 2)
    assert desk.state(number) is State.SCHEDULED
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    assert len(desk.mailed()) > 0
    assert "Frozen" not in card(desk, number)
    assert "thawed" in desk.events(number)
    (notice,) = notices(desk)
    assert "the freeze ended" in str(notice.blocks)


def test_it_goes_on_at_once_when_two_people_lift_it(desk: Lab) -> None:
    made = freeze(desk)
    number = approved(desk)
    desk.tick(1)
    assert not lift(desk, made.id, by=OMAR).is_lifted
    desk.drain()
    assert f"<@{OMAR}> asks to lift it" in card(desk, number)
    with pytest.raises(NotYourTurn, match="another person has to confirm"):
        lift(desk, made.id, by=OMAR)
    desk.tick(1)
    assert desk.mailed() == []
    assert lift(desk, made.id, by=CLEO).is_lifted
    desk.drain()
    assert desk.state(number) is State.CANARY
    assert len(desk.mailed()) > 0
    with pytest.raises(AlreadyDecided, match=f"lifted already by <@{CLEO}>"):
        lift(desk, made.id, by=CASPAR)
    # its end comes, and has nothing left to do
    trail = desk.events(number)
    desk.tick(HOUR.total_seconds())
    assert desk.events(number).count("thawed") == trail.count("thawed") == 1


def without(desk: Lab, user: str) -> None:
    book = desk.deps.playbook
    people = {who: each for who, each in book.team.people.items() if who != user}
    team = dataclasses.replace(book.team, people=people)
    use(desk, dataclasses.replace(book, team=team))


def test_who_lost_their_role_after_asking_lifts_nothing_with_another(
    desk: Lab,
) -> None:
    made = freeze(desk)
    number = approved(desk)
    lift(desk, made.id, by=OMAR)
    without(desk, OMAR)
    assert not lift(desk, made.id, by=CLEO).is_lifted
    desk.drain()
    assert f"<@{CLEO}> asks to lift it" in card(desk, number)
    notice = notices(desk)[0]
    assert f"<@{CLEO}> asks to lift it" in str(notice.blocks)
    with pytest.raises(NotYourTurn, match="another person has to confirm"):
        lift(desk, made.id, by=CLEO)
    found = lift(desk, made.id, by=CASPAR)
    assert found.is_lifted
    assert found.freeze.lift_asked_by == CLEO


def test_a_stranger_neither_freezes_nor_lifts(desk: Lab) -> None:
    with pytest.raises(NotYourTurn, match="no role on this desk"):
        freeze(desk, by=NOBODY)
    made = freeze(desk, by=ANA)
    with pytest.raises(NotYourTurn, match="no role on this desk"):
        lift(desk, made.id, by=NOBODY)


def test_a_freeze_needs_no_broker_no_slack_and_no_esp(desk: Lab) -> None:
    number = approved(desk)
    desk.slack.workspace.faults.mode = "500"
    desk.esp_fault(Fault.BROKEN, 99)
    freeze(desk)
    relay = Relay(desk.deps, TASKS)
    try:
        # deadlines are fired without any job having run
        desk.clock.tick(timedelta(seconds=1))
        relay.fire_deadlines()
    finally:
        relay.close()
    assert desk.state(number) is State.SCHEDULED


def test_chunks_that_were_not_called_wait_and_leave_once(desk: Lab) -> None:
    number = approved(desk)
    relay = Relay(desk.deps, TASKS)
    desk.clock.tick(timedelta(seconds=1))
    relay.fire_deadlines()
    relay.close()
    assert desk.state(number) is State.CANARY
    made = freeze(desk)
    desk.drain()
    assert desk.mailed() == []
    assert {c.state for c in desk.chunks(number)} == {ChunkState.PLANNED}
    lifted(desk, made.id)
    mailed = desk.mailed()
    assert len(mailed) == len(set(mailed)) > 0
    assert ChunkState.SENT in {c.state for c in desk.chunks(number)}


def test_a_person_cannot_expand_what_is_frozen(desk: Lab) -> None:
    number = approved(desk)
    desk.tick(1)
    freeze(desk)
    with pytest.raises(Refused, match=r"All sending is frozen until .*Wrong price"):
        desk.write(record.expand, desk.deps.playbook, number, actor=CLEO)


def frozen_after_its_window(desk: Lab) -> tuple[CampaignId, Freeze]:
    """A canary that has passed, and would have expanded but for the freeze."""
    desk.add_list("calm", BIG)
    number = approved(desk, audience="calm")
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    made = freeze(desk)
    desk.pass_time(
        300,
        step=10,
        until=lambda: bool(desk.rows("SELECT 1 FROM freeze_waits WHERE is_passed")),
    )
    assert desk.state(number) is State.CANARY
    assert "frozen" in desk.events(number)
    return number, made


def test_the_judge_s_expansion_waits_however_long_the_esp_is_silent(desk: Lab) -> None:
    number, made = frozen_after_its_window(desk)
    out = len(desk.mailed())
    desk.tick(1800)
    assert len(desk.mailed()) == out
    lifted(desk, made.id)
    assert desk.state(number) is State.EXPANDING
    assert len(desk.mailed()) > out
    desk.pass_time(900, step=10, until=lambda: desk.state(number) is State.SENT)
    mailed = desk.mailed()
    assert len(mailed) == len(set(mailed)) == BIG


def test_what_people_held_and_extended_meanwhile_has_not_passed_any_more(
    desk: Lab,
) -> None:
    number, made = frozen_after_its_window(desk)
    out = len(desk.mailed())
    desk.write(record.hold, desk.deps.playbook, number, actor=ANA)
    for person in (ANA, OMAR):
        desk.write(record.extend, desk.deps.playbook, number, actor=person)
    desk.tick(1800)
    lifted(desk, made.id)
    desk.tick(10)
    assert desk.state(number) is State.CANARY
    assert len(desk.mailed()) == out


def test_a_breach_rolls_back_during_a_freeze(desk: Lab) -> None:
    desk.add_list("stormy", BIG)
    number = approved(desk, audience="stormy")
    desk.tick(1)
    freeze(desk)
    desk.pass_time(120, step=4, until=lambda: desk.state(number) is State.ROLLED_BACK)
    assert desk.state(number) is State.ROLLED_BACK
    out = len(desk.mailed())
    desk.tick(HOUR.total_seconds())
    assert desk.state(number) is State.ROLLED_BACK
    assert len(desk.mailed()) == out


def test_what_was_cancelled_or_rolled_back_meanwhile_stays_so(desk: Lab) -> None:
    made = freeze(desk)
    gone, stopped = approved(desk), approved(desk, title="Another")
    desk.tick(1)
    desk.write(record.cancel, desk.deps.playbook, gone, actor=CLEO)
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        stopped,
        trigger=Trigger.BUTTON,
        actor=Actor(id=OMAR),
    )
    lifted(desk, made.id)
    assert desk.state(gone) is State.CANCELLED
    assert "thawed" not in desk.events(gone) + desk.events(stopped)
    assert desk.state(stopped) is State.ROLLED_BACK
    assert desk.mailed() == []


def test_a_second_freeze_keeps_what_the_first_let_go(desk: Lab) -> None:
    first = freeze(desk)
    number = approved(desk)
    second = freeze(desk, lasts=2 * HOUR, reason="Outage at the ESP")
    desk.tick(1)
    lifted(desk, first.id)
    assert desk.state(number) is State.SCHEDULED
    assert "Outage at the ESP" in card(desk, number)
    lifted(desk, second.id)
    assert desk.state(number) is State.CANARY


def test_a_sender_whose_clock_is_behind_loses_no_chunk(desk: Lab) -> None:
    """What it stops after the campaign went on waits again, and goes on again."""
    freeze(desk)
    number = approved(desk)
    desk.tick(1)
    relay = Relay(desk.deps, TASKS)
    desk.clock.tick(HOUR)
    relay.fire_deadlines()
    assert desk.state(number) is State.CANARY
    # the relay's clock says that it is over; the worker's not yet
    rung = desk.look(lambda s: s.outbox.due(redrive_after=HOUR))
    desk.clock.tick(-timedelta(seconds=3))
    for job in rung:
        run_job(desk.deps, TASKS[job.task], job.id)
    assert desk.mailed() == []
    desk.clock.tick(timedelta(seconds=3))
    relay.fire_deadlines()
    relay.close()
    desk.drain()
    assert len(desk.mailed()) > 0
    assert {c.state for c in desk.chunks(number) if c.step == 0} == {ChunkState.SENT}


def test_an_extended_campaign_still_waits(desk: Lab) -> None:
    """Its version moves on under the freeze; what waits for the old one is not lost."""
    number = approved(desk)
    relay = Relay(desk.deps, TASKS)
    desk.clock.tick(timedelta(seconds=1))
    relay.fire_deadlines()
    relay.close()
    made = freeze(desk)
    desk.drain()
    desk.write(record.hold, desk.deps.playbook, number, actor=CLEO)
    for person in (CASPAR, CLEO):
        desk.write(record.extend, desk.deps.playbook, number, actor=person)
    desk.drain()
    assert desk.mailed() == []
    lifted(desk, made.id)
    assert len(desk.mailed()) > 0


def test_a_team_s_freeze_stops_that_team_alone(desk: Lab) -> None:
    use(desk, federated(desk.deps.playbook))
    made = freeze(desk, scope=Scope.TEAM, target="emea")
    ours = approved(desk)
    theirs = desk.brief(author=ELLA)
    desk.drain()
    desk.approve_all(theirs, ENZO, DEV)
    desk.tick(1)
    assert desk.state(ours) is State.CANARY
    assert desk.state(theirs) is State.SCHEDULED
    with pytest.raises(NotYourTurn):
        # setting a team going again is its own people's
        lift(desk, made.id, by=NOBODY)
    lift(desk, made.id, by=EDDA)
    lift(desk, made.id, by=ENZO)
    desk.drain()
    assert desk.state(theirs) is State.CANARY


def test_an_esp_s_freeze_stops_what_leaves_by_it(desk: Lab) -> None:
    with pytest.raises(Refused, match='no esp "ses"; there is sendgrid'):
        freeze(desk, scope=Scope.ESP, target="ses")
    freeze(desk, scope=Scope.ESP, target="sendgrid")
    number = approved(desk)
    desk.tick(1)
    assert desk.state(number) is State.SCHEDULED


class Dies(Exception):
    """The process is gone: nothing after this line ran."""


class Killed:
    """The ESP's adapter in a process that dies in the middle of a call."""

    def __init__(self, esp: Any, *, is_taken: bool) -> None:
        self._esp, self._is_taken, self.calls = esp, is_taken, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._esp, name)

    def send(self, batch: Batch) -> Any:
        self.calls += 1
        if self._is_taken:
            self._esp.send(batch)
        raise Dies


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_kill_between_intent_and_result_is_settled_without_a_call(
    desk: Lab, *, is_taken: bool
) -> None:
    """Under a freeze: looked up, never called again before it is over."""
    number = approved(desk)
    dying = Killed(desk.deps.esp, is_taken=is_taken)
    alive, desk.deps = desk.deps, replace(desk.deps, esp=dying)
    relay = Relay(desk.deps, TASKS)
    desk.clock.tick(timedelta(seconds=1))
    relay.fire_deadlines()
    relay.close()
    with pytest.raises(Dies):
        desk.drain()
    desk.deps = alive
    (intended,) = [c for c in desk.chunks(number) if c.state is ChunkState.INTENT]
    made = freeze(desk, lasts=10 * HOUR)
    before = len(desk.mailed())
    assert before == (intended.size if is_taken else 0)
    # the job's redelivery, the send limit, the ESP's own look-up and its lag
    for _ in range(80):
        desk.write(lambda s: s.outbox.revive(number))
        desk.tick(10)
    assert len(desk.mailed()) == before
    (settled,) = [c for c in desk.chunks(number) if c.id == intended.id]
    assert settled.state is (ChunkState.SENT if is_taken else ChunkState.PLANNED)
    lifted(desk, made.id)
    desk.tick(10)
    mailed = desk.mailed()
    assert len(mailed) == len(set(mailed)) > 0
    assert ChunkState.PLANNED not in {
        c.state for c in desk.chunks(number) if c.step == 0
    }


def test_the_notice_is_one_message_that_changes(desk: Lab) -> None:
    made = freeze(desk)
    desk.drain()
    (notice,) = notices(desk)
    assert notice.channel == CAMPAIGNS
    assert "Lifting it earlier takes two people" in str(notice.blocks)
    lift(desk, made.id, by=OMAR)
    desk.drain()
    assert f"<@{OMAR}> asks to lift it" in str(notices(desk)[0].blocks)
    lift(desk, made.id, by=CLEO)
    desk.drain()
    (notice,) = notices(desk)
    assert f"lifted by <@{OMAR}> and <@{CLEO}>" in str(notice.blocks)


def test_slack_being_away_keeps_nothing_from_going_on(desk: Lab) -> None:
    made = freeze(desk)
    number = approved(desk)
    desk.tick(1)
    desk.slack.workspace.faults.mode = "500"
    lift(desk, made.id, by=OMAR)
    lift(desk, made.id, by=CLEO)
    for job in desk.look(lambda s: s.outbox.due(redrive_after=timedelta(1))):
        if job.task == "thaw":
            with pytest.raises(TryLater):
                TASKS["thaw"].run(desk.deps, job.row_id, job.row_version)
    assert desk.state(number) is State.CANARY


def test_home_and_status_say_what_is_frozen(desk: Lab) -> None:
    freeze(desk)
    facts, now = desk.deps.playbook.view_facts, desk.clock()
    home = desk.deps.database.read(queries.home, MARA, facts, now=now)
    status = desk.deps.database.read(queries.status, facts, now=now)
    assert [f.reason for f in home.freezes] == ["Wrong price on the site"]
    assert status.freezes == home.freezes
    later = now + 2 * HOUR
    assert desk.deps.database.read(queries.home, MARA, facts, now=later).freezes == ()


def test_an_unanswered_chunk_is_looked_up_and_not_called_under_a_freeze(
    desk: Lab,
) -> None:
    number = approved(desk)
    desk.esp_fault(Fault.REFUSE)
    desk.tick(1)
    unknown = [c for c in desk.chunks(number) if c.state is ChunkState.UNKNOWN]
    assert len(unknown) == 1
    made = freeze(desk, lasts=10 * HOUR)
    before = desk.mailed()
    for _ in range(6):
        desk.tick(16)
    assert "chunk_not_taken" in desk.events(number)
    assert desk.mailed() == before
    lifted(desk, made.id)
    desk.tick(16)
    assert len(desk.mailed()) == len(set(desk.mailed())) > len(before)
