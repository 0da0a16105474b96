"""What people did in a campaign's thread: undone, assigned, commented, suggested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from blocks import comment_form, notices, pool, suggestion
from blocks.message import Message
from domain.views import CampaignCard, ReviewView, WithdrawnLine
from pipeline.wiring import Deps
from storage import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of the thread.

    Attributes:
        key: Its row in `slack_messages`.
        is_live: Updated when its facts change; else posted once.
    """

    key: str
    message: Message
    is_live: bool = False


def talk(deps: Deps, view: CampaignCard) -> Iterator[Said]:
    """Everything of the kind that may have to be posted or updated."""
    yield from _undone(deps, view)
    yield from _asked(deps, view)
    for each in deps.database.read(queries.comments_to_post, view.id):
        yield Said(key=f"comment:{each.id}", message=comment_form.said(each))
    facts = deps.playbook.view_facts
    for shown in deps.database.read(queries.suggestions_of, view.id, facts):
        yield Said(
            key=f"suggestion:{shown.id}",
            message=suggestion.said(shown),
            is_live=True,
        )


def _undone(deps: Deps, view: CampaignCard) -> Iterator[Said]:
    taken_back = deps.database.read(queries.undone, view.id)
    withdrawn = deps.database.read(queries.withdrawn, view.id) if taken_back else ()
    asked = [
        user
        for each in withdrawn
        for user in _asked_before(deps, view, each)
        if user != view.author
    ]
    for each in taken_back:
        message = notices.undone(each, withdrawn, asked)
        yield Said(key=f"undone:{each.decision_id}", message=message)


def _asked_before(
    deps: Deps, view: CampaignCard, stage: WithdrawnLine
) -> tuple[str, ...]:
    if stage.assignee is not None:
        return (stage.assignee,)
    return deps.playbook.of(view.team).team.holders(stage.role)


def _asked(deps: Deps, view: CampaignCard) -> Iterator[Said]:
    """Who is asked in the open stages since the last change; and when nobody is here."""
    made = deps.database.read(queries.assignments, view.id) if view.reviews else ()
    for review in view.reviews:
        changes = [
            each for each in made if each.stage == review.stage and not each.is_first
        ]
        if changes:
            last = changes[-1]
            yield Said(
                key=f"assigned:{view.id}:{last.seq}",
                message=pool.assigned(
                    view.id, view.title, review, last, now=deps.clock()
                ),
            )
        if review.is_pool_empty:
            yield Said(
                key=f"nobody:{view.id}:{review.stage}",
                message=pool.nobody_here(view.id, view.title, review),
            )


def asked_key(deps: Deps, view: CampaignCard, review: ReviewView) -> str:
    """Reviewers are asked anew after a decision before theirs was taken back."""
    taken_back = deps.database.read(queries.undone, view.id)
    now_open = {each.stage for each in view.reviews}
    again = sum(each.stage not in now_open for each in taken_back)
    return f"asked:{view.id}:{review.stage}" + (f":{again}" if again else "")
