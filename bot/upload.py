"""`/desk import`: a list is given as a file, looked at, and imported or not."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import upload as drawn
from blocks import upload_columns
from blocks.ids import Action, Callback, Field
from bot.brief_json import as_typed
from bot.context import Web
from bot.listeners import on_click, on_submit, open_window
from bot.payloads import Click, Command, Submission
from domain.errors import NotYourTurn, Overtaken, Refused
from domain.upload import UploadId, require_importer
from pipeline import record
from pipeline.playbook import Playbook
from pipeline.recipient_rows import KNOWN
from storage import queries
from storage.store import Store


def register(app: AsyncApp) -> None:
    app.view(Callback.UPLOAD_FORM)(on_submit(submitted))
    app.view(Callback.COLUMNS_FORM)(on_submit(columns_said))
    app.action(Action.IMPORT_UPLOAD)(on_click(import_it))
    app.action(Action.CANCEL_UPLOAD)(on_click(cancel_it))
    app.action(Action.MAP_COLUMNS)(on_click(ask_columns))


def keep(
    store: Store,
    playbook: Playbook,
    given: drawn.Given,
    *,
    user: str,
    delivery: str,
) -> UploadId:
    """Keep one submission once, however often it is delivered."""

    def made() -> int:
        return record.upload(
            store,
            playbook,
            key=given.key,
            new_title=given.new_title,
            file_id=given.file_id,
            file_name=given.file_name,
            actor=user,
        )

    return UploadId(store.inbox.once("upload", delivery, made))


async def ask(command: Command, rest: list[str], web: Web, slack: AsyncArgs) -> None:
    """`/desk import [list]`: the form, for those whose role imports lists."""
    playbook = web.playbook
    require_importer(playbook.everyone, playbook.privacy.importers, command.user)
    await slack.ack()
    lists = await web.read(queries.lists)
    asked = as_typed(" ".join(rest))
    await open_window(slack, drawn.form(lists, asked=asked))


async def submitted(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    given = drawn.given_from(submission.state)
    errors = dict(given.errors)
    if not errors:
        try:
            await web.write(
                keep,
                web.playbook,
                given,
                user=submission.user,
                delivery=submission.view_id,
            )
        except (NotYourTurn, Overtaken):
            # about the person or the moment, not about a field
            raise
        except Refused as refused:
            errors = {str(Field.LIST_TITLE): str(refused)}
    if errors:
        await slack.ack(response_action="errors", errors=errors)
    else:
        await slack.ack(response_action="update", view=drawn.on_its_way(given))


async def import_it(click: Click, web: Web, slack: AsyncArgs) -> None:
    upload_id = UploadId(click.target)
    await web.write(record.import_upload, web.playbook, upload_id, actor=click.user)
    await slack.ack()


async def cancel_it(click: Click, web: Web, slack: AsyncArgs) -> None:
    upload_id = UploadId(click.target)
    await web.write(record.cancel_upload, web.playbook, upload_id, actor=click.user)
    await slack.ack()


async def ask_columns(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    found = await web.look(
        lambda store: record.open_upload(
            store, web.playbook, UploadId(click.target), actor=click.user
        )
    )
    await open_window(slack, upload_columns.form(found, KNOWN))


async def columns_said(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    upload_id = UploadId(submission.target)
    found = await web.look(
        lambda store: record.open_upload(
            store, web.playbook, upload_id, actor=submission.user
        )
    )
    wanted, errors = upload_columns.wanted_from(
        submission.state, found.found.header, KNOWN
    )
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(
        record.map_upload, web.playbook, upload_id, wanted, actor=submission.user
    )
    await slack.ack()
