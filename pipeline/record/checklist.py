"""What a person stands behind when they approve, question by question."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from domain.campaign import Campaign
from domain.checklist import Question, QuestionsOpen, checklist, unanswered
from domain.review import ReviewRequest
from pipeline.playbook import Playbook
from storage.store import Store

YES = "yes"


def answers_to(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    request: ReviewRequest,
    *,
    label: str,
    answered: Collection[str],
) -> Mapping[str, str]:
    """The answers that go with an approval: a machine's evidence, or a person's yes.

    Nothing is asked at a tier that review.yaml does not name.

    Raises:
        QuestionsOpen: A question of this stage is neither answered nor ticked.
    """
    stage = playbook.stage(campaign.tier, request.stage)
    if campaign.tier not in playbook.rules.asks_at or not stage.questions:
        return {}
    checked = checklist(
        [Question(each) for each in stage.questions],
        rules_found=store.variants.rules_found(request.revision_id),
        canary=playbook.ladder[0],
        channel=campaign.brief_channel,
    )
    if unanswered(checked, answered):
        raise QuestionsOpen(request.id, label, request.stage, checked)
    return {each.question: each.evidence or YES for each in checked}
