"""Who is in what, how they stand, and the events an app hears when that changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from practice.slack.config import PEOPLE
from tests.practice.slack_lab import (
    CAMPAIGNS,
    CLEO,
    GENERAL,
    LENA,
    MARA,
    Json,
    Lab,
    lab,
)

GUS, XENIA = "U0GUEST", "U0CONNECT"
EVENTS = (
    "member_joined_channel",
    "member_left_channel",
    "subteam_members_changed",
    "user_change",
)


async def info(slack: Lab, user: str) -> Json:
    answer = await slack.slack.users_info(user=user)
    found: Json = answer["user"]
    return found


async def change(slack: Lab, change: str, user: str, **more: Any) -> Json:
    done = await slack.post("member", user=user, change=change, **more)
    await slack.settle()
    return done


async def test_a_guest_and_a_partner_stand_as_slack_says() -> None:
    async with lab() as slack:
        guest, partner = await info(slack, GUS), await info(slack, XENIA)
        assert guest["is_restricted"] is True
        assert guest["team_id"] == "T0PRACTICE"
        assert partner["team_id"] == "T0PARTNER"
        assert partner["is_restricted"] is False


async def test_guests_and_partners_are_only_where_they_were_asked_into() -> None:
    async with lab() as slack:
        there = await slack.slack.conversations_members(channel=CAMPAIGNS)
        assert {GUS, XENIA} <= set(there["members"])
        elsewhere = await slack.slack.conversations_members(channel=GENERAL)
        assert not {GUS, XENIA} & set(elsewhere["members"])


async def test_members_come_a_page_at_a_time() -> None:
    async with lab() as slack:
        found: list[str] = []
        cursor = ""
        while True:
            page = await slack.slack.conversations_members(
                channel=CAMPAIGNS, limit=5, cursor=cursor
            )
            assert len(page["members"]) <= 5
            found += page["members"]
            cursor = page["response_metadata"]["next_cursor"]
            if not cursor:
                break
        assert len(found) == len(set(found)) == len(PEOPLE) + 1
        with pytest.raises(SlackApiError, match="invalid_cursor"):
            await slack.slack.conversations_members(channel=CAMPAIGNS, cursor="later")


async def test_user_groups_say_who_is_in_them_when_asked() -> None:
    async with lab() as slack:
        plain = (await slack.slack.usergroups_list())["usergroups"]
        assert all("users" not in group for group in plain)
        full = (await slack.slack.usergroups_list(include_users=True))["usergroups"]
        assert {group["id"]: group["users"] for group in full}["S0LEGAL"] == [LENA]
        with pytest.raises(SlackApiError, match="no_such_subteam"):
            await slack.slack.usergroups_users_list(usergroup="S0NOBODY")


@pytest.mark.parametrize(
    ("what", "flag", "value"),
    [
        ("make_guest", "is_restricted", True),
        ("make_member", "is_restricted", False),
        ("deactivate", "deleted", True),
        ("reactivate", "deleted", False),
    ],
)
async def test_how_a_person_stands_is_changed_and_told(
    what: str, flag: str, value: bool
) -> None:
    async with lab(events=EVENTS) as slack:
        assert (await change(slack, what, CLEO))["ok"]
        event = slack.app.last["event"]
        assert event["type"] == "user_change"
        assert event["user"]["id"] == CLEO
        assert event["user"][flag] is value
        assert (await info(slack, CLEO))[flag] is value


async def test_leaving_and_joining_a_group_tells_only_what_changed() -> None:
    async with lab(events=EVENTS) as slack:
        await change(slack, "leave_group", CLEO, group="S0COPY")
        event = slack.app.last["event"]
        assert event["type"] == "subteam_members_changed"
        assert event["subteam_id"] == "S0COPY"
        assert event["removed_users"] == [CLEO]
        assert event["removed_users_count"] == "1"
        assert "added_users" not in event
        left = await slack.slack.usergroups_users_list(usergroup="S0COPY")
        assert CLEO not in left["users"]
        await change(slack, "join_group", CLEO, group="S0COPY")
        assert slack.app.last["event"]["added_users"] == [CLEO]


async def test_the_app_hears_who_leaves_a_channel_that_it_is_in() -> None:
    async with lab(events=EVENTS) as slack:
        await change(slack, "leave_channel", CLEO, channel=CAMPAIGNS)
        event = slack.app.last["event"]
        assert (event["type"], event["user"]) == ("member_left_channel", CLEO)
        assert (await slack.say("Hello", **{"as": CLEO}))["error"] == "not_in_channel"
        await change(slack, "join_channel", CLEO, channel=CAMPAIGNS)
        assert slack.app.last["event"]["type"] == "member_joined_channel"
        heard = len(slack.app.seen)
        await change(slack, "leave_channel", CLEO, channel=GENERAL)
        assert len(slack.app.seen) == heard


async def test_a_deactivated_person_can_do_nothing_until_they_are_back() -> None:
    async with lab() as slack:
        await change(slack, "deactivate", CLEO)
        done = await slack.say("Hello", **{"as": CLEO})
        assert done["error"] == "account_inactive"
        with pytest.raises(SlackApiError, match="user_disabled"):
            await slack.slack.conversations_open(users=[CLEO])
        await change(slack, "reactivate", CLEO)
        assert (await slack.say("Hello", **{"as": CLEO}))["ok"]


async def test_an_event_the_app_did_not_subscribe_to_is_not_sent() -> None:
    async with lab(events=()) as slack:
        await change(slack, "deactivate", CLEO)
        assert slack.app.seen == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"user": "U404", "change": "deactivate"}, "user_not_found"),
        ({"user": "U0COPYDESK", "change": "deactivate"}, "user_not_found"),
        ({"user": CLEO, "change": "promote"}, "invalid_arguments"),
        ({"user": CLEO, "change": "join_group", "group": "S404"}, "no_such_subteam"),
        (
            {"user": CLEO, "change": "leave_channel", "channel": "C404"},
            "channel_not_found",
        ),
        (
            {"user": CLEO, "change": "join_channel", "channel": CAMPAIGNS},
            "already_in_channel",
        ),
        ({"user": LENA, "change": "leave_group", "group": "S0COPY"}, "user_not_found"),
    ],
)
async def test_what_cannot_be_changed_is_refused(body: Json, code: str) -> None:
    async with lab() as slack:
        assert (await slack.post("member", **body))["error"] == code


async def test_what_changed_outlives_a_restart(tmp_path: Path) -> None:
    async with lab(data_dir=tmp_path) as slack:
        await change(slack, "make_guest", CLEO)
        await change(slack, "leave_group", CLEO, group="S0COPY")
    async with lab(data_dir=tmp_path) as slack:
        assert (await info(slack, CLEO))["is_restricted"] is True
        group = await slack.slack.usergroups_users_list(usergroup="S0COPY")
        assert CLEO not in group["users"]


async def test_the_page_is_told_how_everybody_stands() -> None:
    async with lab() as slack:
        await change(slack, "deactivate", CLEO)
        state = await slack.state(MARA)
        people = {each["id"]: each for each in state["people"]}
        assert people[CLEO]["deactivated"] is True
        assert people[GUS]["guest"] is True
        assert people[XENIA]["external"] is True
        assert {group["handle"] for group in state["groups"]} >= {"copy-editors"}
