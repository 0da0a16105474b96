"""A digest: Home's lists in one direct message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks import digest
from blocks.message import Message
from domain.campaign import State
from domain.views import DigestView
from tests.blocks.checks import check_message, check_snapshot, labels, shown
from tests.blocks.home_states import make_waiting
from tests.blocks.views import HOSTILE, NOW, make_line, minutes

EMPTY = DigestView(
    user="U0COPYONE", waiting=(), strategies=(), overdue=(), live=(), mine=()
)
FULL = replace(
    EMPTY,
    waiting=(
        make_waiting(43, tier="A", recipients=310_000, due_at=NOW - minutes(12)),
        make_waiting(42, is_assigned=True),
    ),
    strategies=(
        make_line(
            51,
            title="Winter prices",
            state=State.AWAITING_BRAND_LEAD,
            tier="A",
            mails_out=0,
            due_at=NOW + minutes(300),
        ),
    ),
    overdue=(make_waiting(40, variant_label="A", due_at=NOW - minutes(90)),),
    live=(make_line(38),),
    mine=(
        make_line(45, state=State.STAGED_REVIEW, stage="legal", mails_out=0),
        make_line(37, state=State.SENT, mails_out=48_200, mails_left=0),
    ),
)
DIGESTS: dict[str, Message] = {
    "digest": digest.render(FULL, now=NOW),
    "digest_of_an_author": digest.render(
        replace(EMPTY, mine=FULL.mine, live=FULL.live), now=NOW
    ),
    "digest_busy_hostile": digest.render(
        replace(
            EMPTY,
            waiting=tuple(make_waiting(n, title=HOSTILE * 9) for n in range(200)),
            strategies=tuple(make_line(n, title=HOSTILE * 9) for n in range(10)),
            overdue=tuple(make_waiting(n, title=HOSTILE * 9) for n in range(30)),
            live=tuple(make_line(n, title=HOSTILE * 9) for n in range(10)),
            mine=tuple(make_line(n, title=HOSTILE * 9) for n in range(10)),
            cut=frozenset({"waiting", "overdue", "mine"}),
        ),
        now=NOW,
    ),
}


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_every_digest_is_one_that_slack_takes(name: str) -> None:
    check_snapshot(f"message_{name}", check_message(DIGESTS[name]))


def test_it_leads_with_what_waits_and_opens_each_text() -> None:
    payload = DIGESTS["digest"].payload()
    said = shown(payload)
    order = [
        "Waiting on you (3)",
        "Overdue in your pools",
        "that are out",
        "Your briefs",
    ]
    assert sorted(order, key=said.index) == order
    assert labels(payload) == ["Open", "Open", "Settings"]
    assert "assigned to you" in said
    assert "Winter prices" in said


def test_a_phone_reads_how_much_there_is() -> None:
    assert DIGESTS["digest"].text == (
        "Your digest: 3 waiting on you, 1 of them overdue, 1 overdue in your pools,"
        " 1 campaign of yours out"
    )
    assert DIGESTS["digest_of_an_author"].text == (
        "Your digest: nothing waits for you, 1 campaign of yours out"
    )


def test_what_has_no_room_is_counted() -> None:
    said = shown(DIGESTS["digest_busy_hostile"].payload())
    assert "Waiting on you (210+)" in said
    assert "195+ more not shown" in said
    assert DIGESTS["digest_busy_hostile"].text.startswith("Your digest: 210+ waiting")


def test_a_view_without_any_line_is_empty() -> None:
    assert EMPTY.is_empty
    assert not FULL.is_empty
    assert not replace(EMPTY, mine=FULL.mine).is_empty
