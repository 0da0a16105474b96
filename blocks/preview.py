"""Choosing who reads a text, and what was filled in for them."""

from __future__ import annotations

from typing import Final

from slack_sdk.models.blocks import (
    Block,
    EmailInputElement,
    InputBlock,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks.entered import StateValues, typed
from blocks.ids import Action, Callback, Field
from blocks.message import context, modal, option, section
from blocks.text import joined, line
from domain.personalize import Fallback
from domain.preview import BY_ADDRESS, MADE_UP, RECIPIENT, SAMPLED, Preview

AS_WRITTEN: Final = "written"
"""The key of the text with its merge tokens, filled for nobody."""

# short: Slack cuts a menu's label at about 20 letters
_WHO: Final = {
    AS_WRITTEN: "As written",
    **{key: each.label for key, each in MADE_UP.items()},
    **{
        f"{RECIPIENT}{number}": f"Recipient {number} of {SAMPLED}"
        for number in range(1, SAMPLED + 1)
    },
    BY_ADDRESS: "By address",
}
_WHY: Final = {
    Fallback.MISSING: "the list has none",
    Fallback.UNFIT: "their value cannot be printed as it is",
    Fallback.PRIVATE: "privacy.yaml keeps it out of texts",
    Fallback.REGION: "privacy.yaml keeps it out of their region",
    Fallback.RARE: "too few people of the list share their value",
}


def chooser(chosen: str) -> Block:
    """The menu of who reads it; names nobody of the list before they are looked at."""
    options = {key: option(label, key) for key, label in _WHO.items()}
    return section(
        "*Preview as*",
        accessory=StaticSelectElement(
            action_id=Action.PREVIEW_AS,
            placeholder=PlainTextObject(text="Preview as", emoji=False),
            options=list(options.values()),
            # an address can be asked for again only if it is not the choice already
            initial_option=None if chosen == BY_ADDRESS else options[chosen],
        ),
        block_id=Action.PREVIEW_AS,
    )


def address_form(revision_id: int, label: str) -> View:
    """Ask for an address; what takes the form's place does not have it any more."""
    element = EmailInputElement(
        action_id=Field.ADDRESS,
        placeholder=PlainTextObject(text="name@company.com", emoji=False),
        focus_on_load=True,
    )
    block = InputBlock(
        label=PlainTextObject(text="A recipient's address", emoji=False),
        hint=PlainTextObject(
            text="Somebody of this campaign's list. Your look is on the record, without"
            " the address.",
            emoji=False,
        ),
        element=element,
        block_id=Field.ADDRESS,
    )
    return modal(
        title=f"Variant {label}",
        blocks=[block],
        callback=Callback.ADDRESS_FORM,
        submit="Preview",
        target=revision_id,
    )


def address_from(state: StateValues) -> str:
    """What was typed, or nothing."""
    return typed(state, Field.ADDRESS)


def is_known(key: str) -> bool:
    """Whether a menu of ours has that option."""
    return key in _WHO


def about(seen: Preview) -> str:
    """Who reads it: never by address."""
    if not seen.about:
        return "Made up: nobody of the list is shown."
    who = " · ".join(line(each, 80) for each in seen.about)
    if seen.key == BY_ADDRESS:
        return (
            f"A recipient of the list, by address: {who}."
            " Your look is on the record, without the address."
        )
    return f"{_WHO[seen.key]}, drawn from the list: {who}. Your look is on the record."


def account(seen: Preview) -> Block | None:
    """What they read a fallback for, and why."""
    if not seen.account:
        return context("The text fills in nothing of the recipient's.")
    own = [
        f"`{path}`" for path, found in seen.account.items() if not _is_fallback(found)
    ]
    rows = [
        f"• `{path}`: fallback, {_WHY[found]}"
        for path, found in seen.account.items()
        if isinstance(found, Fallback)
    ]
    filled = [f"Filled in: {joined(own)}"] if own else []
    return section("\n".join([*filled, *rows]))


def _is_fallback(found: str | Fallback) -> bool:
    return isinstance(found, Fallback)
