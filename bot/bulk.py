"""Approving all passing texts of the lowest tier at once, from Home."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import bulk_approve
from blocks.bulk_approve import Answer
from blocks.ids import Action, Callback
from bot import home
from bot.context import Web
from bot.listeners import on_click, on_submit, open_window
from bot.payloads import Click, Submission
from domain.errors import Refused, TryLater
from domain.review import RequestId
from pipeline import record
from storage import queries

BUDGET: Final = timedelta(seconds=1.5)
"""How long approvals may take before the window is answered; Slack waits 3 s."""


def register(app: AsyncApp) -> None:
    app.action(Action.BULK_APPROVE)(on_click(list_passing))
    app.view(Callback.BULK_FORM)(on_submit(approve_all))


async def list_passing(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    passing = await web.read(queries.passing, click.user, web.facts)
    await open_window(slack, bulk_approve.form(passing, now=web.now()))


async def approve_all(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    """Approve each in a transaction of its own, then say what came of each."""
    requests = bulk_approve.requests_from(submission.state)
    passing = await web.read(queries.passing, submission.user, web.facts)
    answers = await _approved(requests, web, by=submission.user)
    view = bulk_approve.answers(
        answers,
        {each.waiting.request_id: each.waiting for each in passing},
        called=bulk_approve.names_from(submission.state),
        unreached=len(requests) - len(answers),
    )
    await slack.ack(response_action="update", view=view)
    await home.publish(submission.user, web, slack.client)


async def _approved(
    requests: Sequence[RequestId], web: Web, *, by: str
) -> list[Answer]:
    """The answers to as many as the time allows; the rest waits as before."""
    loop = asyncio.get_running_loop()
    end = loop.time() + BUDGET.total_seconds()
    answers: list[Answer] = []
    for request in requests:
        if loop.time() > end:
            break
        try:
            await web.write(record.approve_passing, web.playbook, request, actor=by)
        except Refused as error:
            answers.append(Answer(request_id=request, error=error))
        except TryLater:
            break
        else:
            answers.append(Answer(request_id=request, error=None))
    return answers
