"""Grammar and spelling by Harper, a paragraph at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Final

from harper import Language, Linter

from domain.folding import fold
from domain.lint import Finding, mark
from domain.personalize import CODE
from domain.variant import Copy
from pipeline.checks.port import LintContext, fields_of

MAX_PARAGRAPH: Final = 4_000
"""Longest paragraph that is checked, in characters; more is no paragraph."""

_MASKED: Final = re.compile(rf"{CODE.pattern}|https?://\S+|www\.\S+|\S+@\S+\.\S+")
_PARAGRAPH: Final = re.compile(r"[^\n]+(?:\n(?!\s*\n)[^\n]+)*")
_CODE_WORD: Final = re.compile(r"\w*[\d_]\w*|[A-Z]{2,}s?")

# Harper's lint kinds; whatever is not listed is a matter of style
_RULES: Final = {
    "Spelling": "grammar.spelling",
    "Typo": "grammar.error",
    "Grammar": "grammar.error",
    "Agreement": "grammar.error",
    "WordChoice": "grammar.error",
    "Usage": "grammar.error",
    "Repetition": "grammar.error",
    "Eggcorn": "grammar.error",
    "Malapropism": "grammar.error",
    "BoundaryError": "grammar.error",
    "Nonstandard": "grammar.error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    rule: str
    start: int
    end: int
    message: str
    word: str


class Grammar:
    ids: Final = frozenset({"grammar.spelling", "grammar.error", "grammar.style"})

    def run(self, text: Copy, context: LintContext) -> Iterator[Finding]:
        known = context.dictionary | _words(context.brief_words())
        for field, value in fields_of(text):
            for paragraph in _PARAGRAPH.finditer(value):
                if len(paragraph[0]) > MAX_PARAGRAPH:
                    continue
                for hit in _hits(paragraph[0]):
                    if hit.rule == "grammar.spelling" and _is_known(hit.word, known):
                        continue
                    offset = paragraph.start()
                    span = (hit.start + offset, hit.end + offset)
                    yield mark(hit.rule, field, value, span, hit.message)


def _is_known(word: str, known: frozenset[str]) -> bool:
    plain = fold(word).text.removesuffix("'s")
    return plain in known or _CODE_WORD.fullmatch(word) is not None


@lru_cache(maxsize=64)
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w[\w'-]*", fold(text).text))


@lru_cache(maxsize=1)
def _engine() -> tuple[Linter, Lock]:
    """Load Harper on first use, about a second; it cannot be used by two threads."""
    return Linter(), Lock()


def load() -> None:
    """Load Harper and its rules now: seconds of a processor on first use."""
    _hits("It is loaded.")


@lru_cache(maxsize=4096)
def _hits(paragraph: str) -> tuple[_Hit, ...]:
    """Check one paragraph; variants of a brief share many, so results are kept."""
    masks = [found.span() for found in _MASKED.finditer(paragraph)]
    linter, lock = _engine()
    with lock:
        lints = linter.lint(
            _MASKED.sub(_placeholder, paragraph), language=Language.PLAINTEXT
        )
    hits = []
    for each in lints:
        start, end = each.span.start, each.span.end
        if any(start < last and first < end for first, last in masks):
            continue
        hits.append(
            _Hit(
                rule=_RULES.get(each.lint_kind, "grammar.style"),
                start=start,
                end=end,
                message=_message(each.message, each.suggestions),
                word=paragraph[start:end],
            )
        )
    return tuple(hits)


def _placeholder(found: re.Match[str]) -> str:
    """Stand in for a token or link with a name of the same length, a tag with space."""
    if found[0].startswith("{%"):
        return " " * len(found[0])
    return "X" + "x" * (len(found[0]) - 1)


def _message(message: str, suggestions: Sequence[object]) -> str:
    texts = [getattr(each, "replacement_text", "") for each in suggestions[:3]]
    shown = ", ".join(f'"{each}"' for each in texts if each)
    plain = message.replace("`", '"')
    if not shown or all(f'"{each}"' in plain for each in texts if each):
        return plain
    return f"{plain} Try {shown}."
