"""Lengths: what inboxes show, what the brief allows, what Slack can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from domain.lint import Finding, mark
from domain.personalize import CODE
from domain.variant import Copy
from pipeline.checks.port import LintContext

_WORD: Final = re.compile(r"\w[\w'\u2019-]*")


class Lengths:
    ids: Final = frozenset(
        {
            "length.subject_empty",
            "length.subject_long",
            "length.subject_too_long",
            "length.preheader_long",
            "length.preheader_empty",
            "length.body_empty",
            "length.body_too_long",
            "length.words",
            "length.slack_field",
        }
    )

    def run(self, text: Copy, context: LintContext) -> Iterator[Finding]:
        limits = context.policy.limits
        yield from _subject(text.subject, limits)
        yield from _preheader(text.preheader, limits)
        yield from _body(text.body, limits, max_words=context.brief.max_words)


def word_count(text: str) -> int:
    """Count words as a reader sees them; a merge token counts as one."""
    return len(_WORD.findall(CODE.sub(_one_word, text)))


def _one_word(code: re.Match[str]) -> str:
    return " x " if code[0].startswith("{{") else " "


def _shown(text: str) -> int:
    """Count characters with each merge token taken as ten, about a name's length."""
    return len(CODE.sub(lambda c: "x" * 10 if c[0].startswith("{{") else "", text))


def _subject(subject: str, limits: Mapping[str, int]) -> Iterator[Finding]:
    length = _shown(subject)
    soft, hard = limits["subject_soft"], limits["subject_hard"]
    if not subject.strip():
        yield mark(
            "length.subject_empty", "subject", subject, (0, 0), "Write a subject."
        )
    elif length > hard:
        message = f"The subject has about {length} characters; at most {hard} may be."
        yield _over("length.subject_too_long", "subject", subject, hard, message)
    elif length > soft:
        message = (
            f"The subject has about {length} characters; most inboxes show {soft}."
        )
        yield _over("length.subject_long", "subject", subject, soft, message)


def _preheader(preheader: str, limits: Mapping[str, int]) -> Iterator[Finding]:
    length, limit = _shown(preheader), limits["preheader"]
    if not preheader.strip():
        message = "Without a preheader the inbox shows the first words of the body."
        yield mark("length.preheader_empty", "preheader", preheader, (0, 0), message)
    elif length > limit:
        message = f"The preheader has about {length} characters; inboxes show {limit}."
        yield _over("length.preheader_long", "preheader", preheader, limit, message)


def _body(body: str, limits: Mapping[str, int], *, max_words: int) -> Iterator[Finding]:
    words, length = word_count(body), len(body)
    if not words:
        message = "The body has no words, so it says nothing with images off."
        yield mark("length.body_empty", "body", body, (0, 0), message)
    if words > max_words:
        message = f"The body has {words} words; the brief allows {max_words}."
        yield mark("length.words", "body", body, (0, 0), message)
    if length > limits["body"]:
        message = f"The body has {length} characters; at most {limits['body']} may be."
        yield _over("length.body_too_long", "body", body, limits["body"], message)
    if length > limits["slack_field"]:
        message = (
            f"The body has {length} characters; Slack's edit box holds "
            f"{limits['slack_field']}."
        )
        yield _over("length.slack_field", "body", body, limits["slack_field"], message)


def _over(rule: str, field: str, text: str, limit: int, message: str) -> Finding:
    return mark(rule, field, text, (limit, len(text)), message)
