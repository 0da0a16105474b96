"""What the workspace remembers: channels, messages, files and Home tabs."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from practice.slack.config import (
    APP_ID,
    APP_NAME,
    APP_PERSON,
    ASKED_INTO,
    BOT_ID,
    BOT_USER,
    CHANNELS,
    PEOPLE,
    TEAM_ID,
    USERGROUPS,
    Person,
)

Json = dict[str, Any]
SNAPSHOT: Final = "slack.json"
# The page is shown this many messages per channel.
SHOWN_MOST: Final = 200
KEPT_MOST: Final = 5_000
# Slack: the path of every url_private, on files.slack.com
PRIVATE: Final = "/files-pri/"


@dataclass(slots=True, kw_only=True)
class Channel:
    """A public channel, or the direct messages of one person with the app."""

    id: str
    name: str
    topic: str = ""
    members: list[str]
    is_im: bool = False
    user: str | None = None


@dataclass(slots=True, kw_only=True)
class Message:
    """One message; `ephemeral_to` names the only person who may see it."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    edited: str | None = None
    metadata: Json | None = None
    files: list[str] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    ephemeral_to: str | None = None
    pinned: bool = False

    @property
    def is_from_app(self) -> bool:
        return self.user == BOT_USER


@dataclass(slots=True, kw_only=True)
class File:
    """An uploaded file; `content` is read from disk when a data folder is set."""

    id: str
    name: str
    title: str
    alt: str
    size_bytes: int
    is_complete: bool = False
    is_uploaded: bool = False
    user: str = BOT_USER
    created: int = 0

    @property
    def kind(self) -> str:
        """Its extension, as Slack names file types."""
        return self.name.rpartition(".")[2].lower() if "." in self.name else "text"


def people() -> Iterator[Person]:
    """Yield every member, the app last."""
    yield from PEOPLE
    yield APP_PERSON


def person_by_id(user: str) -> Person | None:
    """Find a member."""
    return next((person for person in people() if person.id == user), None)


def _is_of_the_house(person: Person) -> bool:
    return person.team_id == TEAM_ID and not person.is_restricted


def _new_channels() -> dict[str, Channel]:
    public = [
        Channel(
            id=channel_id,
            name=name,
            topic=topic,
            members=[
                *(
                    person.id
                    for person in PEOPLE
                    if _is_of_the_house(person) or channel_id in ASKED_INTO
                ),
                *([BOT_USER] if has_app else []),
            ],
        )
        for channel_id, name, topic, has_app in CHANNELS
    ]
    direct = [
        Channel(
            id=f"D{person.id[1:]}",
            name=person.name,
            members=[person.id, BOT_USER],
            is_im=True,
            user=person.id,
        )
        for person in PEOPLE
        # Slack: nobody of another workspace writes to the app alone
        if person.team_id == TEAM_ID
    ]
    return {channel.id: channel for channel in [*public, *direct]}


class World:
    """Everything that outlives a restart, and the ephemeral messages that do not."""

    def __init__(self, data_dir: Path | None, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.data_dir = data_dir
        self.channels = _new_channels()
        self.groups = {group: list(members) for group, _, members in USERGROUPS}
        # is_restricted and deleted, of whoever is not as at the start
        self.standing: dict[str, dict[str, bool]] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.files: dict[str, File] = {}
        self.homes: dict[str, Json] = {}
        self.ephemerals: dict[tuple[str, str], Message] = {}
        # where this workspace answers, which addresses of files begin with
        self.base_url = ""
        self.is_dirty = False
        self._contents: dict[str, bytes] = {}
        self._last_ts = 0.0
        self._load()

    def person(self, user: str) -> Person | None:
        """Find a member as they stand now."""
        found = person_by_id(user)
        if found is None:
            return None
        return self._as_now(found)

    def everyone(self) -> Iterator[Person]:
        """Yield every member as they stand now, the app last."""
        for person in people():
            yield self._as_now(person)

    def _as_now(self, person: Person) -> Person:
        now = self.standing.get(person.id, {})
        return replace(
            person,
            is_restricted=now.get("is_restricted", person.is_restricted),
            deleted=now.get("deleted", person.deleted),
        )

    def next_ts(self) -> str:
        """Return a message id: seconds, a dot, microseconds; never twice the same."""
        now = max(round(self.clock(), 6), round(self._last_ts + 0.000_001, 6))
        self._last_ts = now
        return f"{now:.6f}"

    def find_channel(self, name_or_id: str) -> Channel | None:
        """Find a channel by id or by #name."""
        if name_or_id in self.channels:
            return self.channels[name_or_id]
        name = name_or_id.removeprefix("#")
        return next(
            (c for c in self.channels.values() if not c.is_im and c.name == name), None
        )

    def direct_channel(self, user: str) -> Channel | None:
        """Find the direct messages of a person with the app."""
        return next((c for c in self.channels.values() if c.user == user), None)

    def add_channel(self, name: str, members: list[str]) -> Channel:
        """Make a public channel."""
        channel = Channel(
            id=f"C{secrets.token_hex(5).upper()}", name=name, members=members
        )
        self.channels[channel.id] = channel
        self.is_dirty = True
        return channel

    def in_channel(self, channel: str) -> list[Message]:
        """List the messages of a channel, replies too, oldest first."""
        return list(self.messages.get(channel, {}).values())

    def find_message(self, channel: str, ts: str) -> Message | None:
        """Find a lasting message."""
        return self.messages.get(channel, {}).get(ts)

    def replies(self, root: Message) -> list[Message]:
        """List the replies to a message, oldest first."""
        return [
            message
            for message in self.messages.get(root.channel, {}).values()
            if message.thread_ts == root.ts and message.ts != root.ts
        ]

    def keep(self, message: Message) -> None:
        """Store a message, forgetting the oldest past the limit."""
        if message.ephemeral_to:
            self.ephemerals[message.channel, message.ts] = message
            while len(self.ephemerals) > SHOWN_MOST:
                del self.ephemerals[next(iter(self.ephemerals))]
            return
        kept = self.messages.setdefault(message.channel, {})
        kept[message.ts] = message
        while len(kept) > KEPT_MOST:
            del kept[next(iter(kept))]
        self.is_dirty = True

    def drop(self, message: Message) -> None:
        """Forget a message."""
        if message.ephemeral_to:
            self.ephemerals.pop((message.channel, message.ts), None)
        else:
            self.messages.get(message.channel, {}).pop(message.ts, None)
            self.is_dirty = True

    def add_file(
        self, name: str, size_bytes: int, *, user: str = BOT_USER, alt: str = ""
    ) -> File:
        """Announce a file; what it holds comes by itself."""
        file = File(
            id=f"F{secrets.token_hex(5).upper()}",
            name=name,
            title=name,
            alt=alt or name,
            size_bytes=size_bytes,
            user=user,
            created=int(self.clock()),
        )
        self.files[file.id] = file
        return file

    def store_content(self, file: File, content: bytes) -> None:
        """Keep the bytes of a file."""
        file.size_bytes = len(content)
        file.is_uploaded = True
        if self.data_dir is None:
            self._contents[file.id] = content
        else:
            folder = self.data_dir / "files"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file.id).write_bytes(content)
        self.is_dirty = True

    def content(self, file: File) -> bytes | None:
        """Return the bytes of a file, or nothing when they are gone."""
        if self.data_dir is None:
            return self._contents.get(file.id)
        path = self.data_dir / "files" / file.id
        return path.read_bytes() if path.is_file() else None

    def save(self) -> None:
        """Write the snapshot in one rename, when anything changed."""
        if self.data_dir is None or not self.is_dirty:
            return
        self.data_dir.mkdir(parents=True, exist_ok=True)
        state = {
            "channels": [asdict(c) for c in self.channels.values()],
            "messages": [asdict(m) for c in self.messages.values() for m in c.values()],
            "files": [asdict(file) for file in self.files.values()],
            "homes": self.homes,
            "groups": self.groups,
            "standing": self.standing,
        }
        target = self.data_dir / SNAPSHOT
        fresh = target.with_suffix(".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        os.replace(fresh, target)  # noqa: PTH105 - atomic over an existing file
        self.is_dirty = False

    def _load(self) -> None:
        if self.data_dir is None or not (self.data_dir / SNAPSHOT).is_file():
            return
        state = json.loads((self.data_dir / SNAPSHOT).read_text(encoding="utf-8"))
        self.channels |= {c["id"]: Channel(**c) for c in state["channels"]}
        self.groups |= state.get("groups", {})
        self.standing = state.get("standing", {})
        self.files = {f["id"]: File(**f) for f in state["files"]}
        self.homes = state["homes"]
        for stored in state["messages"]:
            message = Message(**stored)
            self.messages.setdefault(message.channel, {})[message.ts] = message
            self._last_ts = max(self._last_ts, float(message.ts))


def _with_addresses(value: Any) -> Any:
    """Point images that name an uploaded file at the address the page can load."""
    if isinstance(value, list):
        return [_with_addresses(item) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: _with_addresses(item) for key, item in value.items()}
    file = value.get("slack_file")
    if isinstance(file, dict) and "id" in file:
        copy["image_url"] = f"/practice/files/{file['id']}"
    return copy


def message_for_page(world: World, message: Message) -> Json:
    """Describe a message to the browser."""
    replies = [] if message.ephemeral_to else world.replies(message)
    shown: Json = {
        "channel": message.channel,
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "bot": message.is_from_app,
        "text": message.text,
        "blocks": _with_addresses(message.blocks),
        "attachments": _with_addresses(message.attachments),
        "edited": message.edited is not None,
        "reply_count": len(replies),
        "latest_reply": replies[-1].ts if replies else None,
        "pinned": message.pinned,
        "files": [
            {"id": f.id, "name": f.name, "url": f"/practice/files/{f.id}", "alt": f.alt}
            for f in map(world.files.get, message.files)
            if f is not None
        ],
        "reactions": [
            {"name": name, "users": users, "count": len(users)}
            for name, users in message.reactions.items()
        ],
    }
    if message.metadata:
        shown["metadata"] = message.metadata
    if message.ephemeral_to:
        shown["ephemeral_to"] = message.ephemeral_to
    if message.is_from_app:
        shown["app_name"] = APP_NAME
    return shown


def view_for_page(view: Json | None) -> Json | None:
    """Describe a view to the browser."""
    return None if view is None else {**view, "blocks": _with_addresses(view["blocks"])}


# Slack: how it names some kinds of file; those it shows as text are snippets
KINDS: Final = {
    "csv": ("text/csv", "CSV"),
    "md": ("text/markdown", "Markdown"),
    "text": ("text/plain", "Plain Text"),
    "txt": ("text/plain", "Plain Text"),
    "png": ("image/png", "PNG"),
}


def file_for_api(world: World, file: File) -> Json:
    """Describe a file as the Web API does; its addresses need the app's token."""
    mimetype, pretty = KINDS.get(file.kind, ("application/octet-stream", "Binary"))
    place = f"{world.base_url}{PRIVATE}{TEAM_ID}-{file.id}"
    name = quote(file.name, safe="")
    is_text = mimetype.startswith("text/")
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "alt_txt": file.alt,
        "mimetype": mimetype,
        "filetype": file.kind,
        "pretty_type": pretty,
        "user": file.user,
        "user_team": TEAM_ID,
        "editable": is_text,
        "size": file.size_bytes,
        "mode": "snippet" if is_text else "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{place}/{name}",
        "url_private_download": f"{place}/download/{name}",
        "has_rich_preview": False,
        "file_access": "visible",
    }


def message_for_api(world: World, message: Message) -> Json:
    """Describe a message as the Web API and the payloads do."""
    shown: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": TEAM_ID,
    }
    if message.is_from_app:
        shown |= {"bot_id": BOT_ID, "app_id": APP_ID}
    replies = world.replies(message)
    if replies:
        shown |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users_count": len({reply.user for reply in replies}),
            "latest_reply": replies[-1].ts,
        }
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.edited:
        shown["edited"] = {"user": message.user, "ts": message.edited}
    optional = {
        "blocks": message.blocks,
        "attachments": message.attachments,
        "metadata": message.metadata,
        "files": [file_for_api(world, world.files[i]) for i in message.files],
        "reactions": [
            {"name": name, "users": users, "count": len(users)}
            for name, users in message.reactions.items()
        ],
    }
    return shown | {key: value for key, value in optional.items() if value}
