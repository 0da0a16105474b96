"""One running workspace: its memory, its couriers, and what both sides may do in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from practice.slack.bus import Bus
from practice.slack.config import BOT_USER, PracticeSlack
from practice.slack.delivery import Courier
from practice.slack.modals import Modals
from practice.slack.sockets import SocketHub
from practice.slack.tickets import (
    Pace,
    ReplyAddresses,
    SlackError,
    Triggers,
)
from practice.slack.validate import (
    MESSAGE_TEXT_MOST,
    TOP_TEXT_MOST,
    check_blocks,
    fill_ids,
    text_length,
)
from practice.slack.world import Channel, Message, World, message_for_page

Json = dict[str, Any]


@dataclass(slots=True)
class Faults:
    """Trouble switched on for the app's outgoing calls."""

    mode: str = "none"
    method: str | None = None
    count: int | None = None
    seconds: float = 5.0

    def strikes(self, method: str) -> str:
        """Return the trouble this call meets, counting it down."""
        if self.mode == "none" or (self.method and self.method != method):
            return "none"
        mode = self.mode
        if self.count is not None:
            self.count -= 1
            if self.count <= 0:
                self.mode = "none"
        return mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The checked content of a message about to be written."""

    text: str
    blocks: list[Json]
    attachments: list[Json]
    metadata: Json | None


def checked_content(
    args: Json, files: Collection[str], *, has_file: bool = False
) -> Draft:
    """Check text, blocks, attachments and metadata as Slack does.

    Raises:
        SlackError: `no_text`, `msg_too_long`, `invalid_blocks`,
            `invalid_blocks_format`, `msg_blocks_too_long`, `too_many_attachments`,
            `invalid_metadata_format`.
    """
    text = str(args.get("text") or args.get("markdown_text") or "")
    blocks = args.get("blocks") or []
    attachments = args.get("attachments") or []
    if not (text.strip() or blocks or attachments or has_file):
        raise SlackError("no_text")
    if len(text) > TOP_TEXT_MOST:
        raise SlackError("msg_too_long")
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    _refuse_bad_blocks(blocks, files)
    if not isinstance(attachments, list) or len(attachments) > 100:
        raise SlackError("too_many_attachments")
    for attachment in attachments:
        _refuse_bad_blocks(attachment.get("blocks") or [], files)
    metadata = args.get("metadata")
    if metadata is not None and set(metadata) - {"entities"} != {
        "event_type",
        "event_payload",
    }:
        raise SlackError("invalid_metadata_format")
    return Draft(
        text=text,
        blocks=fill_ids(blocks),
        attachments=attachments,
        metadata=metadata,
    )


def _refuse_bad_blocks(blocks: list[Json], files: Collection[str]) -> None:
    problems = check_blocks(blocks, "message", files)
    if problems:
        raise SlackError(
            "invalid_blocks",
            errors=[problem.removeprefix("[ERROR] ") for problem in problems],
            response_metadata={"messages": problems},
        )
    if text_length(blocks) > MESSAGE_TEXT_MOST:
        raise SlackError("msg_blocks_too_long")


class Workspace:
    """Everything one practice Slack holds, and the writes that pages must see."""

    def __init__(self, config: PracticeSlack) -> None:
        self.config = config
        self.world = World(config.data_dir, config.clock)
        self.bus = Bus()
        self.sockets = SocketHub()
        self.courier = Courier(config, self.bus, self.sockets)
        self.modals = Modals(self.world, self.bus)
        self.triggers = Triggers(config.clock)
        self.replies = ReplyAddresses(config.clock)
        self.pace = Pace(config.clock)
        self.faults = Faults()
        self.scheduled: dict[str, Json] = {}
        self.base_url = f"http://127.0.0.1:{config.port}"

    @property
    def base_url(self) -> str:
        """Where this workspace answers."""
        return self.world.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self.world.base_url = url

    def channel(self, name_or_id: object) -> Channel:
        """Find a channel.

        Raises:
            SlackError: `channel_not_found`.
        """
        found = self.world.find_channel(str(name_or_id or ""))
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def message(self, channel: Channel, ts: object) -> Message:
        """Find a lasting message.

        Raises:
            SlackError: `message_not_found`.
        """
        found = self.world.find_message(channel.id, str(ts or ""))
        if found is None:
            raise SlackError("message_not_found")
        return found

    def root_of(self, channel: Channel, thread_ts: object) -> str | None:
        """Return the ts of the thread a reply goes to; a reply's own root counts.

        Raises:
            SlackError: `thread_not_found`.
        """
        if not thread_ts:
            return None
        found = self.world.find_message(channel.id, str(thread_ts))
        if found is None:
            raise SlackError("thread_not_found")
        return found.thread_ts or found.ts

    def write(
        self,
        channel: Channel,
        user: str,
        draft: Draft,
        *,
        thread_ts: str | None = None,
        ephemeral_to: str | None = None,
        files: list[str] | None = None,
    ) -> Message:
        """Add a message and show it to those who may see it."""
        message = Message(
            channel=channel.id,
            ts=self.world.next_ts(),
            user=user,
            text=draft.text,
            blocks=draft.blocks,
            attachments=draft.attachments,
            metadata=draft.metadata,
            thread_ts=thread_ts,
            ephemeral_to=ephemeral_to,
            files=files or [],
        )
        self.world.keep(message)
        self._show("ephemeral" if ephemeral_to else "message", message)
        if not ephemeral_to:
            self._root_changed(message)
        return message

    def rewrite(self, message: Message, draft: Draft) -> None:
        """Replace what a message says."""
        message.text, message.blocks = draft.text, draft.blocks
        message.attachments = draft.attachments
        if draft.metadata is not None:
            message.metadata = draft.metadata
        message.edited = self.world.next_ts()
        self.touched(message)

    def touched(self, message: Message) -> None:
        """Show a changed message again."""
        self.world.is_dirty = True
        self._show("ephemeral" if message.ephemeral_to else "message_changed", message)

    def erase(self, message: Message) -> None:
        """Remove a message from every page."""
        self.world.drop(message)
        kind = "ephemeral_removed" if message.ephemeral_to else "message_deleted"
        self.bus.publish(
            kind,
            people=self._viewers(message),
            channel=message.channel,
            ts=message.ts,
        )
        if not message.ephemeral_to:
            self._root_changed(message)

    def show_channel(self, channel: Channel, also: Collection[str] = ()) -> None:
        """Send a channel's description to its members."""
        self.bus.publish(
            "channel",
            people=[*channel.members, *also],
            channel=channel_for_page(channel),
        )

    def _root_changed(self, message: Message) -> None:
        if message.thread_ts:
            root = self.world.find_message(message.channel, message.thread_ts)
            if root is not None:
                self._show("message_changed", root)

    def _viewers(self, message: Message) -> list[str]:
        if message.ephemeral_to:
            return [message.ephemeral_to]
        return self.world.channels[message.channel].members

    def _show(self, kind: str, message: Message) -> None:
        self.bus.publish(
            kind,
            people=self._viewers(message),
            message=message_for_page(self.world, message),
        )


def channel_for_page(channel: Channel) -> Json:
    """Describe a channel to the browser."""
    shown: Json = {
        "id": channel.id,
        "name": channel.name,
        "topic": channel.topic,
        "members": channel.members,
        "is_im": channel.is_im,
        "has_app": BOT_USER in channel.members,
    }
    if channel.is_im:
        shown["user"] = channel.user
    return shown
