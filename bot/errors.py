"""Every listener ends in an answer: done, refused, try later, or a reference id."""

from __future__ import annotations

import asyncio
import html
import inspect
import re
import secrets
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import aiohttp
import structlog
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.errors import SlackApiError
from slack_sdk.models.views import View

from blocks import notices
from blocks.message import Message, modal, said
from bot import newest
from bot.context import Web
from domain.errors import AlreadyDecided, Overtaken, Refused, TryLater

Listener = Callable[..., Awaitable[None]]

log = structlog.get_logger()

BUSY: Final = (
    "Copydesk is busy and did not get to this in time. Nothing was changed and"
    " nothing was lost; press again in a moment."
)

LINK_WITHIN: Final = timedelta(seconds=2)
"""How long after it began a listener may look for a link; Slack waits 3 s for an ack."""

# What Slack says when a view cannot open, and what the person can do about it.
WINDOW_ERRORS: Final[Mapping[str, str]] = {
    "expired_trigger_id": "Slack closed the door before the window opened; press again.",
    "exchanged_trigger_id": "This press already opened a window; press again.",
    "trigger_expired": "Slack closed the door before the window opened; press again.",
    "trigger_exchanged": "This press already opened a window; press again.",
    "push_limit_reached": "Three windows are open already; close one, then try again.",
    "hash_conflict": "This window changed while you read it; open it again.",
    "not_found": "That window is closed already; open it again.",
    "ratelimited": "Slack asks us to slow down; press again in a minute.",
    "internal_error": "Slack could not open the window; press again in a moment.",
    "fatal_error": "Slack could not open the window; press again in a moment.",
    "service_unavailable": "Slack could not open the window; press again in a moment.",
}

_PERSON: Final = re.compile(r"<@([UW][A-Z0-9]+)>")
_TIME: Final = re.compile(r"<!date\^[^<>|]*\|([^<>|]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a person is told when a click did not do what it says."""

    title: str
    message: Message
    # about something that has a newer card
    overtaken: Overtaken | AlreadyDecided | None = None
    is_linked: bool = False

    def view(self) -> View:
        return modal(title=self.title, blocks=self.message.blocks)


def guarded(listener: Listener) -> Listener:
    """Wrap a listener so that each of its errors reaches the person, and only them.

    It never raises: an exception right after `ack()` makes Bolt lose the ack, and
    the person sees a time-out for something that was done.

    The listener takes any of Bolt's arguments, and `web`, by name.

    Raises:
        TypeError: At import, when an argument is not one Bolt knows; Bolt itself
            would pass None.
    """
    names = _argument_names(listener)

    async def answered(args: AsyncArgs) -> None:
        until = asyncio.get_running_loop().time() + LINK_WITHIN.total_seconds()
        web: Web = args.context["web"]
        task = asyncio.current_task()
        if task is not None:
            web.running.add(task)
            task.add_done_callback(web.running.discard)
        try:
            await listener(**{name: _argument(args, name) for name in names})
        except Exception as error:  # noqa: BLE001  # the bot's edge: no error may pass
            await _tell_safely(args, _notice(error, listener.__name__), until)

    answered.__name__ = listener.__name__
    answered.__qualname__ = listener.__qualname__
    answered.__module__ = listener.__module__
    answered.__doc__ = listener.__doc__
    return answered


def _argument_names(listener: Listener) -> tuple[str, ...]:
    names = tuple(inspect.signature(listener).parameters)
    strangers = set(names) - set(AsyncArgs.__annotations__) - {"web", "args"}
    if strangers:
        raise TypeError(
            f"{listener.__qualname__} asks for {', '.join(sorted(strangers))},"
            " which Bolt does not pass."
        )
    return names


def _argument(args: AsyncArgs, name: str) -> Any:
    if name == "args":
        return args
    return args.context["web"] if name == "web" else getattr(args, name)


def _notice(error: Exception, listener: str) -> Notice:
    """Sort an error by its fate, log it once, and say it in words."""
    if isinstance(error, Refused):
        log.info("listener.refused", listener=listener, why=type(error).__name__)
        late = error if isinstance(error, Overtaken | AlreadyDecided) else None
        words = notices.refused(error)
        return Notice(title="Not done", message=words, overtaken=late)
    if isinstance(error, TryLater):
        log.warning("listener.put_off", listener=listener, why=str(error))
        return Notice(title="Busy", message=said(BUSY))
    code = slack_code(error)
    if code in WINDOW_ERRORS:
        log.warning("listener.window_failed", listener=listener, code=code)
        return Notice(title="Not opened", message=said(WINDOW_ERRORS[code]))
    reference = f"{secrets.token_hex(2)}-{secrets.token_hex(1)}"
    log.error(
        "listener.broke",
        listener=listener,
        reference=reference,
        error=type(error).__name__,
        # the frames only: an error's own words may hold mail text or an address
        frames="".join(traceback.format_tb(error.__traceback__)),
    )
    return Notice(title="Something broke", message=notices.broken(reference))


def slack_code(error: Exception) -> str:
    """Slack's name for what went wrong with a call; empty for anything else."""
    if isinstance(error, aiohttp.ClientError | TimeoutError):
        return "service_unavailable"
    if not isinstance(error, SlackApiError):
        return ""
    # an outage answers with a page, not with JSON
    data = getattr(error.response, "data", error.response)
    return str(data.get("error", "")) if isinstance(data, dict) else "fatal_error"


async def _tell_safely(args: AsyncArgs, notice: Notice, until: float) -> None:
    """Tell the person where they look; if that fails, the log has to do.

    Args:
        until: How long a link may be looked for, by the loop's clock.
    """
    try:
        if notice.overtaken is not None and args.body.get("type") == "block_actions":
            # what nothing but words can answer need not wait for the link
            await _ack_once(args)
        await _tell(args, await _linked(args, notice, until))
    except Exception as error:  # noqa: BLE001  # the bot's edge: no error may pass
        log.warning("listener.answer_lost", why=type(error).__name__)
        await _ack_once(args)


async def _ack_once(args: AsyncArgs) -> None:
    if args.ack.response is None:
        await args.ack()


async def _linked(args: AsyncArgs, notice: Notice, until: float) -> Notice:
    """Add a link to the newest card, where there is one and Slack says it in time."""
    if notice.overtaken is None:
        return notice
    try:
        async with asyncio.timeout_at(until):
            found = await newest.overtaken(notice.overtaken, args, args.context["web"])
    except Exception as error:  # noqa: BLE001  # the bot's edge: the words do without
        log.info("listener.link_missing", why=type(error).__name__)
        return notice
    if found is None:
        return notice
    return Notice(title=notice.title, message=found, is_linked=True)


async def _tell(args: AsyncArgs, notice: Notice) -> None:
    body = args.body
    kind = "command" if "command" in body else str(body.get("type"))
    if kind in _ANSWERS:
        await _ANSWERS[kind](args, notice)
    else:
        # an event: there is nobody to tell
        await _ack_once(args)


async def _answer_command(args: AsyncArgs, notice: Notice) -> None:
    payload = notice.message.payload()
    if args.ack.response is None:
        await args.ack(**payload, response_type="ephemeral")
    else:
        await args.respond(**payload, response_type="ephemeral")


async def _answer_submission(args: AsyncArgs, notice: Notice) -> None:
    inputs = [b for b in args.body["view"]["blocks"] if b["type"] == "input"]
    if args.ack.response is not None:
        await args.client.views_open(
            trigger_id=args.body["trigger_id"], view=notice.view()
        )
    elif inputs and notice.is_linked and _has_room(args.body["view"]):
        # on top, since a field's error shows no link; what was typed stays below
        await args.ack(response_action="push", view=notice.view())
    elif inputs:
        # beside the button, and what was typed stays where it is
        text = in_plain_words(_sentences(notice.message), args.context["web"])
        await args.ack(response_action="errors", errors={inputs[-1]["block_id"]: text})
    else:
        await args.ack(response_action="update", view=notice.view())


def _has_room(view: Mapping[str, Any]) -> bool:
    """Whether another view fits on top; Slack stacks three."""
    below = view.get("previous_view_id")
    return below is None or below == view.get("root_view_id")


def _sentences(message: Message) -> str:
    return html.unescape(message.text)


def in_plain_words(text: str, web: Web) -> str:
    """Write mentions and times out, for places where Slack shows tokens as they are."""
    people = web.facts.everyone.people

    def name(match: re.Match[str]) -> str:
        person = people.get(match[1])
        return f"@{person.name}" if person is not None else "somebody else"

    return _TIME.sub(r"\1", _PERSON.sub(name, text))


async def _answer_click(args: AsyncArgs, notice: Notice) -> None:
    await _ack_once(args)
    view = args.body.get("view")
    if view is None:
        await whisper(args, notice.message)
    elif view["type"] == "modal":
        await _over(args, notice, view["id"])
    else:
        await args.client.views_open(
            trigger_id=args.body["trigger_id"], view=notice.view()
        )


async def _over(args: AsyncArgs, notice: Notice, view_id: str) -> None:
    """Put a notice on top of a modal, or in its place when there is no room."""
    try:
        await args.client.views_push(
            trigger_id=args.body["trigger_id"], view=notice.view()
        )
    except SlackApiError:
        await args.client.views_update(view_id=view_id, view=notice.view())


async def whisper(args: AsyncArgs, words: Message) -> None:
    """Say something that only the person who clicked or typed sees."""
    body, payload = args.body, words.payload()
    if "command" in body:
        await args.respond(**payload, response_type="ephemeral")
        return
    container = body.get("container") or {}
    thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts")
    if thread and thread != container.get("message_ts"):
        # a reply by response_url would land in the channel, away from the eyes
        try:
            await args.client.chat_postEphemeral(
                channel=container.get("channel_id") or body["channel"]["id"],
                user=body["user"]["id"],
                thread_ts=thread,
                **payload,
            )
        except SlackApiError:
            log.info("listener.thread_unreachable")
        else:
            return
    await args.respond(**payload, response_type="ephemeral", replace_original=False)


_ANSWERS: Final[Mapping[str, Callable[[AsyncArgs, Notice], Awaitable[None]]]] = {
    "command": _answer_command,
    "view_submission": _answer_submission,
    "block_actions": _answer_click,
    "message_action": _answer_click,
}
