from __future__ import annotations

import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from domain.views import Point
from pipeline.plot import Mark, canary_plot

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def make_points(count: int, *, every: timedelta = timedelta(minutes=8)) -> list[Point]:
    return [
        Point(
            at=START + every * i,
            delivered=40 * i,
            clicks=i // 2,
            complaints=i // 4,
            unsubscribes=i // 9,
        )
        for i in range(count)
    ]


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("count", [0, 1, 2, 31])
def test_a_canary_of_any_length_is_drawn(count: int) -> None:
    png = canary_plot(make_points(count), breach_at=3, title="Autumn", age="as of now")
    assert size(png) == (960, 480)


def test_a_dollar_sign_in_a_title_is_text_and_no_formula() -> None:
    marks = [Mark(at=START + timedelta(hours=1), label="$x^ by Ada")]
    canary_plot(
        make_points(12), breach_at=None, marks=marks, title="$5 off, \\bad_{", age="$"
    )


def test_the_same_numbers_give_the_same_picture() -> None:
    first, second = (
        canary_plot(make_points(9), breach_at=3, title="Autumn", age="as of now")
        for _ in range(2)
    )
    assert first == second


def test_importing_the_module_does_not_load_matplotlib() -> None:
    code = "import sys, pipeline.plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
