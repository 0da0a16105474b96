"""Phrases that the policy bans or the brief forbids, however they are disguised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.folding import fold
from domain.lint import Finding, mark
from domain.phrases import occurrences
from domain.variant import Copy
from pipeline.checks.port import LintContext, fields_of


class ForbiddenPhrases:
    ids: Final = frozenset({"phrase.banned", "phrase.forbidden_by_brief"})

    def run(self, text: Copy, context: LintContext) -> Iterator[Finding]:
        lists = {
            "phrase.banned": (context.policy.banned_phrases, "The policy bans"),
            "phrase.forbidden_by_brief": (
                context.brief.forbidden_phrases,
                "The brief forbids",
            ),
        }
        for field, value in fields_of(text):
            folded = fold(value)
            for rule, (phrases, who) in lists.items():
                for phrase, (start, end) in occurrences(folded, phrases):
                    message = f'{who} "{phrase}".'
                    yield mark(rule, field, value, (start, end), message)
