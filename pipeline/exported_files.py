"""Approved copy that is no mail, as files for a site, an ad account or a chat."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from typing import Final

from domain import bundle
from domain.bundle import ApprovedArm
from domain.campaign import Campaign, CampaignId
from domain.channel import Channel
from domain.errors import Refused
from domain.variant import Variant
from pipeline import shown_html
from pipeline.checks.hygiene import hidden
from pipeline.checks.port import fields_of
from pipeline.playbook import Playbook
from pipeline.shown_html import Links, links_of
from storage import queries
from storage.store import Store

_MADE_AT: Final = (1980, 1, 1, 0, 0, 0)
"""The oldest time that an archive can name: the same files make the same bytes."""


def archive(files: Mapping[str, bytes]) -> bytes:
    """Pack files by path into a zip; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for path, body in files.items():
            entry = zipfile.ZipInfo(path, _MADE_AT)
            packed.writestr(entry, body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def files_of(
    store: Store, playbook: Playbook, campaign_id: CampaignId
) -> Mapping[str, bytes]:
    """The files of a campaign by path, a folder for each arm, the manifest last.

    The same campaign gives the same bytes, however often it is asked.

    Raises:
        Unknown: There is no such campaign.
        Refused: It is a mail, is not approved, was stopped, or is not safe to show.
    """
    campaign = store.campaigns.get(campaign_id)
    bundle.check_exported(campaign)
    files: dict[str, bytes] = {}
    for variant in store.variants.arms(campaign.id):
        for name, body in _arm_files(store, playbook, campaign, variant).items():
            files[f"{variant.label}/{name}"] = body
    return {**files, bundle.MANIFEST: bundle.manifest(campaign, files)}


def _arm_files(
    store: Store, playbook: Playbook, campaign: Campaign, variant: Variant
) -> dict[str, bytes]:
    version = store.campaigns.brief_version(campaign.id)
    links, channel = links_of(version.body), campaign.brief_channel
    arm = _arm(store, playbook, campaign, variant, links)
    page = shown_html.page(arm.revision.text, channel, links)
    content = bundle.content(
        campaign, arm, cta_url=links.cta_url, brief_sha256=version.sha256
    )
    made = {
        "content.json": content,
        "fragment.html": arm.html.encode(),
        "index.html": page.encode(),
    }
    if channel is Channel.AD:
        made["ads.csv"] = _csv(bundle.ads_row(campaign, arm, cta_url=links.cta_url))
    return made


def _csv(row: tuple[str, ...]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows((bundle.ADS_COLUMNS, row))
    return out.getvalue().encode()


def _arm(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    variant: Variant,
    links: Links,
) -> ApprovedArm:
    seen = queries.variant_card(store.connection, variant.id, playbook.view_facts)
    if variant.revision_id is None:
        raise Refused(f"Variant {variant.label} has no text.")
    revision = store.variants.revision(variant.revision_id)
    for field, words in fields_of(revision.text):
        for found in hidden(field, words):
            # the policy may let it pass; a site that pastes it would not know
            raise Refused(f"Variant {variant.label} is not exported. {found.message}")
    return ApprovedArm(
        label=variant.label,
        revision=revision,
        approvals=tuple(each for each in seen.decisions if each.is_approval),
        html=shown_html.fragment(revision.text, campaign.brief_channel, links),
    )
