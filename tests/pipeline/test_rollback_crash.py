"""Whatever becomes of a rollback's calls to the ESP, it ends in the same state.

Each step meets each outcome: answered, refused, broken, done without an answer, and a
process killed before or after the call. A proxy makes the trouble, over HTTP.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from aiohttp import ClientSession, web

from domain.campaign import Actor, CampaignId, State
from domain.rollback import StepName, StepState, Trigger
from pipeline import record
from pipeline.esp.sendgrid import SendGrid
from pipeline.jobs import TASKS
from pipeline.rollback import TASK
from pipeline.tasks import run_job
from tests.clock import Clock
from tests.pipeline.lab import OMAR, ONCALL, Lab, lab
from tests.pipeline.test_jobs_story import in_canary, roll_back

STEPS: Final = {
    StepName.CANCEL: ("POST", "/v3/user/scheduled_sends"),
    StepName.READ_BACK: ("GET", "/v3/user/scheduled_sends/"),
    StepName.SUPPRESS: ("POST", "/v3/asm/suppressions/global"),
}
"""Each step's call, by the method and the beginning of its path."""

OUTCOMES: Final = (
    "ok",
    "4xx",
    "5xx",
    "timeout-but-done",
    "killed before",
    "killed after",
)
IN_SLACK: Final = {"ok": "none", "4xx": "429", "5xx": "500", "timeout-but-done": "lost"}
"""What Slack does to the notice; its answer that was lost may leave two of them."""

PASSED_ON: Final = ("Authorization", "Content-Type")


class Killed(BaseException):
    """As kill -9: nothing after it runs, nothing is cleaned up."""


@dataclass
class Trouble:
    """What the next call of a step meets, once."""

    step: StepName
    outcome: str

    def strikes(self, method: str, path: str) -> str:
        wanted, start = STEPS[self.step]
        is_it = method == wanted and path.startswith(start)
        if self.outcome == "ok" or not is_it:
            return "ok"
        struck, self.outcome = self.outcome, "ok"
        return struck


class Mortal(SendGrid):
    """The real adapter in a process that dies at a call."""

    trouble: Trouble

    def _answer(self, method: str, path: str, **given: Any) -> httpx.Response:
        outcome = self.trouble.outcome
        dies = outcome.startswith("killed") and (
            self.trouble.strikes(method, path) == outcome
        )
        if dies and outcome == "killed before":
            raise Killed
        answer = super()._answer(method, path, **given)
        if dies:
            raise Killed
        return answer


@contextmanager
def troubled(desk: Lab, trouble: Trouble) -> Iterator[None]:
    """Put a proxy between the desk and its ESP."""
    target = desk.deps.settings.sendgrid_api_url

    async def hand_on(request: web.Request) -> web.Response:
        outcome = trouble.strikes(request.method, request.path)
        if outcome == "4xx":
            return web.json_response({"errors": [{"message": "no"}]}, status=403)
        if outcome == "5xx":
            return web.Response(status=503)
        headers = {k: v for k, v in request.headers.items() if k in PASSED_ON}
        async with (
            ClientSession() as session,
            session.request(
                request.method,
                target + request.path_qs,
                data=await request.read(),
                headers=headers,
            ) as answer,
        ):
            body = await answer.read()
        if outcome == "timeout-but-done":
            assert request.transport is not None
            request.transport.close()
        return web.Response(
            status=answer.status, body=body, content_type=answer.content_type
        )

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", hand_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = desk.run(start())
    mortal = Mortal(
        api_key="practice-key",
        clock=desk.clock,
        base_url=f"http://127.0.0.1:{runner.addresses[0][1]}",
    )
    mortal.trouble = trouble
    desk.deps.esp.close()
    desk.deps = dataclasses.replace(desk.deps, esp=mortal)
    try:
        yield
    finally:
        desk.run(runner.cleanup())


def work(desk: Lab) -> int:
    """Run the rollback's jobs until none is left; returns how often a process died."""
    deaths = 0
    for _ in range(30):
        jobs = [
            (key, task)
            for key, task in desk.rows(
                "SELECT id, task FROM outbox WHERE finished_at IS NULL ORDER BY id"
            )
        ]
        if not jobs:
            return deaths
        for key, task in jobs:
            try:
                run_job(desk.deps, TASKS[task], key)
            except Killed:
                # the row is as the dead process left it; the relay rings again
                deaths += 1
        desk.clock.tick(desk.deps.settings.redrive_after)
    raise AssertionError("The rollback never ended.")


def someone_complained(desk: Lab, number: CampaignId) -> None:
    (send_id,) = sorted(desk.look(_all_sends(number)))[:1]
    desk.write(lambda s: s.audiences.suppress_senders({send_id: "complained"}, number))


def _all_sends(number: CampaignId) -> Any:
    return lambda s: {
        key
        for chunk in s.sends.chunks(number, up_to_step=0)
        for key in s.sends.addresses(chunk.id)
    }


def end_state(desk: Lab, number: CampaignId) -> dict[str, object]:
    """All that may not depend on what the calls met."""
    incident = desk.look(lambda s: s.incidents.of(number))
    steps = desk.look(lambda s: s.incidents.steps(incident.id))
    return {
        "state": desk.state(number),
        "steps": [(step.name, step.state) for step in steps],
        "contained": incident.contained_at is not None,
        "told": incident.told_at is not None,
        "leaked": desk.rows("SELECT leaked FROM incidents"),
        "chunks": sorted(chunk.state for chunk in desk.chunks(number)),
        "mailed": len(desk.mailed()),
        "mailed twice": len(desk.mailed()) - len(set(desk.mailed())),
        "suppressed at the ESP": desk.esp_rows("SELECT kind, email FROM suppressions"),
        "rollbacks": desk.events(number).count("rolled_back"),
        "incidents": desk.rows("SELECT count(*) FROM incidents"),
        "chains": desk.write(lambda s: s.audit.verify()).broken,
    }


def tell(desk: Lab, outcome: str) -> tuple[dict[str, object], str]:
    """The notice to on-call meets an outcome."""
    number = in_canary(desk)
    someone_complained(desk, number)
    faults = desk.slack.workspace.faults
    faults.mode, faults.method, faults.count = (
        IN_SLACK[outcome],
        "chat.postMessage",
        1,
    )
    roll_back(desk, number)
    work(desk)
    assert faults.mode == "none", "Slack was never asked"
    assert desk.messages(ONCALL), "nobody was told"
    return end_state(desk, number), "by itself"


def play(desk: Lab, step: StepName, outcome: str) -> tuple[dict[str, object], str]:
    """One campaign stopped while one call meets one outcome; its end, and how."""
    number = in_canary(desk)
    someone_complained(desk, number)
    trouble = Trouble(step, outcome)
    with troubled(desk, trouble):
        roll_back(desk, number)
        assert desk.state(number) is State.ROLLED_BACK, "shut before any call"
        deaths = work(desk)
        steps = desk.look(lambda s: s.incidents.steps(s.incidents.of(number).id))
        assert trouble.outcome == "ok", "the call never met it"
        failed = [each for each in steps if each.state is StepState.FAILED]
        how = f"{deaths} died" if deaths else "by itself"
        if failed:
            assert {each.name for each in failed} == {step}
            how = "pressed again"
            roll_back(desk, number, by=OMAR)
            work(desk)
        return end_state(desk, number), how


def test_every_step_and_outcome_ends_in_the_same_state(
    migrated_file: Path, tmp_path: Path
) -> None:
    ends: dict[tuple[str, str], dict[str, object]] = {}
    rows = [f"{'step':<12}{'outcome':<20}{'ends':<10}how"]
    for step in (*STEPS, StepName.NOTIFY):
        for outcome in OUTCOMES if step in STEPS else IN_SLACK:
            folder = tmp_path / f"{step}-{outcome}".replace(" ", "-")
            folder.mkdir()
            shutil.copyfile(migrated_file, folder / "copydesk.db")
            url = f"sqlite:///{folder / 'copydesk.db'}"
            with lab(url, Clock(), folder) as desk:
                ends[step, outcome], how = (
                    play(desk, step, outcome) if step in STEPS else tell(desk, outcome)
                )
            is_same = ends[step, outcome] == ends[StepName.CANCEL, "ok"]
            rows.append(
                f"{step:<12}{outcome:<20}{'same' if is_same else 'OTHER':<10}{how}"
            )
            if outcome.startswith("killed"):
                assert how == "1 died", rows[-1]
    print("\n".join(["", *rows]))  # noqa: T201 - the table is what is asked for
    usual = ends[StepName.CANCEL, "ok"]
    assert usual["contained"]
    assert usual["told"]
    assert {state for _name, state in usual["steps"]} == {StepState.DONE}  # type: ignore[attr-defined]
    for case, end in ends.items():
        assert end == usual, case


def test_a_transaction_that_dies_shuts_nothing_halfway(
    migrated_file: Path, tmp_path: Path
) -> None:
    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    with lab(f"sqlite:///{tmp_path / 'copydesk.db'}", Clock(), tmp_path) as desk:
        number = in_canary(desk)

        def dies(store: Any) -> None:
            record.roll_back(
                store,
                desk.deps.playbook,
                number,
                trigger=Trigger.BUTTON,
                actor=Actor(id=OMAR),
            )
            raise Killed

        with pytest.raises(Killed):
            desk.write(dies)
        assert desk.state(number) is State.CANARY
        assert desk.rows("SELECT count(*) FROM incidents") == [(0,)]
        roll_back(desk, number)
        assert TASK.name in [task for (task,) in desk.rows("SELECT task FROM outbox")]
        assert desk.state(number) is State.ROLLED_BACK
