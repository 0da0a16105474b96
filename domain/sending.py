"""What the playbook says of sending: when mails may leave, how many, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.cadence import Cap
from domain.freeze import LONGEST, USUAL
from domain.send_window import SendWindow
from domain.warm_up import WarmUp


class WaitsFor(StrEnum):
    """What a chunk waits for that is not out yet."""

    # the hour where its recipients are
    WINDOW = "window"
    # tomorrow's allowance
    WARM_UP = "warm_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Each None lets everything through.

    Attributes:
        longest_freeze: On the clock on the wall, in practice too.
        usual_freeze: When nobody says how long.
    """

    window: SendWindow | None = None
    cap: Cap | None = None
    warm_up: WarmUp | None = None
    longest_freeze: timedelta = LONGEST
    usual_freeze: timedelta = USUAL
