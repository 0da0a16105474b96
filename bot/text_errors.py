"""What keeps an edited text from being a revision, said at its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from blocks import edit_form
from blocks.ids import Field, body_block
from domain.variant import Copy
from domain.views import RevisionView
from pipeline import merge_reading

_TEXTS: Final[Mapping[str, Callable[[Copy], str]]] = {
    Field.SUBJECT: lambda text: text.subject,
    Field.PREHEADER: lambda text: text.preheader,
    body_block(0): lambda text: text.body,
}


def text_errors(text: Copy, seen: RevisionView) -> dict[str, str]:
    """What keeps an edited text from being a revision, by block id."""
    errors = {
        str(block): words
        for block, words in edit_form.copy_errors(text, seen.channel).items()
    }
    for block, part in _TEXTS.items():
        try:
            merge_reading.tokens_used(part(text))
        except merge_reading.TemplateBroken as broken:
            errors.setdefault(str(block), str(broken))
    if not errors and text.sha256 == seen.text.sha256:
        errors[str(Field.SUBJECT)] = "Nothing was changed yet."
    return errors
