"""Several stories at a time: what each says stays together, and none is left behind."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

import click
import pytest

from tests.stories.beside import play_beside


def _talk(name: str, *, folder: Path) -> str | None:
    """Talk only while the other does."""
    (folder / name).touch()
    while len(list(folder.iterdir())) < len(("one", "two")):
        time.sleep(0.01)
    for line in range(3):
        click.echo(f"{name} {line}")
        time.sleep(0.01)
    return f"{name} went wrong" if name == "two" else None


def test_stories_go_on_at_once_and_each_is_told_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = play_beside(["one", "two"], partial(_talk, folder=tmp_path), most=2)
    assert results == {"one": None, "two": "two went wrong"}
    said = capsys.readouterr().out
    for name in ("one", "two"):
        assert "\n".join(f"{name} {line}" for line in range(3)) in said


def _vanish(name: str) -> str | None:
    if name == "gone":
        click.echo("Until here.")
        os.kill(os.getpid(), signal.SIGKILL)
    return None


def test_a_story_whose_process_dies_has_failed_and_the_next_is_played(
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = play_beside(["gone", "next"], _vanish, most=1)
    assert results == {"gone": "Its process ended with -9.", "next": None}
    assert "Until here." in capsys.readouterr().out


def _wait(name: str, *, folder: Path) -> str | None:
    try:
        (folder / name).touch()
        while True:
            if name == "breaks" and (folder / "stays").exists():
                # as Ctrl-C does: whoever plays them leaves by an error
                os.kill(os.getppid(), signal.SIGINT)
            time.sleep(0.05)
    finally:
        (folder / f"{name} tidied").touch()


def test_ctrl_c_stops_them_all_by_the_usual_way(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        play_beside(["stays", "breaks"], partial(_wait, folder=tmp_path), most=2)
    assert (tmp_path / "stays tidied").exists()
    assert (tmp_path / "breaks tidied").exists()
