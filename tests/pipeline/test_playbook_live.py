"""Who works here may change while the desk runs; nobody has to restart it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.playbook import load_playbook
from pipeline.playbook_live import LivePlaybook
from tests.pipeline.lab import CLEO

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "playbook", tmp_path / "playbook"))


@pytest.fixture
def live(folder: Path) -> LivePlaybook:
    return LivePlaybook(load_playbook(folder, time_scale=240), folder, time_scale=240)


def rewrite(folder: Path, text: str) -> None:
    """Replace team.yaml as an editor or a deployment does: all at once."""
    fresh = folder / "team.new"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(folder / "team.yaml")


def team_without(folder: Path, user: str) -> str:
    raw = yaml.safe_load((folder / "team.yaml").read_text(encoding="utf-8"))
    del raw["people"][user]
    return yaml.safe_dump(raw)


def test_nothing_is_read_again_while_nothing_changes(live: LivePlaybook) -> None:
    assert live.now() is live.now()


def test_whoever_is_taken_out_can_decide_no_more(
    folder: Path, live: LivePlaybook
) -> None:
    before = live.now()
    assert before.team.has_role(CLEO, "copy_editor")

    rewrite(folder, team_without(folder, CLEO))

    assert not live.now().team.has_role(CLEO, "copy_editor")
    assert live.now().stages == before.stages


@pytest.mark.parametrize("broken", ["people: [", "people: {}", "\x00", "- a list"])
def test_a_file_that_cannot_be_read_changes_nothing(
    folder: Path, live: LivePlaybook, broken: str
) -> None:
    before, mended = live.now().team, team_without(folder, CLEO)

    rewrite(folder, broken)
    assert live.now().team == before

    rewrite(folder, mended)
    assert live.now().team != before


def test_a_file_that_is_gone_changes_nothing(folder: Path, live: LivePlaybook) -> None:
    before = live.now().team

    (folder / "team.yaml").unlink()

    assert live.now().team == before


def privacy(folder: Path, **city: object) -> None:
    path = folder / "privacy.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw["fields"]["person.city"] |= city
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")


def test_a_field_that_is_taken_out_of_texts_is_out_at_once(
    folder: Path, live: LivePlaybook
) -> None:
    assert live.now().privacy.fields["person.city"].in_text
    privacy(folder, in_text=False)
    assert not live.now().privacy.fields["person.city"].in_text


def test_a_privacy_file_that_is_refused_changes_nothing_and_keeps_no_team_out(
    folder: Path, live: LivePlaybook
) -> None:
    before = live.now()
    (folder / "privacy.yaml").write_text("fields: {}", encoding="utf-8")
    rewrite(folder, team_without(folder, CLEO))
    assert live.now().privacy == before.privacy
    assert live.now().team != before.team


def test_a_team_file_that_is_refused_keeps_no_privacy_out(
    folder: Path, live: LivePlaybook
) -> None:
    before = live.now()
    rewrite(folder, "people: [")
    privacy(folder, in_text=False)
    assert live.now().privacy != before.privacy
    assert live.now().team == before.team
