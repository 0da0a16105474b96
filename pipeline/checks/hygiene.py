"""Characters and markup that readers cannot see, or should not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from domain.folding import is_hidden
from domain.lint import Finding, mark
from domain.variant import Copy
from pipeline.checks.port import LintContext, fields_of

_MARKUP: Final = re.compile(
    r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|<!--|&[a-z]{2,8};", re.IGNORECASE
)
_JOINER: Final = "\u200d"
_PICTURES: Final = frozenset({"So", "Sk", "Mn"})


class Hygiene:
    ids: Final = frozenset({"text.hidden_characters", "text.line_break", "text.markup"})

    def run(self, text: Copy, context: LintContext) -> Iterator[Finding]:
        for field, value in fields_of(text):
            yield from hidden(field, value)
            if field != "body" and ("\n" in value or "\r" in value):
                message = f"The {context.part(field)} must be one line."
                yield mark("text.line_break", field, value, (0, len(value)), message)
            for found in _MARKUP.finditer(value):
                message = "The copy is plain text; readers would see this markup."
                yield mark("text.markup", field, value, found.span(), message)


def hidden(field: str, value: str) -> Iterator[Finding]:
    """Report the first hidden character of a field; one is enough to act on."""
    if value.isascii() and value.isprintable():
        return
    for index, character in enumerate(value):
        if character in "\r\t" or not is_hidden(character):
            continue
        if character == _JOINER and _joins_pictures(value, index):
            continue
        name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
        message = f"There is an invisible character here: {name}."
        yield mark("text.hidden_characters", field, value, (index, index + 1), message)
        return


def _joins_pictures(value: str, index: int) -> bool:
    """Tell whether a joiner stands inside an emoji made of several."""
    if not 0 < index < len(value) - 1:
        return False
    around = (value[index - 1], value[index + 1])
    return all(unicodedata.category(each) in _PICTURES for each in around)
