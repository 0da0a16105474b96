"""The bodies Slack sends: commands, clicks, submissions, shortcuts and events."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

from practice.slack.config import (
    APP_ID,
    BOT_USER,
    TEAM_ID,
    Person,
)
from practice.slack.modals import Modals
from practice.slack.validate import blocks_of, elements_of
from practice.slack.workspace import Workspace
from practice.slack.world import Channel, Message, message_for_api

Json = dict[str, Any]
TEAM_DOMAIN: Final = "practice"
# Slack still sends this deprecated field; nobody should check it.
VERIFICATION: Final = "practice-verification"

# element type -> the field of its state that holds what was entered
STATE_FIELD: Final = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
    "rich_text_input": "rich_text_value",
}
WITHOUT_STATE: Final = frozenset({"overflow"})


def find_element(blocks: list[Json], block_id: str, action_id: str) -> Json | None:
    """Find the element a person used.

    A message that is drawn anew has new blocks. Whoever had its menu open meanwhile
    means the one element that does the same in what stands there now.
    """
    alike = [
        (block.get("block_id"), element)
        for block in blocks_of(blocks)
        for _, element in elements_of(block)
        if element.get("action_id") == action_id
    ]
    exact = [element for block, element in alike if block == block_id]
    if exact or len(alike) != 1:
        return exact[0] if exact else None
    return alike[0][1]


Files = Callable[[Any], list[Json]]


def no_files(_entered: Any) -> list[Json]:
    """Where a surface takes no files."""
    return []


def full_state(blocks: list[Json], given: Json, files: Files = no_files) -> Json:
    """Return the state of every input of a surface, as Slack always sends all of it.

    What a person entered wins over what the element began with.

    Args:
        files: Describes the files that an input names.
    """
    values: Json = {}
    for block in blocks_of(blocks):
        for _, element in elements_of(block):
            kind = element.get("type", "")
            name = STATE_FIELD.get(kind)
            if name is None or kind in WITHOUT_STATE:
                continue
            entered = (given.get(block["block_id"]) or {}).get(element["action_id"])
            value = _initial(element, name) if entered is None else entered.get(name)
            if kind == "file_input":
                value = files(value)
            empty: Any = [] if name.endswith("s") else None
            state = {"type": kind, name: value or empty}
            values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values


def _initial(element: Json, name: str) -> Any:
    begins = (
        "initial_value"
        if name in ("value", "rich_text_value")
        else name.replace("selected_", "initial_")
    )
    return element.get(begins)


def action_entry(element: Json, block_id: str, given: Json, action_ts: str) -> Json:
    """Describe one use of an element; a button's value is the one it was drawn with."""
    kind = element["type"]
    entry: Json = {
        "type": kind,
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": action_ts,
    }
    if kind in ("button", "icon_button", "workflow_button"):
        kept = {
            k: element[k] for k in ("text", "value", "style", "url") if k in element
        }
        return entry | kept
    if kind == "feedback_buttons":
        return entry | {"value": given.get("value")}
    name = STATE_FIELD.get(kind, "value")
    chosen = given.get(name)
    entry[name] = _offered(element, chosen) if "option" in name else chosen
    if "placeholder" in element:
        entry["placeholder"] = element["placeholder"]
    return entry


def _offered(element: Json, chosen: Any) -> Any:
    groups = element.get("option_groups") or []
    options = [
        *(element.get("options") or []),
        *(o for g in groups for o in g["options"]),
    ]
    by_value = {option["value"]: option for option in options}
    if isinstance(chosen, list):
        return [by_value.get(option.get("value"), option) for option in chosen]
    if isinstance(chosen, dict):
        return by_value.get(chosen.get("value"), chosen)
    return chosen


def _channel_entry(channel: Channel) -> Json:
    name = "directmessage" if channel.is_im else channel.name
    return {"id": channel.id, "name": name}


def _base(kind: str, person: Person) -> Json:
    return {
        "type": kind,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": {
            "id": person.id,
            "username": person.name,
            "name": person.name,
            "team_id": person.team_id,
        },
        "api_app_id": APP_ID,
        "token": VERIFICATION,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def response_url(
    workspace: Workspace,
    person: Person,
    channel: Channel,
    message: Message | None = None,
) -> str:
    """Make the reply address of one interaction."""
    key = workspace.replies.issue(
        person=person.id,
        channel=channel.id,
        message_ts=message.ts if message else None,
        thread_ts=message.thread_ts if message else None,
        is_ephemeral=bool(message and message.ephemeral_to),
    )
    return f"{workspace.base_url}/slack/response/{key}"


def command_form(
    workspace: Workspace, command: str, text: str, person: Person, channel: Channel
) -> Json:
    """Build the form fields of a slash command."""
    entry = _channel_entry(channel)
    return {
        "token": VERIFICATION,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": entry["id"],
        "channel_name": entry["name"],
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url(workspace, person, channel),
        "trigger_id": workspace.triggers.issue(person.id),
    }


def on_message(
    workspace: Workspace, kind: str, person: Person, message: Message
) -> Json:
    """Build what an interaction on a message shares; ephemerals carry no message."""
    channel = workspace.world.channels[message.channel]
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    body = _base(kind, person) | {
        "container": container,
        "trigger_id": workspace.triggers.issue(person.id),
        "channel": _channel_entry(channel),
        "response_url": response_url(workspace, person, channel, message),
    }
    if not message.ephemeral_to:
        body["message"] = message_for_api(workspace.world, message)
    return body


def on_view(workspace: Workspace, kind: str, person: Person, view: Json) -> Json:
    """Build what an interaction on a modal or the Home tab shares."""
    inside = view["id"] if view["type"] == "modal" else None
    return _base(kind, person) | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": workspace.triggers.issue(person.id, inside),
        "view": view,
    }


def submission(workspace: Workspace, person: Person, view: Json) -> Json:
    """Build a view_submission, with the reply addresses its selects ask for."""
    body = on_view(workspace, "view_submission", person, view)
    del body["container"]
    return body | {"response_urls": list(_response_urls(workspace, person, view))}


def _response_urls(workspace: Workspace, person: Person, view: Json) -> list[Json]:
    urls = []
    values = view["state"]["values"]
    for block in blocks_of(view["blocks"]):
        for _, element in elements_of(block):
            if not element.get("response_url_enabled"):
                continue
            state = values[block["block_id"]][element["action_id"]]
            chosen = state.get("selected_conversation") or state.get("selected_channel")
            channel = workspace.world.find_channel(str(chosen))
            if channel is not None:
                urls.append(
                    {
                        "block_id": block["block_id"],
                        "action_id": element["action_id"],
                        "channel_id": channel.id,
                        "response_url": response_url(workspace, person, channel),
                    }
                )
    return urls


def closed(person: Person, view: Json, *, is_cleared: bool) -> Json:
    """Build a view_closed."""
    return _base("view_closed", person) | {"view": view, "is_cleared": is_cleared}


def shortcut(
    workspace: Workspace, person: Person, callback_id: str, message: Message | None
) -> Json:
    """Build a global shortcut, or one used on a message."""
    action = {"callback_id": callback_id, "action_ts": workspace.world.next_ts()}
    if message is None:
        trigger = workspace.triggers.issue(person.id)
        return _base("shortcut", person) | action | {"trigger_id": trigger}
    body = on_message(workspace, "message_action", person, message)
    del body["container"]
    return body | action | {"message_ts": message.ts}


def event_body(workspace: Workspace, event: Json) -> Json:
    """Wrap an event; the event_id stays the same through every retry."""
    return {
        "token": VERIFICATION,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(workspace.config.clock()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_hex(12)}",
    }


def surface_of(modals: Modals, person: Person, view_id: str) -> Json | None:
    """Find the modal or Home tab this person looks at."""
    found = modals.find(view_id)
    if found is not None and found[0] == person.id:
        return found[1]
    home = modals.world.homes.get(person.id)
    return home if home is not None and home["id"] == view_id else None
