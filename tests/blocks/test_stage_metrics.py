"""`/desk metrics`: words in a table, and no number without what it is of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from blocks.message import Message
from blocks.stage_metrics import MEASURES, UNDECIDED, metrics, quiet, rows
from domain.rejection import RejectReason
from domain.stage_metrics import DeskMetrics, StageMetrics
from tests.blocks.checks import check_message, check_snapshot, shown
from tests.blocks.views import HOSTILE, NOW

COPY = StageMetrics(
    stage="copy",
    seen=52,
    asked=48,
    approved=29,
    passed=3,
    rejected=6,
    rejected_for=(
        (RejectReason.UNSUPPORTED_CLAIM, 3),
        (RejectReason.OFF_BRAND, 2),
        (None, 1),
    ),
    superseded=7,
    withdrawn=4,
    open=3,
    overdue=1,
    kept=31,
    reminded=9,
    escalated=2,
    undone=1,
    median=timedelta(hours=2, minutes=10),
    p90=timedelta(days=1, hours=3),
)
DELIVERABILITY = StageMetrics(
    stage="deliverability",
    seen=21,
    asked=21,
    approved=20,
    rejected=1,
    rejected_for=((RejectReason.DELIVERABILITY, 1),),
    kept=21,
    median=timedelta(minutes=24),
    p90=timedelta(hours=1, minutes=5),
)
DESK = DeskMetrics(
    days=7,
    now=NOW,
    stages=(
        COPY,
        DELIVERABILITY,
        StageMetrics(stage="legal", seen=2, asked=2, open=2),
        StageMetrics(stage="stakeholder"),
    ),
    practice=("practice time: 1 s stands for 4 min",),
)
MESSAGES: dict[str, Message] = {
    "metrics": metrics(DESK),
    "metrics_empty": metrics(
        replace(DESK, days=30, stages=(StageMetrics(stage="copy"),), practice=())
    ),
    "metrics_without_stages": metrics(replace(DESK, stages=())),
    "metrics_hostile": metrics(
        replace(
            DESK,
            stages=tuple(replace(COPY, stage=f"{HOSTILE} {n}") for n in range(30)),
            practice=(HOSTILE,),
        )
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_holds_slacks_limits_and_looks_as_stored(name: str) -> None:
    check_snapshot(f"message_{name}", check_message(MESSAGES[name]))


def test_every_row_has_a_cell_for_each_stage_that_was_asked() -> None:
    table = rows(DESK)
    assert table[0] == ("Stage", "Copy", "Deliverability", "Legal")
    assert {len(row) for row in table} == {4}
    assert [row[0] for row in table] == ["Stage", *(name for name, _ in MEASURES)]
    assert all(cell for row in table for cell in row)


def test_a_stage_in_which_nothing_was_asked_is_a_sentence_instead_of_a_column() -> None:
    assert quiet(DESK) == "Nothing was asked in: Stakeholder."
    assert quiet(replace(DESK, stages=(COPY,))) == ""
    assert "Nothing was asked in: Stakeholder." in shown(MESSAGES["metrics"].payload())


def test_a_share_says_what_it_is_of() -> None:
    cells = {name: row for name, *row in rows(DESK)}
    assert cells["Decided"][:2] == ["38 of 52", "21 of 21"]
    assert cells["Approved"][:2] == ["29 of 38", "20 of 21"]
    assert cells["SLA kept"][0] == "31 of 39 (79.5 %)"
    assert cells["Reminded"][0] == "9 of 52"
    assert cells["Open now"][0] == "3 (1 overdue)"
    assert cells["Median time"][:2] == ["2 h 10 min", "24 min"]


def test_where_nobody_has_decided_it_says_so_instead_of_a_number() -> None:
    cells = {name: row for name, *row in rows(DESK)}
    assert cells["Decided"][2] == UNDECIDED == "no decision yet"
    for name in ("Approved", "Rejected", "Median time", "9 in 10 within", "SLA kept"):
        assert cells[name][2] == "-"
    assert cells["Reminded"][2] == "0 of 2"


def test_an_empty_desk_is_said_in_a_sentence_without_a_table() -> None:
    message = MESSAGES["metrics_empty"]
    assert message.text == (
        "Review, the last 30 days: Nothing was asked and nothing is open:"
        " no decision yet."
    )
    assert [block.type for block in message.blocks] == ["section", "context", "context"]


def test_the_reasons_are_in_words_with_how_often_each_was() -> None:
    words = shown(MESSAGES["metrics"].payload())
    assert (
        "• Copy, 6 rejected: 3 unsupported claim, 2 off brand or tone,"
        " 1 no code, from before there were any" in words
    )
