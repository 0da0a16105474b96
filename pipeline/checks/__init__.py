"""The checks a draft passes through, and how they are run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from domain.lint import Finding
from domain.variant import Copy
from pipeline.checks.compliance import Compliance
from pipeline.checks.forbidden import ForbiddenPhrases
from pipeline.checks.grammar import Grammar
from pipeline.checks.hygiene import Hygiene
from pipeline.checks.length import Lengths
from pipeline.checks.links import Links
from pipeline.checks.pii import PersonalData
from pipeline.checks.port import Check, LintContext
from pipeline.checks.tokens import MergeTokens

__all__ = ["REGISTRY", "Check", "LintContext", "run_checks"]

REGISTRY: Final[tuple[Check, ...]] = (
    ForbiddenPhrases(),
    MergeTokens(),
    Links(),
    Lengths(),
    Hygiene(),
    Compliance(),
    PersonalData(),
    Grammar(),
)

MAX_READ: Final = 20_000
"""Characters of a field that are looked at; the length rule stops longer ones."""


MAX_REPEATS: Final = 20
"""Findings of one rule in one field that are kept; more tell nobody more."""


def run_checks(text: Copy, context: LintContext) -> tuple[Finding, ...]:
    """Run every check over a draft; findings come in the order of the registry."""
    seen = Copy(
        subject=text.subject[:MAX_READ],
        preheader=text.preheader[:MAX_READ],
        body=text.body[:MAX_READ],
    )
    found = (finding for check in REGISTRY for finding in check.run(seen, context))
    return tuple(_without_floods(found))


def _without_floods(findings: Iterable[Finding]) -> Iterator[Finding]:
    counts: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        key = (finding.rule, finding.field)
        counts[key] += 1
        if counts[key] <= MAX_REPEATS:
            yield finding
