"""Merge tokens that cannot be filled, and placeholders nobody filled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.lint import Finding
from domain.variant import Copy
from pipeline.checks.port import LintContext, fields_of
from pipeline.merge import token_findings


class MergeTokens:
    ids: Final = frozenset(
        {
            "token.syntax",
            "token.unknown",
            "token.fallback_missing",
            "token.filter_not_allowed",
            "token.tag_not_allowed",
            "token.placeholder",
        }
    )

    def run(self, text: Copy, _context: LintContext) -> Iterator[Finding]:
        for field, value in fields_of(text):
            yield from token_findings(field, value)
