"""A postmortem is text from the record, whatever people typed into it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Refused
from domain.incident import AlertKind, Cause, check_may_close
from domain.postmortem import PostmortemView, SentText, alert_payload, markdown
from domain.variant import Copy
from tests.blocks.views import (
    HARD,
    HOSTILE,
    NOW,
    TEXT,
    make_action,
    make_alert,
    make_audit,
    make_decision,
    make_incident,
    make_late,
)

NAMES = {"U0COPYONE": "cleo", "U0MARKETER": "mara", "U0DELIVER": "dev"}


def make_view(**changes: object) -> PostmortemView:
    edited = replace(TEXT, subject="Still thinking about the demo?")
    made = PostmortemView(
        incident=make_incident(),
        author="U0MARKETER",
        tier="B",
        recipients=48_200,
        policy="1f2e3d4c5b6a79",
        evidence={"complaints": 3, "of": 482},
        totals={"delivered": 476, "clicked": 11},
        texts=(
            SentText(
                label="A",
                revision=2,
                sha256=edited.sha256,
                text=edited,
                before=TEXT,
                findings=(HARD,),
            ),
        ),
        decisions=(make_decision(),),
        points=(),
        timeline=(make_audit(1),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def test_the_document_says_what_the_record_knows() -> None:
    view = make_view(
        incident=make_incident(
            cause=Cause.DELIVERABILITY_HIT,
            missed_by="copy",
            missed_why="the list's age",
            leaked=2,
            actions=(make_action(), make_action(done_at=NOW)),
        )
    )
    said = markdown(view, NAMES)
    for words in (
        "# Postmortem: #42 Recover stalled demos",
        "- Cause: Deliverability hit: complaints or bounces",
        "| out when the gate shut | 482 |",
        "| spared | 47,718 |",
        "| leaked: accepted after the gate shut | 2 |",
        "| complaints | 3 |",
        "| t_halt | gate shut, in the transaction that decided |",
        "-Subject: Still weighing the demo?",
        "+Subject: Still thinking about the demo?",
        "- hard: The policy bans this phrase.",
        "| copy | A | approved | cleo |",
        "copy. the list's age",
        "- [ ] Check the list's last opt-in · dev, due ",
        "- [x] Check the list's last opt-in · dev, due ",
    ):
        assert words in said


def test_what_nobody_has_said_is_asked() -> None:
    said = markdown(make_view(evidence={}, texts=(), decisions=()), NAMES)
    assert "- Cause: not said yet" in said
    assert "A person stopped it; the judge gave no verdict." in said
    assert "## Which stage should have caught it?\n\nNot answered yet." in said
    assert "## Action items\n\nNone yet." in said
    assert "| t_closed | incident closed | not yet |  |" in said


def test_a_late_rollback_says_so() -> None:
    said = markdown(make_view(incident=make_late()), NAMES)
    assert "Not contained in time: said loudly 2026-11-24 14:19:00 UTC." in said


@given(
    typed=st.text(max_size=120)
    | st.sampled_from(
        [
            HOSTILE,
            "| a | b |",
            "# Head",
            "```",
            "reader.7@cedar.example",
            "write to <reader.7@cedar.example>, now",
            "[x](javascript:alert(1))",
            "<script>alert(1)</script>",
            "![x](https://evil.example/p.png)",
            "<@U0COPYONE> said",
            "a\n## Timeline\n",
        ]
    )
)
def test_what_people_typed_is_neither_markup_nor_an_address(typed: str) -> None:
    view = make_view(
        incident=make_incident(
            title=typed,
            reason=typed,
            missed_by=typed,
            missed_why=typed,
            actions=(make_action(text=typed),),
        ),
        decisions=(make_decision(reason=typed),),
        timeline=(make_audit(1, detail=typed),),
        texts=(
            SentText(
                label="A",
                revision=1,
                sha256="0" * 64,
                text=Copy(subject=typed, preheader=typed, body=typed),
                before=None,
                findings=(replace(HARD, message=typed),),
            ),
        ),
    )
    said = markdown(view, NAMES)
    prose = re.sub(r"^(`{3,})text$.*?^\1$", "", said, flags=re.DOTALL | re.MULTILINE)
    plain = markdown(make_view(texts=()), NAMES)
    heads = [line for line in prose.splitlines() if re.match("#{1,2} ", line)][1:]
    assert (
        heads == [line for line in plain.splitlines() if re.match("#{1,2} ", line)][1:]
    )
    assert not re.search(r"(?<!\\)<|(?<!\\)!\[|(?<!\\)\]\(", prose)
    assert not re.search(r"\w@\w", said)
    # every table row keeps its number of cells
    for line in prose.splitlines():
        if line.startswith("| ") and typed.strip() and typed.strip()[:5] in line:
            assert line.rstrip().endswith("|")


def test_a_fence_in_a_text_does_not_end_its_block() -> None:
    text = Copy(subject="s", preheader="p", body="````\n# Not a head\n````")
    sent = SentText(
        label="A", revision=1, sha256="0" * 64, text=text, before=None, findings=()
    )
    assert "\n`````text\n" in markdown(make_view(texts=(sent,)), NAMES)


def test_a_page_carries_no_document_and_a_ticket_does() -> None:
    view = make_view(incident=make_incident(title="to reader@cedar.example"))
    page = alert_payload(make_alert(), view, NAMES)
    ticket = alert_payload(make_alert(kind=AlertKind.TICKET), view, NAMES)
    assert "markdown" not in page
    assert str(ticket["markdown"]).startswith("# Postmortem")
    assert page["key"] == "copydesk-incident-1-page"
    assert "reader@" not in str(page) + str(ticket)


@given(
    contained=st.booleans(),
    cause=st.booleans(),
    missed=st.booleans(),
    closed=st.booleans(),
)
def test_an_incident_closes_only_with_everything_said(
    *, contained: bool, cause: bool, missed: bool, closed: bool
) -> None:
    def close() -> None:
        check_may_close(
            contained_at=NOW if contained else None,
            cause="false_positive" if cause else None,
            missed_by="copy" if missed else None,
            closed_at=NOW + timedelta(1) if closed else None,
        )

    if contained and cause and missed and not closed:
        close()
        return
    with pytest.raises(Refused):
        close()
