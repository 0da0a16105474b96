"""The playbook of a running process, with the team as team.yaml says it now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import structlog

from pipeline.playbook import Playbook, load_team
from pipeline.playbook_values import PlaybookRefused

log = structlog.get_logger(__name__)

Stamp = tuple[int, int, int]


class LivePlaybook:
    """Reads team.yaml again when it has changed; all else is read at start.

    Whoever is taken out of the file cannot decide from that moment on, and whoever is
    added can. A file that cannot be read changes nothing, and the log says why.
    """

    def __init__(self, playbook: Playbook, folder: Path) -> None:
        self._path = folder / "team.yaml"
        self._playbook = playbook
        self._seen = self._stamp()

    def now(self) -> Playbook:
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            self._read()
        return self._playbook

    def _read(self) -> None:
        try:
            team = load_team(self._path.parent)
        except PlaybookRefused as refused:
            log.warning("playbook.team_refused", why=str(refused))
            return
        self._playbook = replace(self._playbook, team=team)
        log.info("playbook.team_read", people=len(team.people))

    def _stamp(self) -> Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
