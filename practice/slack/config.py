"""What one practice workspace is: its people, its channels, its app and its secrets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# What marks a token as one that no real workspace ever issued.
BOT_PREFIX: Final = "xoxb-practice"
APP_PREFIX: Final = "xapp-practice"
TEAM_ID: Final = "T0PRACTICE"
TEAM_NAME: Final = "Practice workspace"
APP_ID: Final = "A0COPYDESK"
APP_NAME: Final = "Copydesk"
BOT_USER: Final = "U0COPYDESK"
BOT_ID: Final = "B0COPYDESK"
BOT_HANDLE: Final = "copydesk"


class ConfigRefused(ValueError):
    """The practice workspace must never be started with something real."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the workspace; `name` is the handle typed after @."""

    id: str
    name: str
    real_name: str
    title: str
    color: str
    tz: str = "Europe/Berlin"
    is_bot: bool = False
    is_restricted: bool = False
    deleted: bool = False
    # another workspace's, of somebody who is here by Slack Connect
    team_id: str = TEAM_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class SlashCommand:
    """One slash command of the app's manifest."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """One shortcut of the app's manifest; `type` is `message` or `global`."""

    callback_id: str
    name: str
    type: str = "message"


PEOPLE: Final = (
    Person(
        id="U0MARKETER",
        name="mara",
        real_name="Mara Lindt",
        title="Marketer",
        color="#7c3aed",
    ),
    Person(
        id="U0COPYONE",
        name="cleo",
        real_name="Cleo Marsh",
        title="Copy editor",
        color="#0e7490",
    ),
    Person(
        id="U0COPYTWO",
        name="caspar",
        real_name="Caspar Thorn",
        title="Copy editor",
        color="#0f766e",
    ),
    Person(
        id="U0DELIVER",
        name="dev",
        real_name="Dev Rao",
        title="Deliverability",
        color="#b45309",
        tz="Asia/Kolkata",
    ),
    Person(
        id="U0LEGAL",
        name="lena",
        real_name="Lena Okafor",
        title="Legal",
        color="#334155",
    ),
    Person(
        id="U0STAKE",
        name="sam",
        real_name="Sam Whitfield",
        title="Stakeholder",
        color="#be185d",
        tz="America/New_York",
    ),
    Person(
        id="U0BRAND",
        name="bea",
        real_name="Bea Laurent",
        title="Brand lead",
        color="#c2410c",
    ),
    Person(
        id="U0LIBRARY",
        name="lior",
        real_name="Lior Adler",
        title="Prompt librarian",
        color="#4d7c0f",
    ),
    Person(
        id="U0MKTENG",
        name="mick",
        real_name="Mick Sato",
        title="Marketing engineer",
        color="#1d4ed8",
    ),
    Person(
        id="U0ANALYST",
        name="ana",
        real_name="Ana Ferreira",
        title="Analyst",
        color="#a16207",
    ),
    Person(
        id="U0ONCALL",
        name="omar",
        real_name="Omar Haddad",
        title="On-call",
        color="#b91c1c",
    ),
    Person(
        id="U0GUEST",
        name="gus",
        real_name="Gus Moreau",
        title="Guest",
        color="#57534e",
        is_restricted=True,
    ),
    Person(
        id="U0CONNECT",
        name="xenia",
        real_name="Xenia Holt",
        title="Partner agency",
        color="#6b21a8",
        tz="Europe/London",
        team_id="T0PARTNER",
    ),
)
APP_PERSON: Final = Person(
    id=BOT_USER,
    name=BOT_HANDLE,
    real_name=APP_NAME,
    title="App",
    color="#0b3d2e",
    tz="Etc/UTC",
    is_bot=True,
)
# id, name, topic, whether the app is in it when the workspace is new
CHANNELS: Final = (
    ("C0CAMPAIGN", "campaigns", "Every campaign is one card with its thread", True),
    ("C0GENERAL", "general", "Company-wide; the app is not in here", False),
    ("C0ONCALL", "on-call", "Rollbacks and incidents", True),
)
# guests and people of other workspaces are in the channels they were asked into
ASKED_INTO: Final = ("C0CAMPAIGN",)
USERGROUPS: Final = (
    ("S0COPY", "copy-editors", ("U0COPYONE", "U0COPYTWO")),
    ("S0DELIVER", "deliverability", ("U0DELIVER",)),
    ("S0LEGAL", "legal", ("U0LEGAL",)),
    ("S0ONCALL", "on-call-crew", ("U0ONCALL",)),
)
DEFAULT_SCOPES: Final = (
    "commands",
    "chat:write",
    "users:read",
    "im:write",
    "files:read",
    "files:write",
    "channels:read",
    "pins:read",
    "usergroups:read",
    "reactions:write",
)
DEFAULT_COMMANDS: Final = (
    SlashCommand(
        command="/brief",
        description="Start a campaign",
        usage_hint="[help | list | show N | cancel N | {json}]",
    ),
    SlashCommand(
        command="/rollback",
        description="Stop a campaign now",
        usage_hint="[N] [now]",
    ),
    SlashCommand(
        command="/desk",
        description="Status, metrics, audit, help",
        usage_hint="[status | help]",
    ),
)
DEFAULT_EVENTS: Final = (
    "app_home_opened",
    "app_mention",
    "member_joined_channel",
    "member_left_channel",
    "pin_added",
    "message.im",
    "subteam_members_changed",
    "subteam_updated",
    "user_change",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeSlack:
    """How to start one practice workspace.

    Args:
        request_url: Where commands, interactions and events are posted.
        data_dir: Folder for the snapshot and the files; `None` keeps all in memory.
        notes: Lines the page shows at its top, such as the practice time.
        esp_page: Where a practice ESP has its switches; empty without one.
        port: The port to bind on 127.0.0.1; 0 takes a free one.
        retry_delays_s: Waits before each repeat of an event nobody acked.
        ack_limit_s: Slack's patience for an ack.
        clock: Seconds since the epoch; triggers, reply addresses and rate
            limits read it. Signatures always use the real time.
    """

    request_url: str
    signing_secret: str
    bot_token: str = f"{BOT_PREFIX}-copydesk"
    app_token: str = f"{APP_PREFIX}-copydesk"
    data_dir: Path | None = None
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    commands: tuple[SlashCommand, ...] = DEFAULT_COMMANDS
    shortcuts: tuple[Shortcut, ...] = ()
    events: tuple[str, ...] = DEFAULT_EVENTS
    notes: tuple[str, ...] = ()
    esp_page: str = ""
    port: int = 0
    retry_delays_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    ack_limit_s: float = 3.0
    clock: Callable[[], float] = field(default=time.time)

    def __post_init__(self) -> None:
        """Refuse tokens that could belong to a real workspace.

        Raises:
            ConfigRefused: A token does not begin as practice tokens do.
        """
        if not self.bot_token.startswith(BOT_PREFIX):
            raise ConfigRefused(
                "The practice workspace only takes bot tokens that begin with "
                "xoxb-practice; a real token must not be used here."
            )
        if not self.app_token.startswith(APP_PREFIX):
            raise ConfigRefused(
                "The practice workspace only takes app tokens that begin with "
                "xapp-practice; a real token must not be used here."
            )
