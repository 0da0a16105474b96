from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from blocks.ids import Action, Field
from domain.preferences import Preferences
from domain.review import Ask
from storage.tables import preferences
from tests.blocks.checks import labels, shown
from tests.bot.bot_lab import CASPAR, CLEO, MARA, Json, Lab, person
from tests.bot.stages import asking, in_review


async def home(desk: Lab, *, by: str) -> Json:
    await desk.do("home", by=by)
    return tab(desk, by)


def tab(desk: Lab, by: str) -> Json:
    found: Json = desk.slack.workspace.world.homes[by]
    return found


async def press_on(desk: Lab, view: Json, label: str, *, by: str, nth: int = 0) -> Json:
    """Press a button of a view by its label."""
    found = []
    for block in view["blocks"]:
        elements: list[Any] = [*block.get("elements", []), block.get("accessory") or {}]
        found += [
            (block["block_id"], each)
            for each in elements
            if each.get("type") == "button" and each["text"]["text"] == label
        ]
    block_id, element = found[nth]
    return await desk.do(
        "action",
        by=by,
        container={"type": "view", "view_id": view["id"]},
        block_id=block_id,
        action_id=element["action_id"],
        type="button",
        value=element.get("value"),
    )


async def test_home_lists_what_waits_and_opens_it(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    view = await home(desk, by=CLEO)
    assert "Waiting on you (2)" in shown(view)

    await press_on(desk, view, "Open", by=CLEO)

    window = desk.view(CLEO)
    assert window["title"]["text"] == "#1, variant A"
    assert {"Approve", "Edit", "Reject"} <= set(labels(window))


async def test_approving_in_the_window_draws_it_and_home_anew(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await press_on(desk, await home(desk, by=CLEO), "Open", by=CLEO)

    report = await press_on(desk, desk.view(CLEO), "Approve", by=CLEO)

    assert report["verdict"] == "ok"
    assert desk.count("decisions") == 1
    window = desk.view(CLEO)
    assert "Copy approved by <@U0COPYONE>" in shown(window)
    assert "Approve" not in labels(window)
    assert "Waiting on you (1)" in shown(tab(desk, CLEO))
    assert "Your last decisions" in shown(tab(desk, CLEO))


async def test_undo_in_the_window_brings_the_question_back(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await press_on(desk, await home(desk, by=CLEO), "Open", by=CLEO)
    await press_on(desk, desk.view(CLEO), "Approve", by=CLEO)

    await press_on(desk, desk.view(CLEO), "Undo 60 s", by=CLEO)

    assert "Approve" in labels(desk.view(CLEO))
    assert "Undo 60 s" not in labels(desk.view(CLEO))
    assert "Waiting on you (2)" in shown(tab(desk, CLEO))


async def test_a_decision_somebody_else_made_is_said_in_the_window(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    await press_on(desk, await home(desk, by=CLEO), "Open", by=CLEO)
    await desk.press(Action.APPROVE, first, by=CASPAR)
    await press_on(desk, desk.view(CLEO), "Approve", by=CLEO)
    assert "already approved" in shown(desk.view(CLEO))
    assert desk.count("decisions") == 1


async def test_edit_and_reject_open_their_forms_on_top(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await press_on(desk, await home(desk, by=CLEO), "Open", by=CLEO)
    window = desk.view(CLEO)
    await press_on(desk, window, "Reject", by=CLEO)
    assert desk.view(CLEO)["title"]["text"] == "Reject variant A"
    code = {"text": {"type": "plain_text", "text": "Off brief"}, "value": "off_brief"}
    await desk.submit(
        {
            Field.REASON_CODE: {"type": "static_select", "selected_option": code},
            Field.REASON: "It says nothing of the demo",
        },
        by=CLEO,
    )
    assert desk.view(CLEO)["id"] == window["id"]


async def test_a_hostile_title_stays_text_on_home(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook, title="<!channel> *now* <@U0COPYONE>")
    said = shown(await home(desk, by=CLEO))
    assert "&lt;!channel&gt;" in said
    assert "<!channel>" not in said


# Settings ----------------------------------------------------------------------------


def option(value: str, text: str) -> Json:
    return {
        "type": "radio_buttons",
        "selected_option": {
            "text": {"type": "plain_text", "text": text, "emoji": False},
            "value": value,
        },
    }


def kept(desk: Lab, user: str) -> Preferences:
    found: Preferences = desk.write(lambda store: store.preferences.get(user))
    return found


async def test_settings_are_kept_and_shown_again(desk: Lab) -> None:
    view = await home(desk, by=CLEO)
    await press_on(desk, view, "Settings", by=CLEO)
    report = await desk.submit(
        {Field.DIRECT: option("no", "Only mention me in the thread")}, by=CLEO
    )
    assert report["closed"] is True
    assert kept(desk, CLEO) == Preferences(wants_dm=False)

    await press_on(desk, tab(desk, CLEO), "Settings", by=CLEO)
    chosen = desk.view(CLEO)["blocks"][0]["element"]["initial_option"]
    assert chosen["value"] == "no"


async def test_time_away_is_refused_at_its_field_and_shown_on_home(desk: Lab) -> None:
    view = await home(desk, by=CLEO)
    await press_on(desk, view, "Settings", by=CLEO)
    start = int(desk.deps.clock().timestamp()) - 60

    def times(end: int) -> Json:
        return {
            Field.AWAY_FROM: {"type": "datetimepicker", "selected_date_time": start},
            Field.AWAY_UNTIL: {"type": "datetimepicker", "selected_date_time": end},
        }

    report = await desk.submit(times(start), by=CLEO)
    assert report["errors"] == {Field.AWAY_UNTIL: "The end has to be after the start."}
    assert kept(desk, CLEO) == Preferences()

    await desk.submit(times(start + 86_400), by=CLEO)
    away = kept(desk, CLEO)
    assert away.away_until is not None
    assert int(away.away_until.timestamp()) == start + 86_400
    desk.write(in_review, desk.deps.playbook)
    assert "out of office until" in shown(await home(desk, by=CLEO))


def hour(value: str) -> Json:
    return {
        "type": "static_select",
        "selected_option": {
            "text": {"type": "plain_text", "text": value, "emoji": False},
            "value": value,
        },
    }


def digest_times(desk: Lab, user: str) -> tuple[str | None, datetime | None]:
    """The person's zone as Slack had it, and when their next digest is due."""
    with desk.deps.database.engine.connect() as connection:
        query = sa.select(preferences.c.time_zone, preferences.c.digest_at).where(
            preferences.c.user == user
        )
        row = connection.execute(query).one()
    return row.time_zone, row.digest_at


async def test_a_digest_is_kept_with_the_hour_of_where_the_person_is(
    desk: Lab,
) -> None:
    view = await home(desk, by=CLEO)
    await press_on(desk, view, "Settings", by=CLEO)
    assert "Daily digest" in shown(desk.view(CLEO))

    await desk.submit({Field.DIGEST: hour("9")}, by=CLEO)

    assert kept(desk, CLEO).digest_hour == 9
    zone, at = digest_times(desk, CLEO)
    assert zone == person(CLEO).tz
    assert at is not None
    assert at.astimezone(ZoneInfo(zone)).hour == 9
    assert at > desk.deps.clock()
    await press_on(desk, tab(desk, CLEO), "Settings", by=CLEO)
    (chosen,) = [
        each["element"]["initial_option"]
        for each in desk.view(CLEO)["blocks"]
        if each["block_id"] == Field.DIGEST
    ]
    assert chosen["value"] == "9"

    await desk.submit({Field.DIGEST: hour("off")}, by=CLEO)
    assert kept(desk, CLEO).digest_hour is None
    assert digest_times(desk, CLEO)[1] is None


@pytest.mark.parametrize("value", ["24", "99", "noon", "-1", "9.5", "٩", "9" * 300])
async def test_an_hour_that_no_day_has_is_refused_at_its_field(
    desk: Lab, value: str
) -> None:
    view = await home(desk, by=CLEO)
    await press_on(desk, view, "Settings", by=CLEO)
    report = await desk.submit({Field.DIGEST: hour(value)}, by=CLEO)
    assert report["errors"] == {
        Field.DIGEST: "Choose off, or an hour from 00:00 to 23:00."
    }
    assert kept(desk, CLEO) == Preferences()


# In one go ---------------------------------------------------------------------------


async def test_all_passing_of_tier_c_are_approved_with_one_confirmation(
    desk: Lab,
) -> None:
    book = asking(desk.deps.playbook, Ask.EVERYONE)
    for _ in range(2):
        desk.write(in_review, book, tier="C", arms=2, ab_variable="subject")
    view = await home(desk, by=CLEO)
    await press_on(desk, view, "Approve all passing of tier C", by=CLEO)
    assert "4 texts of tier C pass lint" in shown(desk.view(CLEO))

    report = await desk.submit({}, by=CLEO)

    assert report["verdict"] == "ok"
    assert desk.count("decisions") == 4
    assert "4 of 4 texts approved." in shown(desk.view(CLEO))
    assert "Nothing waits for you" in shown(tab(desk, CLEO))


async def test_what_was_decided_meanwhile_is_said_in_its_line(desk: Lab) -> None:
    first, *_ = desk.write(
        in_review, desk.deps.playbook, tier="C", arms=2, ab_variable="subject"
    )
    view = await home(desk, by=CLEO)
    await press_on(desk, view, "Approve all passing of tier C", by=CLEO)
    await desk.press(Action.APPROVE, first, by=CASPAR)

    await desk.submit({}, by=CLEO)

    said = shown(desk.view(CLEO))
    assert "1 of 2 texts approved." in said
    # it no longer waits, and is still called what it was called on the list
    assert "*#1 Recover stalled demos, A*: not approved." in said
    assert "already approved in the copy stage by <@U0COPYTWO>" in said
    assert desk.count("decisions") == 2


async def test_a_forged_choice_of_a_higher_tier_is_refused(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook, tier="C", arms=2, ab_variable="subject")
    higher, *_ = desk.write(in_review, desk.deps.playbook, tier="B")
    view = await home(desk, by=CLEO)
    await press_on(desk, view, "Approve all passing of tier C", by=CLEO)
    chosen = {
        "type": "multi_static_select",
        "selected_options": [
            {"text": {"type": "plain_text", "text": "x"}, "value": str(higher)}
        ],
    }
    await desk.submit({Field.REQUESTS: chosen}, by=CLEO)
    assert "only tier C is approved together" in shown(desk.view(CLEO))
    assert desk.count("decisions") == 0


async def test_nobody_else_is_offered_the_list(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook, tier="C", arms=2, ab_variable="subject")
    assert "Approve all passing of tier C" not in labels(await home(desk, by=MARA))
    await desk.press(Action.BULK_APPROVE, "", by=MARA)
    assert "No text of tier C" in shown(desk.view(MARA))
