"""Saying who is asked: claim a stage's questions, hand them over, open them to all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import assign_form
from blocks.ids import Callback, Verb
from bot.context import Web
from bot.listeners import OnClick, on_submit, open_window
from bot.payloads import Click, Submission
from domain.review import RequestId
from pipeline import record
from storage import queries


def register(app: AsyncApp) -> None:
    app.view(Callback.ASSIGN_FORM)(on_submit(assign))


async def ask_whom(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    now = web.now()
    view = await web.read(
        queries.assigning, RequestId(click.target), click.user, web.facts, now=now
    )
    await open_window(slack, assign_form.form(view, now=now))


MENU: Final[Mapping[Verb, OnClick]] = {Verb.ASSIGN: ask_whom}


async def assign(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    errors = assign_form.missing(submission.state)
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    chosen = assign_form.chosen_from(submission.state)
    done = await web.write(
        record.assign,
        web.playbook,
        RequestId(submission.target),
        to=None if chosen == assign_form.EVERYONE else chosen,
        actor=submission.user,
        seen=assign_form.seen_from(submission.state),
    )
    if done.overtook is None:
        await slack.ack()
    else:
        view = assign_form.overtook(done.to, done.overtook)
        await slack.ack(response_action="update", view=view)
