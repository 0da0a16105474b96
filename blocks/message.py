"""A message, and the few block shapes that every surface is built from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    InteractiveElement,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextQuoteElement,
    RichTextSectionElement,
    SectionBlock,
)
from slack_sdk.models.views import View

from blocks.ids import Action, Callback, Verb, option_value
from blocks.text import plain, truncate, undirected

# Slack: section text 3,000 characters, context elements 10, overflow options 5
SECTION_MOST: Final = 3000
CONTEXT_MOST: Final = 10
OVERFLOW_MOST: Final = 5
_CONTEXT_TEXT_MOST: Final = 1000
_NOTIFICATION_MOST: Final = 400

Runs = Sequence[RichTextElementParts.Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Blocks, and the text that a notification and a screen reader get."""

    text: str
    blocks: list[Block]

    def payload(self) -> dict[str, Any]:
        """The two arguments that `chat.postMessage` and its siblings take.

        Raises:
            slack_sdk.errors.SlackObjectFormationError: A block breaks a limit.
        """
        return {"text": self.text, "blocks": [each.to_dict() for each in self.blocks]}


def message(text: str, blocks: Iterable[Block | None]) -> Message:
    """Build a message, leaving out the parts that are None."""
    kept = [each for each in blocks if each is not None]
    return Message(text=truncate(text, _NOTIFICATION_MOST), blocks=kept)


def said(text: str) -> Message:
    """A message of one paragraph, also its own notification."""
    return message(text, [section(text)])


def mrkdwn(text: str, limit: int = SECTION_MOST) -> MarkdownTextObject:
    """Marked-up text in which only our own tokens act, never a bare @name or #name."""
    return MarkdownTextObject(text=truncate(text, limit), verbatim=True)


def section(
    text: str,
    *,
    accessory: InteractiveElement | None = None,
    block_id: str | None = None,
) -> SectionBlock:
    return SectionBlock(text=mrkdwn(text), accessory=accessory, block_id=block_id)


def fields(*pairs: str) -> SectionBlock:
    """Short texts in two columns, on a phone one below the other."""
    return SectionBlock(fields=[mrkdwn(each, 2000) for each in pairs])


def context(*lines: str) -> ContextBlock | None:
    """Small print; None when there is nothing to say."""
    shown = [each for each in lines if each][:CONTEXT_MOST]
    if not shown:
        return None
    return ContextBlock(elements=[mrkdwn(each, _CONTEXT_TEXT_MOST) for each in shown])


def actions(
    elements: Iterable[InteractiveElement | None], *, block_id: str | None = None
) -> ActionsBlock | None:
    """A row of buttons; None when there are none."""
    shown = [each for each in elements if each is not None]
    return ActionsBlock(elements=shown, block_id=block_id) if shown else None


def button(
    label: str,
    action: Action,
    target: int | None = None,
    *,
    style: str | None = None,
    aloud: str | None = None,
) -> ButtonElement:
    """A button whose value is one id.

    Args:
        label: A verb in sentence case.
        target: The row it acts on; None for a button that acts on nothing yet.
        style: "primary", "danger" or None.
        aloud: What a screen reader says when the label alone is not enough.
    """
    return ButtonElement(
        text=PlainTextObject(text=label, emoji=False),
        action_id=action,
        value=None if target is None else str(target),
        style=style,
        accessibility_label=None if aloud is None else plain(aloud, 75),
    )


def option(text: str, value: str) -> Option:
    """One choice of a menu; Slack shows 75 characters of it."""
    return Option(text=PlainTextObject(text=plain(text, 75), emoji=False), value=value)


def overflow(
    action: Action, options: Iterable[tuple[str, Verb, int]]
) -> OverflowMenuElement | None:
    """The menu behind the three dots: label, verb and id of each option.

    Raises:
        ValueError: More than Slack takes; cutting one would hide what can be done.
    """
    made = [
        option(label, option_value(verb, target)) for label, verb, target in options
    ]
    if len(made) > OVERFLOW_MOST:
        raise ValueError(f"A menu has room for {OVERFLOW_MOST}, not {len(made)}.")
    return OverflowMenuElement(action_id=action, options=made) if made else None


def run(
    text: str, *, bold: bool = False, strike: bool = False
) -> RichTextElementParts.Text:
    """A piece of literal text: nothing in it is ever read as markup."""
    style = {
        name: True for name, is_on in (("bold", bold), ("strike", strike)) if is_on
    }
    return RichTextElementParts.Text(text=undirected(text), style=style or None)


def literal(*rows: Runs) -> RichTextBlock:
    """Lines of literal text."""
    return RichTextBlock(
        elements=[RichTextSectionElement(elements=list(row)) for row in rows]
    )


def quote(runs: Runs) -> RichTextBlock:
    """Literal text set off as a quotation."""
    return RichTextBlock(elements=[RichTextQuoteElement(elements=list(runs))])


def modal(
    *,
    title: str,
    blocks: Iterable[Block | None],
    callback: Callback = Callback.READING,
    submit: str | None = None,
    close: str | None = None,
    target: int | None = None,
) -> View:
    """A modal view; `private_metadata` holds the one id it is about."""
    return View(
        type="modal",
        callback_id=callback,
        title=PlainTextObject(text=plain(title, 24), emoji=False),
        submit=None if submit is None else PlainTextObject(text=submit, emoji=False),
        close=PlainTextObject(
            text=close or ("Cancel" if submit else "Close"), emoji=False
        ),
        blocks=[each for each in blocks if each is not None],
        private_metadata="" if target is None else str(target),
    )
