"""Lint a variant's present text and keep the verdict with the policy's hash."""

from __future__ import annotations

from typing import Final

from domain.brief import parse_brief
from domain.campaign import FINAL, Campaign
from domain.errors import Overtaken
from domain.lint import decide
from domain.variant import Copy, Variant, VariantId, VariantState
from pipeline.checks import LintContext, grammar, run_checks
from pipeline.record import linted
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage.store import Store


def lint(deps: Deps, variant_id: int, version: int) -> None:
    """Judge the words of one variant.

    Raises:
        Overtaken: The text was replaced meanwhile.
    """
    text, campaign, brief = deps.database.look(
        lambda store: _text(store, variant_id, version)
    )
    policy = deps.playbook.policy(campaign.brief_channel)
    context = LintContext(
        policy=policy,
        channel=campaign.brief_channel,
        brief=parse_brief(brief),
        footer=deps.playbook.footer,
        privacy=deps.playbook.privacy,
        dictionary=deps.playbook.dictionary,
    )
    verdict = decide(run_checks(text, context), policy)
    with deps.database.begin() as store:
        linted(store, deps.playbook, _drafted(store, variant_id, version), verdict)


def _text(
    store: Store, variant_id: int, version: int
) -> tuple[Copy, Campaign, dict[str, object]]:
    variant = _drafted(store, variant_id, version)
    if variant.revision_id is None:
        raise Overtaken(f"Variant {variant.label} has no text.")
    revision = store.variants.revision(variant.revision_id)
    campaign = store.campaigns.get(variant.campaign_id)
    return revision.text, campaign, store.campaigns.brief(campaign.id)


def _drafted(store: Store, variant_id: int, version: int) -> Variant:
    variant = store.variants.get(VariantId(variant_id))
    campaign = store.campaigns.get(variant.campaign_id)
    if (
        variant.version != version
        or variant.state is not VariantState.DRAFTED
        or campaign.state in FINAL
    ):
        raise Overtaken(f"Variant {variant.label} has moved on.")
    return variant


TASK: Final = Task(name="lint", queue="lint", run=lint, load=grammar.load)
