"""sending.yaml: what loads, and what is refused with its key and what is allowed."""

from __future__ import annotations

import shutil
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from domain.cadence import Cap
from domain.send_window import Quiet
from domain.sending import Sending
from domain.warm_up import ALL, Ramp
from pipeline.playbook import load_playbook
from pipeline.playbook_sending import load_sending
from pipeline.playbook_values import PlaybookRefused

ROOT = Path(__file__).parents[2]
EVERYTHING = """
freeze: {longest: 3 d, usual: 30 min}
window:
  zone: Europe/Berlin
  days: [mon, tue]
  opens: "08:00"
  closes: "20:00"
  quiet: [{from: "12:30", to: "13:30"}, {from: "21:00", to: "06:00"}]
  holidays: [2026-12-25]
cadence: {mails: 3, within: 7 d}
warm_up:
  a_day: [500, 1000]
  then: 5000
  providers: {gmail: {a_day: [100]}}
"""


def load(folder: Path, text: str, *, scale: float = 1) -> Sending:
    (folder / "sending.yaml").write_text(text, encoding="utf-8")
    return load_sending(folder, scale)


def test_the_shipped_file_and_no_file_set_no_limit(tmp_path: Path) -> None:
    shipped = load_sending(ROOT / "playbook", 1)
    assert shipped == Sending() == load_sending(tmp_path, 1)


def test_the_shipped_examples_load_when_they_are_used(tmp_path: Path) -> None:
    folder = tmp_path / "playbook"
    shutil.copytree(ROOT / "playbook", folder)
    text = (folder / "sending.yaml").read_text(encoding="utf-8")
    _comments, mark, examples = text.partition("# window:")
    used = "\n".join(
        line.removeprefix("# ")
        for line in f"{mark}{examples}".splitlines()
        # prose has no colon at its first word
        if line.removeprefix("# ").lstrip().partition(" ")[0].endswith(":")
    )
    (folder / "sending.yaml").write_text(used, encoding="utf-8")
    sending = load_playbook(folder, time_scale=1).sending
    assert sending.window is not None
    assert sending.cap == Cap(mails=3, span=timedelta(days=7))
    assert sending.warm_up is not None
    assert sending.warm_up.ramps["gmail"].on(0) == 100


def test_everything_it_may_say_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, EVERYTHING)
    assert found.longest_freeze == timedelta(days=3)
    assert found.usual_freeze == timedelta(minutes=30)
    assert found.window is not None
    assert (found.window.opens, found.window.closes) == (time(8), time(20))
    assert found.window.days == {0, 1}
    assert found.window.holidays == {date(2026, 12, 25)}
    assert found.window.quiet[1] == Quiet(begins=time(21), ends=time(6))
    assert found.warm_up is not None
    assert found.warm_up.ramps[ALL] == Ramp(a_day=(500, 1000), then=5000)
    assert found.warm_up.providers == {"gmail"}


def test_practice_time_has_no_window_and_shorter_spans(tmp_path: Path) -> None:
    found = load(tmp_path, EVERYTHING, scale=240)
    assert found.window is None
    assert found.cap == Cap(mails=3, span=timedelta(days=7) / 240)
    assert found.warm_up is not None
    assert found.warm_up.day == timedelta(minutes=6)
    # what people type is time on the wall
    assert found.longest_freeze == timedelta(days=3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "windows: {}",
            "sending.yaml does not know windows; it may hold freeze, window",
        ),
        ("freeze: {longest: 14}", 'freeze, longest is "14"; a duration is a number'),
        (
            "freeze: {longest: 1 h, usual: 2 h}",
            "usual must be longer than 0 and within",
        ),
        ("freeze: {for: 1 h}", "freeze does not know for"),
        ("window: {opens: '08:00'}", "window: zone must be a text"),
        ("window: {zone: Mars/Phobos}", 'zone is "Mars/Phobos"; a name such as Europe'),
        (
            "window: {zone: UTC, opens: '25:00'}",
            "a time from 00:00 to 24:00 is allowed",
        ),
        (
            "window: {zone: UTC, opens: '20:00', closes: '08:00'}",
            "closes must be later",
        ),
        ("window: {zone: UTC, days: [someday]}", "days may name mon, tue"),
        ("window: {zone: UTC, quiet: night}", "quiet must be a list"),
        ("window: {zone: UTC, quiet: [{from: '21:00'}]}", "a time from 00:00 to 24:00"),
        (
            "window: {zone: UTC, quiet: [{from: '00:00', to: '24:00'}]}",
            "quiet hours leave nothing of the send window",
        ),
        ("cadence: {mails: 0, within: 7 d}", 'mails is "0"; a whole number from 1'),
        ("cadence: {mails: 2}", 'within is "None"; a duration is a number'),
        ("cadence: {mails: 2, within: 0 d}", "needs at least one mail and some time"),
        ("cadence: 3", "cadence must be a table"),
        ("warm_up: {}", "warm_up needs a_day, then, or providers"),
        ("warm_up: {a_day: 500}", "a_day must be a list of mails a day"),
        ("warm_up: {a_day: [500, 0]}", 'a_day is "0"; a whole number from 1'),
        ("warm_up: {providers: {hotmail: {}}}", "does not know hotmail; it may hold"),
        ("warm_up: {then: true}", 'then is "True"; a whole number from 1'),
        ("[]", "sending.yaml must be a table"),
    ],
)
def test_what_it_may_not_say_is_refused_by_name(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(PlaybookRefused) as refused:
        load(tmp_path, text)
    assert words in str(refused.value)
