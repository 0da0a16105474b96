from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from practice.slack import SlashCommand
from tests.practice.slack_lab import (
    CAMPAIGNS,
    CLEO,
    GENERAL,
    MARA,
    actions,
    button,
    lab,
    section,
)

Json = dict[str, Any]


async def test_a_command_arrives_signed_with_every_field() -> None:
    async with lab() as slack:
        reply = await slack.say("/brief show 42")
        form = slack.app.last
        assert (reply["ok"], reply["kind"], reply["verdict"]) == (True, "command", "ok")
        assert (form["command"], form["text"]) == ("/brief", "show 42")
        assert (form["user_id"], form["channel_id"]) == (MARA, CAMPAIGNS)
        assert form["is_enterprise_install"] == "false"
        assert form["response_url"].startswith(slack.up.url)
        assert set(form) >= {"token", "team_id", "user_name", "channel_name"}
        assert set(form) >= {"team_domain", "api_app_id", "trigger_id"}
        row = (await slack.state())["requests"][-1]
        assert (row["kind"], row["label"], row["status"]) == ("command", "/brief", 200)
        assert row["headers"]["X-Slack-Signature"].startswith("v0=")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("@cleo", "<@U0COPYONE|cleo>"),
        ("#campaigns", "<#C0CAMPAIGN|campaigns>"),
        ("a & b <c>", "a &amp; b &lt;c&gt;"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("@nobody mail@cleo", "@nobody mail@cleo"),
        ("see https://a.b/c?x=1&y=2#z.", "see <https://a.b/c?x=1&amp;y=2#z>."),
        ('{"url": "https://a.b/c"}', '{"url": "<https://a.b/c>"}'),
    ],
)
async def test_typed_text_is_escaped_for_commands_that_ask(
    typed: str, sent: str
) -> None:
    async with lab() as slack:
        await slack.say(f"/brief {typed}")
        assert slack.app.last["text"] == sent


async def test_a_command_without_escaping_keeps_names_as_typed() -> None:
    command = SlashCommand(command="/brief", should_escape=False)
    async with lab(commands=(command,)) as slack:
        await slack.say("/brief @cleo <b>")
        assert slack.app.last["text"] == "@cleo &lt;b&gt;"


async def test_a_typed_message_is_stored_the_way_slack_stores_it() -> None:
    async with lab() as slack:
        await slack.say("@cleo and @here <b>")
        shown = (await slack.state())["messages"][CAMPAIGNS][-1]
        assert shown["text"] == "<@U0COPYONE> and <!here> &lt;b&gt;"


async def test_an_unknown_command_and_one_in_a_thread_are_refused() -> None:
    async with lab() as slack:
        root = await slack.say("root")
        assert await slack.say("/foo") == {
            "ok": False,
            "error": "/foo is not a valid command.",
        }
        assert await slack.say("/brief", thread_ts=root["ts"]) == {
            "ok": False,
            "error": "/brief is not supported in threads. Sorry!",
        }
        assert slack.app.seen == []


async def test_what_a_command_is_acked_with_is_shown_to_its_person_alone() -> None:
    async with lab() as slack:
        slack.app.replies({"text": "Here is the help."})
        await slack.say("/brief help")
        change = slack.up.workspace.bus.subscribe(MARA, 0).get_nowait()
        while change.body["type"] != "ephemeral":
            change = slack.up.workspace.bus.subscribe(MARA, change.seq).get_nowait()
        assert change.body["message"]["text"] == "Here is the help."
        assert change.body["message"]["ephemeral_to"] == MARA
        assert (await slack.state(CLEO))["messages"][CAMPAIGNS] == []
        slack.app.replies({"text": "All see it.", "response_type": "in_channel"})
        await slack.say("/brief list")
        assert (await slack.state(CLEO))["messages"][CAMPAIGNS] != []


async def test_an_ack_with_bad_blocks_is_an_error_for_the_person() -> None:
    async with lab() as slack:
        slack.app.replies({"text": "x", "blocks": [{"type": "sparkle"}]})
        reply = await slack.say("/brief")
        assert reply["error"] == '/brief failed with the error "invalid_blocks"'
        assert (reply["ok"], reply["verdict"]) == (False, "error")


async def test_a_failing_app_gets_the_verdict_of_its_status() -> None:
    async with lab() as slack:
        slack.app.replies("boom", 500)
        reply = await slack.say("/brief")
        assert (reply["ok"], reply["verdict"], reply["status"]) == (False, "error", 500)
        assert reply["error"] == '/brief failed with the error "dispatch_failed"'


async def test_an_app_that_is_not_there_gets_no_reply() -> None:
    async with lab(request_url="http://127.0.0.1:9/slack/events") as slack:
        reply = await slack.say("/brief")
        assert (reply["verdict"], reply["status"]) == ("no_reply", None)
        assert reply["verdict_text"] == "The app could not be reached"


async def test_a_late_ack_is_measured_and_its_content_ignored() -> None:
    async with lab(ack_limit_s=0.05) as slack:

        async def late(_: Json) -> web.Response:
            await asyncio.sleep(0.07)
            return web.json_response({"text": "too late"})

        slack.app.answer = late
        reply = await slack.say("/brief")
        assert reply["verdict"] == "late"
        assert "Slack would have shown an error" in reply["verdict_text"]
        assert reply["error"] == '/brief failed with the error "operation_timeout"'
        kinds = [c["kind"] for c in (await slack.state())["requests"]]
        assert kinds == ["command"]
        assert len(slack.app.seen) == 1


async def test_a_click_carries_the_message_the_state_and_the_drawn_value() -> None:
    async with lab() as slack:
        blocks = [actions(button(value="RR7", style="primary"))]
        sent = await slack.slack.chat_postMessage(
            channel=CAMPAIGNS, text="card", blocks=blocks
        )
        reply = await slack.post(
            "action",
            container={"type": "message", "channel": CAMPAIGNS, "ts": sent["ts"]},
            block_id="row",
            action_id="approve",
            value="forged",
        )
        body = slack.app.last
        assert reply["verdict"] == "ok"
        assert body["type"] == "block_actions"
        assert body["actions"][0]["value"] == "RR7"
        assert set(body["actions"][0]) >= {"action_ts", "type", "block_id", "text"}
        assert body["message"]["ts"] == body["container"]["message_ts"] == sent["ts"]
        assert body["container"]["is_ephemeral"] is False
        assert body["channel"] == {"id": CAMPAIGNS, "name": "campaigns"}
        assert body["state"] == {"values": {}}
        assert set(body) >= {"trigger_id", "response_url", "user", "team", "api_app_id"}


async def test_a_click_on_what_is_gone_is_refused() -> None:
    async with lab() as slack:
        sent = await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="bare")
        reply = await slack.post(
            "action",
            container={"type": "message", "channel": CAMPAIGNS, "ts": sent["ts"]},
            block_id="row",
            action_id="approve",
        )
        assert reply == {"ok": False, "error": "action_not_found"}


async def test_a_click_on_an_ephemeral_carries_no_message() -> None:
    async with lab() as slack:
        sent = await slack.slack.chat_postEphemeral(
            channel=CAMPAIGNS, user=MARA, text="x", blocks=[actions(button())]
        )
        click = {
            "container": {
                "type": "message",
                "channel": CAMPAIGNS,
                "ts": sent["message_ts"],
            },
            "block_id": "row",
            "action_id": "approve",
        }
        await slack.post("action", **click)
        assert slack.app.last["container"]["is_ephemeral"] is True
        assert "message" not in slack.app.last
        refused = await slack.post("action", **{"as": CLEO}, **click)
        assert refused["error"] == "message_not_found"


async def reply_to(slack: Any, url: str, **body: Any) -> tuple[int, str]:
    async with slack.http.post(url, json=body) as answer:
        return answer.status, await answer.text()


async def test_a_reply_address_takes_five_posts() -> None:
    async with lab() as slack:
        await slack.say("/brief")
        url = slack.app.last["response_url"]
        for _ in range(5):
            assert (await reply_to(slack, url, text="x"))[0] == 200
        assert await reply_to(slack, url, text="x") == (404, "used_url")


async def test_a_reply_address_dies_after_half_an_hour() -> None:
    async with lab() as slack:
        await slack.say("/brief")
        slack.clock.pass_s(30 * 60 + 1)
        url = slack.app.last["response_url"]
        assert await reply_to(slack, url, text="x") == (404, "expired_url")


async def test_a_reply_works_where_the_app_is_not_a_member() -> None:
    async with lab() as slack:
        await slack.post("message", channel=GENERAL, text="/brief")
        url = slack.app.last["response_url"]
        await reply_to(slack, url, text="seen by all", response_type="in_channel")
        shown = (await slack.state())["messages"][GENERAL]
        assert [message["text"] for message in shown] == ["seen by all"]


async def test_a_reply_can_replace_or_delete_the_message_it_came_from() -> None:
    async with lab() as slack:
        sent = await slack.slack.chat_postMessage(
            channel=CAMPAIGNS, text="card", blocks=[actions(button())]
        )
        container = {"type": "message", "channel": CAMPAIGNS, "ts": sent["ts"]}
        await slack.post(
            "action", container=container, block_id="row", action_id="approve"
        )
        url = slack.app.last["response_url"]
        await reply_to(slack, url, replace_original=True, text="done")
        shown = (await slack.state())["messages"][CAMPAIGNS]
        assert [message["text"] for message in shown] == ["done"]
        await reply_to(slack, url, delete_original=True)
        assert (await slack.state())["messages"][CAMPAIGNS] == []


async def test_an_unacked_event_comes_again_with_the_same_id() -> None:
    async with lab() as slack:
        slack.app.replies("boom", 500)
        await slack.post("home")
        await slack.settle()
        assert len(slack.app.seen) == 4
        assert len({delivery.body["event_id"] for delivery in slack.app.seen}) == 1
        numbers = [d.headers.get("X-Slack-Retry-Num") for d in slack.app.seen]
        assert numbers == [None, "1", "2", "3"]
        assert slack.app.seen[1].headers["X-Slack-Retry-Reason"] == "http_error"


async def test_an_app_can_ask_for_no_retries() -> None:
    async with lab() as slack:

        async def decline(_: Json) -> web.Response:
            return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

        slack.app.answer = decline
        await slack.post("home")
        await slack.settle()
        assert len(slack.app.seen) == 1


async def test_commands_and_clicks_are_never_sent_again() -> None:
    async with lab() as slack:
        slack.app.replies("boom", 500)
        await slack.say("/brief")
        await slack.settle()
        assert len(slack.app.seen) == 1


async def test_the_app_hears_of_its_home_mentions_and_memberships() -> None:
    async with lab() as slack:
        await slack.post("home")
        await slack.say("@copydesk hello")
        await slack.say("not for you")
        await slack.post("message", channel="D0MARKETER", text="help")
        await slack.post("invite", channel=GENERAL)
        await slack.say("/remove @copydesk")
        await slack.settle()
        heard = sorted(delivery.body["event"]["type"] for delivery in slack.app.seen)
        assert heard == [
            "app_home_opened",
            "app_mention",
            "member_joined_channel",
            "member_left_channel",
            "message",
        ]
        body = slack.app.seen[0].body
        assert body["type"] == "event_callback"
        assert body["authorizations"][0]["user_id"] == "U0COPYDESK"
        assert set(body) >= {"event_id", "event_time", "team_id", "api_app_id"}


async def test_inviting_the_app_lets_it_post() -> None:
    async with lab() as slack:
        reply = await slack.post("message", channel=GENERAL, text="/invite @Copydesk")
        assert reply == {"ok": True, "kind": "invite"}
        await slack.slack.chat_postMessage(
            channel=GENERAL, text="thanks", blocks=[section()]
        )
