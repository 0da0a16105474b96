"""The playbook of a running process, with the teams as their files say now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import structlog

from pipeline.playbook import Playbook
from pipeline.playbook_federation import FOLDER, load_teams
from pipeline.playbook_review import Review
from pipeline.playbook_team import load_team
from pipeline.playbook_values import PlaybookRefused

log = structlog.get_logger(__name__)

Stamp = tuple[int, int, int]


class LivePlaybook:
    """Reads the teams again when a file of theirs has changed; all else is as at start.

    Whoever is taken out of a file cannot decide from that moment on, and whoever is
    added can. A file that cannot be read changes nothing, and the log says why.
    """

    def __init__(self, playbook: Playbook, folder: Path, *, time_scale: float) -> None:
        self._folder = folder
        self._time_scale = time_scale
        self._playbook = playbook
        self._paths = self._files()
        self._seen = self._stamps()

    def now(self) -> Playbook:
        if self._stamps() != self._seen:
            self._paths = self._files()
            self._seen = self._stamps()
            self._read()
        return self._playbook

    def _read(self) -> None:
        central = Review(stages=self._playbook.stages, rules=self._playbook.rules)
        try:
            team = load_team(self._folder)
            teams = load_teams(self._folder, team, central, self._time_scale)
        except PlaybookRefused as refused:
            log.warning("playbook.team_refused", why=str(refused))
            return
        self._playbook = replace(self._playbook, team=team, teams=teams)
        log.info(
            "playbook.team_read",
            people=len(team.people),
            groups=len(team.groups),
            teams=len(teams),
        )

    def _files(self) -> tuple[Path, ...]:
        """What is watched; the folder's own stamp tells of a team come or gone."""
        teams = self._folder / FOLDER
        return self._folder / "team.yaml", teams, *sorted(teams.glob("*.yaml"))

    def _stamps(self) -> tuple[Stamp | None, ...]:
        return tuple(_stamp(path) for path in self._paths)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
