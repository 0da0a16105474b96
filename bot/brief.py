"""`/brief` and its form: checked at once, committed before Slack hears "ok"."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import brief_form, notices
from blocks.ids import Action, Callback, brief_block
from blocks.message import Message, message, modal, said, section
from blocks.text import line, plural, sentence
from bot.brief_json import read_json
from bot.context import Web
from bot.listeners import on_click, on_command, on_submit, open_window, say
from bot.payloads import Click, Command, Submission
from domain.brief import Brief, BriefInvalid, parse_brief
from domain.brief_fields import FIELDS
from domain.campaign import CampaignId
from domain.channel import Slot
from domain.errors import NotYourTurn, Overtaken, Refused
from pipeline import record
from pipeline.playbook import Playbook
from storage import queries
from storage.store import Store

_LIST_MOST: Final = 20


def register(app: AsyncApp) -> None:
    app.command("/brief")(on_command(brief))
    app.action(Action.NEW_BRIEF)(on_click(new_brief))
    app.view(Callback.BRIEF_FORM)(on_submit(submitted))


def file_brief(
    store: Store,
    playbook: Playbook,
    asked: Brief,
    *,
    author: str,
    source: str,
    delivery: str,
) -> CampaignId:
    """Record a brief once, however often the same submission is delivered.

    Args:
        source: "modal" or "command".
        delivery: Slack's id of the submission.
    """

    def keep() -> int:
        return record.brief(store, playbook, asked, author=author, source=source).id

    return CampaignId(store.inbox.once(source, delivery, keep))


async def brief(command: Command, web: Web, slack: AsyncArgs) -> None:
    """`/brief`, `/brief {json}`, `/brief list`, `show 42`, `cancel 42`, `help`."""
    if command.text.startswith("{"):
        await _from_json(command, web, slack)
        return
    word = command.words[0].lower() if command.words else ""
    await _WORDS.get(word, _help)(command, web, slack)


async def _open(_command: Command, web: Web, slack: AsyncArgs) -> None:
    await _open_form(web, slack)


async def new_brief(_click: Click, web: Web, slack: AsyncArgs) -> None:
    await _open_form(web, slack)


async def _open_form(
    web: Web, slack: AsyncArgs, values: Mapping[str, object] | None = None
) -> None:
    await slack.ack()
    audiences = await web.read(queries.audiences)
    view = brief_form.form(audiences, values=values, slots=slots(web))
    await open_window(slack, view)


def slots(web: Web) -> tuple[Slot, ...]:
    """Every slot that a brief can name."""
    return tuple(web.playbook.slots.values())


async def submitted(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    async def keep(asked: Brief) -> None:
        await web.write(
            file_brief,
            web.playbook,
            asked,
            author=submission.user,
            source="modal",
            delivery=submission.view_id,
        )

    await take(submission, slack, keep)


async def take(
    submission: Submission,
    slack: AsyncArgs,
    keep: Callable[[Brief], Awaitable[None]],
) -> None:
    """Check the brief of a submitted form, keep it, and answer with errors by field."""
    errors: dict[str, str] = {}
    try:
        await keep(parse_brief(brief_form.values_from(submission.state)))
    except BriefInvalid as invalid:
        errors = invalid.errors
    except (NotYourTurn, Overtaken):
        # about the person or the moment, not about a field
        raise
    except Refused as refused:
        # a good brief is refused for whom it would reach: nobody, or no such segment
        errors = {"audience": str(refused)}
    if errors:
        # what the view asks for: its inputs change with the channel
        asked = [each for each in FIELDS if brief_block(each.name) in submission.state]
        shown = brief_form.field_errors(errors, fields=asked)
        await slack.ack(response_action="errors", errors=shown)
    else:
        await slack.ack()


async def _from_json(command: Command, web: Web, slack: AsyncArgs) -> None:
    try:
        asked = parse_brief(read_json(command.text))
        campaign = await web.write(
            file_brief,
            web.playbook,
            asked,
            author=command.user,
            source="command",
            delivery=command.trigger,
        )
    except BriefInvalid as invalid:
        await say(slack, _mistakes(invalid))
        return
    await say(slack, notices.brief_kept(campaign, asked.title))


def _mistakes(invalid: BriefInvalid) -> Message:
    rows = [
        f"• `{line(name, 64)}`: {sentence(text)}"
        for name, text in invalid.errors.items()
    ]
    head = f"No brief was made: {plural(len(rows), 'field')} to correct."
    return message(head, [section("\n".join([head, *rows]))])


async def _list(_command: Command, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    lines = await web.read(queries.campaigns, limit=_LIST_MOST)
    await say(slack, notices.brief_list(lines))


async def _show(command: Command, web: Web, slack: AsyncArgs) -> None:
    campaign = CampaignId(_number(command))
    await slack.ack()
    values = await web.read(queries.brief_of, campaign)
    await say(slack, notices.brief_shown(campaign, values))


async def _cancel(command: Command, web: Web, slack: AsyncArgs) -> None:
    campaign = CampaignId(_number(command))
    await web.write(record.cancel, web.playbook, campaign, actor=command.user)
    await say(slack, said(f"Campaign #{campaign} is cancelled. Nothing will leave."))


async def _help(_command: Command, _web: Web, slack: AsyncArgs) -> None:
    await say(slack, notices.brief_help())


def _number(command: Command) -> int:
    if command.campaign is None:
        word = command.words[0].lower()
        raise Refused(f"Say which one, such as /brief {word} 42.")
    return command.campaign


_WORDS: Final[Mapping[str, Callable[[Command, Web, AsyncArgs], Awaitable[None]]]] = {
    "": _open,
    "list": _list,
    "show": _show,
    "cancel": _cancel,
    "help": _help,
}


async def show(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    campaign = CampaignId(click.target)
    shown = notices.brief_shown(campaign, await web.read(queries.brief_of, campaign))
    await open_window(slack, modal(title=f"Brief #{campaign}", blocks=shown.blocks))


async def clone(click: Click, web: Web, slack: AsyncArgs) -> None:
    """Open the form filled in with another campaign's brief."""
    values = await web.read(queries.brief_of, CampaignId(click.target))
    await _open_form(web, slack, values)
