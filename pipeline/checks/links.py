"""Links: only those the brief allows, and none that hides where it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from domain import link
from domain.folding import drop_unseen
from domain.lint import Finding, mark
from domain.variant import Copy
from pipeline.checks.port import LintContext, fields_of

# endings that mail clients turn into links by themselves; not a complete list
_ENDINGS: Final = (
    "com|net|org|info|biz|io|ai|app|dev|co|me|us|uk|de|fr|es|it|nl|eu|ru|cn|in|br|ca|au|"
    "ch|at|be|se|no|dk|fi|pl|pt|ie|jp|kr|tr|ua|xyz|top|click|link|site|online|shop|store|"
    "live|page|website|club|vip|icu|tk|ly|gg|tv|cc|to|gl|edu|gov"
)
_FOUND: Final = re.compile(
    rf"""
    (?P<unsafe>\b(?:javascript|vbscript|livescript)\s*:\s*\S{{0,200}}
       |\bdata:[\w/+.-]*[;,]\S{{0,200}}
       |\b(?:mailto|tel|sms|blob|about|intent|cid):[^\s<>"']{{1,200}})
    |(?P<url>\b[a-z][a-z0-9+.\-]{{1,20}}:(?://|\\\\|/)[^\s<>"'{{}}]*)
    |(?P<bare>(?<![@\w.\-])
       (?:www\.[^\s<>"'{{}}@]+
         |(?:\d{{1,3}}\.){{3}}\d{{1,3}}/[^\s<>"'{{}}]*
         |(?:[\w\-]+\.)+(?:{_ENDINGS}|xn--[\w\-]+)(?![\w@\-]|\.\w)(?:[/?:#][^\s<>"'{{}}]*)?))
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TOKEN_LINK: Final = re.compile(r"\{\{-?\s*links\.\w+[^{}]{0,100}\}\}")
_CTA_TOKEN: Final = re.compile(r"\{\{-?\s*links\.cta\s*-?\}\}")
_AFTER_TOKEN: Final = re.compile(r"[\w/?#&=%{-]|\s+\{[{%]-")
# Liquid's dash takes away the space, so that a value stands right behind the link
_BEFORE_TOKEN: Final = re.compile(r"\{[{%]|\s+\{[{%]-")
# {{ person.city }}.example.com, www.{{ person.city }}: a mail program makes them links
_TOKEN_IN_HOST: Final = re.compile(
    rf"(?:\}}\}}|%\}})(?:[\w-]+)?\.(?:[\w-]+\.)*(?:{_ENDINGS})(?![\w@-])"
    r"|\b(?:https?:|www\.)\{[{%]",
    re.IGNORECASE,
)
_TRAILING: Final = ".,;:!?*_)]"


class Links:
    ids: Final = frozenset(
        {
            "link.not_allowed",
            "link.scheme",
            "link.insecure",
            "link.userinfo",
            "link.ip_host",
            "link.punycode",
            "link.malformed",
            "link.too_many",
            "link.cta_missing",
            "token.in_link",
        }
    )

    def run(self, text: Copy, context: LintContext) -> Iterator[Finding]:
        allowed = {link.normalised(each) for each in context.brief.allowed_links}
        allowed.add(link.normalised(context.brief.cta_url))
        for field, value in fields_of(text):
            yield from _field_findings(field, value, allowed)
            if context.channel.is_mailed:
                yield from _tokens_in_links(field, value)
        yield from _whole_body(text.body, context)


def _field_findings(field: str, value: str, allowed: set[str]) -> Iterator[Finding]:
    seen = drop_unseen(value)
    for found in _FOUND.finditer(seen.text):
        url = _trimmed(found[0], allowed)
        span = seen.span(found.start(), found.start() + len(url))
        if found["unsafe"]:
            message = "Only https links may be used."
            yield mark("link.scheme", field, value, span, message)
            continue
        full = url if found["url"] else f"https://{url}"
        wrong = link.problem(full)
        if wrong is not None:
            yield mark(wrong[0], field, value, span, wrong[1])
        if link.normalised(full) not in allowed:
            message = "This link is not on the brief's list of allowed links."
            yield mark("link.not_allowed", field, value, span, message)


def _trimmed(url: str, allowed: set[str]) -> str:
    """Leave the sentence's own punctuation out of a link."""
    return url if link.normalised(url) in allowed else url.rstrip(_TRAILING)


def _tokens_in_links(field: str, value: str) -> Iterator[Finding]:
    message = "A merge token must not be part of a link; use {{ links.cta }} alone."
    for found in _FOUND.finditer(value):
        if found["unsafe"]:
            continue
        if _BEFORE_TOKEN.match(value, found.end()):
            yield mark("token.in_link", field, value, found.span(), message)
    for found in _TOKEN_LINK.finditer(value):
        joins_what_follows = found[0].endswith("-}}") and value[found.end() :].strip()
        if joins_what_follows or _AFTER_TOKEN.match(value, found.end()):
            yield mark("token.in_link", field, value, found.span(), message)
    for found in _TOKEN_IN_HOST.finditer(value):
        yield mark("token.in_link", field, value, found.span(), message)


def _whole_body(body: str, context: LintContext) -> Iterator[Finding]:
    cta = context.brief.cta_url
    urls = [found for found in _FOUND.finditer(body) if not found["unsafe"]]
    count = len(urls) + len(_TOKEN_LINK.findall(body))
    if count > context.brief.max_links:
        yield mark(
            "link.too_many",
            "body",
            body,
            (0, 0),
            f"The {context.part('body')} holds {count} links;"
            f" the brief allows {context.brief.max_links}.",
        )
    is_mail = context.channel.is_mailed
    if cta not in body and not (is_mail and _CTA_TOKEN.search(body)):
        token = ", {{ links.cta }}" if is_mail else ""
        message = (
            f"The {context.part('body')} does not hold the call-to-action link{token}."
        )
        yield mark("link.cta_missing", "body", body, (0, 0), message)
