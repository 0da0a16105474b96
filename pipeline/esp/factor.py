"""Sharing the common text of many finished mails, so that one request carries them.

SendGrid takes one text and one HTML part for all recipients, plus up to 10,000 bytes
of substitutions for each. What all mails of a batch have in common stays in the
shared part; what differs becomes a substitution. Rendering gives back every byte.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# Pieces end after a tag, a line or a word: small enough to keep names apart.
_PIECE: Final = re.compile(r"[^\s<>]*(?:>|\s+|$|(?=<))|<[^\s<>]*\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Factored:
    """A shared template, and for each text what its tags stand for."""

    template: str
    substitutions: tuple[dict[str, str], ...]


def factor(texts: Sequence[str], name: str) -> Factored:
    """Split `texts` into one template and their differences.

    Args:
        name: Goes into the tags; two parts of one request need different names.
    """
    pieces = [_split(text) for text in texts]
    anchors = _anchors(pieces)
    mark = _mark(texts, name)
    template: list[str] = []
    values: list[dict[str, str]] = [{} for _ in texts]
    at = [0] * len(texts)
    for anchor in (*anchors, None):
        ends = [
            len(own) if anchor is None else own.index(anchor, start)
            for own, start in zip(pieces, at, strict=True)
        ]
        gaps = [
            "".join(own[start:end])
            for own, start, end in zip(pieces, at, ends, strict=True)
        ]
        template.append(_fill(gaps, values, mark))
        template.append(anchor or "")
        at = [end + 1 for end in ends]
    return Factored(template="".join(template), substitutions=tuple(values))


def _fill(gaps: Sequence[str], values: Sequence[dict[str, str]], mark: str) -> str:
    """What stands in the template for these gaps."""
    if all(gap == gaps[0] for gap in gaps):
        return gaps[0]
    tag = f"{mark}{len(values[0])}-"
    for own, gap in zip(values, gaps, strict=True):
        own[tag] = gap
    return tag


def _split(text: str) -> list[str]:
    return [piece for piece in _PIECE.findall(text) if piece]


def _anchors(pieces: Sequence[Sequence[str]]) -> list[str]:
    """Pieces that every text has exactly once, and all in the same order."""
    distinct = {tuple(own) for own in pieces}
    common: set[str] | None = None
    for own in distinct:
        once = _once(own)
        common = once if common is None else common & once
    order = [piece for piece in pieces[0] if piece in (common or set())]
    for own in distinct:
        order = _in_order(order, own)
    return order


def _once(own: Sequence[str]) -> set[str]:
    seen: set[str] = set()
    again: set[str] = set()
    for piece in own:
        (again if piece in seen else seen).add(piece)
    return seen - again


def _in_order(order: Sequence[str], own: Sequence[str]) -> list[str]:
    """`order` without the pieces that stand elsewhere in `own`."""
    place = {piece: index for index, piece in enumerate(own)}
    kept: list[str] = []
    last = -1
    for piece in order:
        if place[piece] > last:
            kept.append(piece)
            last = place[piece]
    return kept


def _mark(texts: Sequence[str], name: str) -> str:
    """A tag prefix that stands in none of the texts."""
    salt = 0
    while True:
        digest = hashlib.sha256(f"{name}/{salt}".encode()).hexdigest()[:6]
        mark = f"-{name}{digest}."
        if not any(mark in text for text in texts):
            return mark
        salt += 1
