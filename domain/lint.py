"""What a linter can find, and how a policy turns findings into a decision."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.channel import Channel
from domain.errors import Refused


class Severity(StrEnum):
    """What a finding does to a draft: nothing, a note for the reviewer, a stop."""

    PASS = "pass"  # noqa: S105 - a severity, not a password
    SOFT = "soft"
    HARD = "hard"


_RANK: Final = {Severity.PASS: 0, Severity.SOFT: 1, Severity.HARD: 2}

KNOWN_RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "phrase.banned": "A phrase on the policy's banned list is used.",
        "phrase.forbidden_by_brief": "A phrase the brief forbids is used.",
        "token.syntax": "A merge token or tag is broken.",
        "token.unknown": "A merge token is not one the desk can fill.",
        "token.private": "A field that may not appear in a text is used.",
        "token.fallback_missing": "A token that may be empty has no fallback.",
        "token.filter_not_allowed": "A Liquid filter outside the allowed few is used.",
        "token.tag_not_allowed": "A Liquid tag outside if and unless is used.",
        "token.in_link": "A merge token is built into a link.",
        "token.placeholder": "A placeholder was left unfilled, such as [Your Name].",
        "token.no_recipient": "A merge token is used in copy that is no mail.",
        "link.not_allowed": "A link is not on the brief's list of allowed links.",
        "link.scheme": "A link is not a web link, such as javascript: or data:.",
        "link.insecure": "A link uses http instead of https.",
        "link.userinfo": "A link hides its host behind a user name.",
        "link.ip_host": "A link points at a bare IP address.",
        "link.punycode": "A link's host is in another script or in punycode.",
        "link.malformed": "Something that looks like a link cannot be read as one.",
        "link.too_many": "The mail holds more links than the brief allows.",
        "link.cta_missing": "The call-to-action link is not in the body.",
        "length.subject_empty": "The subject is empty.",
        "length.subject_long": "The subject is cut off in most inboxes.",
        "length.subject_too_long": "The subject is longer than any inbox shows.",
        "length.preheader_long": "The preheader is cut off in most inboxes.",
        "length.preheader_empty": "There is no preheader.",
        "length.body_empty": "The body has no words.",
        "length.body_too_long": "The body is longer than the desk accepts.",
        "length.words": "The body has more words than the brief allows.",
        "length.slack_field": "The body is too long to be edited in Slack.",
        "text.hidden_characters": "Invisible or direction-changing characters.",
        "text.line_break": "The subject or preheader holds a line break.",
        "text.markup": "HTML markup is used, which readers would see as text.",
        "compliance.postal_address": "The footer has no postal address.",
        "compliance.unsubscribe": "The footer has no unsubscribe link.",
        "compliance.no_opt_out": "The text tells people they cannot opt out.",
        "compliance.fake_reply": "The subject pretends to be a reply or a forward.",
        "pii.email": "An email address is written in the text.",
        "pii.phone": "A phone number is written in the text.",
        "pii.card": "A payment card number is written in the text.",
        "pii.iban": "A bank account number (IBAN) is written in the text.",
        "pii.ssn": "A US social security number is written in the text.",
        "grammar.error": "A likely grammar mistake.",
        "grammar.spelling": "A word the dictionary does not know.",
        "grammar.style": "A matter of style or punctuation.",
    }
)
"""Every rule the desk can apply; a policy gives each one of its channel a severity."""

_MAIL_ONLY: Final = frozenset(
    {
        "token.unknown",
        "token.private",
        "token.fallback_missing",
        "token.filter_not_allowed",
        "token.tag_not_allowed",
        "token.in_link",
        "compliance.postal_address",
        "compliance.unsubscribe",
        "compliance.no_opt_out",
        "compliance.fake_reply",
    }
)
_SHOWN_ONLY: Final = frozenset({"token.no_recipient"})


def rules_of(channel: Channel) -> Mapping[str, str]:
    """The rules that make sense for a channel's copy."""
    others = _SHOWN_ONLY if channel.is_mailed else _MAIL_ONLY
    return {rule: said for rule, said in KNOWN_RULES.items() if rule not in others}


KNOWN_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        # most clients show about this much of a subject line
        "subject_soft": 78,
        "subject_hard": 150,
        "preheader": 140,
        "body": 12_000,
        # Slack: plain-text input, 3,000 characters
        "slack_field": 3_000,
        # as many as a brief may allow; the stricter of the two counts
        "words": 2_000,
    }
)
"""Limits, all but the words in characters, that a policy may set; else this is used."""


MAX_QUOTE: Final = 120
"""Longest quote kept with a finding, in characters."""


class PolicyRefused(Refused):
    """A policy file names something that does not exist, or leaves something out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where a rule applies.

    Attributes:
        rule: A key of `KNOWN_RULES`.
        field: "subject", "preheader", "body" or "footer".
        message: One whole sentence for the reviewer and for the writer.
        quote: The text found, at most 120 characters.
        start: Index of the first character in the field, in code points.
        end: Index after the last one; equal to `start` when nothing is marked.
        severity_hint: What the check itself thinks; the policy decides.
    """

    rule: str
    field: str
    message: str
    quote: str = ""
    start: int = 0
    end: int = 0
    severity_hint: Severity = Severity.SOFT


def mark(
    rule: str,
    field: str,
    text: str,
    span: tuple[int, int],
    message: str,
) -> Finding:
    """Make a finding on a span of `text`, kept inside the text and quoted."""
    start = min(max(span[0], 0), len(text))
    end = min(max(span[1], start), len(text))
    return Finding(
        rule=rule,
        field=field,
        message=message,
        quote=text[start:end][:MAX_QUOTE],
        start=start,
        end=end,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which rule stops a draft; `hash` names the exact content."""

    name: str
    version: int
    rules: Mapping[str, Severity]
    limits: Mapping[str, int] = field(default_factory=lambda: KNOWN_LIMITS)
    banned_phrases: tuple[str, ...] = ()
    review_due: date | None = None
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LintVerdict:
    outcome: Severity
    hard: tuple[Finding, ...]
    soft: tuple[Finding, ...]
    policy_version: int
    policy_hash: str


def decide(findings: Iterable[Finding], policy: Policy) -> LintVerdict:
    """Sort findings by the policy's severity; the worst one is the outcome.

    A finding whose rule the policy does not name stops the draft: a rule must
    never fail to apply in silence.
    """
    sorted_out: dict[Severity, list[Finding]] = {each: [] for each in Severity}
    for finding in findings:
        severity = policy.rules.get(finding.rule, Severity.HARD)
        sorted_out[severity].append(finding)
    present = [each for each in Severity if sorted_out[each]]
    return LintVerdict(
        outcome=max(present, key=_RANK.__getitem__, default=Severity.PASS),
        hard=tuple(sorted_out[Severity.HARD]),
        soft=tuple(sorted_out[Severity.SOFT]),
        policy_version=policy.version,
        policy_hash=policy.hash,
    )


def parse_policy(
    raw: Mapping[str, object], known_rules: Mapping[str, str] = KNOWN_RULES
) -> Policy:
    """Read a policy document.

    Raises:
        PolicyRefused: An unknown key, rule, limit or severity, a rule without a
            severity, or a wrong type; all problems are in the message.
    """
    problems = [
        *_unknown("key", raw, _POLICY_KEYS),
        *_rule_problems(raw.get("rules"), known_rules),
        *_limit_problems(raw.get("limits", {})),
        *_head_problems(raw),
    ]
    if problems:
        raise PolicyRefused(" ".join(problems))
    return _build_policy(raw)


_POLICY_KEYS: Final = (
    "name",
    "version",
    "review_due",
    "rules",
    "limits",
    "banned_phrases",
)


def _build_policy(raw: Mapping[str, object]) -> Policy:
    rules, limits = raw["rules"], raw.get("limits", {})
    phrases, due = raw.get("banned_phrases", []), raw.get("review_due")
    name, version = raw["name"], raw["version"]
    if not (
        isinstance(rules, Mapping)
        and isinstance(limits, Mapping)
        and isinstance(phrases, Sequence)
        and isinstance(version, int)
    ):
        raise PolicyRefused("The policy has a part of the wrong type.")
    return Policy(
        name=str(name),
        version=version,
        rules={str(rule): Severity(str(level)) for rule, level in rules.items()},
        limits={**KNOWN_LIMITS, **limits},
        banned_phrases=tuple(str(each) for each in phrases),
        review_due=due if isinstance(due, date) else None,
        hash=content_hash(raw),
    )


def content_hash(raw: Mapping[str, object]) -> str:
    """Hash a document by content, so that comments and key order do not count."""
    packed = json.dumps(raw, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(packed.encode()).hexdigest()


def _head_problems(raw: Mapping[str, object]) -> list[str]:
    problems = []
    if not isinstance(raw.get("name"), str) or not raw.get("name"):
        problems.append("The policy needs a name.")
    version = raw.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        problems.append("The policy needs a version, a whole number from 1.")
    if not isinstance(raw.get("review_due"), date):
        problems.append("The policy needs review_due, a date such as 2027-02-01.")
    phrases = raw.get("banned_phrases", [])
    if not isinstance(phrases, list) or not all(
        isinstance(each, str) and each.strip() for each in phrases
    ):
        problems.append("banned_phrases must be a list of texts.")
    return problems


def _rule_problems(rules: object, known_rules: Mapping[str, str]) -> list[str]:
    if not isinstance(rules, Mapping):
        return ["The policy needs rules, a table of rule id to pass, soft or hard."]
    wrong = [
        f"The rule {rule} must be pass, soft or hard, not {level!r}."
        for rule, level in rules.items()
        if level not in list(Severity)
    ]
    missing = sorted(set(known_rules) - set(rules))
    if missing:
        wrong.append(f"The policy gives no severity to {', '.join(missing)}.")
    return _unknown("rule", rules, tuple(known_rules)) + wrong


def _limit_problems(limits: object) -> list[str]:
    if not isinstance(limits, Mapping):
        return ["limits must be a table of names to whole numbers."]
    wrong = [
        f"The limit {name} must be a whole number of at least 1, not {value!r}."
        for name, value in limits.items()
        if not isinstance(value, int) or isinstance(value, bool) or value < 1
    ]
    return _unknown("limit", limits, tuple(KNOWN_LIMITS)) + wrong


def _unknown(kind: str, given: Iterable[object], known: Sequence[str]) -> list[str]:
    return [
        f"There is no {kind} {name!r}.{did_you_mean(str(name), known)}"
        for name in given
        if name not in known
    ]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Name the nearest known word as a sentence, or nothing when none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""
