"""What the law asks of a marketing mail, as far as a text can show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from domain.folding import fold
from domain.lint import Finding, mark
from domain.variant import Copy
from pipeline.checks.port import LintContext, fields_of

MIN_ADDRESS: Final = 10
"""Shortest postal address taken for one, in characters."""

_LEAVE: Final = r"(?:unsubscribe|unsubscribing|opt(?:ing)?[\s-]out|leave this list)"
_NO_OPT_OUT: Final = re.compile(
    rf"""
    (?:can\ ?not|can't|cant|may\ not|must\ not|unable\ to|not\ possible\ to
       |impossible\ to|no\ way\ to|not\ allowed\ to|no\ option\ to|do\ not|don't)
       \s+(?:\w+\s+){{0,2}}{_LEAVE}
    |{_LEAVE}\s+(?:is|are|will)\s+(?:not|no\ longer|never|impossible|disabled)
    |reply\ (?:is\ )?required\ to\ {_LEAVE}
    """,
    re.VERBOSE,
)
_FAKE_REPLY: Final = re.compile(r"^\s*(?:re|fwd?|aw|wg)\s*(?:\[\d+\])?:")


class Compliance:
    ids: Final = frozenset(
        {
            "compliance.postal_address",
            "compliance.unsubscribe",
            "compliance.no_opt_out",
            "compliance.fake_reply",
        }
    )

    def run(self, text: Copy, context: LintContext) -> Iterator[Finding]:
        if not context.channel.is_mailed:
            return
        footer = context.footer
        address = footer.postal_address.strip()
        if len(address) < MIN_ADDRESS or not footer.company.strip():
            message = "The brand's footer needs a company and a full postal address."
            yield mark("compliance.postal_address", "footer", "", (0, 0), message)
        if not footer.unsubscribe_label.strip():
            message = "The brand's footer needs words for the unsubscribe link."
            yield mark("compliance.unsubscribe", "footer", "", (0, 0), message)
        for field, value in fields_of(text):
            folded = fold(value)
            for found in _NO_OPT_OUT.finditer(folded.text):
                message = "Every reader can opt out; the text must not deny it."
                span = folded.span(*found.span())
                yield mark("compliance.no_opt_out", field, value, span, message)
        if reply := _FAKE_REPLY.match(fold(text.subject).text):
            message = "The subject must not pretend to answer or forward a mail."
            span = fold(text.subject).span(*reply.span())
            yield mark("compliance.fake_reply", "subject", text.subject, span, message)
