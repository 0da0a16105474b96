"""Approved copy that leaves as files: who took it along, and which text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from domain.bundle import MANIFEST
from domain.campaign import CampaignId
from pipeline.exported_files import files_of
from pipeline.playbook import Playbook
from pipeline.record.roles import require_own_team
from storage.store import Store


def exported(
    store: Store, campaign_id: CampaignId, files: Mapping[str, bytes], *, actor: str
) -> None:
    """Say on the trail who exports a campaign's copy, before a file is written."""
    detail: dict[str, object] = {
        "files": len(files),
        "manifest": hashlib.sha256(files[MANIFEST]).hexdigest(),
    }
    store.audit.append(campaign_id, "copy_exported", actor=actor, detail=detail)


def export(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: str
) -> None:
    """Have a campaign's copy put into its thread as files, however often it is asked.

    Raises:
        NotYourTurn: The person has no role on the campaign's team.
        Refused: It is a mail, is not approved, was stopped, or is not safe to show.
    """
    campaign = store.campaigns.lock(campaign_id)
    require_own_team(playbook, campaign, actor)
    files = files_of(store, playbook, campaign_id)
    exported(store, campaign_id, files, actor=actor)
    # the event is what the job is about: another press is another export
    store.outbox.add(
        "export", campaign_id, store.audit.last_seq(campaign_id), campaign_id
    )
