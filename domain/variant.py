"""A variant of a campaign's copy, and the immutable revisions its text lives in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from domain.campaign import CampaignId
from domain.errors import MoveNotAllowed

VariantId = NewType("VariantId", int)
RevisionId = NewType("RevisionId", int)

MAX_REGENERATIONS: Final = 2
"""How often a hard lint failure is rewritten by itself before a person sees it."""


class VariantState(StrEnum):
    # waiting for the writer
    BRIEFED = "briefed"
    DRAFTED = "drafted"
    LINTED = "linted"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    SHELVED = "shelved"
    # the writer gave up; see `Variant.reason`
    FAILED = "failed"


LIVE_VARIANT: Final = frozenset(
    {
        VariantState.BRIEFED,
        VariantState.DRAFTED,
        VariantState.LINTED,
        VariantState.IN_REVIEW,
        VariantState.APPROVED,
    }
)

_S = VariantState
VARIANT_MOVES: Final[Mapping[VariantState, frozenset[VariantState]]] = {
    _S.BRIEFED: frozenset({_S.DRAFTED, _S.FAILED, _S.REJECTED, _S.SHELVED}),
    _S.DRAFTED: frozenset({_S.DRAFTED, _S.LINTED, _S.BRIEFED, _S.REJECTED, _S.SHELVED}),
    _S.LINTED: frozenset(
        {_S.DRAFTED, _S.BRIEFED, _S.IN_REVIEW, _S.REJECTED, _S.SHELVED}
    ),
    _S.IN_REVIEW: frozenset(
        {_S.DRAFTED, _S.BRIEFED, _S.APPROVED, _S.REJECTED, _S.SHELVED}
    ),
    # approved in one stage, asked again in the next, or edited
    _S.APPROVED: frozenset({_S.IN_REVIEW, _S.DRAFTED, _S.BRIEFED, _S.SHELVED}),
    _S.REJECTED: frozenset(),
    _S.SHELVED: frozenset(),
    _S.FAILED: frozenset({_S.BRIEFED}),
}


def move_variant(state: VariantState, after: VariantState) -> VariantState:
    """Return `after` when the table allows it.

    Raises:
        MoveNotAllowed: The variant cannot go there from `state`.
    """
    if after not in VARIANT_MOVES[state]:
        raise MoveNotAllowed(state, after)
    return after


BRINGS_BACK: Final[Mapping[VariantState, frozenset[VariantState]]] = {
    _S.REJECTED: frozenset({_S.IN_REVIEW}),
    _S.SHELVED: frozenset({_S.BRIEFED, _S.DRAFTED, _S.LINTED}),
}
"""Where an undone decision leads back to; nothing else leads out of an end."""


def bring_back(state: VariantState, after: VariantState) -> VariantState:
    """Return `after` when an undone decision leads there.

    Raises:
        MoveNotAllowed: Undoing a decision cannot have this effect.
    """
    if after not in BRINGS_BACK.get(state, frozenset()):
        raise MoveNotAllowed(state, after)
    return after


class Part(StrEnum):
    """A part of a text, as a stage's scope names it."""

    SUBJECT = "subject"
    PREHEADER = "preheader"
    BODY = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The words of a mail as written: Liquid tokens unresolved."""

    subject: str
    preheader: str
    body: str

    @property
    def sha256(self) -> str:
        """Hash of the exact text an approval binds to."""
        packed = json.dumps([self.subject, self.preheader, self.body])
        return hashlib.sha256(packed.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a revision came to be: the model's call, or the person's edit."""

    # Slack user id of the editor, or None for a writer
    editor: str | None = None
    endpoint: str | None = None
    model: str | None = None
    temperature: float | None = None
    seed: int | None = None
    sources: tuple[str, ...] = ()
    instruction: str | None = None
    is_sample: bool = False
    # the campaign whose copy this is, word by word
    champion_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    id: RevisionId
    variant_id: VariantId
    number: int
    parent_id: RevisionId | None
    text: Copy
    origin: Origin
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    id: VariantId
    campaign_id: CampaignId
    version: int
    # "A", "B", ...
    label: str
    state: VariantState
    revision_id: RevisionId | None
    # automatic rewrites so far, see MAX_REGENERATIONS
    regenerations: int
    # what the person asked for in the rewrite that is under way
    instruction: str | None
    instructed_by: str | None
    # why it failed, was rejected or shelved
    reason: str | None


LABELS: Final = "ABCDEFGH"
