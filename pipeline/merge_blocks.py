"""Stable blocks: all of a mail but one recipient's values, worked out once for many.

Recipients of whom the same things are known read the same mail around their values. So a
mail is merged once with marks in place of the values and links, cut at the marks, and
kept; for each further recipient the pieces are put together again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

CTA: Final = "https://\uf000"
UNSUBSCRIBE: Final = "https://\uf001"
MOST_VALUES: Final = 100

_FIRST: Final = 0xE000
_MARK: Final = re.compile("https://([\uf000\uf001])|([\ue000-\ue0ff])")
_PRIVATE: Final = re.compile("[\ue000-\uf8ff]")
_BEFORE_A_SCHEME: Final = re.compile("[\ue000-\ue0ff]://")
# Where a link ends in a sentence, and whether a quote ends it, hangs on these; a link
# without them ends alike wherever it stands.
_PLAIN_LINK: Final = re.compile(
    r"https?://[A-Za-z0-9\-._~/?#\[\]@!$&*+,;=%:]*[A-Za-z0-9\-~/#@$&+;=%]"
)
_JOINTS: Final = frozenset(":/-\u2013\u2014\u2192")
"""Characters at a value's edge that a link or a button's label beside it would take in."""


def mark(number: int) -> str:
    """What stands for a value: one character that no text of ours holds."""
    return chr(_FIRST + number)


def can_be_cut(*texts: str) -> bool:
    """Whether nothing in these texts could be taken for a mark."""
    return not any(map(_PRIVATE.search, texts))


def can_be_joined(values: Sequence[str], cta: str, unsubscribe: str) -> bool:
    """Whether these read, between the pieces, as they would in a mail of their own."""
    for value in values:
        if value and (value[0] in _JOINTS or value[-1] in _JOINTS):
            return False
    return (
        _PLAIN_LINK.fullmatch(cta) is not None
        and _PLAIN_LINK.fullmatch(unsubscribe) is not None
        # a paragraph that ends with the call to action becomes a button
        and not unsubscribe.endswith(cta)
    )


class Piece:
    """A text cut at its marks; `fill` puts values there."""

    __slots__ = ("_chosen", "_format")

    def __init__(self, marked: str, values: int) -> None:
        at, texts, chosen = 0, [], []
        for found in _MARK.finditer(marked):
            texts.append(marked[at : found.start()])
            at = found.end()
            chosen.append(
                values + (found[1] == UNSUBSCRIBE[-1])
                if found[1]
                else ord(found[2]) - _FIRST
            )
        texts.append(marked[at:])
        self._format = "%s".join(each.replace("%", "%%") for each in texts)
        self._chosen: Callable[[Sequence[str]], Any] = (
            itemgetter(*chosen) if chosen else _nothing
        )

    def fill(self, values: Sequence[str]) -> str:
        """Put values in, then the call-to-action link, then the unsubscribe link."""
        # str's own formatting, the fastest way to join: it reads only our marks
        return str.__mod__(self._format, self._chosen(values))


def _nothing(_values: Sequence[str]) -> tuple[()]:
    return ()


class Blocks:
    """One mail, cut.

    Attributes:
        joints: Each place where a value meets our words, with enough around it to see
            a word that only the two make together.
        around: Characters of the text part that are not its body, but for the
            unsubscribe link.
    """

    __slots__ = ("around", "html", "joints", "preheader", "subject", "text")

    def __init__(
        self,
        values: int,
        *,
        subject: str,
        preheader: str,
        body: str,
        text: str,
        html: str,
    ) -> None:
        self.subject = Piece(subject, values)
        self.preheader = Piece(preheader, values)
        self.text = Piece(text, values)
        self.html = Piece(html, values)
        self.joints = Piece(_joints(f"{subject}\n{preheader}\n{body}"), values)
        self.around = len(text) - len(body) - len(UNSUBSCRIBE)


_NEAR: Final = 12
"""Longer than any word that is looked for, with the letter on either side of it."""


def _joints(marked: str) -> str:
    """Leave out what is far from a mark, as one letter, so that no new word begins."""
    near, at = [], 0
    for found in _MARK.finditer(marked):
        between = marked[at : found.start()]
        if len(between) > 2 * _NEAR:
            between = f"{between[:_NEAR]}_{between[-_NEAR:]}"
        near.append(f"{between}{found[0]}")
        at = found.end()
    return "".join([*near, marked[at:][:_NEAR]])


def is_safe_to_cut(body: str) -> bool:
    """Whether no value stands where it would be the scheme of a link."""
    return not _BEFORE_A_SCHEME.search(body)
