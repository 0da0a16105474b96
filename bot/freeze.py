"""`/desk freeze` and `/desk lift`: one person stops all sending, two set it going early."""

from __future__ import annotations

from datetime import timedelta

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.models.views import View

from blocks import entered, notices
from blocks import freeze as drawn
from blocks.ids import Action, Callback
from bot import home
from bot.brief_json import as_typed
from bot.context import Web
from bot.errors import whisper
from bot.listeners import on_click, on_submit, open_window, say
from bot.payloads import Click, Command, Submission
from domain.campaign import Actor
from domain.freeze import Freeze, FreezeId, Scope, parse_freeze
from pipeline import record
from pipeline.record import Lift
from storage import queries


def register(app: AsyncApp) -> None:
    app.action(Action.LIFT_FREEZE)(on_click(lift_clicked))
    app.view(Callback.FREEZE_FORM)(on_submit(submitted))


async def freeze(command: Command, rest: list[str], web: Web, slack: AsyncArgs) -> None:
    """`/desk freeze [all | team KEY | esp NAME] [for 2h] reason`; alone, the form."""
    if not rest:
        await _form(web, slack)
        return
    asked = parse_freeze([as_typed(word) for word in rest])
    made = await _freeze(
        web,
        scope=asked.scope,
        target=asked.target,
        reason=asked.reason,
        lasts=asked.lasts or web.playbook.sending.usual_freeze,
        user=command.user,
    )
    is_usual = asked.lasts is None
    await say(slack, drawn.answer(made, is_usual=is_usual, now=web.now()))


async def lift(command: Command, rest: list[str], web: Web, slack: AsyncArgs) -> None:
    """`/desk lift 3`; alone, what is frozen."""
    if not rest:
        await _form(web, slack)
        return
    number = command.campaign
    if len(rest) > 1 or number is None:
        await say(slack, notices.desk_help())
        return
    done = await _lift(web, number, command.user)
    await say(slack, drawn.lifted(done.freeze, is_lifted=done.is_lifted))


async def submitted(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    now, state = web.now(), submission.state
    longest = web.playbook.sending.longest_freeze
    errors = drawn.errors(state, longest=longest, now=now)
    until = drawn.until_from(state)
    if errors or until is None:
        await slack.ack(response_action="errors", errors=errors)
        return
    scope, target = drawn.scope_from(state)
    await _freeze(
        web,
        scope=scope,
        target=target,
        reason=entered.reason_from(state),
        lasts=until - now,
        user=submission.user,
    )
    await slack.ack()


async def lift_clicked(click: Click, web: Web, slack: AsyncArgs) -> None:
    done = await _lift(web, click.target, click.user)
    await slack.ack()
    seen_in = slack.body.get("view")
    if seen_in is None:
        await whisper(slack, drawn.lifted(done.freeze, is_lifted=done.is_lifted))
    elif seen_in["type"] == "home":
        await home.publish(click.user, web, slack.client)
    else:
        # the list itself says what has become of it
        await slack.client.views_update(view_id=seen_in["id"], view=await _view(web))


async def _form(web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    words = "Type `/desk freeze for 2h reason`, or `/desk lift 3`."
    await open_window(slack, await _view(web), otherwise=words)


async def _view(web: Web) -> View:
    now, playbook = web.now(), web.playbook
    return drawn.form(
        await web.read(queries.freezes, now=now),
        teams={key: each.team.name for key, each in playbook.teams.items()},
        esp=playbook.esp,
        usual=playbook.sending.usual_freeze,
        now=now,
    )


async def _freeze(
    web: Web, *, scope: Scope, target: str, reason: str, lasts: timedelta, user: str
) -> Freeze:
    return await web.write(
        record.freeze,
        web.playbook,
        scope=scope,
        target=target,
        reason=reason,
        lasts=lasts,
        actor=Actor(id=user),
    )


async def _lift(web: Web, number: int, user: str) -> Lift:
    return await web.write(
        record.lift, web.playbook, FreezeId(number), actor=Actor(id=user)
    )
