"""A text merged for somebody to look at, by the very function that merges it to be sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from domain.errors import Refused
from domain.personalize import Profile
from domain.preview import RECIPIENT, Preview, made_up_profile
from domain.variant import RevisionId
from pipeline.merging import profile_of, template_of
from pipeline.playbook import Playbook
from pipeline.templates import Templates
from storage.queries.crowds import Sampled
from storage.store import Store

_UNSUBSCRIBE: Final = "https://unsubscribe.example/u/preview"
"""Nobody's: what unsubscribes somebody is in their own mail only."""


def made_up(
    store: Store,
    playbook: Playbook,
    templates: Templates,
    revision_id: RevisionId,
    key: str,
) -> Preview:
    """The text as a made-up recipient would read it.

    Raises:
        Unknown: There is no such revision, or nobody made up of that name.
    """
    profile = made_up_profile(
        key,
        playbook.privacy,
        cta_url=_cta_url(store, revision_id),
        unsubscribe_url=_UNSUBSCRIBE,
    )
    blank = Preview(key=key, account={})
    return _filled(store, playbook, templates, revision_id, profile, blank)


def recipient(
    store: Store,
    playbook: Playbook,
    templates: Templates,
    revision_id: RevisionId,
    sampled: Sampled,
) -> Preview:
    """The text as somebody of the list would read it.

    Who looks, and whether they may, is `record.preview_as`'s to ask.

    Raises:
        Unknown: There is no such revision.
    """
    person = sampled.recipient
    profile = profile_of(
        person, cta_url=_cta_url(store, revision_id), unsubscribe_url=_UNSUBSCRIBE
    )
    about = (
        person.first_name or "no first name",
        person.region or "no region",
        person.provider or "provider not known",
    )
    blank = Preview(key=f"{RECIPIENT}{sampled.number}", about=about, account={})
    return _filled(store, playbook, templates, revision_id, profile, blank)


def _filled(  # noqa: PLR0917  # what both have, and who it is
    store: Store,
    playbook: Playbook,
    templates: Templates,
    revision_id: RevisionId,
    profile: Profile,
    blank: Preview,
) -> Preview:
    try:
        template = template_of(store, playbook, templates, revision_id)
    except Refused as refused:
        return replace(blank, problem=str(refused))
    seen = replace(blank, account=template.account(profile))
    try:
        return replace(seen, mail=template.render(profile))
    except Refused as refused:
        return replace(seen, problem=str(refused))


def _cta_url(store: Store, revision_id: RevisionId) -> str:
    revision = store.variants.revision(revision_id)
    variant = store.variants.get(revision.variant_id)
    return str(store.campaigns.brief(variant.campaign_id)["cta_url"])
