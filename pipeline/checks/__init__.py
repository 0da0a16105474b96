"""The checks a draft passes through, and how they are run."""

from __future__ import annotations

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


def run_checks(text: Copy, context: LintContext) -> tuple[Finding, ...]:
    """Run every check over a draft; findings come in the order of the registry."""
    seen = Copy(
        subject=text.subject[:MAX_READ],
        preheader=text.preheader[:MAX_READ],
        body=text.body[:MAX_READ],
    )
    return tuple(finding for check in REGISTRY for finding in check.run(seen, context))
