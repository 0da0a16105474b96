"""Why a text was rejected: a closed set of reasons, each in words and as a wish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

REASON_MOST: Final = 1000
"""Characters of a reviewer's own words."""


class RejectReason(StrEnum):
    """What a copy desk rejects for; the codes are counted, and kept for good."""

    OFF_BRIEF = "off_brief"
    OFF_BRAND = "off_brand"
    UNSUPPORTED_CLAIM = "unsupported_claim"
    LEGAL = "legal"
    DELIVERABILITY = "deliverability"
    LANGUAGE = "language"
    PRIVACY = "privacy"
    WRITING = "writing"
    OTHER = "other"


REASON_WORDS: Final[Mapping[RejectReason, str]] = {
    RejectReason.OFF_BRIEF: "off brief",
    RejectReason.OFF_BRAND: "off brand or tone",
    RejectReason.UNSUPPORTED_CLAIM: "unsupported claim",
    RejectReason.LEGAL: "legal or compliance",
    RejectReason.DELIVERABILITY: "deliverability risk",
    RejectReason.LANGUAGE: "prohibited or sensitive language",
    RejectReason.PRIVACY: "privacy or personalization",
    RejectReason.WRITING: "quality of writing",
    RejectReason.OTHER: "another reason",
}
"""How people read each code, in the order in which they choose from it."""

WISHES: Final[Mapping[RejectReason, str]] = {
    RejectReason.OFF_BRIEF: "Keep to the brief's objective, audience and key message.",
    RejectReason.OFF_BRAND: "Write in the tone the brief asks for, in a brand's voice.",
    RejectReason.UNSUPPORTED_CLAIM: "Claim only what the brief or a fact says.",
    RejectReason.LEGAL: "Promise nothing, and say no more than the brief allows.",
    RejectReason.DELIVERABILITY: "Avoid what filters take for spam, such as urgency.",
    RejectReason.LANGUAGE: "Avoid forbidden, insensitive and excluding words.",
    RejectReason.PRIVACY: "Use no personal data but the merge tokens, and sparingly.",
    RejectReason.WRITING: "Write plainer and shorter, without errors or clichés.",
    RejectReason.OTHER: "Do not repeat what the reviewer objects to.",
}
"""What a writer is told about each code, in one line of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """What a reviewer rejected, as the next writer is told.

    Attributes:
        label: Letter of the variant that was rejected.
        code: None in a record from before there were codes.
        text: The reviewer's own words.
    """

    label: str
    subject: str
    stage: str
    code: RejectReason | None
    text: str


def parse_code(value: object) -> RejectReason | None:
    """The code that a form sends; None when it is none of ours."""
    if not isinstance(value, str) or value not in list(RejectReason):
        return None
    return RejectReason(value)


def code_problem(value: object) -> str | None:
    """What keeps a choice from being a code, in a sentence; None when nothing does."""
    if parse_code(value) is not None:
        return None
    return "Choose what comes closest; your words say the rest."


def reason_problem(text: str) -> str | None:
    """What keeps words from being a reason, in a sentence; None when nothing does."""
    if not text.strip():
        return "Write a few words, so that the others know what is meant."
    if len(text) > REASON_MOST:
        return f"This has {len(text):,} characters; {REASON_MOST:,} are allowed."
    return None


def worded(code: RejectReason, text: str) -> str:
    """Code and words as one clause, such as "Unsupported claim: no source says so"."""
    words = REASON_WORDS[code]
    return f"{words[:1].upper()}{words[1:]}: {text}"
