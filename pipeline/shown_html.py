"""Copy that is no mail as HTML: a fragment for a site, and a page to look at it.

Nothing of the copy is ever markup: it is escaped as a mail's is, and only web links that
its brief allows can be clicked. A text with another one is not shown at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Final

from domain import link
from domain.channel import NAMES, Channel
from domain.personalize import Footer
from domain.variant import Copy
from pipeline.mail_html import Page, links_in, tidy

_NO_FOOTER: Final = Footer(sender_name="", company="", postal_address="")
_LABEL: Final = "Read more"

# No script, no picture and nothing from elsewhere, whatever the copy says.
_TOP: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta name="robots" content="noindex"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"/>
<title>{title}</title>
<style>
body {{ margin: 0; padding: 32px 16px; background: #ffffff; color: #1f2328; font: 16px/1.5 Arial, Helvetica, sans-serif; }}
.copydesk {{ max-width: 680px; margin: 0 auto; overflow-wrap: anywhere; }}
.copydesk h1 {{ margin: 0 0 12px; font-size: 34px; line-height: 1.2; }}
.copydesk h2 {{ margin: 0 0 4px; font-size: 20px; line-height: 1.3; }}
.copydesk p {{ margin: 0 0 16px; }}
.copydesk .lead {{ font-size: 20px; color: #57606a; }}
.copydesk a {{ color: #1d4ed8; }}
.copydesk a.button {{ display: inline-block; padding: 12px 20px; border-radius: 6px; background: #1d4ed8; color: #ffffff; text-decoration: none; }}
.copydesk.ad {{ max-width: 420px; border: 1px solid #d0d7de; border-radius: 8px; padding: 16px; }}
.copydesk.ad .lead {{ margin: 0; font-size: 16px; }}
.copydesk .small {{ margin: 0 0 8px; font-size: 13px; color: #57606a; }}
.copydesk.chat {{ max-width: 480px; }}
.copydesk.chat .asked {{ margin: 0 0 16px 25%; padding: 10px 14px; border-radius: 14px 14px 2px 14px; background: #1d4ed8; color: #ffffff; }}
.copydesk.chat .reply {{ margin: 0 10% 8px 0; padding: 12px 16px 1px; border-radius: 14px 14px 14px 2px; background: #f0f2f5; }}
@media (prefers-color-scheme: dark) {{
body {{ background: #16181d; color: #e6e6e6; }}
.copydesk a {{ color: #93b4ff; }}
.copydesk a.button {{ color: #ffffff; }}
.copydesk .lead, .copydesk .small {{ color: #a6adb7; }}
.copydesk.ad {{ border-color: #3d444d; }}
.copydesk.chat .reply {{ background: #262b33; }}
}}
</style>
</head>
<body>
"""
_END: Final = "</body>\n</html>\n"


def fragment(text: Copy, channel: Channel, links: Links) -> str:
    """The copy as HTML without a head, for a site to put where it shows it.

    Raises:
        CannotRender: It holds a web link that its brief does not allow.
    """
    body = tidy(text.body)
    known = [
        each
        for each in links_in(escape(body))
        if link.normalised(unescape(each)) in links.allowed
    ]
    page = Page("", _NO_FOOTER, cta_label=_LABEL)
    main = page.main(body, links.cta_url, *known)
    head, lead, cta = map(escape, (text.subject, text.preheader, links.cta_url))
    return _FRAGMENTS[channel](_Parts(head, lead, main, cta))


def page(text: Copy, channel: Channel, links: Links) -> str:
    """The fragment with a head and a style of its own, to be opened in a browser.

    Raises:
        CannotRender: It holds a web link that its brief does not allow.
    """
    title = escape(f"{NAMES[channel]}: {text.subject}")
    return f"{_TOP.format(title=title)}{fragment(text, channel, links)}{_END}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a text may lead.

    Attributes:
        allowed: Normalised (`domain.link`).
    """

    cta_url: str
    allowed: frozenset[str]


def links_of(brief: Mapping[str, object]) -> Links:
    """What a brief as JSON allows."""
    cta_url = str(brief["cta_url"])
    given = brief.get("allowed_links")
    others = given if isinstance(given, list) else []
    allowed = frozenset(link.normalised(str(each)) for each in (cta_url, *others))
    return Links(cta_url=cta_url, allowed=allowed)


class _Parts:
    """The three parts, as HTML already, and the link."""

    __slots__ = ("cta", "head", "lead", "main")

    def __init__(self, head: str, lead: str, main: str, cta: str) -> None:
        self.head, self.lead, self.main, self.cta = head, lead, main, cta


def _landing_page(parts: _Parts) -> str:
    lead = f'<p class="lead">{parts.lead}</p>\n' if parts.lead.strip() else ""
    return (
        f'<section class="copydesk landing-page" dir="auto">\n<h1>{parts.head}</h1>\n'
        f"{lead}{parts.main}\n</section>\n"
    )


def _ad(parts: _Parts) -> str:
    return (
        '<aside class="copydesk ad" dir="auto">\n<p class="small">Ad</p>\n'
        f"{parts.main}\n"
        f'<h2><a href="{parts.cta}" rel="sponsored noopener">{parts.head}</a></h2>\n'
        f'<p class="lead">{parts.lead}</p>\n</aside>\n'
    )


def _chat(parts: _Parts) -> str:
    small = f'<p class="small">{parts.lead}</p>\n' if parts.lead.strip() else ""
    return (
        '<section class="copydesk chat" dir="auto">\n'
        f'<p class="asked">{parts.head}</p>\n'
        f'<div class="reply">\n{parts.main}\n</div>\n{small}</section>\n'
    )


_FRAGMENTS: Final[Mapping[Channel, Callable[[_Parts], str]]] = {
    Channel.LANDING_PAGE: _landing_page,
    Channel.AD: _ad,
    Channel.CHAT: _chat,
}
