"""Assign, and what the thread and the cards say about who is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from blocks import assign_form, pool
from blocks.ids import assignee_block, seen_of
from blocks.message import Message
from domain.campaign import CampaignId
from domain.pool import Assignment
from domain.review import RequestId
from domain.views import AssignView, PoolLine
from tests.blocks.checks import (
    check_message,
    check_modal,
    check_snapshot,
    shown,
    walk,
)
from tests.blocks.views import HOSTILE, NOW, make_review, minutes

ID, TITLE = CampaignId(42), "Recover stalled demos"
CLEO, CASPAR, OMAR = "U0COPYONE", "U0COPYTWO", "U0ONCALL"
BERLIN = ZoneInfo("Europe/Berlin")
AWAY_UNTIL = (NOW + timedelta(days=6)).astimezone(BERLIN)


def make_change(**changes: Any) -> Assignment:
    made = Assignment(
        seq=9, stage="copy", before=CLEO, after=CASPAR, actor=OMAR, at=NOW - minutes(2)
    )
    return replace(made, **changes)


def make_person(user: str = CLEO, **changes: Any) -> PoolLine:
    made = PoolLine(user=user, name=user.lower(), waiting=3, away_until=None)
    return replace(made, **changes)


def make_assigning(**changes: Any) -> AssignView:
    made = AssignView(
        request_id=RequestId(501),
        campaign_id=ID,
        title=TITLE,
        stage="copy",
        role="copy_editor",
        reader=CLEO,
        labels=("A", "B"),
        assignee=CASPAR,
        due_at=NOW + minutes(190),
        seen=9,
        pool=(
            make_person(CASPAR, name="caspar", waiting=2),
            make_person(CLEO, name="cleo"),
            make_person("U0CORA", name="cora", waiting=0, away_until=AWAY_UNTIL),
        ),
    )
    return replace(made, **changes)


def said(change: Assignment, **review: Any) -> Message:
    return pool.assigned(ID, TITLE, make_review(**review), change, now=NOW)


MESSAGES: dict[str, Message] = {
    "assigned_by_a_person": said(make_change()),
    "claimed": said(make_change(actor=CASPAR)),
    "opened_to_all": said(make_change(after=None, actor=CASPAR)),
    "handed_on": said(make_change(actor="desk", reason="is out of office")),
    "handed_to_all": said(
        make_change(after=None, actor="desk", reason="is out of office")
    ),
    "assigned_hostile": pool.assigned(
        ID,
        HOSTILE,
        make_review(stage=HOSTILE, asked=(HOSTILE,)),
        make_change(after=HOSTILE, actor=HOSTILE),
        now=NOW,
    ),
    "nobody_here": pool.nobody_here(
        ID, TITLE, make_review(is_pool_empty=True, escalated_to=("U0BRAND",))
    ),
    "nobody_here_nor_to_tell": pool.nobody_here(
        ID, HOSTILE, make_review(is_pool_empty=True, role=HOSTILE)
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_about_who_is_asked_looks_as_stored(name: str) -> None:
    check_snapshot(f"message_{name}", check_message(MESSAGES[name]))


def test_why_is_told_only_about_somebody_who_was_asked() -> None:
    change = make_change(before=None, actor="desk", reason="has the least to do")
    assert "whoever" not in shown(said(change).payload())


VIEWS = {
    "assign": make_assigning(),
    "assign_by_its_assignee": make_assigning(assignee=CLEO, labels=("A",)),
    "assign_by_another": make_assigning(reader=OMAR, assignee=None),
    "assign_nobody": make_assigning(pool=()),
    "assign_hostile": make_assigning(
        title=HOSTILE,
        stage=HOSTILE,
        role=HOSTILE,
        labels=(HOSTILE,),
        pool=(make_person(CASPAR, name=HOSTILE * 3, away_until=AWAY_UNTIL),),
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_the_form_looks_as_stored(name: str) -> None:
    form = assign_form.form(VIEWS[name], now=NOW)
    check_snapshot(f"view_{name}", check_modal(form))


def test_what_the_later_of_two_reads_looks_as_stored() -> None:
    view = assign_form.overtook(CLEO, make_change())
    check_snapshot("view_assign_overtook", check_modal(view))
    other = check_modal(
        assign_form.overtook(None, make_change(after=None, actor="desk"))
    )
    assert "The desk had asked everyone of the role" in shown(other)


def select(view: AssignView) -> dict[str, Any]:
    payload = check_modal(assign_form.form(view, now=NOW))
    (found,) = [e for e in walk(payload) if e.get("type") == "static_select"]
    return found


def options(view: AssignView) -> list[tuple[str, str]]:
    return [(o["text"]["text"], o["value"]) for o in select(view)["options"]]


def test_the_reader_comes_first_and_everyone_last() -> None:
    assert options(make_assigning()) == [
        ("Me: 3 open", CLEO),
        ("caspar: 2 open", CASPAR),
        ("cora: 0 open, out of office until 30 Nov 15:20 CET", "U0CORA"),
        ("Everyone of the role", "everyone"),
    ]


def test_whoever_may_not_be_asked_is_not_offered() -> None:
    assert [value for _, value in options(make_assigning(reader=OMAR))] == [
        CASPAR,
        CLEO,
        "U0CORA",
        "everyone",
    ]


def test_a_claim_is_chosen_already_but_nothing_else_is() -> None:
    assert select(make_assigning())["initial_option"]["value"] == CLEO
    assert "initial_option" not in select(make_assigning(assignee=CLEO))
    assert "initial_option" not in select(make_assigning(reader=OMAR))


def test_a_hundred_people_fit_a_menu() -> None:
    many = tuple(make_person(f"U{n:04}", name="n" * 90) for n in range(300))
    assert len(options(make_assigning(pool=many))) == 99


def submitted(option: Any, block: str = assignee_block(9)) -> dict[str, Any]:
    return {block: {block: {"type": "static_select", "selected_option": option}}}


def test_the_choice_comes_back_with_what_was_seen() -> None:
    state = submitted({"value": CASPAR})
    assert assign_form.chosen_from(state) == CASPAR
    assert assign_form.seen_from(state) == 9
    assert assign_form.missing(state) == {}


@pytest.mark.parametrize(
    "option", [None, {}, {"value": None}, {"value": ""}, {"value": 7}, [], "U1"]
)
def test_no_choice_is_said_at_the_field(option: Any) -> None:
    state = submitted(option)
    assert assign_form.chosen_from(state) is None
    assert assign_form.missing(state) == {assignee_block(9): "Choose whom to ask."}


@pytest.mark.parametrize(
    "block",
    ["assignee.", "assignee.x", "assignee.-1", "assignee." + "9" * 19, "body.1"],
)
def test_only_our_own_block_is_read(block: str) -> None:
    assert seen_of(block) is None
    state = submitted({"value": CASPAR}, block)
    assert assign_form.chosen_from(state) is None
    assert assign_form.seen_from(state) == 0
    assert assign_form.missing(state) == {"assignee.0": "Choose whom to ask."}


def test_a_time_of_return_is_in_the_teams_zone() -> None:
    late = (NOW + timedelta(days=6)).astimezone(UTC)
    (option, _) = options(
        make_assigning(reader=OMAR, pool=(make_person(away_until=late),))
    )
    assert option[0].endswith("until 30 Nov 14:20 UTC")
