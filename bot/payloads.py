"""Slack's payloads, read once into values; nothing after this sees a raw body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from blocks.entered import chosen
from blocks.ids import Action, Verb, parse_option, row_id
from blocks.preview import is_known
from domain.errors import Refused

Body = Mapping[str, Any]

# SQLite and Postgres: every number of this length fits a bigint

# what nobody can type and no database keeps: NUL, and half of a pair of surrogates
_UNTYPABLE: Final = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A press of a button or a choice in a menu.

    Attributes:
        target: The row the button is about; 0 for a button about nothing yet.
        verb: What an overflow option asks for; None for a button.
        block: The id of the row that it is in.
    """

    user: str
    target: int
    verb: Verb | None
    block: str = ""

    @classmethod
    def of(cls, body: Body) -> Click:
        """Read a `block_actions` payload.

        Raises:
            Refused: The person is a guest of the workspace, or the value is not ours.
        """
        action = body["actions"][0]
        option = action.get("selected_option")
        verb, target = None, 0
        if option is not None:
            verb, target = parse_option(str(option.get("value")))
        elif action.get("value"):
            target = number(str(action["value"]))
        block = str(action.get("block_id") or "")
        return cls(user=member(body), target=target, verb=verb, block=block)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submitted view.

    Attributes:
        view_id: One per opened view: the same in a repeated delivery of one submit.
        target: The row in `private_metadata`; 0 for a view about nothing yet.
        state: What was typed or chosen, as Slack sends it: block id, action id.
    """

    user: str
    view_id: str
    target: int
    state: dict[str, dict[str, dict[str, Any]]]

    @classmethod
    def of(cls, body: Body) -> Submission:
        """Read a `view_submission` payload.

        Raises:
            Refused: The person is a guest of the workspace, or the view is not ours.
        """
        view = body["view"]
        about = str(view.get("private_metadata") or "")
        return cls(
            user=member(body),
            view_id=str(view["id"]),
            target=number(about) if about else 0,
            state=_typed(view),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """A form that is not submitted yet, at a choice that acts at once.

    Attributes:
        callback: The view's callback id.
        submit: What its submit button says.
        target: The row in `private_metadata`; 0 for a form about none.
        state: What was typed or chosen so far, as in a `Submission`.
    """

    view_id: str
    callback: str
    submit: str
    target: int
    state: dict[str, dict[str, dict[str, Any]]]

    @classmethod
    def of(cls, body: Body) -> Typing:
        """Read a `block_actions` payload of an input in a modal.

        Raises:
            Refused: The person is a guest of the workspace.
        """
        member(body)
        view = body["view"]
        return cls(
            view_id=str(view["id"]),
            callback=str(view["callback_id"]),
            submit=str((view.get("submit") or {}).get("text", "")),
            target=number(str(view.get("private_metadata") or 0)),
            state=_typed(view),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a comparison shows, after a choice in one of its menus.

    Attributes:
        campaign: The row in `private_metadata`.
        left: Revision id; 0 when nothing is chosen on that side.
        seen: Slack's hash of the view that the choice was made in.
    """

    campaign: int
    left: int
    right: int
    view_id: str
    seen: str

    @classmethod
    def of(cls, body: Body) -> Columns:
        """Read an interaction in a comparison.

        Raises:
            Refused: The view is not ours.
        """
        view = body["view"]
        state = _typed(view)
        return cls(
            campaign=number(str(view.get("private_metadata"))),
            left=_chosen(state, Action.LEFT),
            right=_chosen(state, Action.RIGHT),
            view_id=str(view["id"]),
            seen=str(view.get("hash") or ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewAs:
    """A choice of who reads a text.

    Attributes:
        revision: The row in `private_metadata`.
        who: One of `blocks.preview`'s keys.
    """

    user: str
    revision: int
    who: str
    view_id: str

    @classmethod
    def of(cls, body: Body) -> PreviewAs:
        """Read a `block_actions` payload of the menu.

        Raises:
            Refused: The person is a guest of the workspace, or the choice is not ours.
        """
        view, option = body["view"], body["actions"][0].get("selected_option") or {}
        who = str(option.get("value"))
        if not is_known(who):
            raise Refused("This window is of an older version; open Read all again.")
        return cls(
            user=member(body),
            revision=number(str(view.get("private_metadata"))),
            who=who,
            view_id=str(view["id"]),
        )


def _typed(view: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """What a form holds, as Slack sends it, without what nobody can have typed."""
    state: dict[str, dict[str, dict[str, Any]]] = _typable(
        view.get("state", {}).get("values", {})
    )
    return state


def _typable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNTYPABLE.sub("", value)
    if isinstance(value, dict):
        return {key: _typable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_typable(each) for each in value]
    return value


def _chosen(state: Mapping[str, Any], side: Action) -> int:
    value = chosen(state, side)
    return number(value) if value else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointing:
    """A shortcut used on a message.

    Attributes:
        target: The revision that the message shows.
    """

    user: str
    target: int

    @classmethod
    def of(cls, body: Body) -> Pointing:
        """Read a `message_action` payload.

        Raises:
            Refused: The person is a guest of the workspace, or the message shows no
                text of ours.
        """
        user = member(body)
        for value in _options(body.get("message") or {}):
            if value.startswith(f"{Verb.COMMENT}."):
                return cls(user=user, target=parse_option(value)[1])
        raise Refused(
            "Only a text can be commented on: use this on a variant's message in the"
            " campaign's thread."
        )


def _options(message: Mapping[str, Any]) -> Iterator[str]:
    """The values of a message's menus: a menu names the row its message shows."""
    for block in message.get("blocks") or ():
        for element in block.get("elements") or ():
            for option in element.get("options") or ():
                yield str(option.get("value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A person's message in a thread, pinned by somebody."""

    user: str
    channel: str
    thread_ts: str
    ts: str
    author: str
    text: str

    @classmethod
    def of(cls, event: Body) -> Pin | None:
        """Read a `pin_added` event; None for a file, an app's message or none in a thread."""
        item = event.get("item") or {}
        message = item.get("message") or {}
        is_ours = item.get("type") == "message" and not message.get("bot_id")
        if not is_ours or not message.get("thread_ts") or not message.get("user"):
            return None
        return cls(
            user=str(event.get("user") or ""),
            channel=str(event.get("channel_id") or item.get("channel") or ""),
            thread_ts=str(message["thread_ts"]),
            ts=str(message.get("ts") or ""),
            author=str(message["user"]),
            text=str(_typable(message.get("text") or "")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command.

    Attributes:
        trigger: Slack's id of this one invocation.
        text: What follows the command, as typed.
    """

    user: str
    trigger: str
    text: str

    @classmethod
    def of(cls, body: Body) -> Command:
        return cls(
            user=member(body),
            trigger=str(body.get("trigger_id", "")),
            text=str(_typable(body.get("text") or "")).strip(),
        )

    @property
    def words(self) -> list[str]:
        return self.text.split()

    @property
    def campaign(self) -> int | None:
        """The number in `show 42` or `42 now`; None when there is none."""
        return next((n for word in self.words if (n := _digits(word))), None)


def member(body: Body) -> str:
    """Return the acting person's user id.

    Raises:
        Refused: They come from another workspace, through a shared channel.
    """
    if "user_id" in body:
        return str(body["user_id"])
    user, team = body["user"], body.get("team")
    home = user.get("team_id")
    if team and home and team.get("id") and home != team["id"]:
        raise Refused("Only members of this workspace can use Copydesk.")
    return str(user["id"])


def number(value: str) -> int:
    """Read an id as a button or a command carries it.

    Raises:
        Refused: It is not a number, as on a card of an older version.
    """
    found = _digits(value)
    if found is None:
        raise Refused("This belongs to an older card; open the newest one.")
    return found


def _digits(word: str) -> int | None:
    return row_id(word.strip().removeprefix("#"))
