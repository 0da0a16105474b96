"""The Web API methods about people, channels, groups and the app itself."""

from __future__ import annotations

import base64
from typing import Any, Final

from practice.slack.chat import need
from practice.slack.config import (
    APP_ID,
    APP_NAME,
    BOT_HANDLE,
    BOT_ID,
    BOT_USER,
    TEAM_ID,
    TEAM_NAME,
    USERGROUPS,
    Person,
)
from practice.slack.tickets import SlackError
from practice.slack.validate import check_blocks, check_view
from practice.slack.workspace import Workspace
from practice.slack.world import Channel, message_for_api, person_by_id

Json = dict[str, Any]
HANDLES: Final = {group_id: handle for group_id, handle, _ in USERGROUPS}
# Slack: conversations.members gives 100 unless asked, and 999 at most
MEMBERS_A_PAGE: Final = 100
MEMBERS_MOST: Final = 999
NO_MORE = {"response_metadata": {"next_cursor": ""}}


def email_of(person: Person) -> str:
    """Return a person's practice address."""
    return f"{person.name}@practice.example"


def user_for_api(workspace: Workspace, person: Person) -> Json:
    """Describe a person as the Web API and the events do."""
    profile: Json = {
        "real_name": person.real_name,
        "display_name": person.name,
        "title": person.title,
        "image_72": "",
        "team": person.team_id,
    }
    if "users:read.email" in workspace.config.scopes and not person.is_bot:
        profile["email"] = email_of(person)
    if person.is_bot:
        profile |= {"bot_id": BOT_ID, "api_app_id": APP_ID}
    return {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "real_name": person.real_name,
        "deleted": person.deleted,
        "color": person.color.removeprefix("#"),
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": 0,
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": False,
        # Slack: true of somebody of another workspace with whom no channel is shared
        "is_stranger": False,
        "updated": 0,
    }


def auth_test(workspace: Workspace, _args: Json) -> Json:
    """auth.test."""
    return {
        "url": f"{workspace.base_url}/",
        "team": TEAM_NAME,
        "user": BOT_HANDLE,
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def user_info(workspace: Workspace, args: Json) -> Json:
    """users.info."""
    need(args, "user")
    person = workspace.world.person(args["user"])
    if person is None:
        raise SlackError("user_not_found")
    return {"user": user_for_api(workspace, person)}


def user_list(workspace: Workspace, _args: Json) -> Json:
    """users.list."""
    members = [user_for_api(workspace, person) for person in workspace.world.everyone()]
    return {"members": members, "cache_ts": int(workspace.config.clock()), **NO_MORE}


def user_by_email(workspace: Workspace, args: Json) -> Json:
    """users.lookupByEmail."""
    need(args, "email")
    everyone = [p for p in workspace.world.everyone() if not (p.is_bot or p.deleted)]
    found = [p for p in everyone if email_of(p) == args["email"]]
    if not found:
        raise SlackError("users_not_found")
    return {"user": user_for_api(workspace, found[0])}


def user_conversations(workspace: Workspace, args: Json) -> Json:
    """users.conversations."""
    user = args.get("user") or BOT_USER
    channels = _of_types(workspace, args)
    return {
        "channels": [_channel(c) for c in channels if user in c.members],
        **NO_MORE,
    }


def team_info(workspace: Workspace, _args: Json) -> Json:
    """team.info."""
    return {
        "team": {
            "id": TEAM_ID,
            "name": TEAM_NAME,
            "domain": "practice",
            "email_domain": "practice.example",
            "url": f"{workspace.base_url}/",
        }
    }


def bot_info(_workspace: Workspace, args: Json) -> Json:
    """bots.info."""
    if args.get("bot") not in (None, BOT_ID):
        raise SlackError("bot_not_found")
    return {
        "bot": {
            "id": BOT_ID,
            "deleted": False,
            "name": APP_NAME,
            "user_id": BOT_USER,
            "app_id": APP_ID,
        }
    }


def groups(workspace: Workspace, args: Json) -> Json:
    """usergroups.list; who is in them only when asked for."""
    has_users = str(args.get("include_users")).lower() in ("true", "1")
    return {
        "usergroups": [
            group_for_api(workspace, group_id)
            | ({"users": list(members)} if has_users else {})
            for group_id, members in workspace.world.groups.items()
        ]
    }


def group_for_api(workspace: Workspace, group_id: str) -> Json:
    """Describe a user group, without who is in it."""
    members = workspace.world.groups[group_id]
    return {
        "id": group_id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "is_subteam": True,
        "name": HANDLES[group_id],
        "handle": HANDLES[group_id],
        "is_external": False,
        "user_count": len(members),
        "date_delete": 0,
    }


def group_users(workspace: Workspace, args: Json) -> Json:
    """usergroups.users.list."""
    need(args, "usergroup")
    members = workspace.world.groups.get(str(args["usergroup"]))
    if members is None:
        raise SlackError("no_such_subteam")
    return {"users": list(members)}


def _channel(channel: Channel) -> Json:
    if channel.is_im:
        return {"id": channel.id, "is_im": True, "user": channel.user, "created": 0}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_private": False,
        "is_archived": False,
        "is_general": channel.name == "general",
        "is_member": BOT_USER in channel.members,
        "num_members": len(channel.members),
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "created": 0,
        "creator": "U0MARKETER",
    }


def _of_types(workspace: Workspace, args: Json) -> list[Channel]:
    types = str(args.get("types") or "public_channel").split(",")
    return [
        channel
        for channel in workspace.world.channels.values()
        if ("im" if channel.is_im else "public_channel") in types
    ]


def channel_list(workspace: Workspace, args: Json) -> Json:
    """conversations.list."""
    return {"channels": [_channel(c) for c in _of_types(workspace, args)], **NO_MORE}


def channel_info(workspace: Workspace, args: Json) -> Json:
    """conversations.info."""
    need(args, "channel")
    return {"channel": _channel(workspace.channel(args["channel"]))}


def channel_members(workspace: Workspace, args: Json) -> Json:
    """conversations.members, a page at a time."""
    need(args, "channel")
    members = workspace.channel(args["channel"]).members
    begin = _place(args.get("cursor"), len(members))
    end = begin + min(int(float(args.get("limit") or MEMBERS_A_PAGE)), MEMBERS_MOST)
    more = _cursor(end) if end < len(members) else ""
    return {
        "members": members[begin:end],
        "response_metadata": {"next_cursor": more},
    }


def _cursor(place: int) -> str:
    return base64.b64encode(f"member:{place}".encode()).decode()


def _place(cursor: object, count: int) -> int:
    """Where a page begins."""
    if not cursor:
        return 0
    places = {_cursor(place): place for place in range(count)}
    if str(cursor) not in places:
        raise SlackError("invalid_cursor")
    return places[str(cursor)]


def channel_open(workspace: Workspace, args: Json) -> Json:
    """conversations.open, for the direct messages of one person with the app."""
    if args.get("channel"):
        return {"channel": _channel(workspace.channel(args["channel"]))}
    need(args, "users")
    users = args["users"]
    first = users[0] if isinstance(users, list) else str(users).split(",")[0]
    channel = workspace.world.direct_channel(first)
    person = workspace.world.person(first)
    if channel is None or person is None:
        raise SlackError("user_not_found")
    if person.deleted:
        raise SlackError("user_disabled")
    return {"channel": _channel(channel), "no_op": True, "already_open": True}


def channel_join(workspace: Workspace, args: Json) -> Json:
    """conversations.join."""
    need(args, "channel")
    channel = workspace.channel(args["channel"])
    if channel.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    if BOT_USER not in channel.members:
        channel.members.append(BOT_USER)
        workspace.world.is_dirty = True
        workspace.show_channel(channel)
    return {"channel": _channel(channel)}


def channel_invite(workspace: Workspace, args: Json) -> Json:
    """conversations.invite."""
    need(args, "channel", "users")
    channel = workspace.channel(args["channel"])
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    for user in str(args["users"]).split(","):
        if person_by_id(user) is None:
            raise SlackError("user_not_found")
        if user in channel.members:
            raise SlackError("already_in_channel")
        channel.members.append(user)
    workspace.world.is_dirty = True
    workspace.show_channel(channel)
    return {"channel": _channel(channel)}


def history(workspace: Workspace, args: Json) -> Json:
    """conversations.history, newest first."""
    need(args, "channel")
    channel = workspace.channel(args["channel"])
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    roots = [m for m in workspace.world.in_channel(channel.id) if not m.thread_ts]
    limit = int(args.get("limit") or 100)
    shown = roots[::-1][:limit]
    return {
        "messages": [message_for_api(workspace.world, m) for m in shown],
        "has_more": len(roots) > limit,
        **NO_MORE,
    }


def thread(workspace: Workspace, args: Json) -> Json:
    """conversations.replies, the root first."""
    need(args, "channel", "ts")
    channel = workspace.channel(args["channel"])
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    root = workspace.world.find_message(channel.id, str(args["ts"]))
    if root is None:
        raise SlackError("thread_not_found")
    shown = [root, *workspace.world.replies(root)]
    return {
        "messages": [message_for_api(workspace.world, m) for m in shown],
        "has_more": False,
        **NO_MORE,
    }


def open_view(workspace: Workspace, args: Json) -> Json:
    """views.open."""
    need(args, "trigger_id", "view")
    trigger = workspace.triggers.spend(str(args["trigger_id"]))
    return {"view": workspace.modals.open(trigger, args["view"])}


def push_view(workspace: Workspace, args: Json) -> Json:
    """views.push."""
    need(args, "trigger_id", "view")
    trigger = workspace.triggers.spend(str(args["trigger_id"]))
    return {"view": workspace.modals.push(trigger, args["view"])}


def update_view(workspace: Workspace, args: Json) -> Json:
    """views.update."""
    need(args, "view")
    if not (args.get("view_id") or args.get("external_id")):
        need(args, "view_id")
    return {"view": workspace.modals.update(args, args["view"], args.get("hash"))}


def publish_view(workspace: Workspace, args: Json) -> Json:
    """views.publish."""
    need(args, "user_id", "view")
    if person_by_id(args["user_id"]) is None:
        raise SlackError("user_not_found")
    view = workspace.modals.publish_home(
        args["user_id"], args["view"], args.get("hash")
    )
    return {"view": view}


def validate_blocks(workspace: Workspace, args: Json) -> Json:
    """blocks.validate, for a message's blocks or a whole view."""
    files = workspace.world.files
    if args.get("view"):
        kind = str(args["view"].get("type"))
        problems = check_view(args["view"], kind, files)
    else:
        need(args, "blocks")
        problems = check_blocks(args["blocks"], "message", files)
    if problems:
        raise SlackError("invalid_blocks", response_metadata={"messages": problems})
    return {}


def open_socket(workspace: Workspace, _args: Json) -> Json:
    """apps.connections.open."""
    if workspace.sockets.count >= 10:
        raise SlackError("too_many_websockets")
    address = workspace.base_url.replace("http", "ws", 1)
    ticket = workspace.sockets.new_ticket()
    return {"url": f"{address}/link/?ticket={ticket}&app_id={APP_ID}"}


def nothing(_workspace: Workspace, _args: Json) -> Json:
    """api.test."""
    return {}
