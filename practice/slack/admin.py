"""What an administrator does to a member, and the events that Slack sends of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from practice.slack.config import BOT_USER, TEAM_ID, Person
from practice.slack.directory import user_for_api
from practice.slack.rooms import tell, tell_membership
from practice.slack.tickets import SlackError
from practice.slack.workspace import Workspace

Json = dict[str, Any]

STANDINGS: Final[dict[str, dict[str, bool]]] = {
    "make_guest": {"is_restricted": True},
    "make_member": {"is_restricted": False},
    "deactivate": {"deleted": True},
    "reactivate": {"deleted": False},
}


def change_member(workspace: Workspace, person: Person, body: Json) -> Json:
    """Change how a member stands, or what they are in.

    Raises:
        SlackError: `user_not_found`, `no_such_subteam`, `channel_not_found`,
            `not_in_channel`, `already_in_channel`, `invalid_arguments`.
    """
    member = workspace.world.person(str(body.get("user") or ""))
    if member is None or member.is_bot:
        raise SlackError("user_not_found")
    change = str(body.get("change"))
    if change in STANDINGS:
        _stand(workspace, person, member, STANDINGS[change])
    elif change in CHANGES:
        CHANGES[change](workspace, person, member, body)
    else:
        raise SlackError("invalid_arguments")
    workspace.world.is_dirty = True
    workspace.bus.publish("reset")
    return {"ok": True, "kind": "member"}


def _stand(
    workspace: Workspace, person: Person, member: Person, standing: dict[str, bool]
) -> None:
    world = workspace.world
    world.standing[member.id] = world.standing.get(member.id, {}) | standing
    changed = world.person(member.id)
    if changed is None:
        raise SlackError("user_not_found")
    event = {
        "type": "user_change",
        "user": user_for_api(workspace, changed),
        "cache_ts": int(workspace.config.clock()),
        "event_ts": world.next_ts(),
    }
    tell(workspace, "user_change", person, event)


def _leave_group(
    workspace: Workspace, person: Person, member: Person, body: Json
) -> None:
    members = _group(workspace, body)
    if member.id not in members:
        raise SlackError("user_not_found")
    members.remove(member.id)
    _tell_group(workspace, person, body, removed=[member.id])


def _join_group(
    workspace: Workspace, person: Person, member: Person, body: Json
) -> None:
    members = _group(workspace, body)
    if member.id not in members:
        members.append(member.id)
        _tell_group(workspace, person, body, added=[member.id])


def _group(workspace: Workspace, body: Json) -> list[str]:
    members = workspace.world.groups.get(str(body.get("group")))
    if members is None:
        raise SlackError("no_such_subteam")
    return members


def _tell_group(
    workspace: Workspace,
    person: Person,
    body: Json,
    *,
    added: list[str] | None = None,
    removed: list[str] | None = None,
) -> None:
    # Slack: only what changed, and the counts as text
    event: Json = {
        "type": "subteam_members_changed",
        "subteam_id": str(body.get("group")),
        "team_id": TEAM_ID,
        "date_previous_update": 0,
        "date_update": int(workspace.config.clock()),
        "event_ts": workspace.world.next_ts(),
    }
    for name, users in (("added_users", added), ("removed_users", removed)):
        if users:
            event |= {name: users, f"{name}_count": str(len(users))}
    tell(workspace, "subteam_members_changed", person, event)


def _leave_channel(
    workspace: Workspace, person: Person, member: Person, body: Json
) -> None:
    channel = workspace.channel(body.get("channel"))
    if member.id not in channel.members or channel.is_im:
        raise SlackError("not_in_channel")
    channel.members.remove(member.id)
    # Slack: the app hears of the channels it is in
    if BOT_USER in channel.members:
        tell_membership(
            workspace, person, channel, "member_left_channel", user=member.id
        )


def _join_channel(
    workspace: Workspace, person: Person, member: Person, body: Json
) -> None:
    channel = workspace.channel(body.get("channel"))
    if member.id in channel.members:
        raise SlackError("already_in_channel")
    channel.members.append(member.id)
    if BOT_USER in channel.members:
        tell_membership(
            workspace, person, channel, "member_joined_channel", user=member.id
        )


CHANGES: Final[dict[str, Callable[[Workspace, Person, Person, Json], None]]] = {
    "leave_group": _leave_group,
    "join_group": _join_group,
    "leave_channel": _leave_channel,
    "join_channel": _join_channel,
}
