"""One row of the table: a number, what it is held against, and whether it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

LATEST: Final = Path(__file__).parent / "results" / "latest.json"


class CannotMeasure(RuntimeError):
    """A row could not be measured; says why. A missed target is not this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one row found.

    Attributes:
        reference: What it was compared with in the same run, with its own number;
            empty when there is nothing fair to compare with.
        ratio: The value against the reference, in the direction `target` names.
        target: The bound in words.
        holds: Whether this run kept the bound.
    """

    name: str
    value: float
    unit: str
    reference: str
    ratio: float | None
    target: str
    holds: bool


def read(path: Path = LATEST) -> list[Result]:
    """The results of the last run; empty when there was none."""
    if not path.is_file():
        return []
    return [result_of(raw) for raw in json.loads(path.read_text(encoding="utf-8"))]


def result_of(raw: Mapping[str, Any]) -> Result:
    """Read one row.

    Raises:
        ValueError: Its keys are not those of `Result`.
    """
    names = {field.name for field in fields(Result)}
    if set(raw) != names:
        raise ValueError(f"A row has the keys {', '.join(sorted(names))}.")
    return Result(**raw)


def write(results: Iterable[Result], path: Path = LATEST) -> None:
    rows = [asdict(result) for result in results]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def replaced(before: Sequence[Result], fresh: Sequence[Result]) -> list[Result]:
    """`before` with its rows of the same names measured anew."""
    new = {result.name: result for result in fresh}
    kept = [new.pop(result.name, result) for result in before]
    return [*kept, *new.values()]


HEADER: Final = ("what", "value", "unit", "reference", "ratio", "target", "holds")


def table(results: Sequence[Result]) -> str:
    """The rows as aligned text."""
    lines = [HEADER, *(_cells(result) for result in results)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at in (1, 4) else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        _number(result.value),
        result.unit,
        result.reference or "-",
        "-" if result.ratio is None else f"{result.ratio:.2f}",
        result.target,
        "yes" if result.holds else "NO",
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
