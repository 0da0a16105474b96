"""Cells that leave for a spreadsheet: none is taken for a formula there."""

from __future__ import annotations

from typing import Final

# OWASP, CSV Injection: what makes a cell a formula
_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def guarded(cell: str) -> str:
    """The cell, with a ' before what a spreadsheet would run."""
    return f"'{cell}" if cell.startswith(_STARTS) else cell


def cell_of(value: object) -> str:
    """A value as a cell; a number is one also when it is negative."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:.15g}"
        case _:
            return guarded(str(value))
