from __future__ import annotations

import json
from typing import Any

import pytest

from tests.practice.slack_lab import CAMPAIGNS, CLEO, LENA, MARA, lab

Json = dict[str, Any]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1"])
async def test_a_foreign_host_is_refused(host: str) -> None:
    async with lab() as slack:
        for path in ("/", "/practice/state?as=U0MARKETER"):
            async with slack.http.get(
                slack.up.url + path, headers={"Host": host}
            ) as answer:
                assert answer.status == 403


async def test_another_site_cannot_press_the_buttons() -> None:
    async with lab() as slack:
        url = f"{slack.up.url}/practice/home"
        for headers, status in (
            ({"X-Practice": "1", "Origin": "http://evil.example"}, 403),
            ({"X-Practice": "1", "Origin": "null"}, 403),
            ({"Origin": slack.up.url}, 403),
            ({"X-Practice": "1", "Origin": slack.up.url}, 200),
        ):
            async with slack.http.post(
                url, json={"as": MARA}, headers=headers
            ) as answer:
                assert answer.status == status


async def test_the_page_is_served_with_a_strict_policy() -> None:
    async with lab() as slack, slack.http.get(slack.up.url) as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert policy == "default-src 'self'; img-src 'self' data:; style-src 'self'"


async def test_the_state_shows_what_one_person_may_see() -> None:
    async with lab(notes=("practice time",)) as slack:
        await slack.post("message", channel="D0LEGAL", text="secret", **{"as": LENA})
        mine, hers = await slack.state(MARA), await slack.state(LENA)
        assert "D0LEGAL" not in mine["messages"]
        assert hers["messages"]["D0LEGAL"][0]["text"] == "secret"
        assert [p["name"] for p in mine["people"]][:2] == ["mara", "cleo"]
        assert len(mine["people"]) == 13
        assert mine["notes"] == ["practice time"]
        assert [c["command"] for c in mine["commands"]] == [
            "/brief",
            "/rollback",
            "/desk",
        ]
        assert {c["name"] for c in mine["channels"] if not c["is_im"]} == {
            "campaigns",
            "general",
            "on-call",
        }


async def test_nobody_acts_as_a_stranger_or_in_a_channel_that_is_not_theirs() -> None:
    async with lab() as slack:
        reply = await slack.post("message", channel="D0LEGAL", text="hi")
        assert reply["error"] == "not_in_channel"
        reply = await slack.post("home", **{"as": "U404"})
        assert reply["error"] == "user_not_found"


async def read_changes(slack: Any, person: str, since: int, count: int) -> list[Json]:
    url = f"{slack.up.url}/practice/stream?as={person}&since={since}"
    changes: list[Json] = []
    async with slack.http.get(url) as answer:
        assert answer.content_type == "text/event-stream"
        async for line in answer.content:
            if line.startswith(b"data: "):
                changes.append(json.loads(line[6:]))
            if len(changes) == count:
                return changes
    return changes


async def test_the_stream_brings_what_was_missed_to_those_who_may_see_it() -> None:
    async with lab() as slack:
        await slack.say("for all")
        await slack.slack.chat_postEphemeral(channel=CAMPAIGNS, user=MARA, text="psst")
        await slack.say("for all again")
        mine = await read_changes(slack, MARA, 0, 3)
        assert [c["type"] for c in mine] == ["message", "ephemeral", "message"]
        hers = await read_changes(slack, CLEO, 0, 2)
        assert [c["message"]["text"] for c in hers] == ["for all", "for all again"]
        assert [c["seq"] for c in mine] == [1, 2, 3]


async def test_a_page_from_before_a_restart_is_told_to_reload() -> None:
    async with lab() as slack:
        changes = await read_changes(slack, MARA, 999, 1)
        assert changes[0]["type"] == "reset"


async def test_a_modal_and_its_closing_reach_only_its_person() -> None:
    async with lab() as slack:
        view = await slack.open_modal()
        await slack.post("view_close", view_id=view["id"])
        bus = slack.up.workspace.bus
        queue = bus.subscribe(MARA, 0)
        seen = [queue.get_nowait().body for _ in range(queue.qsize())]
        stacks = [change["stack"] for change in seen if change["type"] == "view"]
        assert [len(stack) for stack in stacks] == [1, 0]
        others = bus.subscribe(CLEO, 0)
        kinds = {others.get_nowait().body["type"] for _ in range(others.qsize())}
        assert kinds == {"request"}


async def test_reactions_toggle() -> None:
    async with lab() as slack:
        said = await slack.say("well done")
        key = {"channel": CAMPAIGNS, "ts": said["ts"], "name": "tada"}
        await slack.post("react", **key)
        shown = (await slack.state())["messages"][CAMPAIGNS][0]
        assert shown["reactions"] == [{"name": "tada", "users": [MARA], "count": 1}]
        await slack.post("react", **key)
        assert (await slack.state())["messages"][CAMPAIGNS][0]["reactions"] == []


async def test_a_new_channel_has_everyone_but_the_app() -> None:
    async with lab() as slack:
        made = await slack.post("channel", name="#Spring Sale")
        assert made["channel"]["name"] == "spring-sale"
        assert not made["channel"]["has_app"]
        again = await slack.post("channel", name="spring-sale")
        assert again["error"] == "name_taken"


async def test_a_broken_body_gets_a_plain_refusal() -> None:
    async with lab() as slack:
        for raw in (b"{", b"[]", b"\xff"):
            async with slack.http.post(
                f"{slack.up.url}/practice/message",
                data=raw,
                headers={"X-Practice": "1"},
            ) as answer:
                assert answer.status == 400
                assert (await answer.json())["error"] == "invalid_json"


async def test_a_file_that_is_no_picture_is_only_downloaded() -> None:
    async with lab() as slack:
        done = await slack.slack.files_upload_v2(
            content="<script>1</script>", filename="a.html"
        )
        url = f"{slack.up.url}/practice/files/{done['file']['id']}"
        async with slack.http.get(url) as answer:
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["Content-Disposition"] == "attachment"
