from __future__ import annotations

import json

from blocks.ids import Action, brief_block
from domain.campaign import State
from practice.slack import payloads
from tests.bot.bot_lab import CLEO, MARA, NOBODY, Lab, make_values, person


def fields(**values: str) -> dict[str, object]:
    return {brief_block(name): value for name, value in values.items()}


def chosen(value: str) -> dict[str, object]:
    return {"selected_option": {"value": value}}


GOOD = {
    **fields(
        title="Recover stalled demos",
        objective="Get people back to the demo",
        key_message="Setup takes two working days",
        cta_url="https://northwind.example/demo",
    ),
    brief_block("audience"): chosen("calm"),
}


async def test_the_command_opens_the_form(desk: Lab) -> None:
    report = await desk.say("/brief")
    assert report["verdict"] == "ok"
    assert desk.view()["title"]["text"] == "New brief"


async def test_a_filled_form_is_on_record_when_it_closes(desk: Lab) -> None:
    await desk.say("/brief")
    report = await desk.submit(GOOD)
    assert report["closed"] is True
    assert not desk.has_view()
    campaign = desk.campaign()
    assert (campaign.title, campaign.author) == ("Recover stalled demos", MARA)
    assert campaign.state is State.BRIEFED


async def test_a_wrong_field_is_named_and_nothing_is_recorded(desk: Lab) -> None:
    await desk.say("/brief")
    wrong = GOOD | fields(cta_url="http://northwind.example/demo", arms="2")
    report = await desk.submit(wrong)
    assert set(report["errors"]) == {brief_block("cta_url")}
    assert "Give a full link" in report["errors"][brief_block("cta_url")]
    assert desk.count("campaigns") == 0


async def test_a_segment_without_consent_is_refused_on_its_field(desk: Lab) -> None:
    await desk.say("/brief")
    report = await desk.submit(GOOD | {brief_block("audience"): chosen("silent")})
    assert "can be mailed" in report["errors"][brief_block("audience")]
    assert desk.count("campaigns") == 0


async def test_one_form_delivered_twice_is_one_brief(desk: Lab) -> None:
    await desk.say("/brief")
    view = desk.view()
    await desk.submit(GOOD)
    workspace = desk.slack.workspace
    state = {
        block: {block: value if isinstance(value, dict) else {"value": value}}
        for block, value in GOOD.items()
    }
    view["state"] = {"values": payloads.full_state(view["blocks"], state)}
    again = payloads.submission(workspace, person(MARA), view)
    outcome = await workspace.courier.interaction("brief_form", MARA, again)
    assert outcome.is_ok
    assert desk.count("campaigns") == 1


async def test_json_makes_the_same_brief(desk: Lab) -> None:
    await desk.say(f"/brief {json.dumps(make_values())}")
    assert desk.campaign().title == "Recover stalled demos"
    assert desk.whispers()[-1].startswith("Brief #1 Recover stalled demos is kept.")


async def test_json_with_smart_quotes_makes_a_brief(desk: Lab) -> None:
    typed = json.dumps(make_values()).replace('"', "\u201d")
    await desk.say(f"/brief {typed}")
    assert desk.count("campaigns") == 1


async def test_broken_json_is_answered_with_its_place(desk: Lab) -> None:
    await desk.say('/brief {"title": "x",,}')
    assert "line 1, column 15" in desk.whispers()[-1]


async def test_json_with_mistakes_names_each_field(desk: Lab) -> None:
    await desk.say(f"/brief {json.dumps(make_values(titel='x', cta_url='ftp://x'))}")
    assert desk.whispers()[-1] == "No brief was made: 2 fields to correct."


async def test_an_unknown_segment_is_named_with_those_there_are(desk: Lab) -> None:
    await desk.say(f"/brief {json.dumps(make_values(audience='ghosts'))}")
    said = desk.whispers()[-1]
    assert 'There is no segment "ghosts"' in said
    assert "calm" in said


async def test_a_channel_mention_in_a_brief_is_text_everywhere(desk: Lab) -> None:
    await desk.say(f"/brief {json.dumps(make_values(title='Hi <!channel>'))}")
    assert desk.campaign().title == "Hi <!channel>"
    await desk.say("/brief list")
    await desk.say("/brief show 1")
    shown = desk.slack.workspace.world.ephemerals.values()
    everything = json.dumps([each.blocks for each in shown])
    assert "&lt;!channel&gt;" in everything
    assert "<!channel>" not in everything


async def test_a_stranger_cannot_brief(desk: Lab) -> None:
    raw = json.dumps(make_values())
    form = {
        "command": "/brief",
        "text": raw,
        "user_id": NOBODY,
        "team_id": "T0PRACTICE",
    }
    outcome = await desk.slack.workspace.courier.command("/brief", NOBODY, form)
    assert "You have no role on this desk yet" in outcome.body["text"]
    assert desk.count("campaigns") == 0


async def test_list_show_and_cancel_work(desk: Lab) -> None:
    await desk.say(f"/brief {json.dumps(make_values())}")
    await desk.say("/brief list")
    assert desk.whispers()[-1] == "1 brief, newest first"
    await desk.say("/brief show 1")
    assert desk.whispers()[-1].startswith("Brief #1")
    await desk.say("/brief cancel 1")
    assert "Campaign #1 is cancelled" in desk.whispers()[-1]
    assert desk.campaign().state is State.CANCELLED
    await desk.say("/brief cancel 1")
    assert desk.whispers()[-1] == "A cancelled campaign cannot be cancelled."


async def test_a_number_that_does_not_exist_is_said(desk: Lab) -> None:
    await desk.say("/brief show 77")
    assert "77" in desk.whispers()[-1]
    await desk.say("/brief show")
    assert desk.whispers()[-1] == "Say which one, such as /brief show 42."


async def test_help_comes_for_help_and_for_anything_unknown(desk: Lab) -> None:
    for text in ("/brief help", "/brief frobnicate"):
        await desk.say(text)
        assert desk.whispers()[-1] == "How to use /brief"


async def test_the_button_in_the_help_opens_the_form(desk: Lab) -> None:
    await desk.press(Action.NEW_BRIEF, 0, by=CLEO)
    assert desk.view(CLEO)["title"]["text"] == "New brief"


async def test_a_form_that_slack_cannot_open_is_said(desk: Lab) -> None:
    desk.slack.workspace.faults.mode = "500"
    desk.slack.workspace.faults.method = "views.open"
    report = await desk.say("/brief")
    assert report["verdict"] == "ok"
    assert desk.whispers()[-1].startswith("Slack could not open the window")
