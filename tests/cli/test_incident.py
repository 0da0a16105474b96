"""`copydesk incident` and `copydesk rollback --drill`, as a person at a shell."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.desk import Desk
from cli.drill import Lap, drill, table
from cli.main import copydesk
from domain.campaign import CampaignId, State
from domain.errors import CampaignError, MoveNotAllowed, Refused
from domain.rollback import Trigger
from pipeline.wall_clock import utc_now
from storage.engine import Database
from tests.clock import Clock
from tests.factories import add_campaign
from tests.pipeline.lab import Lab, lab
from tests.pipeline.test_jobs_story import in_canary, roll_back


@pytest.fixture
def desk(migrated_file: Path, tmp_path: Path) -> Iterator[Lab]:
    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    with lab(f"sqlite:///{tmp_path / 'copydesk.db'}", Clock(), tmp_path) as up:
        # a drill waits for what a card's job says
        up.draws_late = False
        yield up


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPYDESK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COPYDESK_SECRET_KEY", "0123456789abcdef0123456789abcdef")


def told(*args: str) -> Result:
    return CliRunner().invoke(copydesk, args, catch_exceptions=True)


def refused(*args: str) -> str:
    """What `main` prints for a refusal."""
    outcome = told(*args)
    assert outcome.exit_code == 1
    assert isinstance(outcome.exception, CampaignError)
    return str(outcome.exception)


@pytest.mark.usefixtures("shell")
def test_an_incident_is_told_and_its_postmortem_written(
    desk: Lab, tmp_path: Path
) -> None:
    number = in_canary(desk)
    roll_back(desk, number)
    desk.drain()
    said = told("incident", "1").output
    assert "#1 Recover stalled demos: open incident" in said
    assert "stopped by     omar (button)" in said
    assert "t_contained" in said
    path = tmp_path / "postmortem.md"
    assert told("incident", "1", "--markdown", str(path)).exit_code == 0
    written = path.read_text(encoding="utf-8")
    assert written.startswith("# Postmortem: #1 Recover stalled demos\n")
    assert told("incident", "1", "--markdown", "-").output == written


@pytest.mark.usefixtures("shell")
def test_what_cannot_be_shown_or_written_is_said(desk: Lab, tmp_path: Path) -> None:
    number = in_canary(desk)
    assert refused("incident", "1") == "Campaign #1 has no incident."
    assert refused("incident", "77") == "There is no campaign #77."
    roll_back(desk, number)
    path = tmp_path / "no" / "such" / "folder.md"
    assert "cannot be written" in refused("incident", "1", "--markdown", str(path))


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "9" * 30])
@pytest.mark.usefixtures("shell", "desk")
def test_a_number_that_is_none_is_refused(number: str) -> None:
    assert told("incident", number).exit_code != 0


def as_desk(desk: Lab, **changes: Any) -> Desk:
    settings = desk.deps.settings.model_copy(update=changes)
    return Desk(
        settings=settings, playbook=desk.deps.playbook, database=desk.deps.database
    )


def test_a_drill_stops_for_real_and_holds_the_clocks_to_the_promise(desk: Lab) -> None:
    number = in_canary(desk)
    looks: list[float] = []

    def work(seconds: float) -> None:
        looks.append(seconds)
        desk.drain()

    laps = drill(as_desk(desk), number, actor="shell:o", clock=desk.clock, sleep=work)
    assert [lap.is_kept for lap in laps] == [True] * 4
    assert len(looks) == 1
    incident = desk.look(lambda s: s.incidents.of(number))
    assert (incident.trigger, incident.actor) == (Trigger.DRILL, "shell:o")
    assert desk.state(number) is State.ROLLED_BACK
    assert "Drill: rolled back by shell:o" in str(desk.cards(number)[0].blocks)


def test_a_drill_on_a_desk_that_does_no_work_is_too_slow(desk: Lab) -> None:
    number = in_canary(desk)

    def nobody_works(seconds: float) -> None:
        desk.clock.tick(timedelta(seconds=seconds))

    laps = drill(
        as_desk(desk), number, actor="shell:o", clock=desk.clock, sleep=nobody_works
    )
    assert [lap.is_kept for lap in laps] == [True, False, False, False]
    rows = list(table(laps))
    assert rows[1] == f"{'gate shut':<26}{'0.00 s':>12}{'1.00 s':>12}"
    assert rows[-1].endswith("too slow")


def test_a_lap_just_in_time_is_kept() -> None:
    lap = Lap(words="x", took=timedelta(seconds=1), promise=timedelta(seconds=1))
    assert lap.is_kept
    late = dataclasses.replace(lap, took=timedelta(seconds=1.001))
    assert not late.is_kept


def test_a_drill_never_touches_a_real_esp(desk: Lab) -> None:
    number = in_canary(desk)
    with pytest.raises(Refused, match=r"practice ESP only\. This desk has a real one"):
        drill(
            as_desk(desk, practice="slack,writer"),
            number,
            actor="shell:o",
            clock=desk.clock,
            sleep=lambda _s: None,
        )
    assert desk.state(number) is State.CANARY


def test_a_drill_needs_a_live_campaign(desk: Lab) -> None:
    def run(number: CampaignId) -> None:
        drill(
            as_desk(desk),
            number,
            actor="shell:o",
            clock=desk.clock,
            sleep=lambda _s: desk.drain() and None,
        )

    with pytest.raises(MoveNotAllowed):
        run(desk.brief())
    number = in_canary(desk)
    run(number)
    with pytest.raises(Refused, match="rolled back already"):
        run(number)


@pytest.mark.usefixtures("shell")
def test_a_shell_without_practice_refuses_the_drill(
    migrated_file: Path, tmp_path: Path
) -> None:
    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    database = Database(f"sqlite:///{tmp_path / 'copydesk.db'}", utc_now)
    with database.begin() as store:
        add_campaign(store)
    database.close()
    assert "practice ESP only" in refused("rollback", "1", "--drill")
