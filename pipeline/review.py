"""Open the review of a campaign whose variants have all been linted."""

from __future__ import annotations

from typing import Final

from domain.campaign import CampaignId
from domain.errors import Overtaken
from pipeline.record import open_review
from pipeline.tasks import Task
from pipeline.wiring import Deps


def review(deps: Deps, campaign_id: int, version: int) -> None:
    """Ask the first stage about every variant.

    Raises:
        Overtaken: The campaign has moved on.
    """
    with deps.database.begin() as store:
        if store.campaigns.lock(CampaignId(campaign_id)).version != version:
            raise Overtaken(f"Campaign #{campaign_id} has moved on.")
        open_review(store, deps.playbook, CampaignId(campaign_id))


TASK: Final = Task(name="review", queue="interactive", run=review)
