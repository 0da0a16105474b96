"""Suggesting other words, and the thread's message that lets their owner decide."""

from __future__ import annotations

from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block
from slack_sdk.models.views import View

from blocks.compare import diff
from blocks.edit_form import text_input, text_inputs
from blocks.ids import Action, Callback, Field
from blocks.message import (
    Message,
    actions,
    button,
    context,
    literal,
    message,
    modal,
    run,
    section,
)
from blocks.text import clock, everyone, line, plain, who
from domain.campaign import State
from domain.comment import COMMENT_MOST, SuggestionState
from domain.views import RevisionView, SuggestionView

_LEGEND: Final = "Removed words are struck through, added words are bold."


def form(revision: RevisionView) -> View:
    """The text to change, and why; `private_metadata` is the revision's id."""
    return modal(
        title=f"Suggest for variant {revision.variant_label}",
        blocks=[
            context(
                f"#{revision.campaign_id}, variant {line(revision.variant_label, 5)},"
                f" revision {revision.number}. The brief's author, or a reviewer"
                " who is asked, accepts or declines what you suggest."
            ),
            *text_inputs(revision.text, revision.channel),
            text_input(
                Field.COMMENT,
                "Why?",
                "",
                most=COMMENT_MOST,
                multiline=True,
            ),
        ],
        callback=Callback.SUGGEST_FORM,
        submit="Suggest",
        target=revision.revision_id,
    )


def said(view: SuggestionView) -> Message:
    """The suggestion word by word, with two buttons until it is decided."""
    label = line(view.variant_label, 5)
    head = (
        f"{who(view.author)} suggests other words for *variant {label},"
        f" revision {view.revision_number}*"
    )
    blocks: list[Block | None] = [
        section(head),
        literal([run(view.comment)]),
        *diff(view.before, view.after, view.channel),
        context(_LEGEND),
        section(_standing(view)),
        _buttons(view),
    ]
    text = f"Suggestion for variant {plain(view.variant_label, 5)}: {_aloud(view)}"
    return message(text, blocks)


def _standing(view: SuggestionView) -> str:
    if view.state is SuggestionState.ACCEPTED:
        return f"Accepted by {_who_and_when(view)}. Its words are a revision now."
    if view.state is SuggestionState.DECLINED:
        return f"Declined by {_who_and_when(view)}. The words stay as they are."
    if view.state is SuggestionState.OVERTAKEN:
        return (
            "Overtaken: the text has been changed since. Suggest it again for the"
            " newest revision if it still holds."
        )
    if not _is_decidable(view):
        words = view.campaign_state.replace("_", " ")
        return f"Not decided, and the campaign is {words} now."
    if not view.owners:
        return "Nobody is there to decide: the stage's role has no other holder."
    return f"{everyone(view.owners)}: accept it or decline it."


def _who_and_when(view: SuggestionView) -> str:
    when = f", {clock(view.decided_at)}" if view.decided_at is not None else ""
    return f"{who(view.decided_by or '')}{when}"


def _aloud(view: SuggestionView) -> str:
    if view.state is SuggestionState.OPEN and _is_decidable(view):
        return "accept it or decline it"
    return view.state.replace("_", " ")


def _is_decidable(view: SuggestionView) -> bool:
    return view.campaign_state is State.STAGED_REVIEW


def _buttons(view: SuggestionView) -> ActionsBlock | None:
    if view.state is not SuggestionState.OPEN or not _is_decidable(view):
        return None
    aloud = f"the suggestion for variant {view.variant_label}"
    return actions(
        [
            button(
                "Accept",
                Action.ACCEPT_SUGGESTION,
                view.id,
                style="primary",
                aloud=f"Accept {aloud}",
            ),
            button(
                "Decline",
                Action.DECLINE_SUGGESTION,
                view.id,
                aloud=f"Decline {aloud}",
            ),
        ]
    )
