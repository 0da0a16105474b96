from __future__ import annotations

from blocks.ids import Action, Field
from domain.campaign import CampaignId, State
from domain.rollback import Trigger
from tests.bot.bot_lab import CLEO, MARA, NOBODY, ONCALL, Lab
from tests.bot.stages import briefed, scheduled, sending


async def test_the_click_itself_shuts_the_gate(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    report = await desk.press(Action.ROLL_BACK, 1, by=ONCALL)
    assert report["verdict"] == "ok"
    assert desk.campaign().state is State.ROLLED_BACK
    assert desk.view(ONCALL)["title"]["text"] == "Rolled back"


async def test_the_reason_is_asked_afterwards(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    await desk.press(Action.ROLL_BACK, 1, by=ONCALL)
    report = await desk.submit({Field.REASON: "Wrong price in B"}, by=ONCALL)
    assert report["closed"] is True
    with desk.deps.database.begin() as store:
        incident = store.incidents.of(CampaignId(1))
    assert (incident.reason, incident.trigger) == ("Wrong price in B", Trigger.BUTTON)


async def test_two_people_pressing_is_one_rollback(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    await desk.press(Action.ROLL_BACK, 1, by=ONCALL)
    await desk.press(Action.ROLL_BACK, 1, by=CLEO)
    assert desk.count("incidents") == 1
    shown = str(desk.view(CLEO)["blocks"])
    assert f"Already rolled back by <@{ONCALL}>" in shown


async def test_it_stops_also_when_slack_cannot_show_it(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    faults = desk.slack.workspace.faults
    faults.mode, faults.method = "500", "views.open"
    report = await desk.press(Action.ROLL_BACK, 1, by=ONCALL)
    assert report["verdict"] == "ok"
    assert desk.campaign().state is State.ROLLED_BACK
    assert "#1 is rolled back. 40 mails will not go out." in desk.whispers(ONCALL)


async def test_the_bare_command_lists_what_is_live(desk: Lab) -> None:
    desk.write(scheduled, desk.deps.playbook)
    await desk.say("/rollback", by=ONCALL)
    choice = {"selected_option": {"value": "1"}}
    report = await desk.submit({Field.CAMPAIGN: choice}, by=ONCALL)
    assert report["verdict"] == "ok"
    assert desk.campaign().state is State.ROLLED_BACK
    assert desk.view(ONCALL)["title"]["text"] == "Rolled back"


async def test_with_nothing_live_the_bare_command_says_so(desk: Lab) -> None:
    await desk.say("/rollback", by=ONCALL)
    assert "No campaign is live" in str(desk.view(ONCALL)["blocks"])


async def test_a_number_is_confirmed_with_its_blast_radius(desk: Lab) -> None:
    desk.write(scheduled, desk.deps.playbook)
    await desk.say("/rollback 1", by=ONCALL)
    assert "Stop #1 now: 40 mails will not go out." in str(desk.view(ONCALL)["blocks"])
    assert desk.campaign().state is State.SCHEDULED
    await desk.submit({}, by=ONCALL)
    assert desk.campaign().state is State.ROLLED_BACK


async def test_a_number_and_now_asks_nothing(desk: Lab) -> None:
    desk.write(scheduled, desk.deps.playbook)
    await desk.say("/rollback #1 NOW", by=ONCALL)
    assert desk.campaign().state is State.ROLLED_BACK


async def test_when_no_window_opens_the_words_are_the_same(desk: Lab) -> None:
    desk.write(scheduled, desk.deps.playbook)
    faults = desk.slack.workspace.faults
    faults.mode, faults.method = "500", "views.open"
    await desk.say("/rollback 1", by=ONCALL)
    said = desk.whispers(ONCALL)[-1]
    assert said.startswith("Stop #1 now: 40 mails will not go out.")
    assert said.endswith("Confirm with `/rollback 1 now`.")


async def test_a_campaign_that_sends_nothing_yet_is_refused(desk: Lab) -> None:
    desk.write(briefed, desk.deps.playbook)
    await desk.say("/rollback 1 now", by=ONCALL)
    assert desk.whispers(ONCALL)[-1].startswith("A briefed campaign cannot be rolled")


async def test_an_unknown_number_is_refused(desk: Lab) -> None:
    for text in ("/rollback 77", "/rollback 77 now"):
        await desk.say(text, by=ONCALL)
        assert "There is no campaign" in desk.whispers(ONCALL)[-1]


async def test_a_stranger_cannot_stop_a_campaign(desk: Lab) -> None:
    desk.write(scheduled, desk.deps.playbook)
    form = {"command": "/rollback", "text": "1 now", "user_id": NOBODY}
    outcome = await desk.slack.workspace.courier.command("/rollback", NOBODY, form)
    assert "You have no role on this desk yet" in outcome.body["text"]
    assert desk.campaign().state is State.SCHEDULED


async def test_help_comes_for_anything_else(desk: Lab) -> None:
    for text in ("/rollback help", "/rollback everything", "/rollback 1 later"):
        await desk.say(text, by=MARA)
        assert desk.whispers(MARA)[-1] == "How to use /rollback"
