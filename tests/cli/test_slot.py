"""`copydesk slot`: what there is, the secret that is kept nowhere, and when no play is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import copydesk
from domain.channel import Channel, Slot
from domain.errors import Refused, Unknown
from pipeline.slot_keys import slot_secret

SECRET_KEY = "0123456789abcdef0123456789abcdef"
SLOT = Slot(key="sidebar-ad", title="Blog, sidebar ad", channel=Channel.AD)


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    monkeypatch.setenv("COPYDESK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COPYDESK_SECRET_KEY", SECRET_KEY)


def told(*args: str) -> Result:
    return CliRunner().invoke(copydesk, ["slot", *args])


def test_every_slot_is_listed_with_what_it_shows() -> None:
    lines = told("list").output.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("sidebar-ad")
    assert lines[1].endswith("Blog, sidebar ad: its site's own text")


def test_a_slots_secret_is_the_one_that_the_desk_asks_for() -> None:
    assert told("key", "sidebar-ad").output.strip() == slot_secret(SECRET_KEY, SLOT)


def test_a_slot_says_what_it_shows_and_its_steps() -> None:
    said = told("show", "sidebar-ad").output
    assert "shows     its site's own text" in said
    assert "step 1    5 % of the visitors, until 500 have seen it" in said
    assert "step 3    100 % of the visitors, until 5,000 have seen it" in said


@pytest.mark.parametrize("command", ["key", "show", "try"])
def test_a_slot_that_is_none_is_told_with_those_there_are(command: str) -> None:
    error = told(command, "nowhere").exception
    assert isinstance(error, Unknown)
    assert str(error) == (
        "slots.yaml has no slot nowhere; it has home-hero, sidebar-ad, chat-pricing."
    )


def test_made_up_visitors_do_not_decide_about_real_copy() -> None:
    error = told("try", "sidebar-ad").exception
    assert isinstance(error, Refused)
    assert "This desk is not in practice" in str(error)
