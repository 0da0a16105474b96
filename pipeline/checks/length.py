"""Lengths: what inboxes show, what the brief allows, what Slack can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from domain.channel import Channel, ad_length
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
        yield from _subject(text.subject, context)
        yield from _preheader(text.preheader, context)
        yield from _body(text.body, context)


def word_count(text: str) -> int:
    """Count words as a reader sees them; a merge token counts as one."""
    return len(_WORD.findall(CODE.sub(_one_word, text)))


def _one_word(code: re.Match[str]) -> str:
    return " x " if code[0].startswith("{{") else " "


def _shown(text: str, channel: Channel) -> int:
    """Characters as a reader sees them; a merge token is taken as ten, as of a name."""
    if channel is Channel.AD:
        return ad_length(text)
    return len(CODE.sub(lambda c: "x" * 10 if c[0].startswith("{{") else "", text))


def _about(channel: Channel) -> str:
    """What a token will be is not known; copy that is no mail has none."""
    return "about " if channel.is_mailed else ""


_CUT_OFF: Final = {Channel.EMAIL: "most inboxes show", Channel.AD: "an ad shows"}
_ELSEWHERE: Final = "readers take in about"


def _subject(subject: str, context: LintContext) -> Iterator[Finding]:
    length, name = _shown(subject, context.channel), context.part("subject")
    limits = context.policy.limits
    soft, hard = limits["subject_soft"], limits["subject_hard"]
    about = _about(context.channel)
    if not subject.strip():
        yield mark(
            "length.subject_empty", "subject", subject, (0, 0), f"Write a {name}."
        )
    elif length > hard:
        message = f"The {name} has {about}{length} characters; at most {hard} may be."
        yield _over("length.subject_too_long", "subject", subject, hard, message)
    elif length > soft:
        shows = _CUT_OFF.get(context.channel, _ELSEWHERE)
        message = f"The {name} has {about}{length} characters; {shows} {soft}."
        yield _over("length.subject_long", "subject", subject, soft, message)


def _preheader(preheader: str, context: LintContext) -> Iterator[Finding]:
    name, limit = context.part("preheader"), context.policy.limits["preheader"]
    length = _shown(preheader, context.channel)
    if not preheader.strip():
        message = (
            "Without a preheader the inbox shows the first words of the body."
            if context.channel.is_mailed
            else f"There is no {name}."
        )
        yield mark("length.preheader_empty", "preheader", preheader, (0, 0), message)
    elif length > limit:
        shows = "inboxes show" if context.channel.is_mailed else "at most"
        about = _about(context.channel)
        message = f"The {name} has {about}{length} characters; {shows} {limit}."
        yield _over("length.preheader_long", "preheader", preheader, limit, message)


def _body(body: str, context: LintContext) -> Iterator[Finding]:
    limits, name = context.policy.limits, context.part("body")
    words, length = word_count(body), len(body)
    if not words:
        so = ", so it says nothing with images off" if context.channel.is_mailed else ""
        message = f"The {name} has no words{so}."
        yield mark("length.body_empty", "body", body, (0, 0), message)
    allowed, by = min((context.brief.max_words, "brief"), (limits["words"], "policy"))
    if words > allowed:
        message = f"The {name} has {words} words; the {by} allows {allowed}."
        yield mark("length.words", "body", body, (0, 0), message)
    if length > limits["body"]:
        message = (
            f"The {name} has {length} characters; at most {limits['body']} may be."
        )
        yield _over("length.body_too_long", "body", body, limits["body"], message)
    if length > limits["slack_field"]:
        message = (
            f"The {name} has {length} characters; Slack's edit box holds "
            f"{limits['slack_field']}."
        )
        yield _over("length.slack_field", "body", body, limits["slack_field"], message)


def _over(rule: str, field: str, text: str, limit: int, message: str) -> Finding:
    return mark(rule, field, text, (limit, len(text)), message)
