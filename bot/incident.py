"""After the stop: explain an incident, give it actions, post its postmortem, close it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.models.views import View

from blocks import aftermath, incident
from blocks.ids import Action, Callback, row_id
from bot.context import Web
from bot.errors import guarded
from bot.listeners import SLACK_AWAY, on_click, on_submit, open_window
from bot.payloads import Click, Pin, Submission
from domain.campaign import CampaignId
from domain.errors import Refused, Unknown
from domain.views import IncidentView
from pipeline import record
from storage import queries

log = structlog.get_logger()


def register(app: AsyncApp) -> None:
    app.action(Action.OPEN_INCIDENT)(on_click(open_incident))
    app.action(Action.EXPLAIN_INCIDENT)(on_click(ask_cause))
    app.action(Action.ADD_ACTION)(on_click(ask_action))
    app.action(Action.POST_POSTMORTEM)(on_click(post_postmortem))
    app.action(Action.CLOSE_INCIDENT)(on_click(close_incident))
    app.action(Action.ACTION_DONE)(on_click(action_done))
    app.event("pin_added")(pin_added)
    app.view(Callback.EXPLAIN_FORM)(on_submit(explain))
    app.view(Callback.ACTION_FORM)(on_submit(add_action))


async def open_incident(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    await open_window(slack, incident.progress(await _view(web, click.target)))


async def ask_cause(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    view = await _view(web, click.target)
    await open_window(slack, aftermath.explain_form(view, _stages(web)))


async def explain(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    stages = _stages(web)
    state = submission.state
    errors = aftermath.explain_errors(state, stages)
    cause = aftermath.cause_from(state)
    missed_by = aftermath.missed_by_from(state, stages)
    if errors or cause is None or missed_by is None:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.say_cause,
        web.playbook,
        CampaignId(submission.target),
        cause,
        missed_by=missed_by,
        missed_why=aftermath.missed_why_from(state),
        actor=submission.user,
    )
    await slack.ack(
        response_action="update", view=await _window(web, submission.target)
    )


async def ask_action(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    view = await _view(web, click.target)
    await open_window(slack, aftermath.action_form(view, _people(web)))


async def add_action(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    people, state = _people(web), submission.state
    errors = aftermath.action_errors(state, people, web.now())
    owner = aftermath.owner_from(state, people)
    due_at = aftermath.due_from(state)
    if errors or owner is None or due_at is None:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.add_action,
        web.playbook,
        CampaignId(submission.target),
        aftermath.todo_from(state),
        owner=owner,
        due_at=due_at,
        actor=submission.user,
    )
    await slack.ack(
        response_action="update", view=await _window(web, submission.target)
    )


@guarded
async def pin_added(event: dict[str, Any], web: Web) -> None:
    """A message pinned in a campaign's thread is part of its story; others are not."""
    pin = Pin.of(event)
    if pin is None:
        return
    number = await web.write(
        record.pinned,
        web.playbook,
        channel=pin.channel,
        thread_ts=pin.thread_ts,
        ts=pin.ts,
        said=pin.text,
        said_by=pin.author,
        actor=pin.user,
    )
    log.info("slack.message_pinned", campaign=number)


async def post_postmortem(click: Click, web: Web, slack: AsyncArgs) -> None:
    await _act(record.post_document, click, web, slack)


async def close_incident(click: Click, web: Web, slack: AsyncArgs) -> None:
    await _act(record.close_incident, click, web, slack)


async def _act(
    act: Callable[..., Any], click: Click, web: Web, slack: AsyncArgs
) -> None:
    number = CampaignId(click.target)
    await web.write(act, web.playbook, number, actor=click.user)
    await slack.ack()
    await _redraw(number, web, slack)


async def action_done(click: Click, web: Web, slack: AsyncArgs) -> None:
    await web.write(record.action_done, web.playbook, click.target, actor=click.user)
    await slack.ack()
    view = slack.body.get("view") or {}
    about = row_id(view.get("private_metadata"))
    if about is not None:
        await _redraw(CampaignId(about), web, slack)


async def _redraw(number: CampaignId, web: Web, slack: AsyncArgs) -> None:
    """Show the window as the incident is now, when it was pressed in one."""
    view = slack.body.get("view")
    if not view:
        return
    try:
        await slack.client.views_update(
            view_id=view["id"], view=await _window(web, number)
        )
    except SLACK_AWAY as error:
        # what was pressed is done, also when the window has been closed meanwhile
        log.info("window.not_drawn", why=type(error).__name__)


async def _window(web: Web, number: int) -> View:
    return incident.progress(await _view(web, number))


async def _view(web: Web, number: int) -> IncidentView:
    found = await web.read(queries.incident, CampaignId(number))
    if found is None:
        raise Unknown(f"Campaign #{number} has no incident.")
    return found.with_playbook(web.playbook.on_call)


def _stages(web: Web) -> tuple[str, ...]:
    """Every stage of the review, in the order in which tiers pass them."""
    rows = web.facts.stages.values()
    return tuple(dict.fromkeys(stage.name for row in rows for stage in row))


def _people(web: Web) -> dict[str, str]:
    """Everybody who may be given something to do.

    Raises:
        Refused: Nobody holds a role.
    """
    team = web.playbook.everyone
    people = {
        user: person.name
        for user, person in team.people.items()
        if team.has_any_role(user)
    }
    if not people:
        raise Refused("Nobody on this desk holds a role.")
    return people
