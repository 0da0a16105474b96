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

_GAP: Final = ""
"""No piece is empty."""


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
    shape = _split(texts[0])
    fixed = _fixed(shape)
    for text in texts:
        # mostly its words around the values are those of the mails before
        if _gaps(text, fixed) is None:
            shape = _shared(shape, _split(text))
            fixed = _fixed(shape)
    mark = _mark(texts, name)
    template = [fixed[0]]
    values: list[dict[str, str]] = [{} for _ in texts]
    found = [_gaps(text, fixed) or () for text in texts]
    for gaps, after in zip(zip(*found, strict=True), fixed[1:], strict=True):
        template += [_fill(gaps, values, mark), after]
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


def _fixed(shape: Sequence[str]) -> list[str]:
    """What every text says around its gaps: the first begins it, the last ends it."""
    fixed = [""]
    for piece in shape:
        if piece == _GAP:
            fixed.append("")
        else:
            fixed[-1] += piece
    return fixed


def _gaps(text: str, fixed: Sequence[str]) -> Sequence[str] | None:
    """What a text says between `fixed`, each where it first comes; None: it differs."""
    if len(fixed) == 1:
        return () if text == fixed[0] else None
    first, *middle, last = fixed
    end = len(text) - len(last)
    at = len(first)
    if not (text.startswith(first) and text.endswith(last)):
        return None
    gaps = []
    for each in middle:
        start = text.find(each, at, end)
        if start < 0:
            return None
        gaps.append(text[at:start])
        at = start + len(each)
    if at > end:
        return None
    gaps.append(text[at:end])
    return gaps


def _shared(shape: Sequence[str], own: Sequence[str]) -> list[str]:
    """What of a shape stands in one more text too; a gap where they differ."""
    once = _once(shape) & _once(own)
    place = {piece: index for index, piece in enumerate(own)}
    shared: list[str] = []
    of_shape = of_own = 0
    for index, piece in enumerate([*shape, _GAP]):
        is_end = index == len(shape)
        if not is_end and (piece not in once or place[piece] < of_own):
            continue
        at = len(own) if is_end else place[piece]
        shared += _alike(shape[of_shape:index], own[of_own:at])
        shared += [] if is_end else [piece]
        of_shape, of_own = index + 1, at + 1
    return shared


def _alike(shape: Sequence[str], own: Sequence[str]) -> list[str]:
    """Two stretches as one: how both begin, a gap, and how both end."""
    least = min(len(shape), len(own))
    before = next((n for n in range(least) if shape[n] != own[n]), least)
    if len(shape) == len(own) == before:
        return [*own]
    most = least - before
    after = next((n for n in range(most) if shape[-1 - n] != own[-1 - n]), most)
    return [*own[:before], _GAP, *own[len(own) - after :]]


def _once(pieces: Sequence[str]) -> set[str]:
    seen: set[str] = set()
    again = {_GAP}
    for piece in pieces:
        (again if piece in seen else seen).add(piece)
    return seen - again


def _mark(texts: Sequence[str], name: str) -> str:
    """A tag prefix that stands in none of the texts."""
    salt = 0
    while True:
        digest = hashlib.sha256(f"{name}/{salt}".encode()).hexdigest()[:6]
        mark = f"-{name}{digest}."
        if not any(mark in text for text in texts):
            return mark
        salt += 1
