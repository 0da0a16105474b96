"""Which row somebody clicked about, and a link to its newest card in Slack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import notices
from blocks.ids import Action, Callback, Verb
from blocks.message import Message
from bot.context import Web
from bot.payloads import Body, Click, Submission
from domain.errors import CampaignError
from domain.newest import Noun
from storage import queries

_ABOUT: Final[Mapping[str, Noun]] = {
    Action.APPROVE_STRATEGY: Noun.BRIEF,
    Action.ASK_FOR_CHANGES: Noun.BRIEF,
    Action.CHANGE_BRIEF: Noun.BRIEF,
    Action.APPROVE: Noun.REQUEST,
    Action.APPROVE_HERE: Noun.REQUEST,
    Action.REJECT: Noun.REQUEST,
    Action.EDIT: Noun.REVISION,
    Action.REGENERATE: Noun.REVISION,
    Action.READ_ALL: Noun.REVISION,
    Action.UNDO: Noun.DECISION,
    Action.UNDO_HERE: Noun.DECISION,
    Action.ACCEPT_SUGGESTION: Noun.SUGGESTION,
    Action.DECLINE_SUGGESTION: Noun.SUGGESTION,
    Action.VARIANT_HISTORY: Noun.VARIANT,
    Action.OPEN_VARIANT: Noun.VARIANT,
    Action.CANCEL_CAMPAIGN: Noun.CAMPAIGN,
    Action.RETRY_CAMPAIGN: Noun.CAMPAIGN,
    Action.EXPAND: Noun.CAMPAIGN,
    Action.EXTEND: Noun.CAMPAIGN,
    Action.HOLD: Noun.CAMPAIGN,
    Action.ROLL_BACK: Noun.CAMPAIGN,
    Action.POST_POSTMORTEM: Noun.CAMPAIGN,
    Action.CLOSE_INCIDENT: Noun.CAMPAIGN,
    Verb.HISTORY: Noun.VARIANT,
    Verb.COMMENT: Noun.REVISION,
    Verb.SUGGEST: Noun.REVISION,
    Verb.ASSIGN: Noun.REQUEST,
    Callback.CHANGE_BRIEF_FORM: Noun.BRIEF,
    Callback.CHANGES_FORM: Noun.BRIEF,
    Callback.EDIT_FORM: Noun.REVISION,
    Callback.REGENERATE_FORM: Noun.REVISION,
    Callback.COMMENT_FORM: Noun.REVISION,
    Callback.SUGGEST_FORM: Noun.REVISION,
    Callback.REJECT_FORM: Noun.REQUEST,
    Callback.ASSIGN_FORM: Noun.REQUEST,
    Callback.APPROVE_FORM: Noun.REQUEST,
    Callback.ROLLBACK_CONFIRM: Noun.CAMPAIGN,
    Callback.ROLLBACK_REASON: Noun.CAMPAIGN,
}
"""What an id of `blocks.ids` is about; what is not here gets words without a link."""


async def overtaken(error: CampaignError, args: AsyncArgs, web: Web) -> Message | None:
    """Say it with a link to the newest card; None when there is none to link to.

    Raises:
        SlackApiError: Slack does not know the message any more, or is busy.
        TryLater: The database is locked or away.
    """
    about = _about(args.body)
    if about is None:
        return None
    place = await web.read(queries.newest_card, *about)
    if place is None:
        return None
    found = await args.client.chat_getPermalink(
        channel=place.channel, message_ts=place.ts
    )
    return notices.overtaken(error, place, str(found["permalink"]))


def _about(body: Body) -> tuple[Noun, int] | None:
    if body.get("type") == "view_submission":
        name, target = str(body["view"]["callback_id"]), Submission.of(body).target
    elif body.get("type") == "block_actions":
        click = Click.of(body)
        name = str(click.verb or body["actions"][0]["action_id"])
        target = click.target
    else:
        return None
    noun = _ABOUT.get(name)
    return (noun, target) if noun and target else None
