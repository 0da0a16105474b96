"""Talking about a text: comments, suggestions, and the owner's answer to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import comment_form, edit_form, suggestion
from blocks.ids import Action, Callback, Shortcut, Verb
from bot.context import Web
from bot.listeners import OnClick, on_click, on_pointing, on_submit, open_window
from bot.payloads import Click, Pointing, Submission
from bot.text_errors import text_errors
from domain.comment import SuggestionId
from domain.variant import RevisionId
from pipeline import record
from storage import queries


def register(app: AsyncApp) -> None:
    for action, act in BUTTONS.items():
        app.action(action)(on_click(act))
    app.message_shortcut(Shortcut.COMMENT_ON)(on_pointing(point))
    app.view(Callback.COMMENT_FORM)(on_submit(comment))
    app.view(Callback.SUGGEST_FORM)(on_submit(suggest))


async def ask_comment(click: Click, web: Web, slack: AsyncArgs) -> None:
    await _open_form(click.target, web, slack)


async def point(pointing: Pointing, web: Web, slack: AsyncArgs) -> None:
    await _open_form(pointing.target, web, slack)


async def _open_form(target: int, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    revision = await web.read(queries.revision, RevisionId(target))
    await open_window(slack, comment_form.form(revision))


async def ask_suggestion(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    revision = await web.read(queries.revision, RevisionId(click.target))
    await open_window(slack, suggestion.form(revision))


async def accept(click: Click, web: Web, slack: AsyncArgs) -> None:
    await web.write(
        record.accept, web.playbook, SuggestionId(click.target), actor=click.user
    )
    await slack.ack()


async def decline(click: Click, web: Web, slack: AsyncArgs) -> None:
    await web.write(
        record.decline, web.playbook, SuggestionId(click.target), actor=click.user
    )
    await slack.ack()


BUTTONS: Final[Mapping[Action, OnClick]] = {
    Action.ACCEPT_SUGGESTION: accept,
    Action.DECLINE_SUGGESTION: decline,
}
MENU: Final[Mapping[Verb, OnClick]] = {
    Verb.COMMENT: ask_comment,
    Verb.SUGGEST: ask_suggestion,
}


async def comment(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    seen = await web.read(queries.revision, RevisionId(submission.target))
    errors = comment_form.errors(submission.state, seen.text)
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.comment,
        web.playbook,
        seen.revision_id,
        actor=submission.user,
        quote=comment_form.quote_from(submission.state),
        text=comment_form.comment_from(submission.state),
        delivery=submission.view_id,
    )
    await slack.ack()


async def suggest(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    seen = await web.read(queries.revision, RevisionId(submission.target))
    text = edit_form.copy_from(submission.state)
    errors = text_errors(text, seen) | comment_form.errors(submission.state, seen.text)
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.suggest,
        web.playbook,
        seen.revision_id,
        text,
        actor=submission.user,
        comment=comment_form.comment_from(submission.state),
        delivery=submission.view_id,
    )
    await slack.ack()
