"""People comment on a text, suggest other words, and their owner takes them or not."""

from __future__ import annotations

from domain.campaign import Campaign
from domain.comment import (
    CommentId,
    Suggestion,
    SuggestionId,
    SuggestionState,
    comment_problem,
    find_quote,
    quote_problem,
)
from domain.errors import AlreadyDecided, NotYourTurn, Overtaken, Refused
from domain.variant import Copy, Revision, RevisionId, Variant
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.roles import require_role
from pipeline.record.words import check_changeable, check_in_review, edit
from storage.store import Store

_DONE = {
    SuggestionState.ACCEPTED: "accepted",
    SuggestionState.DECLINED: "declined",
}


def comment(
    store: Store,
    playbook: Playbook,
    revision_id: RevisionId,
    *,
    actor: str,
    quote: str,
    text: str,
    delivery: str,
) -> CommentId:
    """Keep a comment on exactly the text that was seen; anyone with a role may.

    Args:
        quote: The words it is about; empty when it is about the whole text.
        delivery: Slack's id of the submission: a repeat of it keeps nothing new.

    Raises:
        NotYourTurn: The person has no role.
        Refused: Nothing is said, too much is, or the quoted words are not in the text.
    """

    def keep() -> CommentId:
        require_role(playbook.everyone, actor)
        revision = store.variants.revision(revision_id)
        problem = quote_problem(revision.text, quote) or comment_problem(text)
        if problem:
            raise Refused(problem)
        variant = store.variants.get(revision.variant_id)
        campaign = store.campaigns.lock(variant.campaign_id)
        found = find_quote(revision.text, quote) or ""
        key = store.comments.add(
            campaign.id, revision, author=actor, quote=found, text=text.strip()
        )
        store.audit.append(
            campaign.id,
            "commented",
            actor=actor,
            detail={
                **_named(variant, revision),
                "quote": found,
                "comment": text.strip(),
            },
        )
        refresh_card(store, campaign, f"comment{key}")
        return key

    return CommentId(store.inbox.once("comment", delivery, keep))


def suggest(
    store: Store,
    playbook: Playbook,
    revision_id: RevisionId,
    text: Copy,
    *,
    actor: str,
    comment: str,
    delivery: str,
) -> SuggestionId:
    """Propose other words for a text in review; anyone with a role may.

    Args:
        delivery: Slack's id of the submission: a repeat of it keeps nothing new.

    Raises:
        NotYourTurn: The person has no role.
        Overtaken: A newer revision exists.
        Refused: Nothing was changed or said, or the text is not in review.
    """

    def keep() -> SuggestionId:
        require_role(playbook.everyone, actor)
        revision = store.variants.revision(revision_id)
        campaign, variant = check_in_review(store, revision)
        if text == revision.text:
            raise Refused("Nothing was changed, so there is nothing to suggest.")
        problem = comment_problem(comment)
        if problem:
            raise Refused(problem)
        key = store.comments.suggest(
            campaign.id, revision, text, author=actor, comment=comment.strip()
        )
        store.audit.append(
            campaign.id,
            "suggested",
            actor=actor,
            detail={
                **_named(variant, revision),
                "suggestion": key,
                "suggested_text": text.sha256,
                "comment": comment.strip(),
            },
        )
        refresh_card(store, campaign, f"suggestion{key}")
        return key

    return SuggestionId(store.inbox.once("suggestion", delivery, keep))


def accept(
    store: Store, playbook: Playbook, suggestion_id: SuggestionId, *, actor: str
) -> Revision:
    """Make the suggested words the variant's next revision, as an edit does.

    Raises:
        AlreadyDecided: Says who decided, and when.
        Overtaken: The text has changed since it was suggested.
        NotYourTurn: One's own suggestion, or neither author nor asked in this stage.
        Refused: The campaign is not in review.
    """
    suggestion, _campaign, _variant = _decidable(store, playbook, suggestion_id, actor)
    store.comments.decide(suggestion, SuggestionState.ACCEPTED, decided_by=actor)
    return edit(
        store,
        playbook,
        suggestion.revision_id,
        suggestion.text,
        actor=actor,
        suggested_by=suggestion.author,
    )


def decline(
    store: Store, playbook: Playbook, suggestion_id: SuggestionId, *, actor: str
) -> Suggestion:
    """Keep the words as they are.

    Raises:
        AlreadyDecided, Overtaken, NotYourTurn, Refused: As for `accept`.
    """
    suggestion, campaign, variant = _decidable(store, playbook, suggestion_id, actor)
    decided = store.comments.decide(
        suggestion, SuggestionState.DECLINED, decided_by=actor
    )
    revision = store.variants.revision(suggestion.revision_id)
    store.audit.append(
        campaign.id,
        "suggestion_declined",
        actor=actor,
        detail={
            **_named(variant, revision),
            "suggestion": suggestion.id,
            "suggested_by": suggestion.author,
        },
    )
    refresh_card(store, campaign, f"suggestion{decided.id}.{decided.version}")
    return decided


def _decidable(
    store: Store, playbook: Playbook, suggestion_id: SuggestionId, actor: str
) -> tuple[Suggestion, Campaign, Variant]:
    """Lock, re-read, and check that this person may decide this suggestion now."""
    store.campaigns.lock(store.comments.suggestion(suggestion_id).campaign_id)
    suggestion = store.comments.suggestion(suggestion_id)
    if suggestion.state is SuggestionState.OVERTAKEN:
        raise Overtaken(
            "The text has been changed since this was suggested;"
            " suggest it again for the newest revision."
        )
    if suggestion.state is not SuggestionState.OPEN:
        raise _already(suggestion)
    if actor == suggestion.author:
        raise NotYourTurn("You suggested this, so another person has to decide.")
    seen = store.variants.revision(suggestion.revision_id)
    campaign, variant = check_changeable(store, playbook, seen, actor)
    return suggestion, campaign, variant


def _already(suggestion: Suggestion) -> AlreadyDecided:
    at = suggestion.decided_at
    when = f" at <!date^{int(at.timestamp())}^{{time}}|{at:%H:%M} UTC>" if at else ""
    return AlreadyDecided(
        f"This suggestion was already {_DONE[suggestion.state]}"
        f" by <@{suggestion.decided_by}>{when}."
    )


def _named(variant: Variant, revision: Revision) -> dict[str, object]:
    return {"variant": variant.label, "revision": revision.number}
