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

from blocks.edit_form import StateValues
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
    options = state_values.get(Field.ANSWERS, {}).get(Field.ANSWERS, {})
    ticked = [
        each.get("value")
        for each in options.get("selected_options") or ()
        if isinstance(each, dict)
    ]
    return frozenset(each for each in Question if each in ticked)


def comment_from(state_values: StateValues) -> str:
    value = state_values.get(Field.COMMENT, {}).get(Field.COMMENT, {}).get("value")
    return value.strip() if isinstance(value, str) else ""
