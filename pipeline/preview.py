"""A text merged for somebody to look at, by the very function that merges it to be sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from domain.channel import Channel
from domain.errors import Refused
from domain.link import with_parameter
from domain.personalize import Profile
from domain.preview import Preview, made_up_profile
from domain.send import Recipient
from domain.variant import Copy, RevisionId
from pipeline import shown_html
from pipeline.merging import LINK_ID, profile_of, template_of
from pipeline.playbook import Playbook
from pipeline.shown_html import Links, links_of
from pipeline.templates import Templates
from storage.store import Store

_UNSUBSCRIBE: Final = "https://unsubscribe.example/u/preview"
"""Nobody's: what unsubscribes somebody is in their own mail only."""

_NO_LINK_ID: Final = "preview"
"""Where a mail's link has the id that conversions are counted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Copy that is no mail, as every visitor sees it."""

    channel: Channel
    text: Copy
    links: Links

    @property
    def page(self) -> str:
        """HTML to be opened in a browser.

        Raises:
            CannotRender: It holds a web link that its brief does not allow.
        """
        return shown_html.page(self.text, self.channel, self.links)


def shown(store: Store, revision_id: RevisionId) -> Shown:
    """The text as a page, an ad or a chat shows it.

    Raises:
        Unknown: There is no such revision.
    """
    revision = store.variants.revision(revision_id)
    variant = store.variants.get(revision.variant_id)
    campaign = store.campaigns.get(variant.campaign_id)
    links = links_of(store.campaigns.brief(campaign.id))
    return Shown(channel=campaign.brief_channel, text=revision.text, links=links)


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
    person: Recipient,
    *,
    key: str,
) -> Preview:
    """The text as somebody of the list would read it.

    Who looks, and whether they may, is for `record.preview_as` and
    `record.preview_by_address` to ask.

    Args:
        key: How they were chosen, as in `Preview`.

    Raises:
        Unknown: There is no such revision.
    """
    profile = profile_of(
        person, cta_url=_cta_url(store, revision_id), unsubscribe_url=_UNSUBSCRIBE
    )
    about = (
        person.first_name or "no first name",
        person.region or "no region",
        person.provider or "provider not known",
    )
    blank = Preview(key=key, about=about, account={})
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
    """The brief's link with the parameter that a mail's own has.

    Not with the link id itself: whoever tries the link out would be counted.
    """
    revision = store.variants.revision(revision_id)
    variant = store.variants.get(revision.variant_id)
    cta_url = str(store.campaigns.brief(variant.campaign_id)["cta_url"])
    return with_parameter(cta_url, LINK_ID, _NO_LINK_ID)
