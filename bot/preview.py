"""Reading a text as somebody would, in the window that shows it whole."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.models.views import View

from blocks import compare
from blocks.ids import Action
from blocks.preview import AS_WRITTEN
from bot.context import Web
from bot.errors import guarded
from bot.payloads import PreviewAs
from domain.preview import RECIPIENT
from domain.variant import RevisionId
from pipeline import preview, record
from storage import queries


def register(app: AsyncApp) -> None:
    app.action(Action.PREVIEW_AS)(choose)


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
    if asked.who == AS_WRITTEN:
        return compare.read_all(revision)
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
    seen = await web.look(
        lambda store: preview.recipient(
            store, web.playbook, web.deps.templates, revision_id, sampled
        )
    )
    return compare.read_as(revision, seen)
