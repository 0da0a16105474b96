"""Named places where a crash test kills the process; inert unless it is asked to."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

NAMES: Final = (
    "web.before_commit",
    "web.after_commit",
    "relay.before_publish",
    "relay.after_publish",
    "job.start",
    "write.after_intent",
    "write.after_call",
    "card.after_claim",
    "card.after_call",
    "send.after_batch",
    "send.after_intent",
    "send.after_call",
    "rollback.before_call",
    "rollback.after_call",
)
"""Every ambiguous moment of the protocol: between intent, call and result."""

_VARIABLE: Final = "COPYDESK_FAILPOINT"


def hit(name: str) -> None:
    """Die here, as by kill -9, when the crash test armed this name.

    `COPYDESK_FAILPOINT=name:file` arms it for as long as the file exists; the file is
    removed first, so that each arming kills once.
    """
    armed = os.environ.get(_VARIABLE)
    if not armed:
        return
    wanted, _, token = armed.partition(":")
    if wanted != name or not token:
        return
    try:
        Path(token).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
