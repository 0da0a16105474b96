"""The playbook with the team as Slack knows it, from what was last read."""

from __future__ import annotations

from domain.members import Roster
from pipeline.playbook import Playbook


class Membership:
    """What one process knows of people and groups, joined once for each playbook."""

    def __init__(self) -> None:
        self._roster = Roster()
        self._joined: tuple[Playbook, Roster, Playbook] | None = None

    def learn(self, roster: Roster) -> None:
        if roster != self._roster:
            self._roster = roster

    def join(self, written: Playbook) -> Playbook:
        """The playbook that decides now.

        Args:
            written: With the team as its file has it.
        """
        # threads share this: read and replaced as one, never changed
        known, roster = self._joined, self._roster
        if known is not None and known[0] is written and known[1] is roster:
            return known[2]
        joined = written.joined(roster)
        self._joined = written, roster, joined
        return joined
