"""Channels, reactions, and the events the app subscribed to."""

from __future__ import annotations

from typing import Any

from practice.slack import payloads
from practice.slack.chat import react_as, unreact_as
from practice.slack.config import BOT_USER, TEAM_ID, Person
from practice.slack.tickets import SlackError
from practice.slack.workspace import Workspace, channel_for_page
from practice.slack.world import Channel

Json = dict[str, Any]


def tell(workspace: Workspace, name: str, person: Person, event: Json) -> None:
    """Send an event the app subscribed to; others stay unsent."""
    if name in workspace.config.events:
        body = payloads.event_body(workspace, event)
        workspace.courier.event(event["type"], person.id, body)


def member_channel(workspace: Workspace, person: Person, channel_id: object) -> Channel:
    """Find a channel this person is in.

    Raises:
        SlackError: `channel_not_found`, `not_in_channel`.
    """
    channel = workspace.channel(channel_id)
    if person.id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def invite(workspace: Workspace, person: Person, body: Json) -> Json:
    """Invite the app to a channel."""
    channel = member_channel(workspace, person, body.get("channel"))
    if BOT_USER in channel.members:
        raise SlackError("already_in_channel")
    channel.members.append(BOT_USER)
    tell_membership(workspace, person, channel, "member_joined_channel")
    return {"ok": True, "kind": "invite"}


def remove_app(workspace: Workspace, person: Person, body: Json) -> Json:
    """Remove the app from a channel."""
    channel = member_channel(workspace, person, body.get("channel"))
    if BOT_USER not in channel.members or channel.is_im:
        raise SlackError("not_in_channel")
    channel.members.remove(BOT_USER)
    tell_membership(workspace, person, channel, "member_left_channel")
    return {"ok": True, "kind": "remove"}


def tell_membership(
    workspace: Workspace,
    person: Person,
    channel: Channel,
    kind: str,
    *,
    user: str = BOT_USER,
) -> None:
    """Send who came or went; `person` saw to it."""
    workspace.world.is_dirty = True
    workspace.show_channel(channel)
    event = {
        "type": kind,
        "user": user,
        "channel": channel.id,
        "channel_type": "C",
        "team": TEAM_ID,
        "inviter": person.id,
        "event_ts": workspace.world.next_ts(),
    }
    tell(workspace, kind, person, event)


def react(workspace: Workspace, person: Person, body: Json) -> Json:
    """Add a reaction, or take one's own away."""
    channel = member_channel(workspace, person, body.get("channel"))
    args = {
        "channel": channel.id,
        "timestamp": body.get("ts"),
        "name": body.get("name"),
    }
    message = workspace.message(channel, body.get("ts"))
    is_set = person.id in message.reactions.get(str(body.get("name")), [])
    (unreact_as if is_set else react_as)(workspace, args, person.id)
    name = "reaction_removed" if is_set else "reaction_added"
    event = {
        "type": name,
        "user": person.id,
        "reaction": body.get("name"),
        "item_user": message.user,
        "item": {"type": "message", "channel": channel.id, "ts": message.ts},
        "event_ts": workspace.world.next_ts(),
    }
    tell(workspace, name, person, event)
    return {"ok": True}


def make_channel(workspace: Workspace, person: Person, body: Json) -> Json:
    """Create a public channel with everyone in it but the app."""
    name = str(body.get("name") or "").strip().lstrip("#").lower().replace(" ", "-")
    if not name or len(name) > 80:
        raise SlackError("invalid_name")
    if workspace.world.find_channel(name) is not None:
        raise SlackError("name_taken")
    everyone = workspace.world.channels["C0GENERAL"].members
    members = sorted({person.id, *everyone} - {BOT_USER})
    channel = workspace.world.add_channel(name, members)
    workspace.show_channel(channel)
    return {"ok": True, "channel": channel_for_page(channel)}
