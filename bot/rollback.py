"""Stopping: the gate is shut before the click is acked; windows come afterwards."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.models.views import View

from blocks import entered, incident, notices
from blocks.ids import Action, Callback, Field
from blocks.message import said
from blocks.text import plural
from bot.context import Web
from bot.errors import whisper
from bot.listeners import on_click, on_command, on_submit, open_window, say
from bot.payloads import Click, Command, Submission
from domain.campaign import Actor, CampaignId
from domain.errors import TryLater
from domain.rollback import Trigger
from pipeline import record
from pipeline.record import RolledBack
from storage import queries


def register(app: AsyncApp) -> None:
    app.command("/rollback")(on_command(rollback))
    app.action(Action.ROLL_BACK)(on_click(roll_back))
    app.view(Callback.ROLLBACK_PICK)(on_submit(picked))
    app.view(Callback.ROLLBACK_CONFIRM)(on_submit(confirmed))
    app.view(Callback.ROLLBACK_REASON)(on_submit(explain))


async def roll_back(click: Click, web: Web, slack: AsyncArgs) -> None:
    rolled = await _stop(web, click.target, click.user, Trigger.BUTTON)
    await slack.ack()
    await _show(rolled, web, slack)


async def rollback(command: Command, web: Web, slack: AsyncArgs) -> None:
    """`/rollback`, `/rollback 42`, `/rollback 42 now`, `/rollback help`."""
    number = command.campaign
    match command.text.lower().split():
        case []:
            await _pick(web, slack)
        case [_] if number is not None:
            await _confirm(number, web, slack)
        case [_, "now"] if number is not None:
            rolled = await _stop(web, number, command.user, Trigger.COMMAND)
            await slack.ack()
            await _show(rolled, web, slack)
        case _:
            await say(slack, notices.rollback_help())


async def picked(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    chosen = incident.campaign_from(submission.state)
    if chosen is None:
        errors = {str(Field.CAMPAIGN): "Choose the campaign to stop."}
        await slack.ack(response_action="errors", errors=errors)
        return
    await _stop_in_view(chosen, submission.user, web, slack)


async def confirmed(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    await _stop_in_view(submission.target, submission.user, web, slack)


async def explain(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    errors = entered.missing(submission.state, Field.REASON)
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.rollback_reason,
        web.playbook,
        CampaignId(submission.target),
        entered.reason_from(submission.state),
        actor=submission.user,
    )
    await slack.ack()


async def _pick(web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    lines = await web.read(queries.live)
    words = "\n".join(f"• {incident.blast_radius(each)}" for each in lines)
    await open_window(
        slack,
        incident.pick(lines, now=web.now()),
        otherwise=f"{words}\nStop one with `/rollback` and its number."
        if lines
        else "No campaign is live, so there is nothing to roll back.",
    )


async def _confirm(number: int, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    campaign = await web.read(queries.line, CampaignId(number))
    words = incident.blast_radius(campaign)
    await open_window(
        slack,
        incident.confirm(campaign),
        otherwise=f"{words}\nConfirm with `/rollback {number} now`.",
    )


async def _stop(web: Web, campaign: int, user: str, trigger: Trigger) -> RolledBack:
    return await web.write(
        record.roll_back,
        web.playbook,
        CampaignId(campaign),
        trigger=trigger,
        actor=Actor(id=user),
    )


async def _stop_in_view(campaign: int, user: str, web: Web, slack: AsyncArgs) -> None:
    rolled = await _stop(web, campaign, user, Trigger.COMMAND)
    view = await _progress(rolled, web)
    if view is None:
        await slack.ack()
    else:
        await slack.ack(response_action="update", view=view)


async def _show(rolled: RolledBack, web: Web, slack: AsyncArgs) -> None:
    """Show how far the stopping is; it is done whether or not this can be shown."""
    incident_of = rolled.incident
    already = "" if rolled.is_new else " already"
    left = (
        f"Visitors of {rolled.slot} see what was there before."
        if rolled.slot
        else f"{plural(incident_of.mails_spared, 'mail')} will not go out."
    )
    words = f"#{incident_of.campaign_id} is{already} rolled back. {left}"
    view = await _progress(rolled, web)
    if view is None:
        await whisper(slack, said(words))
    else:
        await open_window(slack, view, otherwise=words)


async def _progress(rolled: RolledBack, web: Web) -> View | None:
    try:
        view = await web.read(queries.incident, rolled.incident.campaign_id)
    except TryLater:
        # the gate is shut; "nothing was changed" would be a lie
        return None
    if view is None:
        return None
    shown = view.with_playbook(web.playbook.on_call)
    return incident.progress(shown, is_new=rolled.is_new)
