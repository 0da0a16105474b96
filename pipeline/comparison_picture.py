"""Two texts as a picture: two columns, and the words that differ told apart by a line.

What the left side alone has is struck through, what the right side alone has is
underlined. Whatever the texts hold, the picture is of a bounded size, and says so when
something is cut. Letters are drawn in the order they are stored in, from left to right.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from blocks.campaign_progress import lint_words
from blocks.text import undirected
from domain.channel import PARTS
from domain.comparison import Pair, Piece, Same, marked, paired, paragraphs
from domain.views import ColumnView, ComparisonView, FindingLine

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH: Final = 1400
HEIGHT_MOST: Final = 2600
_MARGIN: Final = 36
_GUTTER: Final = 44
_COLUMN: Final = (WIDTH - 2 * _MARGIN - _GUTTER) // 2
_BETWEEN: Final = 16  # pixels between two rows
_FOOT: Final = 40  # pixels kept for the words at the bottom

_LINES_MOST: Final = 24  # of one paragraph, so that others have room as well
_SHORT_MOST: Final = 5  # lines of a subject or a preheader
_FINDINGS_SHOWN: Final = 8
_TITLE_SHOWN: Final = 100
# More characters than fit even when each is as narrow as a full stop.
_TEXT_MOST: Final = 12_000
_MARKS_MOST: Final = 2  # accents on one letter; more would cover the lines around

_INK: Final = "#1d1c1d"
_MUTED: Final = "#565358"
_RULE: Final = "#d9d6dc"
_GONE: Final = "#fbe3e6"
_GONE_INK: Final = "#8f1d2c"
_NEW: Final = "#dff1e4"
_NEW_INK: Final = "#0f5b2a"
_MISSING: Final = "\u25a1"

_LEGEND: Final = (
    "Words that only the left has are struck through, words that only the right has are"
    " underlined. Paragraphs with little in common are shown without marks."
)
_CUT: Final = "The rest is not in this picture; Compare and Read all have it."
_CUT_HERE: Final = "(cut here; Read all has the rest)"
_BOXES: Final = (
    f"{_MISSING} stands for a character that this picture has no letter for."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    text: str
    is_other: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """Words in one hand.

    Attributes:
        pieces: In order; those that the other side lacks are marked.
        hand: A name in `_Hands`.
        lines_most: Lines to draw before it is cut, with words that say so.
    """

    pieces: tuple[Piece, ...]
    hand: str = "body"
    ink: str = _INK
    lines_most: int = _LINES_MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What stands beside each other; with one side only, across both columns."""

    left: tuple[_Text, ...]
    right: tuple[_Text, ...] | None = None
    has_rule: bool = False


def comparison_picture(
    view: ComparisonView, names: Mapping[str, str], *, at: datetime
) -> bytes:
    """Draw a comparison as PNG.

    Args:
        names: Of people, by Slack user id; a picture shows no mention.
        at: When the texts and their notes were read (aware).
    """
    # Imported here, as the fonts' folder is: only this picture needs them.
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy

    hands = _Hands()
    image = Image.new("RGB", (WIDTH, HEIGHT_MOST), "white")
    sheet = _Sheet(draw=ImageDraw.Draw(image), hands=hands)
    notes = _Row(left=_notes(view.left), right=_notes(view.right), has_rule=True)
    sheet.fill(_rows(view, names), above=notes)
    sheet.add(notes)
    bottom = sheet.close(f"As of {at:%d %b %Y %H:%M} UTC")
    packed = BytesIO()
    image.crop((0, 0, WIDTH, bottom)).save(packed, format="PNG", optimize=True)
    return packed.getvalue()


# What is shown -----------------------------------------------------------------------


def _rows(view: ComparisonView, names: Mapping[str, str]) -> Iterator[_Row]:
    title = _one_line(view.title)[:_TITLE_SHOWN]
    yield _Row(
        left=(
            _words(f"#{view.campaign_id} {title}", hand="title"),
            _words(_LEGEND, hand="small", ink=_MUTED),
        )
    )
    a, b = view.left.revision.text, view.right.revision.text
    yield _Row(left=_heading(view.left, names), right=_heading(view.right, names))
    short = _SHORT_MOST
    names = PARTS[view.left.revision.channel]
    heads = (a.subject, b.subject)
    yield _pair(heads, names["subject"], has_rule=True, lines_most=short)
    yield _pair((a.preheader, b.preheader), names["preheader"], lines_most=short)
    for number, each in enumerate(paired(_kept(a.body), _kept(b.body))):
        if isinstance(each, Same):
            yield _same(each, has_rule=number == 0)
        else:
            yield _pair(
                each, names["body"] if number == 0 else "", has_rule=number == 0
            )


def _kept(body: str) -> list[str]:
    return paragraphs(body[:_TEXT_MOST])


def _words(text: str, *, hand: str = "body", ink: str = _INK) -> _Text:
    return _Text(pieces=(Piece(text=text),), hand=hand, ink=ink)


def _heading(column: ColumnView, names: Mapping[str, str]) -> tuple[_Text, ...]:
    revision = column.revision
    hard = sum(each.severity == "hard" for each in revision.findings)
    lint = lint_words(hard, len(revision.findings) - hard)
    origin = revision.origin
    writer = "the sample writer" if origin.is_sample else origin.model or "a model"
    made = f"written by {_one_line(writer)[:60]}"
    if origin.editor:
        made = f"edited by {names.get(origin.editor, 'somebody who has left')}"
    said = f"{lint if column.is_linted else 'being checked'} · {made},"
    return (
        _words(
            f"Variant {_one_line(revision.variant_label)[:5]},"
            f" revision {revision.number}",
            hand="bold",
        ),
        _words(
            f"{said} {revision.created_at:%d %b %Y %H:%M} UTC", hand="small", ink=_MUTED
        ),
    )


def _pair(
    pair: Pair, part: str, *, has_rule: bool = False, lines_most: int = _LINES_MOST
) -> _Row:
    same = ", the same" if part and pair[0] == pair[1] else ""
    above = (_words(f"{part}{same}", hand="small", ink=_MUTED),) if part else ()
    left, right = pair[0][:_TEXT_MOST], pair[1][:_TEXT_MOST]
    sides = marked(left, right) or (_alone(left, right), _alone(right, left))
    a, b = (_Text(pieces=tuple(each), lines_most=lines_most) for each in sides)
    return _Row(left=(*above, a), right=(*above, b), has_rule=has_rule)


def _alone(text: str, other: str) -> list[Piece]:
    nothing = "(not on this side)" if other else "(empty)"
    return [Piece(text=text or nothing)]


def _same(both: Same, *, has_rule: bool) -> _Row:
    above = _words("The same in both", hand="small", ink=_MUTED)
    text = _words("\n\n".join(both.paragraphs), ink=_MUTED)
    return _Row(left=(above, text), right=(above, text), has_rule=has_rule)


def _notes(column: ColumnView) -> tuple[_Text, ...]:
    head = _words("Notes", hand="bold")
    found = column.revision.findings
    if not column.is_linted:
        return head, _words("This text is still being checked.", hand="small")
    if not found:
        return head, _words("Lint found nothing in this text.", hand="small")
    ranked = sorted(found, key=lambda each: each.severity != "hard")
    rows = [_finding(each) for each in ranked[:_FINDINGS_SHOWN]]
    if len(found) > len(rows):
        rows.append(f"{len(found) - len(rows)} more under Read all.")
    return head, *(_words(each, hand="small") for each in rows)


def _finding(each: FindingLine) -> str:
    rank = "Must change" if each.severity == "hard" else "Note"
    quote = _one_line(each.quote)[:120]
    words = f" “{quote}”" if quote else ""
    return f"• {rank}, {each.field[:20]}: {_one_line(each.message)[:250]}{words}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


# How it is drawn ---------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Hand:
    """One font at one size; measures what it draws."""

    font: FreeTypeFont
    letters: frozenset[int]
    leading: int
    widths: dict[str, float] = field(default_factory=dict)
    has_missed: bool = False

    def width(self, text: str) -> float:
        """Pixels; the same words come often."""
        if text not in self.widths:
            self.widths[text] = self.font.getlength(text)
        return self.widths[text]

    def drawable(self, text: str) -> str:
        """Text in letters that the font has, boxes for the rest, no control character."""
        kept: list[str] = []
        marks = 0
        for letter in unicodedata.normalize("NFC", undirected(text)):
            marks = marks + 1 if unicodedata.combining(letter) else 0
            if letter == "\n" or letter in "\t\r\x0b\x0c\u2028\u2029\x85":
                kept.append("\n" if letter != "\t" else " ")
            elif marks <= _MARKS_MOST and not _is_unseen(letter):
                kept.append(self._letter(letter))
        return "".join(kept)

    def _letter(self, letter: str) -> str:
        if ord(letter) in self.letters:
            return letter
        self.has_missed = True
        return _MISSING


def _is_unseen(letter: str) -> bool:
    """Joiners and variation selectors, which shape other letters and are none."""
    return letter in "\u200b\u200c\u200d\ufeff" or "\ufe00" <= letter <= "\ufe0f"


class _Hands:
    """The fonts that come with matplotlib, by what they are for."""

    @cached_property
    def by_name(self) -> Mapping[str, _Hand]:
        return {
            "title": self._hand("DejaVuSans-Bold.ttf", 26, 38),
            "bold": self._hand("DejaVuSans-Bold.ttf", 21, 32),
            "body": self._hand("DejaVuSans.ttf", 20, 31),
            "small": self._hand("DejaVuSans.ttf", 16, 25),
        }

    def _hand(self, file: str, size: int, leading: int) -> _Hand:
        from matplotlib import get_data_path  # noqa: PLC0415 - heavy
        from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - heavy
        from PIL import ImageFont  # noqa: PLC0415 - heavy

        path = str(Path(get_data_path()) / "fonts" / "ttf" / file)
        # without the shaping engine a picture is the same on every machine
        basic = ImageFont.Layout.BASIC
        return _Hand(
            font=ImageFont.truetype(path, size, layout_engine=basic),
            letters=frozenset(FT2Font(path).get_charmap()),
            leading=leading,
        )


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """Takes rows from the top down until it is full."""

    draw: ImageDraw
    hands: _Hands
    y: int = _MARGIN
    bottom: int = HEIGHT_MOST - _MARGIN - _FOOT
    is_cut: bool = False

    def fill(self, rows: Iterator[_Row], *, above: _Row) -> None:
        """Draw rows until only the room is left that the last one takes."""
        whole = self.bottom
        self.bottom -= self._height(above) + 2 * _BETWEEN
        self.is_cut = not all(self.add(row) for row in rows)
        self.bottom = whole

    def _height(self, row: _Row) -> int:
        sides = (row.left, row.right or ())
        return max(
            sum(leading for leading, _ in self._lines(s, _COLUMN)) for s in sides
        )

    def add(self, row: _Row) -> bool:
        """Draw a row; False when not all of it fits."""
        if row.has_rule:
            self.draw.line(
                (_MARGIN, self.y, WIDTH - _MARGIN, self.y), fill=_RULE, width=2
            )
            self.y += _BETWEEN
        top = self.y
        if row.right is None:
            ends = [self._column(row.left, _MARGIN, WIDTH - 2 * _MARGIN, is_left=True)]
        else:
            right = _MARGIN + _COLUMN + _GUTTER
            ends = [
                self._column(row.left, _MARGIN, _COLUMN, is_left=True),
                self._column(row.right, right, _COLUMN, is_left=False),
            ]
        self.y = max([top, *(y for y, _ in ends)]) + _BETWEEN
        return all(is_whole for _, is_whole in ends)

    def close(self, words: str) -> int:
        """Draw the last line; the picture's height."""
        hand = self.hands.by_name["small"]
        missed = any(each.has_missed for each in self.hands.by_name.values())
        said = (_CUT if self.is_cut else "", _BOXES if missed else "", words)
        text = "  ".join(each for each in said if each)
        self.draw.text((_MARGIN, self.y), text, font=hand.font, fill=_MUTED)
        return self.y + hand.leading + _MARGIN // 2

    def _column(
        self, texts: Sequence[_Text], x: int, width: int, *, is_left: bool
    ) -> tuple[int, bool]:
        """Draw texts below each other; where they end, and whether all of them fit."""
        y = self.y
        for leading, (hand, ink, spans) in self._lines(texts, width):
            if y + leading > self.bottom:
                return y, False
            self._line(hand, spans, x, y, ink=ink, is_left=is_left)
            y += leading
        return y, True

    def _lines(
        self, texts: Sequence[_Text], width: int
    ) -> Iterator[tuple[int, tuple[_Hand, str, Sequence[_Span]]]]:
        """Each line's height, and what is on it."""
        for text in texts:
            hand = self.hands.by_name[text.hand]
            for number, spans in enumerate(_wrapped(hand, text.pieces, width)):
                if number == text.lines_most:
                    yield hand.leading, (hand, _MUTED, [_Span(text=_CUT_HERE)])
                    break
                yield hand.leading, (hand, text.ink, spans)

    def _line(
        self,
        hand: _Hand,
        spans: Sequence[_Span],
        x: float,
        y: int,
        *,
        ink: str,
        is_left: bool,
    ) -> None:
        for span in spans:
            end = x + hand.width(span.text)
            if span.is_other:
                self._mark(hand, x, end, y, is_left=is_left)
                ink_here = _GONE_INK if is_left else _NEW_INK
            else:
                ink_here = ink
            self.draw.text((x, y), span.text, font=hand.font, fill=ink_here)
            if span.is_other and is_left:
                # over the letters, as a pen would
                middle = y + hand.leading * 0.42
                self.draw.line((x, middle, end, middle), fill=_GONE_INK, width=2)
            x = end

    def _mark(
        self, hand: _Hand, x: float, end: float, y: int, *, is_left: bool
    ) -> None:
        box = (x, y, end, y + hand.leading - 4)
        self.draw.rectangle(box, fill=_GONE if is_left else _NEW)
        if not is_left:
            under = y + hand.leading - 6
            self.draw.line((x, under, end, under), fill=_NEW_INK, width=2)


def _wrapped(hand: _Hand, pieces: Sequence[Piece], width: int) -> Iterator[list[_Span]]:
    """Lines of spans, each at most as wide as the column."""
    spans: list[_Span] = []
    used = 0.0
    for word, is_other in _parts(hand, pieces):
        if word == "\n":
            yield spans
            spans, used = [], 0.0
            continue
        for part in _broken(hand, word, width):
            size = hand.width(part)
            if used + size > width and spans:
                yield spans
                spans, used = [], 0.0
                if part == " ":
                    continue
            spans.append(_Span(text=part, is_other=is_other))
            used += size
    yield spans


def _parts(hand: _Hand, pieces: Sequence[Piece]) -> Iterator[tuple[str, bool]]:
    """Words, spaces and line ends in order, each with whether it is marked."""
    for piece in pieces:
        for number, row in enumerate(hand.drawable(piece.text).split("\n")):
            if number:
                yield "\n", False
            for at, word in enumerate(row.split(" ")):
                if at:
                    yield " ", piece.is_other
                if word:
                    yield word, piece.is_other


def _broken(hand: _Hand, word: str, width: int) -> Iterator[str]:
    """A word, in pieces when it is wider than the column."""
    if hand.width(word) <= width:
        yield word
        return
    start, used = 0, 0.0
    for at, letter in enumerate(word):
        size = hand.width(letter)
        if used + size > width:
            yield word[start:at]
            start, used = at, 0.0
        used += size
    yield word[start:]
