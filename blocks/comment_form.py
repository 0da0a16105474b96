"""The form for a comment on a text, and the thread's message about it."""

from __future__ import annotations

from typing import Final

from slack_sdk.models.views import View

from blocks.edit_form import text_input
from blocks.entered import StateValues, typed
from blocks.ids import Callback, Field
from blocks.message import Message, literal, message, modal, quote, run, section
from blocks.text import line, plain, quoted, who
from domain.comment import COMMENT_MOST, QUOTE_MOST, comment_problem, quote_problem
from domain.variant import Copy
from domain.views import CommentLine, RevisionView

_ALOUD_SHOWN: Final = 200


def form(revision: RevisionView) -> View:
    """Which words, and what about them; `private_metadata` is the revision's id."""
    return modal(
        title=f"Comment on variant {revision.variant_label}",
        blocks=[
            section(
                f"#{revision.campaign_id}, revision {revision.number}:"
                f" {quoted(revision.text.subject, 150)}"
            ),
            text_input(
                Field.QUOTE,
                "Which words?",
                "",
                most=QUOTE_MOST,
                multiline=True,
                optional=True,
                hint="Copied from the text; empty when it is about all of it.",
            ),
            text_input(
                Field.COMMENT,
                "Comment",
                "",
                most=COMMENT_MOST,
                multiline=True,
                hint="It appears in the thread and in the campaign's history.",
            ),
        ],
        callback=Callback.COMMENT_FORM,
        submit="Comment",
        target=revision.revision_id,
    )


def quote_from(state_values: StateValues) -> str:
    return typed(state_values, Field.QUOTE).strip()


def comment_from(state_values: StateValues) -> str:
    return typed(state_values, Field.COMMENT).strip()


def errors(state_values: StateValues, text: Copy) -> dict[str, str]:
    """What is wrong with a submitted comment on `text`, by block id."""
    problems = {
        Field.QUOTE: quote_problem(text, quote_from(state_values)),
        Field.COMMENT: comment_problem(comment_from(state_values)),
    }
    return {str(field): words for field, words in problems.items() if words}


def said(comment: CommentLine) -> Message:
    """The thread's message about a comment: the words it is about, then itself."""
    where = (
        f"variant {line(comment.variant_label, 5)}, revision {comment.revision_number}"
    )
    aloud = plain(comment.text, _ALOUD_SHOWN)
    about = quote([run(comment.quote)]) if comment.quote else None
    return message(
        f"Comment on variant {plain(comment.variant_label, 5)}: {aloud}",
        [
            section(f"{who(comment.author)} comments on *{where}*"),
            about,
            literal([run(comment.text)]),
        ],
    )
