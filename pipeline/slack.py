"""The one gateway for everything posted to Slack: paced, and refusals by table.

Slack has no idempotency key: when an answer is lost after the request left, the
`TryLater` that follows may lead to a second copy of a message, never to a lost one.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.web import SlackResponse

from domain.errors import Refused, TryLater
from domain.members import NAME_LONGEST, SlackPerson
from pipeline import tls
from pipeline.pace import Pacer

Blocks = Sequence[Block | dict[str, Any]]

# Slack: chat.postMessage, one message per second and channel.
CHANNEL_SPACING: Final = timedelta(seconds=1)
# Slack: calls per minute of the method's tier; methods not named are not paced.
PER_MINUTE: Final[Mapping[str, int]] = {
    "chat.update": 50,
    "chat.postEphemeral": 100,
    "files.getUploadURLExternal": 100,
    "files.completeUploadExternal": 100,
    "files.info": 100,
    "conversations.members": 100,
    "usergroups.users.list": 18,
}
PATIENCE: Final = timedelta(seconds=2)
"""How long a call waits for its turn before it asks to be tried later."""

TIMEOUT_S: Final = 10
_OUTAGE: Final = timedelta(seconds=10)
_SERVER_ERROR: Final = 500
_HOSTED: Final = frozenset({"hosted", "snippet"})
"""Slack keeps a CSV file as either."""

_UNREACHED: Final = (ConnectionRefusedError, socket.gaierror)


class SlackRefused(Refused):
    """Slack said no for a reason that a person can cure; `code` is Slack's word."""

    def __init__(self, message: str, *, code: str) -> None:
        self.code = code
        super().__init__(message)


class NotTaken(TryLater):
    """Slack was not reached or turned the call away: nothing came of it for certain."""


class OutOfTurns(NotTaken):
    """This kind of call has used up its turns; other kinds may still go."""


class NotInChannel(SlackRefused):
    """The bot is not in the channel, or cannot see it."""


class ChannelClosed(SlackRefused):
    """The channel is archived, or only some people may post in it."""


class PersonNotReachable(SlackRefused):
    """The person is not in the channel, has left, or takes no messages."""


class MessageGone(SlackRefused):
    """The message was deleted, or can no longer be changed."""


class TokenRevoked(SlackRefused):
    """Slack no longer takes the bot's token."""


class PersonUnseen(SlackRefused):
    """The person is there, but the bot may not see them."""


class GroupsNotInPlan(SlackRefused):
    """The workspace's plan has no user groups."""


class GroupGone(SlackRefused):
    """There is no such user group in the workspace."""


class MissingScope(SlackRefused):
    """The app was installed without a scope that the call needs."""


class FileGone(SlackRefused):
    """The file was deleted in Slack, or the bot cannot see it."""


class FileNotGiven(SlackRefused):
    """Slack has the file, and it is not one to take, or Slack does not hand it out."""


class BadCall(RuntimeError):
    """A bug of ours: Slack could not use what we sent. Never shown to a person."""

    def __init__(self, method: str, code: str, details: Sequence[str] = ()) -> None:
        self.method, self.code, self.details = method, code, tuple(details)
        super().__init__(": ".join((f"{method}: {code}", *self.details)))


class BadBlocks(BadCall):
    """The text or the blocks break Slack's limits."""


_NOT_IN = "The bot is not in that channel. Invite it with `/invite @Copydesk`."
_CLOSED = "That channel is archived or restricted, so nothing can be posted there."
_PERSON = "Slack could not deliver that to the person."
_NO_GROUP = "There is no such user group in this workspace."
_NO_PLAN = "This workspace's Slack plan has no user groups."
_UNSEEN = "Slack does not show the bot that person."
_GONE = "The message is gone, or Slack no longer lets it be changed."
_FILE = "The file is not in Slack any more, or the bot cannot see it."
_TOKEN = "Slack no longer accepts the bot token. Install the app again."  # noqa: S105 - a sentence
_SCOPE = "The Slack app lacks the scope {needed}. Add it and install the app again."

WIRE_ERRORS: Final[Mapping[str, tuple[type[SlackRefused], str]]] = {
    "not_in_channel": (NotInChannel, _NOT_IN),
    "channel_not_found": (NotInChannel, _NOT_IN),
    "is_archived": (ChannelClosed, _CLOSED),
    "restricted_action": (ChannelClosed, _CLOSED),
    "restricted_action_read_only_channel": (ChannelClosed, _CLOSED),
    "restricted_action_thread_locked": (ChannelClosed, _CLOSED),
    "user_not_in_channel": (PersonNotReachable, _PERSON),
    "user_not_found": (PersonNotReachable, _PERSON),
    "user_not_visible": (PersonUnseen, _UNSEEN),
    "no_such_subteam": (GroupGone, _NO_GROUP),
    "plan_upgrade_required": (GroupsNotInPlan, _NO_PLAN),
    "user_disabled": (PersonNotReachable, _PERSON),
    "cannot_dm_bot": (PersonNotReachable, _PERSON),
    "messages_tab_disabled": (PersonNotReachable, _PERSON),
    "message_not_found": (MessageGone, _GONE),
    "thread_not_found": (MessageGone, _GONE),
    "cannot_reply_to_message": (MessageGone, _GONE),
    "cant_update_message": (MessageGone, _GONE),
    "edit_window_closed": (MessageGone, _GONE),
    "is_inactive": (MessageGone, _GONE),
    "file_not_found": (FileGone, _FILE),
    "file_deleted": (FileGone, _FILE),
    "token_revoked": (TokenRevoked, _TOKEN),
    "token_expired": (TokenRevoked, _TOKEN),
    "invalid_auth": (TokenRevoked, _TOKEN),
    "not_authed": (TokenRevoked, _TOKEN),
    "account_inactive": (TokenRevoked, _TOKEN),
    "missing_scope": (MissingScope, _SCOPE),
    "not_allowed_token_type": (MissingScope, _SCOPE),
}

SOON: Final = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "message_limit_exceeded",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "streaming_state_conflict",
    }
)
"""Codes that pass by themselves."""

BLOCK_ERRORS: Final = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Where a message is."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackFile:
    """A file that somebody gave to Slack.

    Attributes:
        user: Who gave it.
        url: Where it is handed out, to the bot's token only.
        is_hosted: Slack has it itself; else it is a link to another service.
    """

    id: str
    user: str
    url: str
    size_bytes: int
    is_hosted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the token is, and what it may do."""

    team: str
    team_id: str
    user_id: str
    url: str
    scopes: frozenset[str]


class SlackGateway:
    """Posts for the whole desk.

    Every method raises `TryLater` when Slack is away, busy or out of turns,
    a `SlackRefused` by `WIRE_ERRORS`, and `BadCall` when the fault is ours.
    """

    def __init__(
        self,
        *,
        token: str,
        pacer: Pacer,
        base_url: str = "https://slack.com/api/",
        timeout_s: int = TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        # The SDK's own retries would post twice after a dropped connection.
        self._client = WebClient(
            token=token, base_url=base_url, timeout=timeout_s, retry_handlers=[]
        )
        self._pacer, self._sleep, self._timeout_s = pacer, sleep, timeout_s
        self._token, self._base = token, httpx.URL(base_url)
        self._home: str | None = None

    def post(
        self,
        channel: str,
        text: str,
        blocks: Blocks,
        *,
        thread_ts: str | None = None,
        metadata_id: str | None = None,
    ) -> Posted:
        """Post a message.

        Args:
            metadata_id: One opaque id; anyone in the workspace can read it.
        """
        self._wait(lambda: self._pacer.space(f"channel:{channel}", CHANNEL_SPACING))
        body = _message(channel, text, blocks)
        if metadata_id is not None:
            body["metadata"] = {
                "event_type": "copydesk",
                "event_payload": {"id": metadata_id},
            }
        body |= {"thread_ts": thread_ts, "unfurl_links": False, "unfurl_media": False}
        answer = self._call("chat.postMessage", body)
        return Posted(channel=answer["channel"], ts=answer["ts"])

    def update(self, channel: str, ts: str, text: str, blocks: Blocks) -> None:
        """Replace a message. Blocks are not optional: Slack drops those left out."""
        self._call("chat.update", _message(channel, text, blocks) | {"ts": ts})

    def ephemeral(
        self,
        channel: str,
        user: str,
        text: str,
        blocks: Blocks | None = None,
        thread_ts: str | None = None,
    ) -> None:
        """Tell one person in a channel; gone when they reload."""
        body = _message(channel, text, blocks)
        body |= {"user": user, "thread_ts": thread_ts}
        self._call("chat.postEphemeral", body)

    def direct(self, user: str, text: str, blocks: Blocks | None = None) -> Posted:
        """Write to a person: Slack opens the conversation for a user id."""
        return self.post(user, text, blocks or ())

    def upload_png(self, *, title: str, alt: str, data: bytes) -> str:
        """Upload a picture, shared with nobody; an image block shows it by file id."""
        filename = f"{title}.png"
        ticket = self._call(
            "files.getUploadURLExternal",
            {"filename": filename, "length": len(data), "alt_txt": alt},
            as_form=True,
        )
        self._upload(str(ticket["upload_url"]), data)
        file_id = str(ticket["file_id"])
        files = [{"id": file_id, "title": title}]
        self._call("files.completeUploadExternal", {"files": files})
        return file_id

    def share_file(
        self,
        *,
        channel: str,
        thread_ts: str,
        filename: str,
        title: str,
        comment: str,
        data: bytes,
    ) -> None:
        """Upload a file into a thread, with a word beside it."""
        self._wait(lambda: self._pacer.space(f"channel:{channel}", CHANNEL_SPACING))
        ticket = self._call(
            "files.getUploadURLExternal",
            {"filename": filename, "length": len(data)},
            as_form=True,
        )
        self._upload(str(ticket["upload_url"]), data)
        self._call(
            "files.completeUploadExternal",
            {
                "files": [{"id": str(ticket["file_id"]), "title": title}],
                "channel_id": channel,
                "thread_ts": thread_ts,
                "initial_comment": comment,
            },
        )

    def file(self, file_id: str) -> SlackFile:
        """What Slack says of a file now."""
        answer = self._call("files.info", {"file": file_id}, as_form=True)
        raw = answer["file"]
        url = raw.get("url_private_download") or raw.get("url_private") or ""
        size = raw.get("size")
        return SlackFile(
            id=str(raw["id"]),
            user=str(raw.get("user") or ""),
            url=str(url),
            size_bytes=size if isinstance(size, int) else 0,
            is_hosted=not raw.get("is_external") and raw.get("mode") in _HOSTED,
        )

    def download(self, file: SlackFile, *, most: int) -> bytes:
        """Fetch what a file holds, and no more than `most` bytes of it.

        The bot's token goes to Slack's own host and nowhere else: no redirect is
        followed.
        """
        url = self._address(file.url)
        if file.size_bytes > most:
            raise _too_large(most)
        # as it is: what unpacks on the way could become any size
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept-Encoding": "identity",
        }
        try:
            with httpx.stream(
                "GET",
                url,
                headers=headers,
                timeout=self._timeout_s,
                follow_redirects=False,
                verify=tls.trusted(),
            ) as answer:
                _check_handed_out(answer)
                return _at_most(answer.iter_raw(), most)
        except httpx.TransportError as error:
            raise _away() from error

    def _address(self, url: str) -> httpx.URL:
        """An address that may see the token.

        Raises:
            FileNotGiven: It is not of the Slack that the desk talks to.
        """
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise _not_slacks() from error
        base = self._base
        is_slacks = (
            address.scheme == base.scheme
            and address.port == base.port
            and address.host in {base.host, f"files.{base.host}"}
            and not address.userinfo
        )
        if not is_slacks:
            raise _not_slacks()
        return address

    def permalink(self, posted: Posted) -> str:
        body = {"channel": posted.channel, "message_ts": posted.ts}
        return str(self._call("chat.getPermalink", body, as_form=True)["permalink"])

    def time_zone(self, user: str) -> str:
        """A person's time zone by its IANA name; empty when Slack has none."""
        answer = self._call("users.info", {"user": user}, as_form=True)
        return str((answer.get("user") or {}).get("tz") or "")

    def auth_test(self) -> Identity:
        answer = self._call("auth.test", {}, as_form=True)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        scopes = str(headers.get("x-oauth-scopes", "")).split(",")
        return Identity(
            team=answer["team"],
            team_id=answer["team_id"],
            user_id=answer["user_id"],
            url=answer["url"],
            scopes=frozenset(scope.strip() for scope in scopes if scope.strip()),
        )

    def members(self, channel: str, *, most: int | None = None) -> frozenset[str]:
        """User ids in a channel, the bot's own among them.

        Args:
            most: Ask for no further page once there are more than this.
        """
        found: set[str] = set()
        body: dict[str, Any] = {"channel": channel, "limit": 200}
        while True:
            answer = self._call("conversations.members", body, as_form=True)
            found.update(answer["members"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor or (most is not None and len(found) > most):
                return frozenset(found)
            body["cursor"] = cursor

    def group_members(self, group: str) -> frozenset[str]:
        """User ids in a user group; a disabled one has none."""
        body = {"usergroup": group}
        answer = self._call("usergroups.users.list", body, as_form=True)
        return frozenset(map(str, answer["users"]))

    def person(self, user: str) -> SlackPerson:
        """What Slack says of a person."""
        answer = self._call("users.info", {"user": user}, as_form=True)
        return person_from(answer["user"], home=self._home_team())

    def _home_team(self) -> str:
        if self._home is None:
            self._home = self.auth_test().team_id
        return self._home

    def close(self) -> None:
        self._pacer.close()

    def _call(
        self, method: str, body: dict[str, Any], *, as_form: bool = False
    ) -> SlackResponse:
        limit = PER_MINUTE.get(method)
        if limit is not None:
            self._wait(lambda: self._pacer.count(f"method:{method}", limit))
        given = {name: value for name, value in body.items() if value is not None}
        try:
            if as_form:
                return self._client.api_call(method, params=given)
            return self._client.api_call(method, json=given)
        except SlackApiError as error:
            raise _translate(method, error.response) from error
        except (OSError, HTTPException) as error:
            raise _away(error) from error

    def _upload(self, url: str, data: bytes) -> None:
        # Not the SDK's helper: it would open whatever scheme it is given.
        if urlsplit(url).scheme not in {"http", "https"}:
            raise BadCall("files.getUploadURLExternal", "upload_url")
        try:
            answer = httpx.post(
                url, content=data, timeout=self._timeout_s, verify=tls.trusted()
            )
        except httpx.TransportError as error:
            raise _away() from error
        if answer.status_code != httpx.codes.OK:
            raise _away()

    def _wait(self, ask: Callable[[], float]) -> None:
        waited = 0.0
        while (left := ask()) > 0:
            if waited + left > PATIENCE.total_seconds():
                raise OutOfTurns(
                    "Slack takes no more calls of this kind just now.",
                    retry_after=timedelta(seconds=left),
                )
            self._sleep(left)
            waited += left


def _not_slacks() -> FileNotGiven:
    return FileNotGiven(
        "Slack says that the file is somewhere else, so it was not fetched.",
        code="not_slacks_address",
    )


def _too_large(most: int) -> FileNotGiven:
    return FileNotGiven(
        f"The file is larger than {most // 1_000_000} MB. Part it, or have it imported"
        " from a shell with `copydesk audience import`.",
        code="file_too_large",
    )


def _check_handed_out(answer: httpx.Response) -> None:
    """Refuse whatever is not the file itself.

    Raises:
        TryLater: Slack is away or busy.
        FileGone: It was deleted.
        FileNotGiven: Slack answered with a page, or led somewhere else.
    """
    status = answer.status_code
    retry_after = _retry_after(answer.headers)
    if retry_after is not None or status >= _SERVER_ERROR:
        raise TryLater(
            "Slack is busy and asked to be called again later.",
            retry_after=retry_after or _OUTAGE,
        )
    if status in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
        raise FileGone(_FILE, code="file_not_found")
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    is_packed = answer.headers.get("content-encoding", "identity") != "identity"
    if status != httpx.codes.OK or is_page or is_packed:
        # without the scope, Slack leads to its sign-in page
        raise FileNotGiven(
            "Slack did not hand out the file. The app needs the scope files:read;"
            " `copydesk doctor` says whether it has it.",
            code="file_not_given",
        )


def _at_most(parts: Iterator[bytes], most: int) -> bytes:
    held = bytearray()
    for part in parts:
        held += part
        if len(held) > most:
            raise _too_large(most)
    return bytes(held)


def person_from(raw: Mapping[str, Any], *, home: str) -> SlackPerson:
    """Read a user object of Slack's, from an answer or an event.

    Args:
        home: The id of the bot's own workspace. Whoever belongs to another and is not
            in this one by their company's grid is external.
    """
    grid = (raw.get("enterprise_user") or {}).get("teams") or ()
    teams = {str(raw.get("team_id") or home), *map(str, grid)}
    profile = raw.get("profile") or {}
    name = profile.get("display_name") or raw.get("real_name") or raw.get("name")
    return SlackPerson(
        id=str(raw["id"]),
        name=str(name or raw["id"])[:NAME_LONGEST],
        is_deleted=bool(raw.get("deleted")),
        is_external=bool(raw.get("is_stranger")) or home not in teams,
        is_guest=bool(raw.get("is_restricted") or raw.get("is_ultra_restricted")),
        is_bot=bool(raw.get("is_bot") or raw.get("is_workflow_bot")),
    )


def _message(channel: str, text: str, blocks: Blocks | None) -> dict[str, Any]:
    shown = [b.to_dict() if isinstance(b, Block) else b for b in blocks or ()]
    return {"channel": channel, "text": text, "blocks": shown or None}


def _away(error: Exception | None = None) -> TryLater:
    # urllib wraps what kept it from connecting; an answer that was lost comes bare
    reason = getattr(error, "reason", error)
    kind = NotTaken if isinstance(reason, _UNREACHED) else TryLater
    return kind("Slack did not answer.", retry_after=_OUTAGE)


def _translate(method: str, answer: SlackResponse) -> Exception:
    data = answer.data if isinstance(answer.data, dict) else {}
    code = str(data.get("error", ""))
    details = (data.get("response_metadata") or {}).get("messages") or []
    retry_after = _retry_after(answer.headers)
    if retry_after is not None:
        return OutOfTurns(
            "Slack asked to be called again later.", retry_after=retry_after
        )
    if code in SOON or answer.status_code >= _SERVER_ERROR:
        return TryLater(
            "Slack is busy and asked to be called again later.",
            retry_after=_OUTAGE,
        )
    if code in WIRE_ERRORS:
        kind, sentence = WIRE_ERRORS[code]
        needed = data.get("needed", "it needs")
        return kind(sentence.format(needed=needed), code=code)
    if any("slack file" in str(detail).lower() for detail in details):
        # A picture is refused for a moment after its upload.
        return TryLater("Slack is still reading the picture.")
    kind_of_bug = BadBlocks if code in BLOCK_ERRORS else BadCall
    return kind_of_bug(method, code, [str(detail) for detail in details])


def _retry_after(headers: Mapping[str, Any]) -> timedelta | None:
    for name, value in headers.items():
        text = str(value)
        if name.lower() == "retry-after" and text.isdecimal():
            return timedelta(seconds=int(text))
    return None
