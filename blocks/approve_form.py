"""The questions a person answers before they approve; with none left there is no form."""

from __future__ import annotations

from typing import Final

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    PlainTextObject,
)
from slack_sdk.models.views import View

from blocks.entered import StateValues, ticked, typed
from blocks.ids import Callback, Field
from blocks.message import modal, section
from blocks.text import capital, line, plain
from domain.checklist import Question, QuestionsOpen

COMMENT_MOST: Final = 1000


TICK_EACH: Final = "Tick each line, or close this and reject or edit the text."


def form(about: QuestionsOpen) -> View:
    """Ask what no machine could answer, below what one did."""
    name, label = plain(about.stage.replace("_", " "), 40), about.label
    machine = [each for each in about.checked if each.evidence is not None]
    asked = [each for each in about.checked if each.evidence is None]
    blocks: list[Block | None] = [
        section(
            f"*{capital(line(name, 40))} review of variant {line(label, 5)}.* Your"
            " answers go on the record with the approval."
        ),
        section(
            "*Already checked*\n"
            + "\n".join(f"• {each.words}. {each.evidence}" for each in machine)
        )
        if machine
        else None,
        InputBlock(
            block_id=Field.ANSWERS,
            label=PlainTextObject(text="What you stand behind", emoji=False),
            element=CheckboxesElement(
                action_id=Field.ANSWERS,
                options=[
                    Option(
                        text=MarkdownTextObject(text=each.words, verbatim=True),
                        value=each.question,
                    )
                    for each in asked
                ],
            ),
        ),
        InputBlock(
            block_id=Field.COMMENT,
            label=PlainTextObject(text="Comment", emoji=False),
            optional=True,
            element=PlainTextInputElement(
                action_id=Field.COMMENT, multiline=True, max_length=COMMENT_MOST
            ),
        ),
    ]
    return modal(
        title=f"Approve variant {label}",
        blocks=blocks,
        callback=Callback.APPROVE_FORM,
        submit=plain(f"Approve {name}", 24),
        target=about.request_id,
    )


def answers_from(state_values: StateValues) -> frozenset[Question]:
    """The questions that were ticked; what is no question of ours is left out."""
    given = [each.get("value") for each in ticked(state_values, Field.ANSWERS)]
    return frozenset(each for each in Question if each in given)


def comment_from(state_values: StateValues) -> str:
    return typed(state_values, Field.COMMENT).strip()
