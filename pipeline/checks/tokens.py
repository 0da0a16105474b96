"""Merge tokens that cannot or may not be filled, and placeholders nobody filled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from domain.lint import Finding, did_you_mean, mark
from domain.personalize import (
    ALLOWED_FILTERS,
    ALLOWED_TAGS,
    CODE,
    Token,
    TokenUse,
    tokens_of,
)
from domain.variant import Copy
from pipeline.checks.port import LintContext, fields_of
from pipeline.merge_reading import TemplateBroken, tokens_used

_TAG: Final = re.compile(r"\{%-?\s*([^\s%-]*)")
_TAG_PARTS: Final = ALLOWED_TAGS | {"elsif", "else", "endif", "endunless"}
_STRAY: Final = re.compile(r"\{\{|\}\}|\{%|%\}")
_PLACEHOLDER: Final = re.compile(
    r"""
    \[(?:your|first|last|full|recipient|company|customer|name|insert|link|sender|
       product|date|cta|url|brand)\b[^\]\n]{0,60}\](?!\()   # [Your Name]
    | \*\|[A-Z_:]+\|\*                                      # *|FNAME|*
    | %[A-Z][A-Z_]{2,30}%                                   # %FIRST_NAME%
    | <<[^<>\n]{1,40}>>
    | \$\{[^{}\n]{1,40}\}
    | (?<![{$])\{[A-Za-z][\w. ]{1,40}\}(?!\})               # {first_name}
    | \blorem\ ipsum\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


class MergeTokens:
    ids: Final = frozenset(
        {
            "token.syntax",
            "token.unknown",
            "token.private",
            "token.fallback_missing",
            "token.filter_not_allowed",
            "token.tag_not_allowed",
            "token.placeholder",
            "token.no_recipient",
        }
    )

    def run(self, text: Copy, context: LintContext) -> Iterator[Finding]:
        """Nothing found means that it renders for everyone, or says for whom not."""
        if not context.channel.is_mailed:
            for field, value in fields_of(text):
                yield from _no_tokens(field, value)
            return
        tokens = tokens_of(context.privacy)
        for field, value in fields_of(text):
            yield from token_findings(field, value, tokens)


def token_findings(
    field: str, text: str, tokens: Mapping[str, Token]
) -> Iterator[Finding]:
    """Check the tokens, tags and unfilled placeholders of one field.

    Args:
        tokens: Those that exist, by path.
    """
    yield from _placeholders(field, text)
    yield from _tags(field, text)
    try:
        uses = tokens_used(text)
    except TemplateBroken as broken:
        at = min(broken.at, len(text))
        end = min(len(text), at + 40)
        yield mark("token.syntax", field, text, (at, end), str(broken))
        return
    for use in uses:
        yield from _use_findings(field, text, use, tokens)


def _no_tokens(field: str, text: str) -> Iterator[Finding]:
    """Whoever sees a page, an ad or a chat is nobody's recipient."""
    message = "Only a mail has recipients to fill this in for; write it out."
    for code in CODE.finditer(text):
        yield mark("token.no_recipient", field, text, code.span(), message)
    yield from _placeholders(field, text)


def _use_findings(
    field: str, text: str, use: TokenUse, tokens: Mapping[str, Token]
) -> Iterator[Finding]:
    start, end = _braces(text, use.start, use.end)
    token = tokens.get(use.path)
    if token is None:
        near = did_you_mean(use.path, tokens)
        shown = use.path[:60]
        message = f"There is no merge token {shown}.{near}"
        yield mark("token.unknown", field, text, (start, end), message)
    elif token.rule is not None and not token.rule.in_text:
        rule = token.rule
        message = (
            f"{use.path} may not appear in a text, nor decide what one says: it is"
            f" {rule.kind}, and kept for this: {rule.purpose}"
        )
        yield mark("token.private", field, text, (start, end), message)
    for name in use.filters:
        if name not in ALLOWED_FILTERS:
            allowed = ", ".join(sorted(ALLOWED_FILTERS))
            message = f"The filter {name} is not allowed; use {allowed}."
            yield mark("token.filter_not_allowed", field, text, (start, end), message)
    if token and token.needs_fallback and _is_bare(use):
        message = (
            f"{use.path} may be empty: write "
            f"{{{{ {use.path} | default: '...' }}}} with default first."
        )
        yield mark("token.fallback_missing", field, text, (start, end), message)


def _is_bare(use: TokenUse) -> bool:
    return use.printed and not use.guarded and not use.fallback


def _tags(field: str, text: str) -> Iterator[Finding]:
    for tag in _TAG.finditer(text):
        if tag[1] not in _TAG_PARTS:
            span = _braces(text, *tag.span())
            name = tag[1][:40] or "(none)"
            message = f"The tag {name} is not allowed; use if or unless."
            yield mark("token.tag_not_allowed", field, text, span, message)


def _placeholders(field: str, text: str) -> Iterator[Finding]:
    prose = CODE.sub(lambda code: " " * len(code[0]), text)
    for stray in _STRAY.finditer(prose):
        yield mark("token.syntax", field, text, stray.span(), "A brace is left over.")
    for found in _PLACEHOLDER.finditer(prose):
        message = f"{found[0][:60]!r} was never filled in."
        yield mark("token.placeholder", field, text, found.span(), message)


def _braces(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a path's span to the braces around it."""
    opened = max(text.rfind("{{", 0, start + 2), text.rfind("{%", 0, start + 2))
    closed = [at for at in (text.find("}}", start), text.find("%}", start)) if at >= 0]
    first = opened if opened >= 0 else min(start, len(text))
    last = min(closed) + 2 if closed else min(max(end, first), len(text))
    return first, max(first, last)
