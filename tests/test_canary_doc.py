"""docs/canary.md says what the judge does; `python -m tests.test_canary_doc` writes it."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from cli import canary_tables
from cli.canary import play
from pipeline.canary_simulation import HEARD, Setting, alone, ladder
from pipeline.playbook_canary import CanaryFile, load_canary
from pipeline.playbook_values import read

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "canary.md"
BEGIN, END = "<!-- tables:begin -->\n", "<!-- tables:end -->"
RUNS, FEW = 40_000, 4_000


def shipped(runs: int) -> tuple[CanaryFile, Setting]:
    file = load_canary(read(ROOT / "playbook" / "canary.yaml"), 1)
    return file, Setting(policy=file.policy, runs=runs, seed=1, heard=HEARD)


def written() -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(BEGIN)[2].partition(END)[0]


def cells(first: str, second: str = "") -> list[str]:
    """The cells of the row that begins so."""
    head = f"| {first} | {second} |" if second else f"| {first} |"
    (row,) = (line for line in written().splitlines() if line.startswith(head))
    return [cell.strip() for cell in row.strip("|").split("|")]


def share(cell: str) -> float:
    return float(cell.removesuffix(" %")) / 100


def near(one: float, other: float) -> bool:
    middle = min(max((one + other) / 2, 1 / FEW), 1 - 1 / FEW)
    spread = math.sqrt(middle * (1 - middle) * (1 / FEW + 1 / RUNS))
    return abs(one - other) <= 4 * spread + 0.0001


def test_what_a_cohort_sees_is_what_the_judge_s_limits_say() -> None:
    _, setting = shipped(RUNS)
    for row in canary_tables.sees(setting.policy):
        assert f"| {' | '.join(row)} |" in written(), (
            "Run: python -m tests.test_canary_doc"
        )


def test_the_page_says_by_which_limits_it_was_played() -> None:
    _, setting = shipped(RUNS)
    said = canary_tables.said_of(setting)
    assert said in written(), "Run: python -m tests.test_canary_doc"


@pytest.mark.parametrize(
    ("cohort", "rate"), [(500, 0.001), (500, 0.01), (2_000, 0.003)]
)
def test_a_cohort_of_the_page_is_what_the_judge_does(cohort: int, rate: float) -> None:
    row = alone(cohort, rate, shipped(FEW)[1])
    found = cells(f"{cohort:,}", f"{100 * rate:g} %")
    assert near(share(found[2]), row.rolled_back)
    assert near(share(found[4]), row.held)
    assert float(found[3]) == pytest.approx(row.median_minute, abs=20)


@pytest.mark.parametrize("rate", [0.0005, 0.003])
def test_a_ladder_of_the_page_is_what_the_judge_does(rate: float) -> None:
    file, setting = shipped(FEW)
    row = ladder(50_000, rate, setting, file.ladder)
    found = cells(f"{100 * rate:g} %")
    for cell, played in zip(
        found[1:4], (row.rolled_back, row.held, row.reached_all), strict=True
    ):
        assert near(share(cell), played)


def main() -> int:
    """Play every row, and write the tables into the page."""
    file, setting = shipped(RUNS)
    tables = canary_tables.markdown(play(setting, file, None), setting, file.ladder)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}{tables}\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
