"""The Web API methods that write messages: chat.*, reactions.*, pins.*, files.*."""

from __future__ import annotations

import secrets
from typing import Any, Final

from practice.slack.config import BOT_USER
from practice.slack.tickets import SlackError
from practice.slack.workspace import Workspace, checked_content
from practice.slack.world import (
    Channel,
    File,
    file_for_api,
    message_for_api,
    person_by_id,
)

Json = dict[str, Any]
FILE_MOST: Final = 50 * 1024 * 1024
# Slack: a message may be scheduled up to 120 days ahead.
SCHEDULE_MOST_S: Final = 120 * 24 * 3600


def need(args: Json, *names: str) -> None:
    """Refuse a call that lacks a required argument.

    Raises:
        SlackError: `invalid_arguments`, naming each missing one.
    """
    missing = [name for name in names if args.get(name) in (None, "")]
    if missing:
        raise SlackError(
            "invalid_arguments",
            response_metadata={
                "messages": [f"[ERROR] missing required field: {n}" for n in missing]
            },
        )


def _target(workspace: Workspace, args: Json) -> Channel:
    """Find where to post; a person's id means the direct messages with them."""
    name = str(args.get("channel") or "")
    direct = workspace.world.direct_channel(name)
    channel = direct or workspace.channel(name)
    if BOT_USER not in channel.members:
        public = "chat:write.public" in workspace.config.scopes
        if not (public and not channel.is_im):
            raise SlackError("not_in_channel")
    return channel


def post_message(workspace: Workspace, args: Json) -> Json:
    """chat.postMessage."""
    need(args, "channel")
    channel = _target(workspace, args)
    draft = checked_content(args, workspace.world.files)
    thread_ts = workspace.root_of(channel, args.get("thread_ts"))
    message = workspace.write(channel, BOT_USER, draft, thread_ts=thread_ts)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_for_api(workspace.world, message),
    }


def update(workspace: Workspace, args: Json) -> Json:
    """chat.update; text without blocks removes the blocks."""
    need(args, "channel", "ts")
    channel = workspace.channel(args["channel"])
    message = workspace.message(channel, args["ts"])
    if not message.is_from_app:
        raise SlackError("cant_update_message")
    keeps_files = bool(message.files)
    draft = checked_content(args, workspace.world.files, has_file=keeps_files)
    workspace.rewrite(message, draft)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message_for_api(workspace.world, message),
    }


def delete(workspace: Workspace, args: Json) -> Json:
    """chat.delete."""
    need(args, "channel", "ts")
    channel = workspace.channel(args["channel"])
    message = workspace.message(channel, args["ts"])
    if not message.is_from_app:
        raise SlackError("cant_delete_message")
    workspace.erase(message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(workspace: Workspace, args: Json) -> Json:
    """chat.postEphemeral; in a thread nobody answered yet, Slack shows nothing."""
    need(args, "channel", "user")
    channel = _target(workspace, args)
    if person_by_id(args["user"]) is None:
        raise SlackError("user_not_found")
    if args["user"] not in channel.members:
        raise SlackError("user_not_in_channel")
    draft = checked_content(args, workspace.world.files)
    thread_ts = workspace.root_of(channel, args.get("thread_ts"))
    root = workspace.world.find_message(channel.id, thread_ts or "")
    if root is not None and not workspace.world.replies(root):
        return {"message_ts": workspace.world.next_ts()}
    message = workspace.write(
        channel, BOT_USER, draft, thread_ts=thread_ts, ephemeral_to=args["user"]
    )
    return {"message_ts": message.ts}


# Slack: the address of a message, as chat.getPermalink answers and people copy it
ARCHIVES: Final = "/archives/"


def permalink(workspace: Workspace, args: Json) -> Json:
    """chat.getPermalink."""
    need(args, "channel", "message_ts")
    channel = workspace.channel(args["channel"])
    message = workspace.message(channel, args["message_ts"])
    address = (
        f"{workspace.base_url}{ARCHIVES}{channel.id}/p{message.ts.replace('.', '')}"
    )
    if message.thread_ts not in (None, message.ts):
        address += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": address}


def schedule(workspace: Workspace, args: Json) -> Json:
    """chat.scheduleMessage."""
    need(args, "channel", "post_at")
    channel = _target(workspace, args)
    checked_content(args, workspace.world.files)
    now, post_at = workspace.config.clock(), float(args["post_at"])
    if post_at <= now:
        raise SlackError("time_in_past")
    if post_at > now + SCHEDULE_MOST_S:
        raise SlackError("time_too_far")
    scheduled_id = f"Q{secrets.token_hex(5).upper()}"
    workspace.scheduled[scheduled_id] = {**args, "channel": channel.id}
    return {
        "channel": channel.id,
        "scheduled_message_id": scheduled_id,
        "post_at": int(post_at),
        "message": {"text": args.get("text", ""), "type": "delayed_message"},
    }


def unschedule(workspace: Workspace, args: Json) -> Json:
    """chat.deleteScheduledMessage."""
    need(args, "channel", "scheduled_message_id")
    if workspace.scheduled.pop(args["scheduled_message_id"], None) is None:
        raise SlackError("invalid_scheduled_message_id")
    return {}


def scheduled(workspace: Workspace, _args: Json) -> Json:
    """chat.scheduledMessages.list."""
    kept = [
        {
            "id": key,
            "channel_id": args["channel"],
            "post_at": int(float(args["post_at"])),
            "text": args.get("text", ""),
        }
        for key, args in workspace.scheduled.items()
    ]
    return {"scheduled_messages": kept, "response_metadata": {"next_cursor": ""}}


def post_due(workspace: Workspace) -> None:
    """Post every scheduled message whose time has come."""
    now = workspace.config.clock()
    for key, args in list(workspace.scheduled.items()):
        if float(args["post_at"]) <= now:
            del workspace.scheduled[key]
            post_message(workspace, args)


def react(workspace: Workspace, args: Json) -> Json:
    """reactions.add, by the app."""
    return react_as(workspace, args, BOT_USER)


def react_as(workspace: Workspace, args: Json, user: str) -> Json:
    """Add a reaction."""
    need(args, "channel", "timestamp", "name")
    message = workspace.message(workspace.channel(args["channel"]), args["timestamp"])
    users = message.reactions.setdefault(args["name"], [])
    if user in users:
        raise SlackError("already_reacted")
    users.append(user)
    workspace.touched(message)
    return {}


def unreact(workspace: Workspace, args: Json) -> Json:
    """reactions.remove, by the app."""
    return unreact_as(workspace, args, BOT_USER)


def unreact_as(workspace: Workspace, args: Json, user: str) -> Json:
    """Take a reaction away."""
    need(args, "channel", "timestamp", "name")
    message = workspace.message(workspace.channel(args["channel"]), args["timestamp"])
    users = message.reactions.get(args["name"], [])
    if user not in users:
        raise SlackError("no_reaction")
    users.remove(user)
    if not users:
        del message.reactions[args["name"]]
    workspace.touched(message)
    return {}


def pin(workspace: Workspace, args: Json) -> Json:
    """pins.add."""
    need(args, "channel", "timestamp")
    message = workspace.message(workspace.channel(args["channel"]), args["timestamp"])
    if message.pinned:
        raise SlackError("already_pinned")
    message.pinned = True
    workspace.touched(message)
    return {}


def unpin(workspace: Workspace, args: Json) -> Json:
    """pins.remove."""
    need(args, "channel", "timestamp")
    message = workspace.message(workspace.channel(args["channel"]), args["timestamp"])
    if not message.pinned:
        raise SlackError("no_pin")
    message.pinned = False
    workspace.touched(message)
    return {}


def upload_url(workspace: Workspace, args: Json) -> Json:
    """files.getUploadURLExternal."""
    need(args, "filename", "length")
    size = int(args["length"])
    if not 0 < size <= FILE_MOST:
        raise SlackError("file_upload_size_restricted")
    file = workspace.world.add_file(
        str(args["filename"]), size, alt=str(args.get("alt_txt") or "")
    )
    return {
        "upload_url": f"{workspace.base_url}/slack/upload/{file.id}",
        "file_id": file.id,
    }


def complete_upload(workspace: Workspace, args: Json) -> Json:
    """files.completeUploadExternal; with a channel it posts the files there."""
    need(args, "files")
    finished = [_completed(workspace, entry) for entry in args["files"]]
    if args.get("channel_id"):
        channel = _target(workspace, {"channel": args["channel_id"]})
        content = {"text": args.get("initial_comment"), "blocks": args.get("blocks")}
        draft = checked_content(content, workspace.world.files, has_file=True)
        workspace.write(
            channel,
            BOT_USER,
            draft,
            thread_ts=workspace.root_of(channel, args.get("thread_ts")),
            files=[file.id for file in finished],
        )
    return {"files": [file_for_api(workspace.world, file) for file in finished]}


def _completed(workspace: Workspace, entry: Json) -> File:
    file = workspace.world.files.get(entry.get("id", ""))
    if file is None or not file.is_uploaded:
        raise SlackError("file_not_found")
    file.title = entry.get("title") or file.title
    file.is_complete = True
    workspace.world.is_dirty = True
    return file


def file_info(workspace: Workspace, args: Json) -> Json:
    """files.info."""
    need(args, "file")
    file = workspace.world.files.get(args["file"])
    if file is None or not file.is_complete:
        raise SlackError("file_not_found")
    return {"file": file_for_api(workspace.world, file)}
