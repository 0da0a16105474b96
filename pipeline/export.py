"""A campaign's approved copy, put into its thread as one archive.

Slack has no idempotency key: an answer that is lost may leave two copies of it, never
none.
"""

from __future__ import annotations

from typing import Final

import structlog

from domain.campaign import CampaignId
from domain.errors import Refused
from pipeline import failpoint
from pipeline.exported_files import archive, files_of
from pipeline.slack import SlackRefused
from pipeline.tasks import Task
from pipeline.thread import thread_of
from pipeline.wiring import Deps

log = structlog.get_logger(__name__)


def export(deps: Deps, campaign_id: int, _seq: int) -> None:
    """Put a campaign's files into its thread.

    Raises:
        TryLater: Slack is away, or the card is not posted yet.
    """
    number = CampaignId(campaign_id)
    thread = thread_of(deps, number)
    try:
        files = deps.database.look(lambda s: files_of(s, deps.playbook, number))
        failpoint.hit("export.before_call")
        deps.slack.share_file(
            channel=thread.channel,
            thread_ts=thread.ts,
            filename=f"campaign-{number}.zip",
            title=f"Approved copy of #{number}",
            comment=f"The approved copy of #{number} in {len(files)} files;"
            " manifest.json has their hashes and who approved.",
            data=archive(files),
        )
    except Refused as refused:
        # it was stopped since somebody asked, or Slack takes no files from us
        give_up(deps, campaign_id, str(refused))
        return
    failpoint.hit("export.after_call")
    log.info("export.shared", campaign=number, files=len(files))


def give_up(deps: Deps, campaign_id: int, words: str) -> None:
    """Say so in the thread and on the record; nothing is parked for it."""
    number = CampaignId(campaign_id)
    thread = thread_of(deps, number)
    text = f"The copy of #{number} was not exported. {words}"
    try:
        deps.slack.post(thread.channel, text, (), thread_ts=thread.ts)
    except SlackRefused as error:
        # the record has it all the same
        log.warning("export.not_told", campaign=number, code=error.code)
    failpoint.hit("export.after_told")
    with deps.database.begin() as store:
        store.campaigns.lock(number)
        store.audit.append(
            number, "copy_not_exported", actor="desk", detail={"reason": words}
        )


TASK: Final = Task(name="export", queue="interactive", run=export, give_up=give_up)
