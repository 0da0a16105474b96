"""What the doctor says about the groups of team.yaml."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli.doctor import FAIL, OK, Line, groups
from domain.review import Group, Team
from pipeline.pace import Pacer
from pipeline.slack import SlackGateway
from practice.slack import Running
from practice.slack.config import PracticeSlack
from practice.slack.server import running
from tests.pipeline.wire import elsewhere

SCOPES = frozenset({"usergroups:read", "channels:read", "groups:read", "users:read"})


@pytest.fixture
def workspace() -> Iterator[Running]:
    config = PracticeSlack(
        request_url="http://127.0.0.1:9/slack/events", signing_secret="secret"
    )
    with elsewhere(running(config)) as up:
        yield up


def examine(
    workspace: Running, group: str, granted: frozenset[str] = SCOPES
) -> list[Line]:
    slack = SlackGateway(
        token="xoxb-practice-copydesk",
        pacer=Pacer(None, prefix="test:"),
        base_url=f"{workspace.url}/api/",
    )
    given = Group(id=group, name="legal", roles=frozenset({"legal"}))
    team = Team(
        name="Team",
        channel="C0CAMPAIGN",
        on_call_channel="C0CAMPAIGN",
        people={},
        groups={group: given},
    )
    return list(groups(team, slack, granted))


@pytest.mark.parametrize(
    ("group", "called"), [("S0LEGAL", "user group"), ("C0CAMPAIGN", "channel")]
)
def test_a_group_with_members_is_well(
    workspace: Running, group: str, called: str
) -> None:
    (line,) = examine(workspace, group)
    assert line.mark == OK
    assert line.what == f"The {called} legal ({group}) has members, who hold legal."


def test_a_group_without_its_scope_fails_with_the_scope(workspace: Running) -> None:
    (line,) = examine(workspace, "S0LEGAL", SCOPES - {"usergroups:read"})
    assert line.mark == FAIL
    assert "lacks usergroups:read" in line.what


def test_an_empty_group_fails(workspace: Running) -> None:
    workspace.workspace.world.groups["S0LEGAL"].clear()
    (line,) = examine(workspace, "S0LEGAL")
    assert line.mark == FAIL
    assert "nobody holds legal by it" in line.what


def test_a_group_of_guests_is_as_good_as_empty(workspace: Running) -> None:
    workspace.workspace.world.groups["S0LEGAL"][:] = ["U0GUEST", "U0CONNECT"]
    (line,) = examine(workspace, "S0LEGAL")
    assert line.mark == FAIL


def test_a_group_that_slack_does_not_know_fails(workspace: Running) -> None:
    (line,) = examine(workspace, "S0GONE")
    assert line.mark == FAIL
    assert "There is no such user group" in line.what
