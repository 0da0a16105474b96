"""A campaign's audit events as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from slack_sdk.models.views import View

from blocks.message import context, modal, section
from blocks.text import capital, count, date, sentence, who
from domain.views import AuditLine

_LINES_SHOWN: Final = 60
_PER_BLOCK: Final = 6


def campaign_history(lines: Sequence[AuditLine]) -> View:
    """Who did what and why, newest first."""
    if not lines:
        nothing = section("Nothing is recorded for this campaign yet.")
        return modal(title="History", blocks=[nothing])
    newest = sorted(lines, key=lambda each: each.seq, reverse=True)
    rows = [_row(each) for each in newest[:_LINES_SHOWN]]
    chunks = [rows[at : at + _PER_BLOCK] for at in range(0, len(rows), _PER_BLOCK)]
    hidden = len(newest) - len(rows)
    blocks = [section("\n".join(each)) for each in chunks]
    older = f"{count(hidden)} older events are in the audit trail" if hidden else ""
    return modal(
        title=f"#{lines[0].campaign_id} history", blocks=[*blocks, context(older)]
    )


def _row(each: AuditLine) -> str:
    what = capital(each.event.replace("_", " ").replace(".", " "))
    moved = ""
    if each.to_state and each.to_state != each.from_state:
        moved = f", now {each.to_state.replace('_', ' ')}"
    detail = f"\n{sentence(each.detail, 250)}" if each.detail else ""
    return f"*{what}*{moved} · {who(each.actor)}, {date(each.at)}{detail}"
