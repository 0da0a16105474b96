"""Reading and deciding about a variant: approve, edit, regenerate, reject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import compare, edit_form
from blocks.ids import Action, Callback, Field, Verb, body_block
from bot.context import Web
from bot.listeners import OnClick, on_choice, on_click, on_submit, open_window
from bot.payloads import Click, Submission
from domain.review import RequestId
from domain.variant import Copy, RevisionId, VariantId
from domain.views import RevisionView
from pipeline import merge, record
from storage import queries


def register(app: AsyncApp) -> None:
    for action, act in BUTTONS.items():
        app.action(action)(on_click(act))
    app.action(Action.VARIANT_MORE)(on_choice(MENU))
    app.view(Callback.EDIT_FORM)(on_submit(edited))
    app.view(Callback.REGENERATE_FORM)(on_submit(regenerate))
    app.view(Callback.REJECT_FORM)(on_submit(reject))


async def approve(click: Click, web: Web, slack: AsyncArgs) -> None:
    await web.write(
        record.approve, web.playbook, RequestId(click.target), actor=click.user
    )
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
    view = edit_form.reject_form(request.id, revision.variant_label, request.stage)
    await open_window(slack, view)


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
    Action.READ_ALL: read_all,
    Action.VARIANT_HISTORY: history,
}
MENU: Final[Mapping[Verb, OnClick]] = {
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
    errors = edit_form.missing(submission.state, Field.INSTRUCTION)
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


async def reject(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    errors = edit_form.missing(submission.state, Field.REASON)
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.reject,
        web.playbook,
        RequestId(submission.target),
        actor=submission.user,
        reason=edit_form.reason_from(submission.state),
    )
    await slack.ack()


_TEXTS: Final[Mapping[str, Callable[[Copy], str]]] = {
    Field.SUBJECT: lambda text: text.subject,
    Field.PREHEADER: lambda text: text.preheader,
    body_block(0): lambda text: text.body,
}


def text_errors(text: Copy, seen: RevisionView) -> dict[str, str]:
    """What keeps an edited text from being a revision, by block id."""
    errors = {str(block): words for block, words in edit_form.copy_errors(text).items()}
    for block, part in _TEXTS.items():
        try:
            merge.tokens_used(part(text))
        except merge.TemplateBroken as broken:
            errors.setdefault(str(block), str(broken))
    if not errors and text.sha256 == seen.text.sha256:
        errors[str(Field.SUBJECT)] = "Nothing was changed yet."
    return errors
