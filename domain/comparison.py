"""Two texts beside each other: which paragraphs belong together, which words differ."""

from __future__ import annotations

import difflib
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final

from domain.variant import RevisionId

# Below this share of equal words two paragraphs are two texts, and marking every word
# of both would mark nothing.
_ALIKE: Final = 0.3
_PARTS: Final = re.compile(r"\s+|\S+")
_WORK_MOST: Final = 2_000_000
"""Pairs of equal words looked at, about a third of a second; a long mail takes a tenth."""

Pair = tuple[str, str]


class Matcher(difflib.SequenceMatcher[str]):
    """Finds what two texts have in common, in bounded time whatever they hold.

    Plain `difflib` takes a minute for two thousand words that repeat each other. What
    was not looked at when the work is used up counts as different.
    """

    def __init__(self, a: Sequence[str], b: Sequence[str]) -> None:
        super().__init__(a=a, b=b, autojunk=False)
        self._left, self._right = a, b
        self._found: list[difflib.Match] | None = None

    def get_matching_blocks(self) -> list[difflib.Match]:
        if self._found is None:
            self._found = [*_joined(sorted(self._find())), self._end()]
        return self._found

    def _end(self) -> difflib.Match:
        return difflib.Match(len(self._left), len(self._right), 0)

    def _find(self) -> Iterator[difflib.Match]:
        places = self.b2j  # type: ignore[attr-defined]  # documented, but not in its stub
        work = [0, *accumulate(1 + len(places.get(each, ())) for each in self._left)]
        left, whole = _WORK_MOST, (0, len(self._left), 0, len(self._right))
        if work[-1] > left:
            head, tail = _ends(self._left, self._right)
            yield difflib.Match(0, 0, head)
            yield difflib.Match(len(self._left) - tail, len(self._right) - tail, tail)
            whole = (head, len(self._left) - tail, head, len(self._right) - tail)
        waiting = deque([whole])
        while waiting:
            a_from, a_to, b_from, b_to = waiting.popleft()
            left -= work[a_to] - work[a_from]
            if left < 0:
                return
            match = self.find_longest_match(a_from, a_to, b_from, b_to)
            if match.size:
                yield match
                waiting.append((a_from, match.a, b_from, match.b))
                waiting.append((match.a + match.size, a_to, match.b + match.size, b_to))


def _ends(a: Sequence[str], b: Sequence[str]) -> tuple[int, int]:
    """How many items both begin with, and end with besides."""
    shorter = min(len(a), len(b))
    head = next((at for at in range(shorter) if a[at] != b[at]), shorter)
    rest = shorter - head
    return head, next((at for at in range(rest) if a[-1 - at] != b[-1 - at]), rest)


def _joined(matches: Sequence[difflib.Match]) -> Iterator[difflib.Match]:
    """Matches without gaps between them as one; none is empty."""
    a, b, size = 0, 0, 0
    for each in matches:
        if (a + size, b + size) == (each.a, each.b):
            size += each.size
            continue
        if size:
            yield difflib.Match(a, b, size)
        a, b, size = each
    if size:
        yield difflib.Match(a, b, size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of one side's text.

    Attributes:
        is_other: The other side does not have these words.
    """

    text: str
    is_other: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedComparison:
    """A comparison that somebody has put in the campaign's thread."""

    left: RevisionId
    right: RevisionId
    actor: str
    at: datetime

    @property
    def key(self) -> str:
        """Its row in `slack_messages`: the two columns, whoever wanted them."""
        return f"comparison:{self.left}:{self.right}"


def paragraphs(body: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", body) if part.strip()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """Paragraphs that are equal on both sides."""

    paragraphs: tuple[str, ...]


def paired(left: Sequence[str], right: Sequence[str]) -> Iterator[Pair | Same]:
    """Paragraphs beside each other; a side without one has an empty text."""
    matcher = Matcher(left, right)
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if tag == "equal":
            yield Same(paragraphs=tuple(left[a_from:a_to]))
            continue
        olds, news = left[a_from:a_to], right[b_from:b_to]
        for at in range(max(len(olds), len(news))):
            yield "".join(olds[at : at + 1]), "".join(news[at : at + 1])


def marked(left: str, right: str) -> tuple[list[Piece], list[Piece]] | None:
    """Both sides, with the words told apart that the other one does not have.

    Returns:
        None when they have too little in common for marks to help.
    """
    a, b = left.split(), right.split()
    matcher = Matcher(a, b)
    if not a or not b or matcher.ratio() < _ALIKE:
        return None
    blocks = matcher.get_matching_blocks()
    same_a = {at for m in blocks for at in range(m.a, m.a + m.size)}
    same_b = {at for m in blocks for at in range(m.b, m.b + m.size)}
    return _pieces(left, same_a), _pieces(right, same_b)


def _pieces(text: str, same: set[int]) -> list[Piece]:
    """Stretches that are the same or not; one that is not never spans lines."""
    pieces: list[Piece] = []
    kept, is_other, at = "", False, -1
    last = len(text.split()) - 1
    for part in _PARTS.findall(text):
        if part.isspace():
            ends = at == last or at + 1 in same or "\n" in part
            turns = is_other and ends
        else:
            at += 1
            turns = is_other is not (at not in same)
        if turns:
            pieces.append(Piece(text=kept, is_other=is_other))
            kept, is_other = "", not is_other
        kept += part
    return [
        each for each in (*pieces, Piece(text=kept, is_other=is_other)) if each.text
    ]
