"""The playbook of a running process, with teams and privacy as their files say now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import structlog

from pipeline.playbook import Playbook
from pipeline.playbook_federation import FOLDER, load_teams
from pipeline.playbook_privacy import load_privacy
from pipeline.playbook_review import Review
from pipeline.playbook_team import load_team
from pipeline.playbook_values import PlaybookRefused

log = structlog.get_logger(__name__)

Stamp = tuple[int, int, int]


class LivePlaybook:
    """Reads teams and privacy.yaml again when their files change; all else is as at start.

    Whoever is taken out of a file cannot decide from that moment on, and whoever is
    added can; a field that is taken out is said in no mail that is merged from then on.
    A file that cannot be read changes nothing, and the log says why.
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
            self._read_teams()
            self._read_privacy()
        return self._playbook

    def _read_teams(self) -> None:
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

    def _read_privacy(self) -> None:
        try:
            privacy = load_privacy(self._folder)
        except PlaybookRefused as refused:
            log.warning("playbook.privacy_refused", why=str(refused))
            return
        if privacy != self._playbook.privacy:
            self._playbook = replace(self._playbook, privacy=privacy)
            log.info("playbook.privacy_read", fields=len(privacy.fields))

    def _files(self) -> tuple[Path, ...]:
        """What is watched; the folder's own stamp tells of a team come or gone."""
        teams = self._folder / FOLDER
        own = (self._folder / name for name in ("team.yaml", "privacy.yaml"))
        return *own, teams, *sorted(teams.glob("*.yaml"))

    def _stamps(self) -> tuple[Stamp | None, ...]:
        return tuple(_stamp(path) for path in self._paths)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
