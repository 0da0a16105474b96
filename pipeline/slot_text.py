"""A text as its slot shows it: filled for nobody in particular, as parts and as HTML.

The HTML is the fragment that reviewers look at and that an export holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from liquid.exceptions import LiquidError

from domain.channel import Channel, part_keys
from domain.exposure import SlotArm
from domain.link import normalised, replaced, with_parameter
from domain.personalize import CannotRender, Footer
from domain.variant import Copy
from pipeline.mail_html import tidy
from pipeline.merge_reading import compiled
from pipeline.merging import CALL_TO_ACTION, LINK_ID
from pipeline.shown_html import Links, fragment
from pipeline.tokens import make_link_id

_BRACES: Final = re.compile(r"\{\{|\}\}|\{%|%\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a site is given of a text.

    Attributes:
        sha256: Of the text that people approved.
        parts: Plain text, by what the channel calls its parts.
        html: The same as a fragment (`pipeline.shown_html`), its link ours to count by.
    """

    sha256: str
    parts: Mapping[str, str]
    html: str
    cta_url: str


def shown(
    arm: SlotArm, channel: Channel, *, campaign_id: int, footer: Footer, secret: str
) -> Shown:
    """Fill a text's tokens with what is known of no visitor: its fallbacks.

    Args:
        secret: The desk's own, so that nobody else can make link ids.

    Raises:
        CannotRender: A token has no fallback, a part would be empty, or the text has a
            link that its brief does not allow.
        TemplateBroken: The text is not a readable template.
    """
    link_id = make_link_id(secret, campaign_id, arm.label)
    url = with_parameter(arm.cta_url, LINK_ID, link_id)
    body = replaced(arm.text.body, arm.cta_url, CALL_TO_ACTION)
    text = Copy(
        subject=_filled(arm.text.subject, url, footer),
        preheader=_filled(arm.text.preheader, url, footer),
        body=_filled(body, url, footer),
    )
    if not text.subject or not text.body:
        raise CannotRender("The headline or the body would be empty.")
    links = Links(
        cta_url=url,
        allowed=frozenset(map(normalised, (url, arm.cta_url, *arm.allowed_links))),
    )
    return Shown(
        sha256=arm.text.sha256,
        parts={key: getattr(text, part) for part, key in part_keys(channel).items()},
        html=fragment(text, channel, links),
        cta_url=url,
    )


def _filled(part: str, url: str, footer: Footer) -> str:
    sender = {
        "name": footer.sender_name,
        "company": footer.company,
        "postal_address": footer.postal_address,
    }
    try:
        merged = compiled(part).render(
            person={}, attributes={}, links={"cta": url}, sender=sender
        )
    except LiquidError:
        raise CannotRender(
            "A merge token without fallback has no value for a visitor."
        ) from None
    if _BRACES.search(merged):
        raise CannotRender("A merge token was left unresolved.")
    return tidy(merged.strip())
