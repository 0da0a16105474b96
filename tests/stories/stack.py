"""A whole desk for the stories: `copydesk up` in a folder of its own, and its commands."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cli.desk import made_secrets

ROOT = Path(__file__).resolve().parents[2]
_OURS = ("COPYDESK_", "SLACK_", "OPENAI_", "SENDGRID_", "SPARKPOST_", "PRACTICE_")
_OURS_EXACT = ("DATABASE_URL", "BROKER_URL")
_UP = re.compile(r"Copydesk is up .*?Open (?P<page>http://\S+)", re.DOTALL)
_NO_MORE: Final[Mapping[str, str]] = MappingProxyType({})
_UP_WITHIN_S = 120
_DOWN_WITHIN_S = 60


class DeskBroken(RuntimeError):
    """The desk did not start, stop or answer as a story needs it."""


@dataclass
class Stack:
    """A desk that runs, practice world and all.

    Attributes:
        folder: Its data folder.
        page: The address of the practice workspace, without a slash at the end.
        process: The supervisor; None when somebody else started the desk.
    """

    folder: Path
    page: str
    process: subprocess.Popen[bytes] | None = None

    def copydesk(
        self, *words: str, within_s: float = 180
    ) -> subprocess.CompletedProcess[str]:
        """Run one command against this desk, as a person in a shell would."""
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *words],
            cwd=ROOT,
            env=environment(self.folder),
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def said(self, *words: str, within_s: float = 180) -> str:
        """What a command prints.

        Raises:
            DeskBroken: It failed.
        """
        done = self.copydesk(*words, within_s=within_s)
        if done.returncode:
            raise DeskBroken(
                f"`copydesk {' '.join(words)}` ended with {done.returncode}:"
                f"\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    @property
    def env(self) -> dict[str, str]:
        """What the desk's own processes were given."""
        found: dict[str, str] = json.loads((self.folder / "run.json").read_text())[
            "env"
        ]
        return found

    def stop(self) -> None:
        """Ask the supervisor to stop, as `kill` does, and wait for it.

        Raises:
            DeskBroken: It did not stop in time, or not cleanly.
        """
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(_DOWN_WITHIN_S)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            raise DeskBroken(
                f"`copydesk up` still ran {_DOWN_WITHIN_S} s after SIGTERM."
            ) from error
        if code:
            raise DeskBroken(f"`copydesk up` ended with {code} after SIGTERM.")

    def log_tails(self, lines: int = 40) -> str:
        """The last lines of every process, for the report of a failed story."""
        files = [*sorted((self.folder / "logs").glob("*.log")), self.folder / "up.out"]
        return "\n".join(
            f"== {file.name}\n{_tail(file, lines)}" for file in files if file.is_file()
        )


def environment(
    folder: Path, *, scale: float | None = None, more: Mapping[str, str] = _NO_MORE
) -> dict[str, str]:
    """This shell's environment without any setting of Copydesk, then the desk's own."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OURS) and name not in _OURS_EXACT
    }
    env["COPYDESK_DATA_DIR"] = str(folder)
    if scale is not None:
        env |= {"COPYDESK_TIME_SCALE": f"{scale:g}", "COPYDESK_PORT": "0"}
    return env | more


def prepare(folder: Path) -> None:
    """Make what a first start makes: secrets, an empty record, the practice lists.

    Raises:
        DeskBroken: A command failed.
    """
    made_secrets(folder)
    not_started = Stack(folder, page="")
    not_started.said("migrate")
    not_started.said("practice", "lists")


def start(folder: Path, *, scale: float, more: Mapping[str, str] = _NO_MORE) -> Stack:
    """Start a desk on free ports and wait for the address that it prints.

    Args:
        more: Variables that it is given besides.

    Raises:
        DeskBroken: It ended, or printed no address in time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    printed = folder / "up.out"
    with printed.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "cli.main", "up"],
            cwd=ROOT,
            env=environment(folder, scale=scale, more=more),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    until = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        if found := _UP.search(printed.read_text(errors="replace")):
            return Stack(folder, found["page"].rstrip("/"), process)
        time.sleep(0.1)
    if process.poll() is None:
        process.terminate()
        process.wait(_DOWN_WITHIN_S)
    raise DeskBroken(f"`copydesk up` did not come up:\n{_tail(printed, 60)}")


def attach(folder: Path) -> Stack:
    """A desk that runs already; playing on it leaves campaigns behind.

    Raises:
        DeskBroken: None runs on this folder.
    """
    try:
        page = json.loads((folder / "run.json").read_text())["page"]
    except (OSError, ValueError, KeyError) as error:
        raise DeskBroken(f"No desk runs on {folder}.") from error
    return Stack(folder, page.rstrip("/"))


def _tail(file: Path, lines: int) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
