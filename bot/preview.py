"""Reading a text as somebody would, in the window that shows it whole."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.models.views import View

from blocks import compare
from blocks import preview as drawn
from blocks.ids import Action, Callback, Field
from bot.context import Web
from bot.errors import guarded
from bot.listeners import on_submit
from bot.payloads import PreviewAs, Submission
from domain.campaign import Actor
from domain.preview import BY_ADDRESS, NOBODY_THERE, RECIPIENT
from domain.send import Recipient
from domain.variant import RevisionId
from pipeline import preview, record
from pipeline.recipient_rows import address_problem, normal_address
from pipeline.tokens import address_hash
from storage import queries


def register(app: AsyncApp) -> None:
    app.action(Action.PREVIEW_AS)(choose)
    app.view(Callback.ADDRESS_FORM)(on_submit(submitted))


@guarded
async def choose(args: AsyncArgs, web: Web) -> None:
    """Draw the window as the chosen person would read the text."""
    await args.ack()
    asked = PreviewAs.of(args.body)
    view = await _view(asked, web)
    await args.client.views_update(view_id=asked.view_id, view=view)


async def _view(asked: PreviewAs, web: Web) -> View:
    revision_id = RevisionId(asked.revision)
    revision = await web.read(queries.revision, revision_id)
    if asked.who == drawn.AS_WRITTEN:
        return compare.read_all(revision)
    if asked.who == BY_ADDRESS:
        return drawn.address_form(asked.revision, revision.variant_label)
    if not asked.who.startswith(RECIPIENT):
        seen = await web.look(
            lambda store: preview.made_up(
                store, web.playbook, web.deps.templates, revision_id, asked.who
            )
        )
        return compare.read_as(revision, seen)
    number = int(asked.who.removeprefix(RECIPIENT))
    # on the record before anything of theirs is shown
    sampled = await web.write(
        record.preview_as, web.playbook, revision_id, number, actor=asked.user
    )
    return await _as(web, revision_id, sampled.recipient, asked.who)


async def submitted(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    """Draw the window as whoever has the address would read the text.

    Of the address only a keyed hash goes further than this function.
    """
    typed = drawn.address_from(submission.state).strip()
    problem = address_problem(typed)
    if problem:
        await _refuse(slack, f"This {problem}.")
        return
    secret = web.deps.settings.secret_key.get_secret_value()
    revision_id = RevisionId(submission.target)
    found = await web.write(
        record.preview_by_address,
        web.playbook,
        revision_id,
        address_hash(secret, normal_address(typed)),
        actor=Actor(id=submission.user),
    )
    if found is None:
        await _refuse(slack, NOBODY_THERE)
        return
    view = await _as(web, revision_id, found, BY_ADDRESS)
    await slack.ack(response_action="update", view=view)


async def _refuse(slack: AsyncArgs, why: str) -> None:
    await slack.ack(response_action="errors", errors={Field.ADDRESS: why})


async def _as(web: Web, revision_id: RevisionId, person: Recipient, key: str) -> View:
    revision = await web.read(queries.revision, revision_id)
    seen = await web.look(
        lambda store: preview.recipient(
            store, web.playbook, web.deps.templates, revision_id, person, key=key
        )
    )
    return compare.read_as(revision, seen)
