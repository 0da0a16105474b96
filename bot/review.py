"""Reading and deciding about a variant: approve, edit, regenerate, reject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import approve_form, compare, edit_form, entered
from blocks.ids import Action, Callback, Field, Verb
from bot import assign, comment
from bot.compare import compare_variant
from bot.context import Web
from bot.listeners import OnClick, on_choice, on_click, on_submit, open_window
from bot.payloads import Click, Submission
from bot.text_errors import text_errors
from domain.checklist import QuestionsOpen
from domain.review import RequestId
from domain.undo import DecisionId
from domain.variant import RevisionId, VariantId
from pipeline import record
from storage import queries


def register(app: AsyncApp) -> None:
    for action, act in BUTTONS.items():
        app.action(action)(on_click(act))
    app.action(Action.VARIANT_MORE)(on_choice(MENU))
    app.view(Callback.EDIT_FORM)(on_submit(edited))
    app.view(Callback.REGENERATE_FORM)(on_submit(regenerate))
    app.view(Callback.REJECT_FORM)(on_submit(reject))
    app.view(Callback.APPROVE_FORM)(on_submit(approve_answered))


async def approve(click: Click, web: Web, slack: AsyncArgs) -> None:
    try:
        await web.write(
            record.approve, web.playbook, RequestId(click.target), actor=click.user
        )
    except QuestionsOpen as asked:
        await slack.ack()
        await open_window(slack, approve_form.form(asked))
    else:
        await slack.ack()


async def edit(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    revision = await web.read(queries.revision, RevisionId(click.target))
    await open_window(slack, edit_form.form(revision))


async def ask_regenerate(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    revision = await web.read(queries.revision, RevisionId(click.target))
    await open_window(slack, edit_form.regenerate_form(revision))


async def ask_reject(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    request = await web.read(queries.request, RequestId(click.target))
    revision = await web.read(queries.revision, request.revision_id)
    view = edit_form.reject_form(request.id, revision.variant_label, request.round)
    await open_window(slack, view)


async def undo(click: Click, web: Web, slack: AsyncArgs) -> None:
    await web.write(
        record.undo, web.playbook, DecisionId(click.target), actor=click.user
    )
    await slack.ack()


async def read_all(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    revision = await web.read(queries.revision, RevisionId(click.target))
    await open_window(slack, compare.read_all(revision))


async def history(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    revisions = await web.read(queries.revisions, VariantId(click.target))
    await open_window(slack, compare.revision_history(revisions))


BUTTONS: Final[Mapping[Action, OnClick]] = {
    Action.APPROVE: approve,
    Action.EDIT: edit,
    Action.REGENERATE: ask_regenerate,
    Action.REJECT: ask_reject,
    Action.UNDO: undo,
    Action.READ_ALL: read_all,
    Action.VARIANT_HISTORY: history,
}
MENU: Final[Mapping[Verb, OnClick]] = {
    **assign.MENU,
    **comment.MENU,
    Verb.COMPARE: compare_variant,
    Verb.HISTORY: history,
    Verb.READ_ALL: read_all,
}


async def edited(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    text = edit_form.copy_from(submission.state)
    seen = await web.read(queries.revision, RevisionId(submission.target))
    errors = text_errors(text, seen)
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.edit, web.playbook, seen.revision_id, text, actor=submission.user
    )
    await slack.ack()


async def regenerate(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    errors = entered.missing(submission.state, Field.INSTRUCTION)
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.regenerate,
        web.playbook,
        RevisionId(submission.target),
        actor=submission.user,
        instruction=edit_form.instruction_from(submission.state),
    )
    await slack.ack()


async def approve_answered(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    try:
        await web.write(
            record.approve,
            web.playbook,
            RequestId(submission.target),
            actor=submission.user,
            answered=approve_form.answers_from(submission.state),
            comment=approve_form.comment_from(submission.state),
        )
    except QuestionsOpen:
        errors = {str(Field.ANSWERS): approve_form.TICK_EACH}
        await slack.ack(response_action="errors", errors=errors)
    else:
        await slack.ack()


async def reject(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    errors = edit_form.reject_errors(submission.state)
    code = edit_form.code_from(submission.state)
    if errors or code is None:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.reject,
        web.playbook,
        RequestId(submission.target),
        actor=submission.user,
        code=code,
        reason=entered.reason_from(submission.state),
    )
    await slack.ack()
