from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from domain.variant import Copy
from domain.views import ComparisonView
from pipeline.comparison_picture import HEIGHT_MOST, WIDTH, comparison_picture
from tests.blocks.home_states import make_column, make_comparison
from tests.blocks.views import HARD, HOSTILE, TEXT, make_revision

AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
NAMES = {"U0COPYONE": "cleo"}


def drawn(left: Copy, right: Copy, **changes: object) -> bytes:
    return comparison_picture(compared(left, right, **changes), NAMES, at=AT)


def compared(left: Copy, right: Copy, **changes: object) -> ComparisonView:
    return make_comparison(
        left=make_column(revision=make_revision(text=left, revision_id=61)),
        right=make_column(revision=make_revision(text=right, revision_id=72)),
        **changes,
    )


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def colours(png: bytes) -> set[object]:
    with Image.open(BytesIO(png)) as image:
        return {each for _, each in image.getcolors(maxcolors=1 << 20) or []}


def test_the_same_comparison_is_the_same_picture() -> None:
    changed = replace(TEXT, subject="Still thinking about your demo?")
    assert drawn(TEXT, changed) == drawn(TEXT, changed)
    assert drawn(TEXT, changed) != drawn(changed, TEXT)
    assert size(drawn(TEXT, changed))[0] == WIDTH


def test_what_differs_is_marked_and_what_is_the_same_is_not() -> None:
    struck, underlined = (143, 29, 44), (15, 91, 42)
    same = colours(drawn(TEXT, TEXT))
    assert not same & {struck, underlined}
    other = colours(drawn(TEXT, replace(TEXT, subject="Still thinking the demo?")))
    assert other >= {struck, underlined}


@pytest.mark.parametrize(
    "text",
    [
        "W" * 3000,
        "word " * 3000,
        "\n" * 2000,
        "line\n\n" * 2000,
        HOSTILE,
        "\x00\x07\x1b[31m \u202eevil\u202c",
        "שלום עולם " * 100,
        "日本語" * 500,
        "🎉👩\u200d👩\u200d👧 z" + "\u0335\u0336" * 500,
        "$x^2$ \\frac {{ token }} {% if %}",
        "",
    ],
)
def test_any_text_makes_a_picture_of_a_bounded_size(text: str) -> None:
    left = Copy(subject=text, preheader=text, body=text)
    right = Copy(subject=text + " x", preheader="", body=f"{text} {text}y")
    png = drawn(left, right, title=text or "-")
    width, height = size(png)
    assert width == WIDTH
    assert height <= HEIGHT_MOST
    assert len(png) < 1_000_000


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=600), st.text(max_size=600))
def test_no_two_texts_stop_it(left: str, right: str) -> None:
    a = Copy(subject=left, preheader=right, body=right)
    b = Copy(subject=right, preheader=left, body=left)
    assert size(drawn(a, b))[1] <= HEIGHT_MOST


def test_notes_are_drawn_below_a_text_that_is_cut() -> None:
    long = replace(TEXT, body="\n\n".join(f"Paragraph {n} " * 40 for n in range(99)))
    other = replace(long, body=long.body.replace("Paragraph", "Section"))
    bare = compared(long, other)
    noted = replace(
        bare,
        left=replace(
            bare.left, revision=replace(bare.left.revision, findings=(HARD,) * 9)
        ),
    )
    first, second = (comparison_picture(each, NAMES, at=AT) for each in (bare, noted))
    # both are full, and the notes took their room from the text
    assert abs(size(first)[1] - size(second)[1]) < 80
    assert first != second


def test_nothing_heavy_is_imported_before_a_picture_is_drawn() -> None:
    probe = (
        "import sys, pipeline.comparison_picture\n"
        "print([m for m in ('PIL', 'matplotlib') if m in sys.modules])"
    )
    found = subprocess.run(  # our own words
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
