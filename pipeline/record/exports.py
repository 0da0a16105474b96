"""Approved copy that leaves as files: who took it along, and which text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from domain.bundle import MANIFEST
from domain.campaign import CampaignId
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
