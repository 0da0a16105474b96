"""What people say about a text: comments, and suggestions of other words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from domain.campaign import CampaignId
from domain.variant import Copy, RevisionId, VariantId

CommentId = NewType("CommentId", int)
SuggestionId = NewType("SuggestionId", int)

COMMENT_MOST: Final = 2000
QUOTE_MOST: Final = 500


class SuggestionState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    # the text it would change was changed otherwise
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Other words for one revision, kept until its owner accepts or declines."""

    id: SuggestionId
    version: int
    campaign_id: CampaignId
    variant_id: VariantId
    # the text it would replace
    revision_id: RevisionId
    author: str
    text: Copy
    comment: str
    state: SuggestionState
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime


def find_quote(text: Copy, quote: str) -> str | None:
    """The words of the text that a quote means, letter for letter; None when absent.

    Space may differ: what people copy from a message has other line ends.
    """
    words = quote.split()
    if not words:
        return None
    pattern = re.compile(r"\s+".join(map(re.escape, words)))
    for part in (text.subject, text.preheader, text.body):
        found = pattern.search(part)
        if found is not None:
            return found[0]
    return None


def comment_problem(comment: str) -> str | None:
    """Why a comment cannot be kept, in a sentence; None when it can."""
    if not comment.strip():
        return "Write a few words, so that the others know what is meant."
    if len(comment.strip()) > COMMENT_MOST:
        return (
            f"A comment has at most {COMMENT_MOST:,} characters;"
            f" this one has {len(comment.strip()):,}."
        )
    return None


def quote_problem(text: Copy, quote: str) -> str | None:
    """Why a quote cannot be kept, in a sentence; None when it can, or is empty."""
    if not quote.strip():
        return None
    if len(quote.strip()) > QUOTE_MOST:
        return f"Quote at most {QUOTE_MOST} characters."
    if find_quote(text, quote) is None:
        return "These words are not in the text. Copy them from it, letter for letter."
    return None
