from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from practice.slack import Shortcut
from tests.practice.slack_lab import (
    CAMPAIGNS,
    CLEO,
    MARA,
    actions,
    button,
    entry,
    filled,
    lab,
    modal,
    plain,
    section,
)

Json = dict[str, Any]


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_a_trigger_opens_one_view_within_three_seconds() -> None:
    async with lab() as slack:
        used = await slack.trigger()
        opened = await slack.slack.views_open(trigger_id=used, view=modal())
        assert opened["view"]["root_view_id"] == opened["view"]["id"]
        views_open = slack.slack.views_open
        again = await error_of(views_open(trigger_id=used, view=modal()))
        assert again == "exchanged_trigger_id"
        assert await error_of(views_open(trigger_id="1.2.3", view=modal())) == (
            "invalid_trigger_id"
        )
        stale = await slack.trigger()
        slack.clock.pass_s(3.1)
        assert await error_of(views_open(trigger_id=stale, view=modal())) == (
            "expired_trigger_id"
        )


async def test_a_bad_view_is_refused_with_its_places() -> None:
    async with lab() as slack:
        trigger = await slack.trigger()
        with pytest.raises(SlackApiError) as caught:
            await slack.slack.views_open(
                trigger_id=trigger, view=modal(title=plain("x" * 25))
            )
        answer = caught.value.response
        assert answer["error"] == "invalid_arguments"
        assert "/title/text" in answer["response_metadata"]["messages"][0]


async def test_a_stack_holds_three_views() -> None:
    async with lab() as slack:
        view = await slack.open_modal(modal(actions(button("more")), entry()))
        for depth in (2, 3, 4):
            stack = (await slack.state())["views"]
            await slack.post(
                "action",
                container={"type": "view", "view_id": stack[-1]["id"]},
                block_id="row",
                action_id="more",
            )
            push = slack.slack.views_push(
                trigger_id=slack.app.last["trigger_id"],
                view=modal(actions(button("more")), entry()),
            )
            if depth == 4:
                assert await error_of(push) == "push_limit_reached"
            else:
                pushed = (await push)["view"]
                assert pushed["root_view_id"] == view["id"]
                assert pushed["previous_view_id"] == stack[-1]["id"]


async def test_an_update_from_an_old_hash_is_a_conflict() -> None:
    async with lab() as slack:
        view = await slack.open_modal()
        fresh = await slack.slack.views_update(
            view_id=view["id"], hash=view["hash"], view=modal(section(), entry())
        )
        assert fresh["view"]["id"] == view["id"]
        assert fresh["view"]["hash"] != view["hash"]
        update = slack.slack.views_update
        late = update(view_id=view["id"], hash=view["hash"], view=modal())
        assert await error_of(late) == "hash_conflict"


async def test_an_update_of_a_closed_view_finds_nothing() -> None:
    async with lab() as slack:
        view = await slack.open_modal()
        await slack.post("view_close", view_id=view["id"])
        late = slack.slack.views_update(view_id=view["id"], view=modal())
        assert await error_of(late) == "not_found"


async def test_an_incomplete_form_is_not_sent() -> None:
    async with lab() as slack:
        view = await slack.open_modal(modal(entry(), entry("note", optional=True)))
        before = len(slack.app.seen)
        reply = await slack.post(
            "view_submit", view_id=view["id"], state={"values": {}}
        )
        assert reply["errors"] == {"goal": "Please complete this required field."}
        assert not reply["closed"]
        assert len(slack.app.seen) == before


async def test_a_submission_carries_every_input_and_closes_the_view() -> None:
    async with lab() as slack:
        view = await slack.open_modal(
            modal(entry(), entry("note", optional=True, initial_value="as before"))
        )
        reply = await slack.post(
            "view_submit", view_id=view["id"], state=filled("Sell tea")
        )
        body = slack.app.last
        assert (reply["ok"], reply["closed"]) == (True, True)
        assert body["type"] == "view_submission"
        assert body["view"]["hash"] == view["hash"]
        assert body["response_urls"] == []
        assert body["view"]["state"]["values"] == {
            "goal": {"value": {"type": "plain_text_input", "value": "Sell tea"}},
            "note": {"value": {"type": "plain_text_input", "value": "as before"}},
        }
        assert (await slack.state())["views"] == []


async def test_a_select_that_asks_for_it_brings_a_reply_address() -> None:
    async with lab() as slack:
        pick = {
            "type": "input",
            "block_id": "where",
            "label": plain("Where"),
            "element": {
                "type": "conversations_select",
                "action_id": "value",
                "response_url_enabled": True,
            },
        }
        view = await slack.open_modal(modal(pick))
        chosen = {"type": "conversations_select", "selected_conversation": CAMPAIGNS}
        await slack.post(
            "view_submit",
            view_id=view["id"],
            state={"values": {"where": {"value": chosen}}},
        )
        assert slack.app.last["response_urls"][0]["channel_id"] == CAMPAIGNS


async def test_field_errors_keep_the_view_open() -> None:
    async with lab() as slack:
        view = await slack.open_modal()
        slack.app.replies(
            {"response_action": "errors", "errors": {"goal": "Too short"}}
        )
        submit = {"view_id": view["id"], "state": filled("x")}
        reply = await slack.post("view_submit", **submit)
        assert (reply["errors"], reply["closed"]) == ({"goal": "Too short"}, False)
        assert (await slack.state())["views"][0]["errors"] == {"goal": "Too short"}
        slack.app.replies({"response_action": "errors", "errors": {"elsewhere": "x"}})
        reply = await slack.post("view_submit", **submit)
        assert (reply["ok"], reply["verdict"]) == (False, "error")


@pytest.mark.parametrize(("kind", "left"), [("update", 1), ("push", 2), ("clear", 0)])
async def test_a_submission_can_be_answered_with_a_view(kind: str, left: int) -> None:
    async with lab() as slack:
        view = await slack.open_modal()
        slack.app.replies(
            {"response_action": kind, "view": modal(section("next"), callback_id="two")}
        )
        reply = await slack.post("view_submit", view_id=view["id"], state=filled("x"))
        stack = (await slack.state())["views"]
        assert reply["ok"]
        assert reply["closed"] is (kind == "clear")
        assert len(stack) == left
        assert [v["callback_id"] for v in stack[-1:]] == ["two"] * min(left, 1)


async def test_a_bad_view_in_an_answer_is_an_error_for_the_person() -> None:
    async with lab() as slack:
        view = await slack.open_modal()
        slack.app.replies({"response_action": "update", "view": {"type": "modal"}})
        reply = await slack.post("view_submit", view_id=view["id"], state=filled("x"))
        assert (reply["ok"], reply["verdict"]) == (False, "error")
        assert len((await slack.state())["views"]) == 1


async def test_closing_is_told_to_those_who_asked() -> None:
    async with lab() as slack:
        view = await slack.open_modal(modal(notify_on_close=True))
        await slack.post("view_close", view_id=view["id"], all=True)
        assert slack.app.last["type"] == "view_closed"
        assert slack.app.last["is_cleared"] is True
        assert slack.app.last["view"]["id"] == view["id"]
        silent = await slack.open_modal()
        before = len(slack.app.seen)
        await slack.post("view_close", view_id=silent["id"])
        assert len(slack.app.seen) == before


async def test_a_modal_belongs_to_one_person() -> None:
    async with lab() as slack:
        view = await slack.open_modal()
        reply = await slack.post(
            "view_submit", **{"as": CLEO}, view_id=view["id"], state=filled("x")
        )
        assert reply["error"] == "view_not_found"


async def test_a_click_in_the_home_tab_can_open_a_modal() -> None:
    async with lab() as slack:
        home = {"type": "home", "blocks": [actions(button("new_brief"))]}
        published = await slack.slack.views_publish(user_id=MARA, view=home)
        await slack.post(
            "action",
            container={"type": "view", "view_id": published["view"]["id"]},
            block_id="row",
            action_id="new_brief",
        )
        assert slack.app.last["view"]["type"] == "home"
        assert slack.app.last["container"]["type"] == "view"
        trigger = slack.app.last["trigger_id"]
        await slack.slack.views_open(trigger_id=trigger, view=modal())
        assert len((await slack.state())["views"]) == 1


async def test_a_home_tab_published_from_an_old_hash_is_a_conflict() -> None:
    async with lab() as slack:
        home = {"type": "home", "blocks": [section()]}
        publish = slack.slack.views_publish
        first = (await publish(user_id=MARA, view=home))["view"]
        second = (await publish(user_id=MARA, view=home, hash=first["hash"]))["view"]
        assert second["id"] == first["id"]
        late = publish(user_id=MARA, view=home, hash=first["hash"])
        assert await error_of(late) == "hash_conflict"


async def test_options_of_an_external_select_come_from_the_app() -> None:
    async with lab() as slack:
        search = {"type": "external_select", "action_id": "segment"}
        sent = await slack.slack.chat_postMessage(
            channel=CAMPAIGNS, text="x", blocks=[actions(search)]
        )
        offered = [{"text": plain("Spring"), "value": "spring"}]
        slack.app.replies({"options": offered})
        reply = await slack.post(
            "options",
            container={"type": "message", "channel": CAMPAIGNS, "ts": sent["ts"]},
            block_id="row",
            action_id="segment",
            value="spr",
        )
        assert reply["options"] == offered
        assert slack.app.last["type"] == "block_suggestion"
        assert slack.app.last["value"] == "spr"


async def test_a_shortcut_on_a_message_carries_the_message() -> None:
    known = (Shortcut(callback_id="lint_this", name="Lint this"),)
    async with lab(shortcuts=known) as slack:
        said = await slack.say("Free money")
        await slack.post(
            "shortcut", callback_id="lint_this", channel=CAMPAIGNS, ts=said["ts"]
        )
        assert slack.app.last["type"] == "message_action"
        assert slack.app.last["message"]["text"] == "Free money"
        refused = await slack.post("shortcut", callback_id="other")
        assert refused["error"] == "unknown_shortcut"
