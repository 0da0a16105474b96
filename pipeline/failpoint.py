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
    "schedule.after_batch",
    "schedule.before_end",
    "send.after_batch",
    "send.after_intent",
    "send.after_call",
    "seeds.after_batch",
    "seeds.after_intent",
    "seeds.after_call",
    "rollback.before_call",
    "rollback.after_call",
    "alert.before_call",
    "alert.after_call",
    "digest.after_intent",
    "digest.after_call",
    "freeze.before_call",
    "freeze.after_call",
)
"""Every ambiguous moment of the protocol: between intent, call and result."""

OF_IMPORTS: Final = ("audience.after_batch", "audience.before_show")
"""Moments of `copydesk audience import`, which is no part of that protocol."""

OF_UPLOADS: Final = ("upload.after_post", "upload.after_fetch", "upload.after_report")
"""Moments of a list that is given in Slack, beside those of its import."""

OF_EXPORTS: Final = ("export.before_call", "export.after_call", "export.after_told")
"""Moments of approved copy, or of the word that there is none, on its way to a thread."""

_VARIABLE: Final = "COPYDESK_FAILPOINTS"
WHOLE: Final = "whole"


def hit(name: str) -> None:
    """Die here, as by kill -9, when a crash test armed this name.

    `COPYDESK_FAILPOINTS` names a folder. A file of the failpoint's name in it arms the
    failpoint once: it is removed before the kill. It may hold how many hits to let
    pass first, and the word "whole" to kill the process group and not the process
    alone.
    """
    folder = os.environ.get(_VARIABLE)
    if not folder:
        return
    token = Path(folder) / name
    try:
        order = token.read_text(encoding="ascii").split()
        passes = next((int(word) for word in order if word.isdecimal()), 0)
        if passes:
            _rewrite(token, [str(passes - 1), *order[1:]])
            return
        token.unlink()
    except FileNotFoundError:
        return
    if WHOLE in order:
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _rewrite(token: Path, order: list[str]) -> None:
    fresh = token.with_name(f"{token.name}.{os.getpid()}")
    fresh.write_text(" ".join(order), encoding="ascii")
    fresh.replace(token)
