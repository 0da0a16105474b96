"""The playbook as the settings of a process scale and label it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pipeline.playbook import Playbook, load_playbook, practice_time
from pipeline.settings import Settings

_PRACTICE_WORDS: Final = {
    "slack": "practice Slack",
    "writer": "sample writer",
    "esp": "practice ESP",
}

_NOBODYS: Final = (".example", ".test", ".invalid")
"""Names that nobody has (RFC 2606)."""


def playbook_of(settings: Settings) -> Playbook:
    """The playbook as these settings scale and label it."""
    lines = [_PRACTICE_WORDS[part] for part in settings.practice_parts]
    if settings.time_scale > 1:
        lines.append(practice_time(settings.time_scale))
    playbook = load_playbook(
        settings.playbook,
        time_scale=settings.time_scale,
        practice=tuple(lines),
        allow_sample_copy=settings.allow_sample_copy,
    )
    seeds = playbook.seeds
    if "esp" not in settings.practice_parts:
        # the playbook's examples: a real ESP would count their bounces
        seeds = tuple(each for each in seeds if not each.lower().endswith(_NOBODYS))
    return replace(playbook, esp=settings.esp, seeds=seeds)
