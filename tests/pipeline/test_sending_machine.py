"""Freezes, lifts, kills, faults and people at random: nobody is mailed twice, ever.

Two campaigns go to one list in two time zones, through the real tasks, the relay and an
ESP in this process that dies in the middle of calls. Set `COPYDESK_SENDING_STEPS` for a
longer run.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from domain.cadence import Cap
from domain.campaign import FINAL, Actor, CampaignId, State
from domain.errors import Refused, TryLater
from domain.freeze import FreezeId, Scope
from domain.rollback import Trigger
from domain.send_window import SendWindow, next_allowed
from domain.sending import Sending
from domain.variant import Copy
from pipeline import record
from pipeline.esp.port import Accepted, Batch, Capabilities, OutcomeUnknown
from pipeline.jobs import TASKS
from pipeline.relay import Relay
from pipeline.tasks import run_job
from storage import queries
from storage.engine import Database
from storage.queue import Job
from tests.clock import Clock
from tests.factories import add_audience, add_campaign, move, write
from tests.pipeline.lab import ANA, CASPAR, CLEO, OMAR, Lab

STEPS: Final = int(os.environ.get("COPYDESK_SENDING_STEPS", "1200"))
_PER_EXAMPLE: Final = 60
PEOPLE: Final = (CLEO, CASPAR, OMAR, ANA)
ZONES: Final = ("Europe/Berlin", "America/New_York", "nobody/knows")
BERLIN: Final = ZoneInfo("Europe/Berlin")
READERS: Final = 60
WINDOW: Final = SendWindow(default_zone=BERLIN, opens=time(8), closes=time(20))
CAP: Final = Cap(mails=1, span=timedelta(hours=30))
TEXT: Final = Copy(
    subject="Still weighing the demo?",
    preheader="Two things other teams asked",
    body="Hello,\n\nSetup takes two working days: {{ links.cta }}",
)


FATES: Final = (
    "takes",
    "takes",
    "dies before",
    "dies after",
    "lost before",
    "lost after",
    "busy",
)
"""What becomes of the next call to the ESP."""


_FAULTY: Final = 40
"""Rounds at the end in which calls still go wrong, by turns."""


class Dies(BaseException):
    """As kill -9: nothing of ours catches it."""


class Esp:
    """An ESP in this process: what it took, and how its next call goes wrong."""

    name: Final = "sendgrid"
    capabilities: Final = Capabilities(
        batch_size=1000,
        cancel_margin=None,
        schedule_ahead=None,
        suppresses=False,
        look_up_lag=timedelta(0),
    )

    def __init__(self, clock: Clock, at_call: Callable[[Batch], None]) -> None:
        self._clock, self._at_call = clock, at_call
        self.next = "takes"
        self.batches = 0
        self.taken: dict[str, set[int]] = {}
        self.mailed: list[tuple[CampaignId, str, datetime]] = []

    def new_batch(self) -> str:
        self.batches += 1
        return f"batch-{self.batches}"

    def send(self, batch: Batch) -> Accepted:
        self._at_call(batch)
        how, self.next = self.next, "takes"
        if how == "dies before":
            raise Dies
        if how == "busy":
            raise TryLater("Busy.")
        if how == "lost before":
            raise OutcomeUnknown("No answer.")
        self.taken[batch.batch_id] = {mail.send_id for mail in batch.mails}
        self.mailed += [
            (batch.campaign_id, mail.to, self._clock()) for mail in batch.mails
        ]
        if how == "dies after":
            raise Dies
        if how == "lost after":
            raise OutcomeUnknown("No answer.")
        return Accepted(accepted=len(batch.mails), message_id=None)

    def look_up(
        self, batch_id: str, recipients: Mapping[int, str]
    ) -> frozenset[int] | None:
        return frozenset(self.taken.get(batch_id, set()) & set(recipients))

    def close(self) -> None:
        """There is nothing to let go of."""


class Senders(RuleBasedStateMachine):
    """Whoever lets mails go, and whoever stops them."""

    def __init__(self, desk: Lab, template: Path, path: Path) -> None:
        super().__init__()
        shutil.copyfile(template, path)
        self.clock = Clock()
        self.esp = Esp(self.clock, self.check_call)
        rules = dataclasses.replace(
            desk.deps.playbook,
            ladder=(2.0, 100.0),
            sending=Sending(window=WINDOW, cap=CAP),
        )
        self.deps = dataclasses.replace(
            desk.deps,
            clock=self.clock,
            database=Database(f"sqlite:///{path}", self.clock),
            esp=self.esp,  # type: ignore[arg-type]  # what a sender needs of one
            playbook_now=lambda: rules,
        )
        self.calls = self.kills = self.frozen = self.lifted = 0
        self.waited = self.capped = 0
        self.campaigns = [self.add(number) for number in range(2)]

    @property
    def database(self) -> Database:
        return self.deps.database

    def add(self, number: int) -> CampaignId:
        """Approved, with its list in two zones, and the planning queued."""
        with self.database.begin() as store:
            if number == 0:
                key = add_audience(store, READERS)
                store.connection.exec_driver_sql(
                    "UPDATE recipients SET time_zone = CASE id % 3"  # noqa: S608  # our own words
                    f" WHEN 0 THEN '{ZONES[0]}' WHEN 1 THEN '{ZONES[1]}'"
                    f" ELSE '{ZONES[2]}' END"
                )
            else:
                key = store.audiences.by_key("calm").id
            campaign = add_campaign(
                store, audience_id=key, cta_url="https://northwind.example/demo"
            )
            made = [
                write(store, variant, TEXT)
                for variant in store.variants.add(campaign.id, ["A", "B"])
            ]
            store.variants.set_arms([variant.id for variant in made])
            approved = move(store, campaign, State.APPROVED)
            store.outbox.add("schedule", campaign.id, approved.version, campaign.id)
        return campaign.id

    # What must hold ----------------------------------------------------------------

    def check_call(self, batch: Batch) -> None:
        """Right at the call: no freeze, and an hour that suits its readers."""
        self.calls += 1
        now = self.clock()
        assert self.database.read(queries.freezes, now=now) == ()
        rows = self.rows(
            "SELECT DISTINCT r.time_zone FROM sends s"  # noqa: S608  # our own numbers
            " JOIN recipients r ON r.id = s.recipient_id WHERE s.id IN"
            f" ({','.join(str(mail.send_id) for mail in batch.mails)})"
        )
        for (name,) in rows:
            zone = ZoneInfo(name) if name in ZONES[:2] else BERLIN
            assert next_allowed(now, zone, WINDOW) == now, name

    @invariant()
    def nobody_is_mailed_twice_by_a_campaign_or_too_often_by_all(self) -> None:
        seen = [(campaign, to) for campaign, to, _at in self.esp.mailed]
        assert len(seen) == len(set(seen))
        by_reader: dict[str, list[datetime]] = {}
        for _campaign, to, at in self.esp.mailed:
            by_reader.setdefault(to, []).append(at)
        for times in by_reader.values():
            assert all(
                later - earlier >= CAP.span for earlier, later in pairwise(times)
            )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    # What happens ------------------------------------------------------------------

    def click(self, act: Callable[..., Any], *args: Any, **given: Any) -> bool:
        try:
            with self.database.begin() as store:
                act(store, self.deps.playbook, *args, **given)
        except Refused:
            return False
        return True

    @rule(
        who=st.sampled_from(PEOPLE),
        scope=st.sampled_from([Scope.TENANT, Scope.ESP]),
        minutes=st.sampled_from([1, 1, 20, 300]),
    )
    def freeze(self, who: str, scope: Scope, minutes: int) -> None:
        self.frozen += self.click(
            record.freeze,
            scope=scope,
            target="sendgrid" if scope is Scope.ESP else "",
            reason="Wrong price",
            lasts=timedelta(minutes=minutes),
            actor=Actor(id=who),
        )

    @rule(who=st.sampled_from(PEOPLE), n=st.integers(0, 5))
    def lift(self, who: str, n: int) -> None:
        number = max(self.frozen - n, 1)
        self.lifted += self.click(record.lift, FreezeId(number), actor=Actor(id=who))

    @rule(seconds=st.sampled_from([1, 30, 120, 1800, 4 * 3600, 11 * 3600]))
    def wait(self, seconds: int) -> None:
        self.clock.tick(timedelta(seconds=seconds))

    @rule(who=st.sampled_from(PEOPLE), n=st.integers(0, 1))
    def expand(self, who: str, n: int) -> None:
        self.click(record.expand, self.campaigns[n], actor=who)

    @rule(
        who=st.sampled_from(PEOPLE),
        n=st.integers(0, 1),
        act=st.sampled_from([record.hold, record.extend]),
    )
    def hold_or_extend(self, who: str, n: int, act: Callable[..., Any]) -> None:
        self.click(act, self.campaigns[n], actor=who)

    @rule(n=st.integers(0, 1), really=st.integers(0, 9))
    def roll_back(self, n: int, really: int) -> None:
        if really == 0:
            self.click(
                record.roll_back,
                self.campaigns[n],
                trigger=Trigger.BUTTON,
                actor=Actor(id=OMAR),
            )

    @rule(n=st.integers(0, 1))
    def retry(self, n: int) -> None:
        self.click(record.retry, self.campaigns[n], actor=Actor(id=CLEO))

    @rule()
    def relay(self) -> None:
        relay = Relay(self.deps, TASKS)
        try:
            relay.fire_deadlines()
        finally:
            relay.close()

    @rule(most=st.integers(1, 12), how=st.sampled_from(FATES))
    def work_on(self, most: int, how: str) -> None:
        """A worker's next jobs, after the relay's round; a call of them may go wrong."""
        self.relay()
        for _ in range(most):
            self.esp.next = how
            self.work(1)

    @rule(most=st.integers(1, 12))
    def work(self, most: int) -> None:
        for job in self.due()[:most]:
            try:
                run_job(self.deps, TASKS[job.task], job.id)
            except Dies:
                self.kills += 1
                return

    def due(self) -> list[Job]:
        """What a worker would do, but for cards and what follows a rollback."""
        with self.database.begin() as store:
            due = store.outbox.due(redrive_after=timedelta(0))
            for job in due:
                if job.task in ("card", "rollback"):
                    store.outbox.finished(job.id)
        return [job for job in due if job.task not in ("card", "rollback")]

    def teardown(self) -> None:
        """Everything leaves in the end, once people let it and the faults are over."""
        for turn in range(400):
            self.esp.next = FATES[turn % len(FATES)] if turn < _FAULTY else "takes"
            for number in self.campaigns:
                self.click(record.retry, number, actor=Actor(id=CLEO))
                # what is held takes two people
                for person in (ANA, CLEO):
                    self.click(record.expand, number, actor=person)
            self.clock.tick(timedelta(minutes=15))
            self.relay()
            self.work(50)
            self.nobody_is_mailed_twice_by_a_campaign_or_too_often_by_all()
            if not any(map(self.unsettled, self.campaigns)):
                break
        stuck = [self.why(n) for n in self.campaigns if self.unsettled(n)]
        assert stuck == []
        with self.database.begin() as store:
            assert not store.audit.verify().broken
        self.waited = len(self.rows("SELECT 1 FROM freeze_waits"))
        ((self.capped,),) = self.rows("SELECT coalesce(sum(capped), 0) FROM chunks")
        self.database.close()

    def state(self, number: CampaignId) -> State:
        return self.database.look(lambda s: s.campaigns.get(number)).state

    def why(self, number: CampaignId) -> Any:
        return (
            self.database.look(lambda s: s.campaigns.get(number)),
            self.database.look(lambda s: s.sends.chunks(number)),
            self.rows("SELECT * FROM deadlines WHERE fired_at IS NULL"),
            self.rows("SELECT * FROM outbox WHERE finished_at IS NULL"),
        )

    def unsettled(self, number: CampaignId) -> bool:
        return self.state(number) not in FINAL


@pytest.mark.timeout(600)
def test_freezes_kills_and_faults_at_random_mail_nobody_twice(
    desk: Lab, migrated_file: Path, tmp_path: Path
) -> None:
    played: list[Senders] = []

    class Here(Senders):
        def __init__(self) -> None:
            super().__init__(desk, migrated_file, tmp_path / "machine.db")

        def teardown(self) -> None:
            super().teardown()
            played.append(self)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=max(STEPS // _PER_EXAMPLE, 1),
            stateful_step_count=_PER_EXAMPLE,
            deadline=None,
            derandomize=True,
            print_blob=False,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )

    # it was a run worth the name
    assert sum(each.calls for each in played) > STEPS // 40
    assert sum(each.kills for each in played) > 0
    assert sum(each.waited for each in played) > 0
    assert sum(each.lifted for each in played) > 0
    mailed = sum(len(each.esp.mailed) for each in played)
    assert mailed > READERS
    # whom the other campaign had mailed, and a sent one says so
    assert sum(each.capped for each in played) > 0
