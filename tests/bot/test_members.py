"""Slack's events about people and groups, signed and through the app."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from blocks.ids import Action
from bot import members
from bot.members import WAITING_MOST
from bot.server import WEB
from domain.errors import TryLater
from domain.members import Roster
from pipeline.jobs import TASKS
from pipeline.relay import Relay
from pipeline.tasks import run_job
from practice.slack import payloads
from practice.slack.directory import user_for_api
from practice.slack.rooms import tell
from storage import queries
from storage.store import Store
from tests.bot.bot_lab import CAMPAIGNS, CASPAR, CLEO, DEV, MARA, Lab, lab, person
from tests.bot.stages import in_review

COPY_GROUP = "S0COPY"
EVENTS = (
    "member_joined_channel",
    "member_left_channel",
    "subteam_members_changed",
    "subteam_updated",
    "user_change",
)


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    """The shipped playbook, its copy editors by user group."""
    folder = tmp_path / "playbook"
    shutil.copytree("playbook", folder)
    path = folder / "team.yaml"
    team = yaml.safe_load(path.read_text(encoding="utf-8"))
    for user in (CLEO, CASPAR):
        team["people"][user]["roles"] = []
    team["groups"] = {COPY_GROUP: {"name": "copy", "roles": ["copy_editor"]}}
    team["channels"] = {CAMPAIGNS: {"name": "campaigns", "roles": ["analyst"]}}
    path.write_text(yaml.safe_dump(team), encoding="utf-8")
    return folder


@pytest.fixture
async def team(tmp_path: Path, playbook: Path) -> AsyncIterator[Lab]:
    """A desk whose relay has asked Slack about everybody."""
    async with lab(tmp_path / "desk", COPYDESK_PLAYBOOK=playbook) as up:
        await ask_all(up)
        yield up


async def ask_all(desk: Lab) -> None:
    await asyncio.to_thread(_ask_all, desk)
    desk.deps.look_around()


def _ask_all(desk: Lab) -> None:
    """What relay and worker do about members."""
    relay = Relay(desk.deps, TASKS)
    try:
        while True:
            relay._looked_at = None
            relay.ask_about_members()
            jobs = [
                job
                for job in desk.deps.database.look(
                    lambda s: s.outbox.due(redrive_after=timedelta(days=1))
                )
                if job.task == "members"
            ]
            if not jobs:
                return
            for job in jobs:
                run_job(desk.deps, TASKS["members"], job.id)
    finally:
        relay.close()


def roster(desk: Lab) -> Roster:
    return desk.deps.database.read(queries.roster)


def holders(desk: Lab, role: str = "copy_editor") -> tuple[str, ...]:
    return desk.deps.playbook.team.holders(role)


async def change(desk: Lab, change: str, user: str, **more: str) -> None:
    """An administrator changes how somebody stands; Slack sends the event."""
    done = await desk.do("member", by=MARA, user=user, change=change, **more)
    assert done["ok"], done


async def press_late(desk: Lab, request: int, *, by: str) -> None:
    """A click that was on its way when its account was deactivated."""
    block = {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {
                "type": "button",
                "action_id": Action.APPROVE,
                "text": {"type": "plain_text", "text": "Approve"},
                "value": str(request),
            }
        ],
    }
    posted = await desk.api("chat.postMessage", text="A card", blocks=[block])
    workspace = desk.slack.workspace
    channel = workspace.channel(CAMPAIGNS)
    message = workspace.message(channel, posted["ts"])
    body = payloads.on_message(workspace, "block_actions", person(by), message)
    entry = payloads.action_entry(block["elements"][0], "row", {}, "1.000001")
    await workspace.courier.interaction(
        Action.APPROVE, by, body | {"state": {"values": {}}, "actions": [entry]}
    )
    await workspace.courier.settle()
    await desk.idle()


def decisions(desk: Lab) -> int:
    return desk.count("decisions")


async def test_a_member_of_the_group_approves(team: Lab) -> None:
    assert holders(team) == (CLEO, CASPAR)
    requests = team.write(in_review, team.deps.playbook)
    await team.press(Action.APPROVE, requests[0], by=CLEO)
    assert decisions(team) == 1


async def test_an_account_that_was_just_deactivated_cannot_approve(team: Lab) -> None:
    requests = team.write(in_review, team.deps.playbook)
    await change(team, "deactivate", CLEO)
    await press_late(team, requests[0], by=CLEO)
    assert decisions(team) == 0
    assert team.whispers(CLEO)[-1] == (
        "Your account in this workspace is deactivated, so you cannot decide."
    )


async def test_somebody_made_a_guest_cannot_approve_and_is_told_why(team: Lab) -> None:
    requests = team.write(in_review, team.deps.playbook)
    await change(team, "make_guest", CLEO)
    await team.press(Action.APPROVE, requests[0], by=CLEO)
    assert decisions(team) == 0
    assert team.whispers(CLEO)[-1] == (
        "You are a guest in this workspace, and guests cannot decide."
    )


async def test_a_guest_and_a_partner_in_the_channel_cannot_act(team: Lab) -> None:
    requests = team.write(in_review, team.deps.playbook)
    await team.press(Action.APPROVE, requests[0], by="U0GUEST")
    await team.press(Action.APPROVE, requests[0], by="U0CONNECT")
    assert decisions(team) == 0
    assert "guests cannot decide" in team.whispers("U0GUEST")[-1]
    assert team.whispers("U0CONNECT")[-1] == (
        "Only members of this workspace can use Copydesk."
    )


async def test_somebody_taken_out_of_the_group_cannot_approve(team: Lab) -> None:
    requests = team.write(in_review, team.deps.playbook)
    await change(team, "leave_group", CLEO, group=COPY_GROUP)
    assert holders(team) == (CASPAR,)
    await team.press(Action.APPROVE, requests[0], by=CLEO)
    assert decisions(team) == 0
    assert "Only copy editor can decide" in team.whispers(CLEO)[-1]


async def test_somebody_added_to_the_group_may_approve_once_slack_was_asked(
    team: Lab,
) -> None:
    await change(team, "join_group", DEV, group=COPY_GROUP)
    assert DEV not in holders(team)
    await ask_all(team)
    assert DEV in holders(team)


async def test_whoever_leaves_the_channel_loses_its_role(team: Lab) -> None:
    assert CLEO in holders(team, "analyst")
    await change(team, "leave_channel", CLEO, channel=CAMPAIGNS)
    assert CLEO not in holders(team, "analyst")
    await change(team, "join_channel", CLEO, channel=CAMPAIGNS)
    await ask_all(team)
    assert CLEO in holders(team, "analyst")


async def test_a_guest_who_is_a_member_again_may_decide_once_slack_was_asked(
    team: Lab,
) -> None:
    await change(team, "make_guest", CLEO)
    assert holders(team) == (CASPAR,)
    await change(team, "make_member", CLEO)
    assert holders(team) == (CASPAR,)
    await ask_all(team)
    assert holders(team) == (CLEO, CASPAR)


async def test_a_disabled_group_holds_nothing(team: Lab) -> None:
    group = {"id": COPY_GROUP, "date_delete": 1_700_000_000, "users": [CLEO]}
    event = {"type": "subteam_updated", "subteam": group}
    tell(team.slack.workspace, "subteam_updated", person(MARA), event)
    await team.slack.workspace.courier.settle()
    await team.idle()
    assert holders(team) == ()


async def test_another_workspace_that_has_the_app_makes_nobody_a_stranger(
    team: Lab,
) -> None:
    workspace = team.slack.workspace
    event = {"type": "user_change", "user": user_for_api(workspace, person(CLEO))}
    body = payloads.event_body(workspace, event)
    body["team_id"] = body["authorizations"][0]["team_id"] = "T0PARTNER"
    workspace.courier.event("user_change", MARA, body)
    await workspace.courier.settle()
    await team.idle()
    assert holders(team) == (CLEO, CASPAR)


async def test_what_slack_says_of_others_is_not_kept(desk: Lab) -> None:
    workspace = desk.slack.workspace
    stranger = user_for_api(workspace, person("U0GUEST"))
    tell(
        workspace,
        "user_change",
        person(MARA),
        {"type": "user_change", "user": stranger},
    )
    await workspace.courier.settle()
    await desk.idle()
    assert roster(desk) == Roster()
    assert desk.count("slack_asks") == 0


async def test_an_event_that_came_while_the_web_process_was_away_is_asked_for(
    tmp_path: Path, playbook: Path
) -> None:
    folder = tmp_path / "desk"
    async with lab(folder, COPYDESK_PLAYBOOK=playbook) as up:
        await ask_all(up)
        due = up.deps.database.look(lambda s: s.members.due(100))
        assert due == ()
    async with lab(folder, COPYDESK_PLAYBOOK=playbook) as up:
        while not up.deps.database.look(lambda s: s.members.due(100)):
            await asyncio.sleep(0.01)


async def test_who_was_barred_before_a_restart_is_barred_from_its_first_click(
    tmp_path: Path, playbook: Path
) -> None:
    folder = tmp_path / "desk"
    async with lab(folder, COPYDESK_PLAYBOOK=playbook) as up:
        await ask_all(up)
        await change(up, "deactivate", CLEO)
        assert holders(up) == (CASPAR,)
    async with lab(folder, COPYDESK_PLAYBOOK=playbook) as up:
        # no wait: the site listens already
        assert holders(up) == (CASPAR,)


async def test_with_too_many_waiting_all_are_asked_about_again(team: Lab) -> None:
    def locked(_store: Store) -> None:
        raise TryLater("The database is busy.")

    web = team.app[WEB]
    crowd = {asyncio.create_task(asyncio.sleep(60)) for _ in range(WAITING_MOST + 1)}
    web.running.update(crowd)
    await members._hear(web, CLEO, locked)
    web.running.difference_update(crowd)
    for each in crowd:
        each.cancel()
    while not team.deps.database.look(lambda s: s.members.due(100)):
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("event", EVENTS)
async def test_an_event_without_what_slack_says_it_has_breaks_nothing(
    team: Lab, event: str
) -> None:
    before = roster(team)
    tell(team.slack.workspace, event, person(MARA), {"type": event, "user": {}})
    await team.slack.workspace.courier.settle()
    await team.idle()
    assert roster(team) == before
