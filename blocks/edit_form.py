"""The three forms about a text: edit it, ask for another, reject it."""

from __future__ import annotations

import re
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks.entered import StateValues, chosen, typed
from blocks.ids import Callback, Field, body_block
from blocks.message import context, modal, option, section
from blocks.text import capital, line, plain, quoted, truncate
from blocks.variant_card import finding
from domain.channel import PARTS, Channel
from domain.rejection import (
    REASON_MOST,
    REASON_WORDS,
    RejectReason,
    code_problem,
    parse_code,
    reason_problem,
)
from domain.variant import Copy
from domain.views import RevisionView

# Slack: plain-text input, 3,000 characters
INPUT_MOST: Final = 3000
# A part is cut here, so that a few words can be added to each.
_PART: Final = 2600
_SUBJECT_MOST: Final = 300
_INSTRUCTION_MOST: Final = 1000
_FINDINGS_SHOWN: Final = 5
_PART_ID: Final = re.compile(
    re.escape(Field.BODY) + r"\.(?P<part>[0-9]+)(?P<border>[a-z]?)"
)
BORDERS: Final = {"p": "\n\n", "l": "\n", "w": " ", "n": ""}
"""What may stand between two parts of a body: paragraph, line, word, nothing."""


def form(revision: RevisionView) -> View:
    """The three parts of one revision; `private_metadata` is its id."""
    blocks: list[Block | None] = [
        context(
            f"#{revision.campaign_id}, variant {line(revision.variant_label, 5)},"
            f" revision {revision.number}. Saving makes revision {revision.number + 1}"
            " or later, checks it again, and asks the reviewers about it."
        ),
        _findings(revision),
        *text_inputs(revision.text, revision.channel),
    ]
    return modal(
        title=f"Edit variant {revision.variant_label}",
        blocks=blocks,
        callback=Callback.EDIT_FORM,
        submit="Save",
        target=revision.revision_id,
    )


def text_inputs(text: Copy, channel: Channel = Channel.EMAIL) -> list[Block]:
    """An input for each part of a text, prefilled; `copy_from` reads them."""
    names = PARTS[channel]
    parts = split(text.body)
    return [
        text_input(Field.SUBJECT, names["subject"], text.subject, most=_SUBJECT_MOST),
        text_input(
            Field.PREHEADER,
            names["preheader"],
            text.preheader,
            most=_SUBJECT_MOST,
            optional=True,
        ),
        *(
            _part(body_block(number, border), names["body"], number, part, len(parts))
            for number, (border, part) in enumerate(parts)
        ),
    ]


def _findings(revision: RevisionView) -> Block | None:
    ranked = sorted(revision.findings, key=lambda each: each.severity != "hard")
    if not ranked:
        return None
    return section("\n".join(finding(each) for each in ranked[:_FINDINGS_SHOWN]))


def text_input(
    field: str,
    label: str,
    value: str,
    *,
    most: int,
    multiline: bool = False,
    optional: bool = False,
    hint: str | None = None,
) -> InputBlock:
    """A box for text, at most `most` characters."""
    return InputBlock(
        block_id=field,
        label=label,
        hint=hint,
        optional=optional,
        element=PlainTextInputElement(
            action_id=field,
            initial_value=truncate(value, most) or None,
            multiline=multiline,
            max_length=most,
        ),
    )


def _part(block_id: str, name: str, number: int, part: str, total: int) -> InputBlock:
    several = f"{name}, part {number + 1} of {total}"
    return text_input(
        block_id,
        name if total == 1 else several,
        part,
        most=INPUT_MOST,
        multiline=True,
        optional=number > 0,
        hint="Slack takes 3,000 characters in one box; the parts become one body again."
        if total > 1 and number == 0
        else None,
    )


def split(body: str) -> list[tuple[str, str]]:
    """Cut a body at paragraph borders into parts that fit one input each.

    Returns:
        Pairs of a letter of `BORDERS`, for what stood before the part ("" before the
        first), and the part. Joined again they are the body, to the letter.
    """
    parts: list[tuple[str, str]] = []
    border = ""
    while len(body) > INPUT_MOST:
        following, at = _cut(body)
        parts.append((border, body[:at]))
        border, body = following, body[at + len(BORDERS[following]) :]
    return [*parts, (border, body)]


def _cut(body: str) -> tuple[str, int]:
    """The border after the last paragraph, line or word that fits, and its index."""
    for letter, border in BORDERS.items():
        at = body.rfind(border, 1, _PART) if border else _PART
        if at > 0:
            return letter, at
    return "n", _PART


def copy_from(state_values: StateValues) -> Copy:
    """Read the submitted text; the body's parts are joined as they were cut."""
    return Copy(
        subject=typed(state_values, Field.SUBJECT).strip(),
        preheader=typed(state_values, Field.PREHEADER).strip(),
        body=_joined(state_values),
    )


def _joined(state_values: StateValues) -> str:
    """Join the parts in order; one that was emptied takes its border with it."""
    found = [match for each in state_values if (match := _PART_ID.fullmatch(each))]
    found.sort(key=lambda match: int(match["part"]))
    body = ""
    for match in found:
        part = typed(state_values, match[0])
        if part:
            body += (BORDERS.get(match["border"], "") if body else "") + part
    return body


def regenerate_form(revision: RevisionView) -> View:
    """Ask the writer for another text, with an instruction."""
    return modal(
        title=f"Regenerate variant {revision.variant_label}",
        blocks=[
            section(
                "The writer gets the brief, this text, what reviewers of this campaign"
                f" rejected and why, and what you write here. Revision {revision.number} stays in the history:"
                f" {quoted(revision.text.subject, 150)}"
            ),
            text_input(
                Field.INSTRUCTION,
                "What should be different?",
                "",
                most=_INSTRUCTION_MOST,
                multiline=True,
                hint="For example: shorter, and name the offer in the first sentence.",
            ),
        ],
        callback=Callback.REGENERATE_FORM,
        submit="Regenerate",
        target=revision.revision_id,
    )


def reject_form(request_id: int, label: str, stage: str) -> View:
    """Ask why, since the author and the writer learn from it."""
    stage_name = plain(stage.replace("_", " "), 40)
    return modal(
        title=f"Reject variant {label}",
        blocks=[
            section(
                f"*{capital(line(stage_name, 40))} review.* Variant {line(label, 5)}"
                " leaves this campaign; the other variants stay."
            ),
            _reason_select(),
            text_input(
                Field.REASON,
                "What exactly is wrong?",
                "",
                most=REASON_MOST,
                multiline=True,
                hint="The author reads this on the card, and the writer with the next"
                " text of this campaign.",
            ),
        ],
        callback=Callback.REJECT_FORM,
        submit="Reject",
        target=request_id,
    )


def _reason_select() -> InputBlock:
    options = [option(capital(words), code) for code, words in REASON_WORDS.items()]
    return InputBlock(
        block_id=Field.REASON_CODE,
        label=PlainTextObject(text="Why is it rejected?", emoji=False),
        element=StaticSelectElement(
            action_id=Field.REASON_CODE,
            placeholder=PlainTextObject(text="Choose a reason", emoji=False),
            options=options,
        ),
    )


def code_from(state_values: StateValues) -> RejectReason | None:
    """The reason chosen in a reject form; None when it is none of ours."""
    return parse_code(chosen(state_values, Field.REASON_CODE))


def reject_errors(state_values: StateValues) -> dict[str, str]:
    """What keeps a rejection from being taken, by block id."""
    problems = {
        Field.REASON_CODE: code_problem(chosen(state_values, Field.REASON_CODE)),
        Field.REASON: reason_problem(typed(state_values, Field.REASON)),
    }
    return {str(field): words for field, words in problems.items() if words}


def instruction_from(state_values: StateValues) -> str:
    """The instruction typed into the regenerate form."""
    return typed(state_values, Field.INSTRUCTION).strip()


def copy_errors(text: Copy, channel: Channel = Channel.EMAIL) -> dict[str, str]:
    """What is missing from a submitted text, by block id; Slack shows it there."""
    names = PARTS[channel]
    errors: dict[str, str] = {}
    if not text.subject:
        errors[Field.SUBJECT] = f"The {names['subject'].lower()} has no words."
    if not text.body.strip():
        errors[body_block(0)] = f"The {names['body'].lower()} has no words."
    return errors
