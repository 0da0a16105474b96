"""Text as a reader sees it, with a way back to where each character stood."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

LOOKALIKES: Final[Mapping[str, str]] = {
    # Cyrillic and Greek letters that most fonts draw like Latin ones, lower case
    **dict(zip("абвгеёзікмнорстухуцјѕһԁԛԝ", "a6breezikmhopctyxyujshdqw", strict=True)),
    **dict(zip("αβγεηικνορτυχωϲ", "abyenikvoptuxwc", strict=True)),
    "\u0131": "i",
    "ł": "l",
    "ø": "o",
    "\u3002": ".",
    "\u2024": ".",
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u2018": "'",
    "\u2019": "'",
    "\u02bc": "'",
}
_CAPITALS: Final = str.maketrans(
    # Greek capitals that look like a Latin letter their small form does not
    dict(zip("\u0397\u039c\u039d\u03a5\u0396", "hmnyz", strict=True))
)
UNSEEN: Final = frozenset({"Cf", "Cs", "Mn", "Me"})
"""Unicode categories that are not drawn by themselves: format, surrogate, marks."""

_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs"})
_ALLOWED_CONTROLS: Final = "\n"
_SPACES: Final = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A folded text.

    Attributes:
        text: The folded characters.
        origins: For each of them, the index in the original; ascending.
        length: Length of the original, in code points.
    """

    text: str
    origins: tuple[int, ...] | None
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Turn a span of the folded text into one of the original."""
        if self.origins is None:
            return start, end
        if start >= len(self.origins):
            return self.length, self.length
        last = self.origins[max(start, end - 1)]
        return self.origins[start], last + 1

    def position(self, index: int) -> int:
        """Turn an index of the original into one of the folded text."""
        if self.origins is None:
            return index
        return bisect_right(self.origins, index - 1)


def fold(text: str) -> Folded:
    """Fold case, width, accents, lookalike letters and unseen characters away."""
    if text.isascii():
        return Folded(text=text.lower(), origins=None, length=len(text))
    return _map_characters(text, _fold_character)


def drop_unseen(text: str) -> Folded:
    """Drop only the unseen characters, so that a link reads as a client reads it."""
    if text.isascii():
        return Folded(text=text, origins=None, length=len(text))
    return _map_characters(text, _keep_seen)


def clean(value: str, *, multiline: bool) -> str:
    """Strip control, zero-width and direction characters, and normalise spaces."""
    text = value.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    if not multiline:
        text = text.replace("\n", " ")
    kept = "".join(each for each in text if not is_hidden(each))
    lines = (_SPACES.sub(" ", line).strip() for line in kept.split("\n"))
    return unicodedata.normalize("NFC", "\n".join(lines)).strip()


def is_hidden(character: str) -> bool:
    """Tell whether this is a control, zero-width, direction or broken character."""
    if character in _ALLOWED_CONTROLS:
        return False
    return unicodedata.category(character) in _HIDDEN_CATEGORIES


def _map_characters(text: str, each: Callable[[str], str]) -> Folded:
    out: list[str] = []
    origins: list[int] = []
    for index, character in enumerate(text):
        mapped = each(character)
        out.append(mapped)
        origins.extend([index] * len(mapped))
    return Folded(text="".join(out), origins=tuple(origins), length=len(text))


def _keep_seen(character: str) -> str:
    return "" if unicodedata.category(character) in {"Cf", "Cs"} else character


def _fold_character(character: str) -> str:
    kept = [
        LOOKALIKES.get(part, part)
        for part in unicodedata.normalize("NFKD", character)
        .translate(_CAPITALS)
        .casefold()
        if unicodedata.category(part) not in UNSEEN
    ]
    return "".join(kept)
