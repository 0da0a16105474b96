from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from blocks.ids import Action, Field
from domain.freeze import Freeze, Scope
from storage import queries
from tests.blocks.checks import labels, shown
from tests.bot.bot_lab import CLEO, MARA, NOBODY, ONCALL, Lab
from tests.bot.stages import sending
from tests.bot.test_home import home, press_on, tab


def frozen(desk: Lab) -> tuple[Freeze, ...]:
    return desk.deps.database.read(queries.freezes, now=desk.deps.clock())


def form(**changes: Any) -> dict[str, Any]:
    return {
        Field.FREEZE_SCOPE: {"selected_option": {"value": "tenant"}},
        Field.FREEZE_UNTIL: {"selected_date_time": int(time.time()) + 3600},
        Field.REASON: "Wrong price",
    } | changes


async def test_one_line_freezes_all_sending(desk: Lab) -> None:
    await desk.say("/desk freeze for 90min Wrong price in B", by=MARA)
    (made,) = frozen(desk)
    assert (made.scope, made.by, made.reason) == (
        Scope.TENANT,
        MARA,
        "Wrong price in B",
    )
    assert made.until - made.frozen_at == timedelta(minutes=90)
    assert desk.whispers(MARA)[-1] == "All sending is frozen"


async def test_without_a_time_it_lasts_as_usual_and_says_so(desk: Lab) -> None:
    await desk.say("/desk freeze esp sendgrid outage there", by=ONCALL)
    (made,) = frozen(desk)
    assert (made.scope, made.target) == (Scope.ESP, "sendgrid")
    assert made.until - made.frozen_at == timedelta(hours=2)
    said = [
        str(each.blocks)
        for each in desk.slack.workspace.world.ephemerals.values()
        if each.ephemeral_to == ONCALL
    ]
    assert "That is the usual 2 h" in said[-1]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("for soon x", '"soon" is no length of time'),
        ("for 2h", "A freeze needs a reason"),
        ("for 99d far away", "may last 14 days at most"),
        ("team apac for 2h x", 'There is no team "apac" here'),
        ("esp ses x", 'There is no esp "ses"; there is sendgrid.'),
        ("team", "Say which team"),
        (f"for 2h {'x' * 501}", "501 characters; 500 are allowed"),
    ],
)
async def test_what_cannot_be_frozen_is_answered_with_what_can(
    desk: Lab, typed: str, answer: str
) -> None:
    await desk.say(f"/desk freeze {typed}", by=MARA)
    assert answer in desk.whispers(MARA)[-1]
    assert frozen(desk) == ()


async def test_a_reason_is_kept_as_it_was_typed(desk: Lab) -> None:
    typed = "R&D price <b> see https://northwind.example/price"
    await desk.say(f"/desk freeze for 1h {typed}", by=MARA)
    assert [each.reason for each in frozen(desk)] == [typed]


async def test_hostile_words_stay_words(desk: Lab) -> None:
    await desk.say("/desk freeze for 1h <!channel> *now* <@U0LEGAL>", by=MARA)
    said = [str(each.blocks) for each in desk.slack.workspace.world.ephemerals.values()]
    assert "<!channel>" not in said[-1]
    assert "!channel" in said[-1]
    assert "*now*" not in said[-1]


async def test_a_stranger_freezes_nothing(desk: Lab) -> None:
    given = {"command": "/desk", "text": "freeze for 1h x", "user_id": NOBODY}
    outcome = await desk.slack.workspace.courier.command("/desk", NOBODY, given)
    assert "You have no role on this desk yet" in outcome.body["text"]
    assert frozen(desk) == ()


async def test_the_form_lists_freezes_and_makes_one(desk: Lab) -> None:
    await desk.say("/desk freeze", by=ONCALL)
    assert desk.view(ONCALL)["title"]["text"] == "Freeze sending"
    report = await desk.submit(form(), by=ONCALL)
    assert report["closed"] is True
    (made,) = frozen(desk)
    assert timedelta(minutes=59) < made.until - made.frozen_at <= timedelta(hours=1)
    await desk.say("/desk lift", by=CLEO)
    assert "Wrong price" in str(desk.view(CLEO)["blocks"])


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        (
            {Field.FREEZE_UNTIL: {"selected_date_time": 1_000_000_000}},
            Field.FREEZE_UNTIL,
            "a time to come",
        ),
        (
            {Field.FREEZE_UNTIL: {"selected_date_time": 2**62}},
            Field.FREEZE_UNTIL,
            "a time to come",
        ),
        (
            {Field.FREEZE_UNTIL: {"selected_date_time": int(time.time()) + 10**7}},
            Field.FREEZE_UNTIL,
            "at most",
        ),
        ({Field.REASON: "   "}, Field.REASON, "Say why"),
        (
            {Field.FREEZE_SCOPE: {"selected_option": {"value": "team:apac"}}},
            Field.REASON,
            'There is no team "apac"',
        ),
        (
            {Field.FREEZE_SCOPE: {"selected_option": {"value": "moon"}}},
            Field.REASON,
            'There is no team "moon"',
        ),
    ],
)
async def test_a_form_that_was_tampered_with_is_refused_at_its_field(
    desk: Lab, changes: dict[Any, Any], field: Field, words: str
) -> None:
    await desk.say("/desk freeze", by=ONCALL)
    report = await desk.submit(form(**changes), by=ONCALL)
    assert report["closed"] is False
    assert words in str(report), (field, report)
    assert frozen(desk) == ()


async def test_lifting_takes_two_people(desk: Lab) -> None:
    await desk.say("/desk freeze for 2h Wrong price", by=MARA)
    await desk.press(Action.LIFT_FREEZE, 1, by=MARA)
    assert "another person has to confirm" in desk.whispers(MARA)[-1]
    await desk.press(Action.LIFT_FREEZE, 1, by=MARA)
    assert "You asked for freeze 1 to be lifted" in desk.whispers(MARA)[-1]
    assert frozen(desk)
    await desk.say("/desk lift 1", by=CLEO)
    assert "All sending goes on" in desk.whispers(CLEO)[-1]
    assert frozen(desk) == ()
    await desk.say("/desk lift #1", by=ONCALL)
    assert f"lifted already by <@{CLEO}>" in desk.whispers(ONCALL)[-1]


async def test_what_does_not_exist_is_not_lifted(desk: Lab) -> None:
    await desk.say("/desk lift 77", by=CLEO)
    assert "There is no freeze 77." in desk.whispers(CLEO)[-1]
    await desk.say("/desk lift everything", by=CLEO)
    assert desk.whispers(CLEO)[-1] == "How to use /desk"


async def test_expand_is_refused_with_who_and_why(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    await desk.say("/desk freeze for 2h Wrong price", by=ONCALL)
    await desk.press(Action.EXPAND, 1, by=CLEO)
    words = desk.whispers(CLEO)[-1]
    assert words.startswith("All sending is frozen until <!date^")
    assert f"by <@{ONCALL}>: Wrong price." in words


async def test_status_says_what_is_frozen(desk: Lab) -> None:
    await desk.say("/desk freeze for 2h Wrong price", by=ONCALL)
    await desk.say("/desk status", by=MARA)
    said = [
        str(each.blocks)
        for each in desk.slack.workspace.world.ephemerals.values()
        if each.ephemeral_to == MARA
    ]
    assert "Frozen now" in said[-1]
    assert "Wrong price" in said[-1]


async def test_home_lists_freezes_and_shows_what_lifting_did(desk: Lab) -> None:
    await desk.say("/desk freeze for 2h Wrong price", by=ONCALL)
    view = await home(desk, by=MARA)
    assert "Frozen now" in shown(view)
    await press_on(desk, view, "Lift", by=MARA)
    assert f"<@{MARA}> asks to lift it" in shown(tab(desk, MARA))
    view = await home(desk, by=CLEO)
    await press_on(desk, view, "Confirm lift", by=CLEO)
    assert "Frozen now" not in shown(tab(desk, CLEO))
    assert frozen(desk) == ()


async def test_the_form_s_list_shows_what_lifting_did(desk: Lab) -> None:
    await desk.say("/desk freeze for 2h Wrong price", by=ONCALL)
    await desk.say("/desk freeze", by=MARA)
    await press_on(desk, desk.view(MARA), "Lift", by=MARA)
    assert "Confirm lift" in labels(desk.view(MARA))
    await desk.say("/desk lift", by=CLEO)
    await press_on(desk, desk.view(CLEO), "Confirm lift", by=CLEO)
    assert labels(desk.view(CLEO)) == []
    assert frozen(desk) == ()
