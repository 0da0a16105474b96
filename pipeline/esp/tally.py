"""Mails that each have a fate of their own, counted while a batch is handed over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum, auto

from domain.errors import CampaignError, Refused, TryLater
from pipeline.esp.port import Accepted, Mail, OutcomeUnknown


class Fate(Enum):
    """What became of one mail."""

    TAKEN = auto()
    # never taken as it stands
    REFUSED = auto()
    # nor ever: there is no such address
    BOUNCED = auto()
    # nothing of it was taken for now
    LATER = auto()
    # nor of this one, which was asked about for itself
    PUT_OFF = auto()
    # may be out: its answer never came
    UNKNOWN = auto()


class Tally:
    """The fates of a batch's mails. Who is never mentioned was not tried: later."""

    def __init__(self, mails: Iterable[Mail]) -> None:
        self._fates = {mail.send_id: Fate.LATER for mail in mails}
        self._retry_after = timedelta(0)

    def note(self, mail: Mail, fate: Fate, *, after: timedelta = timedelta(0)) -> None:
        self._fates[mail.send_id] = fate
        self._retry_after = max(self._retry_after, after)

    def answer(self, stopped_by: CampaignError | None = None) -> Accepted:
        """What to tell the sender.

        Args:
            stopped_by: Why not all were tried. Raised when nothing is out and nobody was
                put off alone, for then it is true of all; else the rest is for later
                and will meet it again.

        Raises:
            OutcomeUnknown: Any of the whole batch may be out, and nothing else.
            TryLater: Nothing was taken.
            Refused: Nothing was taken, and never will be.
        """
        taken, unknown = self._of(Fate.TAKEN), self._of(Fate.UNKNOWN)
        bounced, put_off = self._of(Fate.BOUNCED), self._of(Fate.PUT_OFF)
        later = self._of(Fate.LATER) | put_off
        is_for_all = isinstance(stopped_by, Refused) or not put_off
        if not taken and not unknown and is_for_all and (stopped_by or later):
            raise stopped_by or TryLater(
                "Nothing of the batch was taken.", retry_after=self._retry_after
            )
        if len(unknown) == len(self._fates):
            raise OutcomeUnknown("No answer came, so the mail may be out.")
        wait = stopped_by.retry_after if isinstance(stopped_by, TryLater) else None
        return Accepted(
            accepted=len(taken),
            refused=self._of(Fate.REFUSED) | bounced,
            bounced=bounced,
            later=later,
            put_off=put_off,
            unknown=unknown,
            retry_after=max(wait or timedelta(0), self._retry_after),
        )

    def _of(self, fate: Fate) -> frozenset[int]:
        return frozenset(s for s, own in self._fates.items() if own is fate)
