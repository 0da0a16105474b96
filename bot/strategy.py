"""A brand lead decides about a tier A brief; its author changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import brief_form, entered, strategy
from blocks.ids import Action, Callback, Field
from bot import brief
from bot.context import Web
from bot.listeners import OnClick, on_click, on_submit, on_typing, open_window
from bot.payloads import Click, Submission, Typing
from domain.brief import Brief
from domain.campaign import CampaignId
from domain.strategy import check_may_change
from pipeline import record
from pipeline.playbook import Playbook
from storage import queries
from storage.store import Store


def register(app: AsyncApp) -> None:
    for action, act in BUTTONS.items():
        app.action(action)(on_click(act))
    app.action(Action.BRIEF_TIER)(on_typing(tier_chosen))
    app.action(Action.BRIEF_CHANNEL)(on_typing(channel_chosen))
    app.view(Callback.CHANGES_FORM)(on_submit(ask_for_changes))
    app.view(Callback.CHANGE_BRIEF_FORM)(on_submit(changed))


async def approve(click: Click, web: Web, slack: AsyncArgs) -> None:
    await web.write(
        record.approve_strategy, web.playbook, click.target, actor=click.user
    )
    await slack.ack()


async def look_again(click: Click, web: Web, slack: AsyncArgs) -> None:
    campaign = CampaignId(click.target)
    await web.write(record.look_again, web.playbook, campaign, actor=click.user)
    await slack.ack()


async def ask_what_to_change(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    version = await web.read(queries.brief_version, click.target)
    title = str(version.body.get("title", ""))
    await open_window(
        slack, strategy.changes_form(version.campaign_id, title, version.id)
    )


async def change(click: Click, web: Web, slack: AsyncArgs) -> None:
    """Open the form with the brief as it is, for its author."""
    await slack.ack()
    version = await web.read(queries.brief_version, click.target)
    # said before they type, and checked again when they submit
    check_may_change(click.user, author=version.author)
    audiences = await web.read(queries.audiences)
    asked = await web.read(queries.strategy_decision, version.id)
    slots = brief.slots(web)
    await open_window(
        slack, brief_form.change_form(audiences, version, asked, slots=slots)
    )


BUTTONS: Final[Mapping[Action, OnClick]] = {
    Action.APPROVE_STRATEGY: approve,
    Action.ASK_FOR_CHANGES: ask_what_to_change,
    Action.CHANGE_BRIEF: change,
    Action.LOOK_AGAIN: look_again,
}


async def tier_chosen(typing: Typing, web: Web, slack: AsyncArgs) -> None:
    """Let the button of a new brief say where a brief of that tier goes."""
    await slack.ack()
    values = brief_form.values_from(typing.state)
    is_new = typing.callback == Callback.BRIEF_FORM
    if not is_new or brief_form.submit_label(values) == typing.submit:
        return
    await _draw_again(typing, values, web, slack)


async def channel_chosen(typing: Typing, web: Web, slack: AsyncArgs) -> None:
    """Ask for what a brief for that channel needs, and for nothing else."""
    await slack.ack()
    await _draw_again(typing, brief_form.values_from(typing.state), web, slack)


async def _draw_again(
    typing: Typing, values: Mapping[str, object], web: Web, slack: AsyncArgs
) -> None:
    audiences, slots = await web.read(queries.audiences), brief.slots(web)
    if typing.callback == Callback.BRIEF_FORM:
        view = brief_form.form(audiences, values=values, slots=slots)
    else:
        version = await web.read(queries.brief_version, typing.target)
        asked = await web.read(queries.strategy_decision, version.id)
        view = brief_form.change_form(
            audiences, version, asked, values=values, slots=slots
        )
    # no hash: what is typed meanwhile stays, since the inputs keep their ids
    await slack.client.views_update(view_id=typing.view_id, view=view)


async def ask_for_changes(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    errors = entered.missing(submission.state, Field.REASON)
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.ask_for_changes,
        web.playbook,
        submission.target,
        actor=submission.user,
        reason=entered.reason_from(submission.state),
    )
    await slack.ack()


async def changed(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    async def keep(asked: Brief) -> None:
        await web.write(file_change, web.playbook, asked, submission)

    await brief.take(submission, slack, keep)


def file_change(
    store: Store, playbook: Playbook, asked: Brief, submission: Submission
) -> CampaignId:
    """Record a changed brief once, however often the same submission is delivered."""

    def keep() -> int:
        return record.change_brief(
            store,
            playbook,
            submission.target,
            asked,
            author=submission.user,
            source="modal",
        ).id

    return CampaignId(store.inbox.once("modal", submission.view_id, keep))
