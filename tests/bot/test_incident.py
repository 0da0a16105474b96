"""What people do about an incident in Slack, by signed requests."""

from __future__ import annotations

from datetime import timedelta

from blocks.ids import Action, Callback, Field
from domain.campaign import Actor, CampaignId, Event, State
from pipeline.advance import advance
from pipeline.playbook import Playbook
from storage.store import Store
from tests.blocks.checks import labels, shown
from tests.bot.bot_lab import CLEO, MARA, NOBODY, ONCALL, Lab
from tests.bot.stages import briefed, sending


def held(store: Store, playbook: Playbook) -> None:
    number = sending(store, playbook)
    advance(store, number, Event.HELD, actor=Actor.machine("judge"))


async def stopped(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    await desk.press(Action.ROLL_BACK, 1, by=ONCALL)
    await desk.submit({Field.REASON: "Wrong price"}, by=ONCALL)
    await desk.press(Action.OPEN_INCIDENT, 1, by=CLEO)


def chosen(value: str) -> dict[str, object]:
    return {"selected_option": {"value": value}}


def explanation(**changes: object) -> dict[str, object]:
    return {
        Field.CAUSE: chosen("harmful_content"),
        Field.MISSED_BY: chosen("copy"),
        Field.MISSED_WHY: "the price list",
    } | changes


async def test_two_people_pressing_expand_resume_what_is_held(desk: Lab) -> None:
    desk.write(held, desk.deps.playbook)
    await desk.press(Action.EXPAND, 1, by=CLEO)
    assert desk.campaign().state is State.HELD
    await desk.press(Action.EXPAND, 1, by=CLEO)
    assert desk.whispers(CLEO)[-1].startswith("You asked for Expand already.")
    assert desk.campaign().state is State.HELD
    await desk.press(Action.EXPAND, 1, by=MARA)
    assert "separation of duties" in desk.whispers(MARA)[-1]
    await desk.press(Action.EXPAND, 1, by=ONCALL)
    assert desk.campaign().state in (State.EXPANDING, State.SENT)


async def test_the_window_shows_what_is_known_and_what_to_do(desk: Lab) -> None:
    await stopped(desk)
    view = desk.view(CLEO)
    assert view["callback_id"] == Callback.INCIDENT_WINDOW
    assert labels(view["blocks"]) == [
        "Explain",
        "Add action",
        "Post postmortem",
        "Close incident",
    ]
    said = shown(view["blocks"])
    assert "ESP confirmed: not yet" in said
    assert "nobody has said it yet" in said


async def test_explaining_brings_the_runbook_into_the_window(desk: Lab) -> None:
    await stopped(desk)
    await desk.press(Action.EXPLAIN_INCIDENT, 1, by=CLEO)
    report = await desk.submit(explanation(), by=CLEO)
    assert report["verdict"] == "ok"
    said = shown(desk.view(CLEO)["blocks"])
    assert "Runbook: Harmful or wrong content" in said
    assert "*Should have caught it:* copy. The price list." in said


async def test_what_was_never_offered_is_refused_at_its_field(desk: Lab) -> None:
    await stopped(desk)
    await desk.press(Action.EXPLAIN_INCIDENT, 1, by=CLEO)
    with desk.deps.database.begin() as store:
        before = store.incidents.of(CampaignId(1))
    await desk.submit(explanation(**{Field.MISSED_BY: {"value": "x"}}), by=CLEO)
    with desk.deps.database.begin() as store:
        assert store.incidents.of(CampaignId(1)) == before


async def test_an_incident_that_lacks_something_is_not_closed(desk: Lab) -> None:
    await stopped(desk)
    await desk.press(Action.CLOSE_INCIDENT, 1, by=CLEO)
    assert "The incident cannot be closed yet; missing:" in desk.whispers(CLEO)[-1]


async def test_an_incident_is_closed_by_a_person(desk: Lab) -> None:
    await stopped(desk)
    with desk.deps.database.begin() as store:
        incident = store.incidents.of(CampaignId(1))
        store.incidents.note(incident.id, contained_at=store.now)
    await desk.press(Action.EXPLAIN_INCIDENT, 1, by=CLEO)
    await desk.submit(explanation(), by=CLEO)
    await desk.press(Action.CLOSE_INCIDENT, 1, by=CLEO)
    with desk.deps.database.begin() as store:
        assert store.incidents.of(CampaignId(1)).closed_by == CLEO


async def test_an_action_is_added_and_ticked_off(desk: Lab) -> None:
    await stopped(desk)
    await desk.press(Action.ADD_ACTION, 1, by=CLEO)
    due = desk.deps.clock() + timedelta(days=2)
    report = await desk.submit(
        {
            Field.TODO: "Check the price list",
            Field.OWNER: chosen(CLEO),
            Field.DUE: {"selected_date_time": int(due.timestamp())},
        },
        by=CLEO,
    )
    assert report["verdict"] == "ok"
    assert "Check the price list." in shown(desk.view(CLEO)["blocks"])
    assert "Done" in labels(desk.view(CLEO)["blocks"])
    await desk.press(Action.ACTION_DONE, 1, by=ONCALL)
    with desk.deps.database.begin() as store:
        (item,) = store.actions.of(store.incidents.of(CampaignId(1)).id)
    assert (item.owner, item.done_by) == (CLEO, ONCALL)


async def test_a_postmortem_is_asked_for_by_a_click(desk: Lab) -> None:
    await stopped(desk)
    await desk.press(Action.POST_POSTMORTEM, 1, by=CLEO)
    assert desk.count("alerts") == 1
    await desk.press(Action.POST_POSTMORTEM, 1, by=CLEO)
    assert "on its way into the thread" in desk.whispers(CLEO)[-1]


async def test_a_stranger_changes_nothing_of_an_incident(desk: Lab) -> None:
    await stopped(desk)
    for action in (Action.CLOSE_INCIDENT, Action.POST_POSTMORTEM):
        await desk.press(action, 1, by=NOBODY)
    assert desk.count("alerts") == 0


async def test_a_campaign_without_an_incident_has_none_to_open(desk: Lab) -> None:
    desk.write(briefed, desk.deps.playbook)
    await desk.press(Action.OPEN_INCIDENT, 1, by=CLEO)
    assert desk.whispers(CLEO)[-1] == "Campaign #1 has no incident."
    await desk.press(Action.OPEN_INCIDENT, 99, by=CLEO)
    assert "There is no campaign #99." in desk.whispers(CLEO)[-1]
