"""`/desk metrics`: a table of stages, why texts were rejected, what the numbers mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    RawTextObject,
    TableBlock,
    TableBlockColumnSettings,
)

from blocks.message import Message, context, message, section
from blocks.text import capital, count, in_words, line, percent, plain, plural
from domain.rejection import REASON_WORDS, RejectReason
from domain.stage_metrics import DeskMetrics, StageMetrics

UNDECIDED: Final = "no decision yet"
_NONE: Final = "-"
UNCODED: Final = "no code, from before there were any"
# Slack: a table has at most 20 columns; the first names the measure
_STAGES_SHOWN: Final = 19
_NAME_MOST: Final = 40

WHAT_IS_COUNTED: Final = (
    "Counted are review requests: one text in one stage, open at some time in these"
    " days. Times are wall clock from asked to decided by people, nights and weekends"
    " included. An SLA is kept when people decide by the due time, of all that was"
    " decided, passed by itself, or is overdue now."
)


def _of(
    part: Callable[[StageMetrics], int], whole: Callable[[StageMetrics], int]
) -> Callable[[StageMetrics], str]:
    """A count and what it is of; nothing is no share of nothing."""
    return lambda each: (
        f"{count(part(each))} of {count(whole(each))}" if whole(each) else _NONE
    )


def _of_seen(part: Callable[[StageMetrics], int]) -> Callable[[StageMetrics], str]:
    return _of(part, lambda each: each.seen)


def _of_decided(part: Callable[[StageMetrics], int]) -> Callable[[StageMetrics], str]:
    return _of(part, lambda each: each.decided)


def _decided(each: StageMetrics) -> str:
    return f"{count(each.decided)} of {count(each.seen)}" if each.decided else UNDECIDED


def _kept(each: StageMetrics) -> str:
    if not each.kept_of:
        return _NONE
    share = percent(each.kept, each.kept_of)
    return f"{count(each.kept)} of {count(each.kept_of)} ({share})"


def _open(each: StageMetrics) -> str:
    late = f" ({count(each.overdue)} overdue)" if each.overdue else ""
    return f"{count(each.open)}{late}"


def _span(span: timedelta | None) -> str:
    return _NONE if span is None else in_words(span)


MEASURES: Final[tuple[tuple[str, Callable[[StageMetrics], str]], ...]] = (
    ("Asked", lambda each: count(each.asked)),
    ("Open now", _open),
    ("Decided", _decided),
    ("Approved", _of_decided(lambda each: each.approved)),
    ("Rejected", _of_decided(lambda each: each.rejected)),
    ("Passed by itself", _of_decided(lambda each: each.passed)),
    ("Median time", lambda each: _span(each.median)),
    ("9 in 10 within", lambda each: _span(each.p90)),
    ("SLA kept", _kept),
    ("Reminded", _of_seen(lambda each: each.reminded)),
    ("Escalated", _of_seen(lambda each: each.escalated)),
    ("Edited, rewritten", _of_seen(lambda each: each.superseded)),
    ("Withdrawn", _of_seen(lambda each: each.withdrawn)),
    ("Undone", lambda each: count(each.undone)),
)
"""What a row of the table is called, and what it says of a stage."""


def rows(view: DeskMetrics) -> list[tuple[str, ...]]:
    """The table as words, its heading first: a row is a measure, a column a stage.

    Stages in which nothing was open are left out; without any other there are no rows.
    """
    shown = _busy(view)[:_STAGES_SHOWN]
    if not shown:
        return []
    return [
        ("Stage", *(_stage(each) for each in shown)),
        *((name, *(said(each) for each in shown)) for name, said in MEASURES),
    ]


def quiet(view: DeskMetrics) -> str:
    """A sentence about the stages that the table leaves out; empty: there are none."""
    names = [_stage(each) for each in view.stages if not each.seen and not each.undone]
    return f"Nothing was asked in: {', '.join(names)}." if names else ""


def _busy(view: DeskMetrics) -> list[StageMetrics]:
    return [each for each in view.stages if each.seen or each.undone]


def title(view: DeskMetrics) -> str:
    days = "24 hours" if view.days == 1 else f"{view.days} days"
    return f"Review, the last {days}"


def reasons(view: DeskMetrics) -> Iterator[str]:
    """A line for each stage that rejected something: how often, and for what."""
    for each in view.stages:
        if each.rejected:
            why = ", ".join(
                f"{count(n)} {_code(code)}" for code, n in each.rejected_for
            )
            yield f"{_stage(each)}, {count(each.rejected)} rejected: {why}"


def _code(code: RejectReason | None) -> str:
    return UNCODED if code is None else REASON_WORDS[code]


def _stage(each: StageMetrics) -> str:
    return capital(plain(each.stage.replace("_", " "), _NAME_MOST))


def metrics(view: DeskMetrics) -> Message:
    """What `/desk metrics` answers."""
    hidden = len(_busy(view)) - _STAGES_SHOWN
    why = "\n".join(f"• {line(each, 400)}" for each in reasons(view))
    blocks: list[Block | None] = [
        section(f"*{title(view)}*\n{summary(view)}"),
        _table(view),
        section(f"*Why texts were rejected*\n{why}") if why else None,
        context(
            line(quiet(view), 500),
            f"{plural(hidden, 'more stage')} not shown" if hidden > 0 else "",
        ),
        context(WHAT_IS_COUNTED),
        context(" · ".join(line(each, 120) for each in view.practice[:5])),
    ]
    return message(f"{title(view)}: {summary(view)}", blocks)


def summary(view: DeskMetrics) -> str:
    """The desk as one, in a sentence."""
    seen = sum(each.seen for each in view.stages)
    decided = sum(each.decided for each in view.stages)
    overdue = sum(each.overdue for each in view.stages)
    if not seen:
        return "Nothing was asked and nothing is open: no decision yet."
    made = f"{count(decided)} decided" if decided else UNDECIDED
    late = f"{count(overdue)} overdue now" if overdue else "nothing is overdue"
    return f"Of {plural(seen, 'review request')}: {made}, {late}."


def _table(view: DeskMetrics) -> TableBlock | None:
    table = rows(view)
    if not table:
        return None
    return TableBlock(
        rows=[[RawTextObject(text=cell) for cell in row] for row in table],
        column_settings=[TableBlockColumnSettings(align="left")] * len(table[0]),
    )
