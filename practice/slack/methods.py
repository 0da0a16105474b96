"""The Web API: a table of methods with their scope and tier, and one way to call them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from practice.slack import chat, directory
from practice.slack.tickets import SlackError
from practice.slack.workspace import Workspace

Json = dict[str, Any]
# Slack's rate limit tiers: calls a minute, per method.
TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100
UNLIMITED = 0
# Slack: chat.postMessage takes one a second per channel, and short bursts.
POST_BURST: Final = 5


@dataclass(frozen=True, slots=True)
class Method:
    """One Web API method; `scope` of `None` needs none."""

    run: Callable[[Workspace, Json], Json]
    tier: int
    scope: str | None = None
    takes_app_token: bool = False


METHODS: Final[dict[str, Method]] = {
    "api.test": Method(directory.nothing, TIER_4),
    "apps.connections.open": Method(
        directory.open_socket, TIER_3, takes_app_token=True
    ),
    "auth.test": Method(directory.auth_test, UNLIMITED),
    "blocks.validate": Method(directory.validate_blocks, TIER_3),
    "bots.info": Method(directory.bot_info, TIER_3, "users:read"),
    "chat.delete": Method(chat.delete, TIER_3, "chat:write"),
    "chat.deleteScheduledMessage": Method(chat.unschedule, TIER_3, "chat:write"),
    "chat.getPermalink": Method(chat.permalink, UNLIMITED),
    "chat.postEphemeral": Method(chat.post_ephemeral, TIER_4, "chat:write"),
    "chat.postMessage": Method(chat.post_message, UNLIMITED, "chat:write"),
    "chat.scheduleMessage": Method(chat.schedule, TIER_3, "chat:write"),
    "chat.scheduledMessages.list": Method(chat.scheduled, TIER_3),
    "chat.update": Method(chat.update, TIER_3, "chat:write"),
    "conversations.history": Method(directory.history, TIER_3, "channels:history"),
    "conversations.info": Method(directory.channel_info, TIER_3, "channels:read"),
    "conversations.invite": Method(directory.channel_invite, TIER_3, "channels:manage"),
    "conversations.join": Method(directory.channel_join, TIER_3, "channels:join"),
    "conversations.list": Method(directory.channel_list, TIER_2, "channels:read"),
    "conversations.members": Method(directory.channel_members, TIER_4, "channels:read"),
    "conversations.open": Method(directory.channel_open, TIER_3, "im:write"),
    "conversations.replies": Method(directory.thread, TIER_3, "channels:history"),
    "files.completeUploadExternal": Method(chat.complete_upload, TIER_4, "files:write"),
    "files.getUploadURLExternal": Method(chat.upload_url, TIER_4, "files:write"),
    "files.info": Method(chat.file_info, TIER_4, "files:read"),
    "pins.add": Method(chat.pin, TIER_2, "pins:write"),
    "pins.remove": Method(chat.unpin, TIER_2, "pins:write"),
    "reactions.add": Method(chat.react, TIER_3, "reactions:write"),
    "reactions.remove": Method(chat.unreact, TIER_2, "reactions:write"),
    "team.info": Method(directory.team_info, TIER_3, "team:read"),
    "usergroups.list": Method(directory.groups, TIER_2, "usergroups:read"),
    "usergroups.users.list": Method(directory.group_users, TIER_2, "usergroups:read"),
    "users.conversations": Method(
        directory.user_conversations, TIER_3, "channels:read"
    ),
    "users.info": Method(directory.user_info, TIER_4, "users:read"),
    "users.list": Method(directory.user_list, TIER_2, "users:read"),
    "users.lookupByEmail": Method(directory.user_by_email, TIER_3, "users:read.email"),
    "views.open": Method(directory.open_view, TIER_4),
    "views.publish": Method(directory.publish_view, TIER_4),
    "views.push": Method(directory.push_view, TIER_4),
    "views.update": Method(directory.update_view, TIER_4),
}


def call(workspace: Workspace, name: str, args: Json, token: str | None) -> Json:
    """Run one method for the app.

    Raises:
        SlackError: With Slack's own code; `ratelimited` carries `retry_after`,
            the whole seconds to wait.
    """
    method = METHODS.get(name)
    if method is None:
        raise SlackError("unknown_method", req_method=name)
    _authorise(workspace, method, token)
    _pace(workspace, name, method, args)
    return method.run(workspace, args)


def _authorise(workspace: Workspace, method: Method, token: str | None) -> None:
    config = workspace.config
    if not token:
        raise SlackError("not_authed")
    if token not in (config.bot_token, config.app_token):
        raise SlackError("invalid_auth")
    if (token == config.app_token) is not method.takes_app_token:
        raise SlackError("not_allowed_token_type")
    if method.scope and method.scope not in config.scopes:
        provided = ",".join(config.scopes)
        raise SlackError("missing_scope", needed=method.scope, provided=provided)


def _pace(workspace: Workspace, name: str, method: Method, args: Json) -> None:
    wait_s = 0
    if name == "chat.postMessage":
        key = f"{name} {args.get('channel')}"
        wait_s = workspace.pace.take(key, burst=POST_BURST, per_second=1.0)
    elif method.tier != UNLIMITED:
        wait_s = workspace.pace.take(
            name, burst=method.tier, per_second=method.tier / 60
        )
    if wait_s:
        raise SlackError("ratelimited", retry_after=wait_s)
