"""One real `copydesk up` on free ports, looked at from outside and then stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True, kw_only=True)
class Up:
    process: subprocess.Popen[bytes]
    folder: Path
    out: Path

    @property
    def run(self) -> dict[str, Any]:
        raw: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return raw

    def pid(self, name: str) -> int:
        return int((self.folder / "run" / f"{name}.pid").read_text())


def environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "COPYDESK_DATA_DIR": str(folder),
        "COPYDESK_PORT": "0",
    }


def copydesk(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def until(path: Path, words: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1_200):
        if path.exists() and words in path.read_text():
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(path.read_text())


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("desk")
    out = folder.parent / "out.txt"
    with (
        out.open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up"],
            env=environment(folder),
            stdout=said,
            stderr=said,
        ) as process,
    ):
        try:
            until(out, "Copydesk is up", process)
            yield Up(process=process, folder=folder, out=out)
        finally:
            process.terminate()
            process.wait(60)


def test_the_page_and_the_lists_are_there_once_the_address_is_printed(up: Up) -> None:
    page = up.run["page"]
    assert f"Open {page}" in up.out.read_text()
    assert httpx.get(page).status_code == 200
    assert "a list that complains: 30,000" in (up.folder / "logs/lists.log").read_text()


def test_a_second_up_says_that_it_runs_and_where(up: Up) -> None:
    second = copydesk(up.folder, "up")
    assert second.returncode == 1
    assert second.stderr == (
        f"Copydesk is already running here (pid {up.run['pid']})."
        f" Its page is {up.run['page']}.\n"
    )


def test_the_doctor_finds_the_running_desk_well(up: Up) -> None:
    found = copydesk(up.folder, "doctor")
    assert "ok    The database answers and is of this version." in found.stdout
    assert "ok    The broker answers." in found.stdout
    assert "ok    The web process is ready." in found.stdout
    assert "ok    The ESP takes the key." in found.stdout


def test_the_doctor_finds_nothing_to_mend_in_practice(up: Up) -> None:
    found = copydesk(up.folder, "doctor")
    assert "fail" not in found.stdout
    assert found.returncode == 0


def test_a_brief_from_a_file_is_a_campaign_with_a_story(up: Up, tmp_path: Path) -> None:
    brief = {
        "title": "Recover stalled demos",
        "objective": "Get people back to the demo",
        "audience": "small",
        "key_message": "Setup takes ten minutes",
        "cta_url": "https://example.com/demo",
    }
    schema = json.loads(copydesk(up.folder, "brief", "--schema").stdout)
    jsonschema.validate(brief, schema)
    file = tmp_path / "brief.json"
    file.write_text(json.dumps(brief))
    said = copydesk(up.folder, "brief", str(file))
    assert said.stdout.startswith("Campaign #1 is briefed: Recover stalled demos")
    assert "Recover stalled demos" in copydesk(up.folder, "campaign", "list").stdout
    story = copydesk(up.folder, "audit", "show", "1").stdout
    assert "mara (U0MARKETER): briefed" in story
    assert copydesk(up.folder, "audit", "verify").returncode == 0
    stopped = copydesk(up.folder, "rollback", "1")
    assert stopped.returncode == 1
    assert stopped.stderr.count("\n") == 1


def test_a_killed_web_is_started_again(up: Up) -> None:
    before = up.pid("web")
    os.kill(before, signal.SIGKILL)
    until(up.out, "process.restarted", up.process)
    port = up.run["env"]["COPYDESK_PORT"]
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.1)
    assert up.pid("web") != before


def test_sigterm_stops_everything_in_order(up: Up) -> None:
    pids = [up.pid(path.stem) for path in (up.folder / "run").glob("*.pid")]
    up.process.terminate()
    assert up.process.wait(60) == 0
    ends = [
        json.loads(line)["name"]
        for line in up.out.read_text().splitlines()
        if '"process.stopped"' in line
    ]
    assert ends[0] == "web"
    assert ends[-1] == "broker"
    assert set(ends) == {
        *("web", "relay", "worker-fast", "worker-slow"),
        *("slack", "writer", "esp", "broker"),
    }
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not (up.folder / "run.json").exists()


def test_wrong_usage_is_2_and_a_refusal_is_1(tmp_path: Path) -> None:
    assert copydesk(tmp_path, "campaign", "show", "none").returncode == 2
    refused = copydesk(tmp_path, "campaign", "show", "1")
    assert refused.returncode == 1
    assert refused.stderr.startswith("There is no desk in ")
