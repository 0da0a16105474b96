"""The seven questions of a review: what a machine has answered, what a person must."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from domain.channel import Channel
from domain.errors import Refused
from domain.review import RequestId


class Question(StrEnum):
    BRIEF_FIT = "brief_fit"
    BRAND_VOICE = "brand_voice"
    CLAIMS_SOURCED = "claims_sourced"
    NO_PROHIBITED_LANGUAGE = "no_prohibited_language"
    TOKENS_RESOLVE = "tokens_resolve"
    DETECTORS_LOW_RISK = "detectors_low_risk"
    TESTED_IN_CANARY = "tested_in_canary"


WORDS: Final[Mapping[Question, str]] = {
    Question.BRIEF_FIT: "It does what the brief asks for",
    Question.BRAND_VOICE: "It sounds like us",
    Question.CLAIMS_SOURCED: "Every claim in it has a source",
    Question.NO_PROHIBITED_LANGUAGE: "It uses no prohibited language",
    Question.TOKENS_RESOLVE: "Its merge tokens resolve and respect privacy",
    Question.DETECTORS_LOW_RISK: "It does not read like spam, nor like a machine",
    Question.TESTED_IN_CANARY: "A canary tests it before the rest goes out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One question of a stage.

    Attributes:
        evidence: What a machine found, as a sentence; None when a person is asked.
    """

    question: Question
    evidence: str | None

    @property
    def words(self) -> str:
        return WORDS[self.question]


_LINT: Final[Mapping[Question, tuple[tuple[str, ...], str]]] = {
    Question.NO_PROHIBITED_LANGUAGE: (
        ("phrase.",),
        "Lint found no banned phrase, and none that the brief forbids.",
    ),
    Question.TOKENS_RESOLVE: (
        ("token.", "pii."),
        (
            "Lint knows every token, each has its fallback, and no personal data stands"
            " in the text."
        ),
    ),
}
"""Families of rules that answer a question by finding nothing, and their sentence."""

_SHOWN: Final[Mapping[Question, str]] = {
    Question.TOKENS_RESOLVE: (
        "It has no merge tokens, and no personal data stands in the text."
    ),
    Question.TESTED_IN_CANARY: (
        "A few visitors see it first; the rest wait for its verdict."
    ),
}
"""The sentence for copy that is no mail, where it is another."""


def checklist(
    questions: Sequence[Question],
    *,
    rules_found: Collection[str],
    canary: float,
    channel: Channel = Channel.EMAIL,
) -> tuple[Checked, ...]:
    """Answer what a machine can answer, in the given order.

    A finding of a family, however soft, leaves its question to a person.

    Args:
        rules_found: Names of the lint rules that found something in this text.
        canary: Per cent of the list that goes first.
    """
    checked = [
        Checked(question=each, evidence=_evidence(each, rules_found, canary))
        for each in questions
    ]
    if channel.is_mailed:
        return tuple(checked)
    return tuple(
        replace(each, evidence=_SHOWN.get(each.question, each.evidence))
        if each.evidence is not None
        else each
        for each in checked
    )


def _evidence(
    question: Question, rules_found: Collection[str], canary: float
) -> str | None:
    if question is Question.TESTED_IN_CANARY:
        return f"{canary:g} % of the list goes first; the rest waits for its verdict."
    if question not in _LINT:
        return None
    families, sentence = _LINT[question]
    return None if any(rule.startswith(families) for rule in rules_found) else sentence


def unanswered(
    checked: Sequence[Checked], answered: Collection[str]
) -> tuple[Checked, ...]:
    """What a person still has to answer before they can approve."""
    return tuple(
        each
        for each in checked
        if each.evidence is None and each.question not in answered
    )


class QuestionsOpen(Refused):
    """A person has to answer before they can approve.

    Attributes:
        checked: The stage's whole checklist; what has no evidence is asked.
    """

    def __init__(
        self, request_id: RequestId, label: str, stage: str, checked: Sequence[Checked]
    ) -> None:
        self.request_id, self.label, self.stage = request_id, label, stage
        self.checked = tuple(checked)
        super().__init__(
            f"Approving variant {label} in the {stage} stage asks questions that no"
            " machine can answer; press Approve on its card."
        )
