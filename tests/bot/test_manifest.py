"""The manifest, the ids and the registered listeners say the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blocks.ids import Action, Callback, Shortcut, Verb
from bot import canary, review
from bot.app import SURFACES

MANIFEST = json.loads(Path("slack-manifest.json").read_text(encoding="utf-8"))
# Slack: what an event or a Web API method of ours needs
NEEDED_SCOPES = {
    "commands",
    "chat:write",  # the cards, and ephemeral answers
    "im:write",  # telling an author that the bot is not in the channel
    "users:read",  # user_change, users.info
    "files:read",  # a file_input in a form, files.info, what it leads to
    "files:write",  # the plot in the thread
    "channels:read",  # member_joined_channel, member_left_channel, their members
    "groups:read",  # the same in private channels
    "pins:read",  # pin_added
    "usergroups:read",  # subteam_members_changed, usergroups.users.list
}


class Registry:
    """Takes registrations as Bolt does, and remembers their names."""

    def __init__(self) -> None:
        self.names: dict[str, list[Any]] = {}

    def __getattr__(self, kind: str) -> Callable[[Any], Callable[[Any], None]]:
        def register(name: Any) -> Callable[[Any], None]:
            self.names.setdefault(kind, []).append(name)
            return lambda _listener: None

        return register


def registered(kind: str) -> set[Any]:
    registry = Registry()
    for surface in SURFACES:
        surface.register(registry)
    names = registry.names[kind]
    assert len(names) == len({str(name) for name in names}), "registered twice"
    return {name for name in names if isinstance(name, str)}


def test_the_manifest_has_the_commands_that_are_answered() -> None:
    commands = {each["command"] for each in MANIFEST["features"]["slash_commands"]}
    assert commands == registered("command")


def test_the_manifest_has_the_shortcuts_that_are_answered() -> None:
    shortcuts = MANIFEST["features"]["shortcuts"]
    assert {each["callback_id"] for each in shortcuts} == set(Shortcut)
    assert registered("message_shortcut") == set(Shortcut)
    assert {each["type"] for each in shortcuts} == {"message"}


def test_every_command_has_a_hint_and_escapes_what_people_type() -> None:
    for each in MANIFEST["features"]["slash_commands"]:
        assert each["usage_hint"]
        assert each["should_escape"] is True


def test_the_manifest_subscribes_to_the_events_that_are_heard() -> None:
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert set(events) == registered("event")


def test_the_manifest_asks_for_no_scope_too_many() -> None:
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == NEEDED_SCOPES


def test_every_address_is_the_one_route() -> None:
    settings = MANIFEST["settings"]
    addresses = {each["url"] for each in MANIFEST["features"]["slash_commands"]} | {
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
    }
    assert addresses == {"https://copydesk.example.com/slack/events"}


def test_every_button_has_a_listener() -> None:
    assert registered("action") == set(Action)


def test_every_menu_option_has_a_listener() -> None:
    assert set(review.MENU) | set(canary.MENU) == set(Verb)


def test_every_form_has_a_listener() -> None:
    nothing_to_submit = {
        Callback.READING,
        Callback.HOME,
        Callback.COMPARISON,
        Callback.VARIANT_WINDOW,
        Callback.INCIDENT_WINDOW,
        Callback.READ_ALL,
    }
    assert registered("view") == set(Callback) - nothing_to_submit
