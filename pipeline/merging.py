"""One recipient's values and one revision's template, put together the same way by all."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from domain.link import replaced, with_parameter
from domain.personalize import Profile
from domain.send import Recipient
from domain.variant import Copy, RevisionId, VariantId
from pipeline.merge import Template
from pipeline.playbook import Playbook
from pipeline.templates import Templates
from pipeline.tokens import make_link_id
from storage.queries import value_counts
from storage.store import Store

LINK_ID: Final = "cd"
"""Query parameter of a mail's call-to-action link that names campaign and variant."""

CALL_TO_ACTION: Final = "{{ links.cta }}"


def link_of(store: Store, variant_id: VariantId, secret: str) -> str:
    """The brief's link as all who get this variant have it, with its link id.

    Args:
        secret: The desk's own, so that nobody else can make link ids.
    """
    variant = store.variants.get(variant_id)
    cta_url = str(store.campaigns.brief(variant.campaign_id)["cta_url"])
    link_id = make_link_id(secret, variant.campaign_id, variant.label)
    return with_parameter(cta_url, LINK_ID, link_id)


def profile_of(recipient: Recipient, *, cta_url: str, unsubscribe_url: str) -> Profile:
    """What a text may be filled with for this recipient, before privacy.yaml is asked."""
    return Profile(
        cta_url=cta_url,
        unsubscribe_url=unsubscribe_url,
        person={
            "first_name": recipient.first_name,
            "last_name": recipient.last_name,
            "company": recipient.company,
            # no columns of their own: a list may bring them
            "job_title": recipient.attributes.get("job_title"),
            "city": recipient.attributes.get("city"),
        },
        region=recipient.region,
        attributes=recipient.attributes,
    )


def template_of(
    store: Store, playbook: Playbook, templates: Templates, revision_id: RevisionId
) -> Template:
    """A revision, compiled for its campaign's list as it is now.

    Raises:
        Unknown: There is no such revision.
        TemplateBroken: The text is not a readable template.
        CannotRender: The footer has no postal address.
    """
    revision = store.variants.revision(revision_id)
    variant = store.variants.get(revision.variant_id)
    campaign = store.campaigns.get(variant.campaign_id)
    cta_url = str(store.campaigns.brief(campaign.id)["cta_url"])
    return templates.of(
        _with_link_token(revision.text, cta_url),
        playbook.footer,
        playbook.privacy,
        # the version moves when the campaign is planned, or planned anew
        crowd=(campaign.id, campaign.version),
        counts=lambda rule: value_counts(
            store.connection, campaign.id, rule, now=store.now
        ),
    )


def _with_link_token(text: Copy, cta_url: str) -> Copy:
    """A call to action that was written out carries the link id as the token does."""
    return replace(text, body=replaced(text.body, cta_url, CALL_TO_ACTION))
