"""Comments on texts, and suggestions of other words."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.campaign import CampaignId
from domain.comment import (
    CommentId,
    Suggestion,
    SuggestionId,
    SuggestionState,
)
from domain.errors import Unknown
from domain.variant import Copy, Revision, RevisionId, VariantId
from storage.repository import Repository
from storage.tables import comments, suggestions

_SUGGESTION: Final = sa.select(suggestions).where(
    suggestions.c.id == sa.bindparam("suggestion_id")
)


def suggestion_from(row: Row[Any]) -> Suggestion:
    return Suggestion(
        id=SuggestionId(row.id),
        version=row.version,
        campaign_id=CampaignId(row.campaign_id),
        variant_id=VariantId(row.variant_id),
        revision_id=RevisionId(row.revision_id),
        author=row.author,
        text=Copy(subject=row.subject, preheader=row.preheader, body=row.body),
        comment=row.comment,
        state=SuggestionState(row.state),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        created_at=row.created_at,
    )


class Comments(Repository):
    def add(
        self,
        campaign_id: CampaignId,
        revision: Revision,
        *,
        author: str,
        quote: str,
        text: str,
    ) -> CommentId:
        return CommentId(
            self._insert(
                comments,
                campaign_id=campaign_id,
                variant_id=revision.variant_id,
                revision_id=revision.id,
                author=author,
                quote=quote,
                text=text,
                created_at=self.now,
            )
        )

    def suggest(
        self,
        campaign_id: CampaignId,
        revision: Revision,
        text: Copy,
        *,
        author: str,
        comment: str,
    ) -> SuggestionId:
        """Keep other words for a revision, open until somebody decides."""
        return SuggestionId(
            self._insert(
                suggestions,
                version=1,
                campaign_id=campaign_id,
                variant_id=revision.variant_id,
                revision_id=revision.id,
                author=author,
                subject=text.subject,
                preheader=text.preheader,
                body=text.body,
                comment=comment,
                state=SuggestionState.OPEN,
                created_at=self.now,
            )
        )

    def suggestion(self, suggestion_id: SuggestionId) -> Suggestion:
        """Read a suggestion.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(_SUGGESTION, suggestion_id=suggestion_id)
        if row is None:
            raise Unknown("There is no such suggestion.")
        return suggestion_from(row)

    def decide(
        self, suggestion: Suggestion, state: SuggestionState, *, decided_by: str
    ) -> Suggestion:
        """Compare-and-swap on the suggestion's own version.

        Raises:
            Overtaken: Somebody decided first.
        """
        return suggestion_from(
            self._swap(
                suggestions,
                suggestion.id,
                suggestion.version,
                state=state,
                decided_by=decided_by,
                decided_at=self.now,
            )
        )

    def overtake(self, variant_id: VariantId) -> int:
        """Close every open suggestion about a text that has changed; how many."""
        return self.connection.execute(
            sa.update(suggestions)
            .where(
                suggestions.c.variant_id == variant_id,
                suggestions.c.state == SuggestionState.OPEN,
            )
            .values(
                state=SuggestionState.OVERTAKEN,
                decided_at=self.now,
                version=suggestions.c.version + 1,
            )
        ).rowcount
