"""A merged text as a plain-text part and a simple HTML part with the same words."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from domain.personalize import CannotRender, Footer, Profile

# a link inside escaped text ends where an escaped quote or angle begins
_URL: Final = re.compile(r"https?://(?:(?!&quot;|&#x27;|&lt;|&gt;)\S)+", re.IGNORECASE)
_GAP: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_TRAILING: Final = ".,!?:*_]"
_CODE: Final = re.compile(r"\{[{%]")

_TOP: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>"""
_STYLE: Final = """</title>
<style>
body { margin: 0; padding: 24px 16px; background: #ffffff; color: #1f2328; }
main, footer { max-width: 600px; margin: 0 auto; font: 16px/1.5 Arial, Helvetica, sans-serif; overflow-wrap: anywhere; }
p { margin: 0 0 16px; }
a { color: #1d4ed8; }
a.button { display: inline-block; padding: 12px 20px; border-radius: 6px; background: #1d4ed8; color: #ffffff; text-decoration: none; }
footer { border-top: 1px solid #d0d7de; padding-top: 16px; font-size: 13px; color: #57606a; }
@media (prefers-color-scheme: dark) {
body { background: #16181d; color: #e6e6e6; }
a { color: #93b4ff; }
footer { border-color: #3d444d; color: #a6adb7; }
}
</style>
</head>
<body>
<span style="display:none;max-height:0;overflow:hidden;opacity:0" aria-hidden="true">"""
_MAIN: Final = """</span>
<main>
"""
_FOOT: Final = """
</main>
<footer>
<p>{reason}</p>
<p>{sender}</p>
<p><a href="{unsubscribe}">{label}</a></p>
</footer>
</body>
</html>
"""


class Page:
    """The parts of a mail that are the same for every recipient, worked out once."""

    __slots__ = ("_address", "_cta_label", "_foot", "_footer", "_links", "_static")

    def __init__(self, source: str, footer: Footer, *, cta_label: str) -> None:
        self._footer = footer
        self._cta_label = escape(cta_label)
        self._links = frozenset(links_in(escape(source)))
        self._address = ", ".join(
            line.strip() for line in footer.postal_address.splitlines() if line.strip()
        )
        self._foot = (
            _FOOT.replace("{reason}", escape(footer.reason))
            .replace("{sender}", escape(f"{footer.company}, {self._address}"))
            .replace("{label}", escape(footer.unsubscribe_label))
            .split("{unsubscribe}")
        )
        # paragraphs without a token or link read the same in every mail
        self._static = {
            paragraph: _paragraph(paragraph)
            for paragraph in _paragraphs(escape(source))
            if not _CODE.search(paragraph) and "://" not in paragraph
        }

    def parts(
        self, subject: str, preheader: str, body: str, profile: Profile
    ) -> tuple[str, str]:
        """Build the text part and the HTML part of a tidy body.

        Raises:
            CannotRender: The merged text holds a link nobody approved.
        """
        return self._text(body, profile), self._html(subject, preheader, body, profile)

    def _text(self, body: str, profile: Profile) -> str:
        footer = self._footer
        return (
            f"{body}\n\n-- \n{footer.reason}\n{footer.company}, {self._address}\n"
            f"{footer.unsubscribe_label}: {profile.unsubscribe_url}\n"
        )

    def _html(self, subject: str, preheader: str, body: str, profile: Profile) -> str:
        unsubscribe = escape(_web_link(profile.unsubscribe_url))
        main = self.main(body, profile.cta_url, unsubscribe)
        return "".join(
            (
                _TOP,
                escape(subject),
                _STYLE,
                escape(preheader),
                _MAIN,
                main,
                *self._foot[:1],
                unsubscribe,
                *self._foot[1:],
            )
        )

    def main(self, body: str, cta_url: str, *others: str) -> str:
        """The paragraphs of a tidy body: escaped, with no link but approved ones.

        Args:
            others: Links besides the body's own that are known, escaped.

        Raises:
            CannotRender: The text holds a link nobody approved.
        """
        cta = escape(_web_link(cta_url))
        known, static = {cta, *others}, self._static
        blocks = [
            static.get(paragraph) or self._block(paragraph, cta, known)
            for paragraph in _paragraphs(escape(body))
        ]
        return "\n".join(blocks)

    def _block(self, paragraph: str, cta: str, known: set[str]) -> str:
        """Turn one escaped paragraph into HTML; one that is the link, into a button."""
        if "://" not in paragraph:
            return _paragraph(paragraph)
        if paragraph.endswith(cta) and "\n" not in paragraph:
            label = paragraph[: -len(cta)].strip().rstrip(":-\u2013\u2014\u2192 ")
            if "://" not in label:
                return _button(cta, label or self._cta_label)
        return _paragraph(_URL.sub(lambda url: self._anchor(url[0], known), paragraph))

    def _anchor(self, found: str, known: set[str]) -> str:
        for url in (_trimmed(found), found):
            if url in known or url in self._links:
                return f'<a href="{url}">{url}</a>{found[len(url) :]}'
        raise CannotRender("The merged text holds a link nobody approved.")


def tidy(body: str) -> str:
    """Leave one empty line between paragraphs, also where a tag left more."""
    return _GAP.sub("\n\n", body) if "\n\n\n" in body or " \n" in body else body


def _web_link(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise CannotRender("The call-to-action or unsubscribe link is not a web link.")
    return url


def links_in(escaped: str) -> set[str]:
    """The web links of an escaped text, escaped, without the sentence's punctuation."""
    return {_trimmed(found) for found in _URL.findall(escaped)}


def _trimmed(url: str) -> str:
    """Leave the sentence's punctuation out, and a bracket that opens outside."""
    shorter = url.rstrip(_TRAILING)
    if shorter.endswith(")") and shorter.count("(") < shorter.count(")"):
        return _trimmed(shorter[:-1])
    return shorter


def _paragraphs(escaped: str) -> list[str]:
    return [each.strip() for each in escaped.split("\n\n") if each.strip()]


def _paragraph(escaped: str) -> str:
    return f"<p>{escaped.replace(chr(10), '<br/>')}</p>"


def _button(url: str, label: str) -> str:
    return f'<p><a class="button" href="{url}">{label}</a></p>'
