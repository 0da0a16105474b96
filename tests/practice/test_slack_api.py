from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.client import WebClient

from practice.slack import ConfigRefused, PracticeSlack, running
from tests.practice.slack_lab import (
    CAMPAIGNS,
    CLEO,
    GENERAL,
    LENA,
    MARA,
    actions,
    button,
    lab,
    modal,
    section,
)

Json = dict[str, Any]


async def refusal(call: Any) -> Json:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response.data


async def test_a_message_reaches_the_members_of_its_channel() -> None:
    async with lab() as slack:
        sent = await slack.slack.chat_postMessage(
            channel="#campaigns",
            text="Campaign 42",
            blocks=[section("*42*")],
            metadata={"event_type": "campaign", "event_payload": {"id": "42"}},
        )
        state = await slack.state(CLEO)
        shown = state["messages"][CAMPAIGNS][-1]
        assert shown["ts"] == sent["ts"]
        assert shown["bot"]
        assert shown["app_name"] == "Copydesk"
        assert shown["metadata"]["event_payload"] == {"id": "42"}
        assert sent["message"]["metadata"]["event_type"] == "campaign"


async def test_a_reply_changes_the_root_of_its_thread() -> None:
    async with lab() as slack:
        root = await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="root")
        reply = await slack.slack.chat_postMessage(
            channel=CAMPAIGNS, text="reply", thread_ts=root["ts"]
        )
        messages = (await slack.state())["messages"][CAMPAIGNS]
        assert messages[0]["reply_count"] == 1
        assert messages[0]["latest_reply"] == reply["ts"]
        assert messages[1]["thread_ts"] == root["ts"]
        thread = await slack.slack.conversations_replies(
            channel=CAMPAIGNS, ts=root["ts"]
        )
        assert [m["text"] for m in thread["messages"]] == ["root", "reply"]


async def test_a_post_to_a_person_opens_their_direct_messages() -> None:
    async with lab() as slack:
        sent = await slack.slack.chat_postMessage(channel=LENA, text="Your turn")
        opened = await slack.slack.conversations_open(users=[LENA])
        assert sent["channel"] == opened["channel"]["id"] == "D0LEGAL"
        assert sent["channel"] not in (await slack.state(MARA))["messages"]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"channel": GENERAL, "text": "x"}, "not_in_channel"),
        ({"channel": CAMPAIGNS}, "no_text"),
        ({"channel": CAMPAIGNS, "text": "x" * 4001}, "msg_too_long"),
        (
            {"channel": CAMPAIGNS, "text": "x", "blocks": "nope"},
            "invalid_blocks_format",
        ),
        ({"channel": CAMPAIGNS, "text": "x", "thread_ts": "1.2"}, "thread_not_found"),
        (
            {"channel": CAMPAIGNS, "text": "x", "metadata": {"a": 1}},
            "invalid_metadata_format",
        ),
        (
            {"channel": CAMPAIGNS, "text": "x", "blocks": [section("x" * 2700)] * 5},
            "msg_blocks_too_long",
        ),
    ],
)
async def test_a_bad_post_gets_the_error_slack_gives(args: Json, code: str) -> None:
    async with lab() as slack:
        answer = await refusal(slack.slack.api_call("chat.postMessage", json=args))
        assert answer["error"] == code


async def test_bad_blocks_are_refused_with_their_place() -> None:
    async with lab() as slack:
        answer = await refusal(
            slack.slack.chat_postMessage(
                channel=CAMPAIGNS, text="x", blocks=[{"type": "sparkle"}]
            )
        )
        assert answer["error"] == "invalid_blocks"
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] unsupported type: sparkle [json-pointer:/blocks/0/type]"
        ]


async def test_an_update_with_text_alone_removes_the_blocks() -> None:
    async with lab() as slack:
        sent = await slack.slack.chat_postMessage(
            channel=CAMPAIGNS, text="a", blocks=[section()]
        )
        await slack.slack.chat_update(channel=CAMPAIGNS, ts=sent["ts"], text="b")
        shown = (await slack.state())["messages"][CAMPAIGNS][-1]
        assert (shown["text"], shown["blocks"], shown["edited"]) == ("b", [], True)


async def test_only_the_apps_own_messages_can_be_updated_or_deleted() -> None:
    async with lab() as slack:
        said = await slack.say("mine")
        key = {"channel": CAMPAIGNS, "ts": said["ts"]}
        answer = await refusal(slack.slack.chat_update(text="x", **key))
        assert answer["error"] == "cant_update_message"
        answer = await refusal(slack.slack.chat_delete(**key))
        assert answer["error"] == "cant_delete_message"
        key["ts"] = "1.2"
        answer = await refusal(slack.slack.chat_update(text="x", **key))
        assert answer["error"] == "message_not_found"


async def test_a_permalink_names_the_message_and_leads_to_it_on_the_page() -> None:
    async with lab() as up:
        card = await up.slack.chat_postMessage(channel=CAMPAIGNS, text="A card")
        root = card["ts"]
        reply = await up.slack.chat_postMessage(
            channel=CAMPAIGNS, text="A variant", thread_ts=root
        )
        place = {"channel": CAMPAIGNS, "message_ts": reply["ts"]}
        address = (await up.slack.chat_getPermalink(**place))["permalink"]
        digits = reply["ts"].replace(".", "")
        assert address == (
            f"{up.up.url}/archives/{CAMPAIGNS}/p{digits}"
            f"?thread_ts={root}&cid={CAMPAIGNS}"
        )
        async with up.http.get(address, allow_redirects=False) as answer:
            assert answer.status == 302
            assert answer.headers["Location"] == (
                f"/#channel={CAMPAIGNS}&message={reply['ts']}&thread={root}"
            )
        nowhere = up.slack.chat_getPermalink(channel=CAMPAIGNS, message_ts="1.1")
        assert (await refusal(nowhere))["error"] == "message_not_found"


async def test_an_ephemeral_is_for_one_person_and_does_not_last() -> None:
    async with lab() as slack:
        await slack.slack.chat_postEphemeral(channel=CAMPAIGNS, user=MARA, text="psst")
        assert (await slack.state())["messages"][CAMPAIGNS] == []
        changes = slack.up.workspace.bus
        assert changes.subscribe(MARA, 0).qsize() == 1
        assert changes.subscribe(CLEO, 0).qsize() == 0


async def test_an_ephemeral_needs_its_reader_in_the_channel() -> None:
    async with lab() as slack:
        slack.up.workspace.world.channels[CAMPAIGNS].members.remove(LENA)
        answer = await refusal(
            slack.slack.chat_postEphemeral(channel=CAMPAIGNS, user=LENA, text="x")
        )
        assert answer["error"] == "user_not_in_channel"


async def test_an_ephemeral_in_a_silent_thread_is_never_shown() -> None:
    async with lab() as slack:
        root = await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="root")
        before = slack.up.workspace.bus.seq
        note = {"channel": CAMPAIGNS, "user": MARA, "thread_ts": root["ts"]}
        await slack.slack.chat_postEphemeral(text="x", **note)
        assert slack.up.workspace.bus.seq == before
        await slack.slack.chat_postMessage(
            channel=CAMPAIGNS, text="now it lives", thread_ts=root["ts"]
        )
        before = slack.up.workspace.bus.seq
        await slack.slack.chat_postEphemeral(text="x", **note)
        assert slack.up.workspace.bus.seq == before + 1


async def test_tokens_are_told_apart() -> None:
    async with lab() as slack:
        call = slack.slack.api_call
        for token, code in (
            ("xoxb-practice-other", "invalid_auth"),
            ("xapp-practice-copydesk", "not_allowed_token_type"),
        ):
            headers = {"Authorization": f"Bearer {token}"}
            answer = await refusal(call("auth.test", headers=headers))
            assert answer["error"] == code
        async with slack.http.post(f"{slack.up.api_url}auth.test") as answer_raw:
            assert (await answer_raw.json())["error"] == "not_authed"
        assert (await refusal(call("chat.shout")))["error"] == "unknown_method"


async def test_a_missing_scope_says_which_and_what_there_is() -> None:
    async with lab(scopes=("chat:write", "commands")) as slack:
        answer = await refusal(slack.slack.users_list())
        assert answer["error"] == "missing_scope"
        assert answer["needed"] == "users:read"
        assert answer["provided"] == "chat:write,commands"


async def test_posting_is_paced_to_one_a_second_per_channel() -> None:
    async with lab() as slack:
        for _ in range(5):
            await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="x")
        with pytest.raises(SlackApiError) as caught:
            await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="x")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "1"
        assert caught.value.response["error"] == "ratelimited"
        await slack.slack.chat_postMessage(channel="C0ONCALL", text="elsewhere")
        slack.clock.pass_s(1)
        await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="x")


async def test_a_method_has_its_tier() -> None:
    async with lab() as slack:
        for _ in range(20):
            await slack.slack.users_list()
        with pytest.raises(SlackApiError) as caught:
            await slack.slack.users_list()
        assert caught.value.response.headers["Retry-After"] == "3"


async def test_people_groups_and_channels_can_be_looked_up() -> None:
    async with lab() as slack:
        person = (await slack.slack.users_info(user=CLEO))["user"]
        assert person["name"] == "cleo"
        assert person["profile"]["title"] == "Copy editor"
        assert (person["is_bot"], person["is_restricted"]) == (False, False)
        assert (await slack.slack.users_list())["members"][-1]["is_bot"]
        found = await slack.slack.users_lookupByEmail(email="cleo@practice.example")
        assert found["user"]["id"] == CLEO
        group = await slack.slack.usergroups_users_list(usergroup="S0COPY")
        assert group["users"] == [CLEO, "U0COPYTWO"]
        info = await slack.slack.conversations_info(channel=GENERAL)
        assert not info["channel"]["is_member"]
        joined = await slack.slack.conversations_join(channel=GENERAL)
        assert joined["channel"]["is_member"]
        members = await slack.slack.conversations_members(channel=GENERAL)
        assert "U0COPYDESK" in members["members"]


async def test_an_uploaded_picture_shows_by_its_file_id() -> None:
    async with lab() as slack:
        done = await slack.slack.files_upload_v2(
            content=b"\x89PNG practice", filename="plot.png", alt_txt="Opens by hour"
        )
        file_id = done["file"]["id"]
        picture = {"type": "image", "alt_text": "x", "slack_file": {"id": file_id}}
        await slack.slack.chat_postMessage(
            channel=CAMPAIGNS, text="plot", blocks=[picture]
        )
        shown = (await slack.state())["messages"][CAMPAIGNS][-1]["blocks"][0]
        assert shown["image_url"] == f"/practice/files/{file_id}"
        async with slack.http.get(slack.up.url + shown["image_url"]) as answer:
            assert answer.content_type == "image/png"
            assert await answer.read() == b"\x89PNG practice"


async def test_an_upload_to_a_thread_posts_the_file_there() -> None:
    async with lab() as slack:
        root = await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="root")
        await slack.slack.files_upload_v2(
            channel=CAMPAIGNS,
            thread_ts=root["ts"],
            content="a,b",
            filename="rows.csv",
            initial_comment="Broken rows",
        )
        shown = (await slack.state())["messages"][CAMPAIGNS][-1]
        assert shown["thread_ts"] == root["ts"]
        assert shown["files"][0]["name"] == "rows.csv"


async def test_the_synchronous_client_is_understood_too() -> None:
    async with lab() as slack:
        import asyncio

        client = WebClient(token="xoxb-practice-copydesk", base_url=slack.up.api_url)
        sent = await asyncio.to_thread(
            client.chat_postMessage,
            channel=CAMPAIGNS,
            text="sync",
            blocks=[actions(button())],
        )
        assert sent["message"]["blocks"][0]["elements"][0]["action_id"] == "approve"
        home = {"type": "home", "blocks": [section()]}
        published = await asyncio.to_thread(
            client.views_publish, user_id=MARA, view=home
        )
        assert published["view"]["type"] == "home"


async def test_a_scheduled_message_waits_for_its_time() -> None:
    async with lab() as slack:
        at = int(slack.clock.now) + 60
        await slack.slack.chat_scheduleMessage(
            channel=CAMPAIGNS, text="later", post_at=at
        )
        answer = await refusal(
            slack.slack.chat_scheduleMessage(
                channel=CAMPAIGNS, text="never", post_at=at - 120
            )
        )
        assert answer["error"] == "time_in_past"
        kept = (await slack.slack.chat_scheduledMessages_list())["scheduled_messages"]
        assert [item["text"] for item in kept] == ["later"]


async def test_trouble_can_be_switched_on() -> None:
    async with lab() as slack:
        await slack.post("faults", mode="500", method="chat.postMessage", count=1)
        with pytest.raises(SlackApiError):
            await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="x")
        await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="x")
        await slack.post("faults", mode="lost", count=1)
        with pytest.raises(ServerDisconnectedError):
            await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="did arrive")
        shown = (await slack.state())["messages"][CAMPAIGNS]
        assert [message["text"] for message in shown] == ["x", "did arrive"]


async def test_a_restart_keeps_channels_messages_files_and_homes(
    tmp_path: Path,
) -> None:
    async with lab(data_dir=tmp_path) as slack:
        sent = await slack.slack.chat_postMessage(channel=CAMPAIGNS, text="kept")
        await slack.post("channel", name="spring")
        await slack.slack.files_upload_v2(
            channel=CAMPAIGNS, content="abc", filename="a.txt"
        )
        home = {"type": "home", "blocks": [section()]}
        await slack.slack.views_publish(user_id=MARA, view=home)
    async with lab(data_dir=tmp_path) as slack:
        state = await slack.state()
        assert state["messages"][CAMPAIGNS][0]["ts"] == sent["ts"]
        assert "spring" in [channel["name"] for channel in state["channels"]]
        assert state["home"][MARA]["type"] == "home"
        address = state["messages"][CAMPAIGNS][1]["files"][0]["url"]
        async with slack.http.get(slack.up.url + address) as answer:
            assert await answer.read() == b"abc"
        await slack.slack.chat_update(channel=CAMPAIGNS, ts=sent["ts"], text="still")


def test_a_token_that_looks_real_is_refused() -> None:
    with pytest.raises(ConfigRefused, match="xoxb-practice"):
        PracticeSlack(request_url="http://x", signing_secret="s", bot_token="xoxb-1-2")


async def test_only_this_machine_is_listened_on() -> None:
    config = PracticeSlack(request_url="http://x", signing_secret="s")
    with pytest.raises(ConfigRefused, match=r"not on 0\.0\.0\.0"):
        async with running(config, "0.0.0.0"):
            pass


async def test_blocks_can_be_checked_without_posting() -> None:
    async with lab() as slack:
        await slack.slack.api_call("blocks.validate", json={"blocks": [section()]})
        answer = await refusal(
            slack.slack.api_call(
                "blocks.validate", json={"view": modal(title={"type": "mrkdwn"})}
            )
        )
        assert answer["error"] == "invalid_blocks"
