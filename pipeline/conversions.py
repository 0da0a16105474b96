"""Conversions as they come in: signed posts and CSV files, checked whole, then counted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from domain.conversion import FIELDS, Conversion, parse
from domain.errors import Refused

MOST: Final = 500
"""Conversions in one post."""

FILE_MOST: Final = 20 * 1024 * 1024
_REQUIRED: Final = ("link", "kind", "id", "at")


def read_post(body: bytes, *, now: datetime) -> tuple[Conversion, ...]:
    """Read a posted list, all of it or nothing.

    Raises:
        Refused: It is no JSON list of at most 500, or an event of it is wrong.
    """
    try:
        items = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused("The body is not JSON.") from error
    if not isinstance(items, list) or len(items) > MOST:
        raise Refused(f"The body must be a JSON list of at most {MOST} events.")
    return tuple(
        parse(item, now=now, where=f"event {number}")
        for number, item in enumerate(items, 1)
    )


def read_csv(path: Path, *, now: datetime) -> tuple[Conversion, ...]:
    """Read a file with the columns link, kind, id, at and perhaps value.

    Raises:
        Refused: Names the line and the field; nothing is taken of a broken file.
    """
    rows = csv.reader(io.StringIO(_text(path)), strict=True)
    try:
        columns = [name.strip().lower() for name in next(rows, [])]
        _refuse_columns(columns)
        return tuple(
            parse(_row(columns, cells, rows.line_num), now=now, where=_line(rows))
            for cells in rows
            if cells
        )
    except csv.Error as error:
        raise Refused(
            f"{_line(rows)}: a quote does not end, or stands inside a cell."
        ) from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_MOST:
            raise Refused("The file is larger than 20 MB; split it.")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path.name} cannot be read as CSV in UTF-8.") from error


def _refuse_columns(columns: Sequence[str]) -> None:
    missing = [name for name in _REQUIRED if name not in columns]
    strange = [name for name in columns if name not in FIELDS]
    if missing or strange or len(set(columns)) < len(columns):
        raise Refused(
            f"The first line must name {', '.join(_REQUIRED)}, may name value, and"
            " nothing else or twice."
        )


def _row(columns: Sequence[str], cells: Sequence[str], line: int) -> dict[str, str]:
    if len(cells) != len(columns):
        raise Refused(f"line {line}: has {len(cells)} cells, not {len(columns)}.")
    return dict(zip(columns, cells, strict=True))


def _line(rows: object) -> str:
    return f"line {getattr(rows, 'line_num', 0)}"
