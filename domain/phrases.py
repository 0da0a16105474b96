"""Phrases as a reader sees them in a text, however they are disguised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from domain.folding import Folded, fold

# "act now", "act-now", "act\nnow" and "actnow" are one phrase
_BETWEEN: Final = r"[\s\-_]{0,4}"


def occurrences(
    folded: Folded, phrases: tuple[str, ...]
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each phrase as a reader sees it, with its place in the original."""
    pattern = _pattern(phrases)
    if pattern is None:
        return
    for found in pattern.finditer(folded.text):
        yield " ".join(found[0].split()), folded.span(*found.span())


@lru_cache(maxsize=64)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Build one pattern of all phrases; a closing * allows any ending."""
    each = [_phrase(phrase) for phrase in sorted(phrases, key=len, reverse=True)]
    alternatives = "|".join(filter(None, each))
    return re.compile(alternatives) if alternatives else None


def _phrase(phrase: str) -> str:
    folded = fold(phrase).text.strip()
    words = [re.escape(word) for word in re.split(r"[\s\-_]+", folded.rstrip("*"))]
    body = _BETWEEN.join(filter(None, words))
    if not body:
        return ""
    ending = r"\w*" if folded.endswith("*") else ""
    # a phrase may begin or end in a sign, such as "100%"
    before = r"(?<!\w)" if folded[0].isalnum() else ""
    after = r"(?!\w)" if ending or folded[-1].isalnum() else ""
    return f"{before}{body}{ending}{after}"
