"""Hostile CSV files, read row by row in constant memory: what is wrong names its line.

No error repeats a cell: a problem has its line, its field and a reason.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Final, Literal, Protocol

from domain.columns import Columns
from domain.errors import Refused

LONGEST_LINE: Final = 1_000_000
"""Bytes; a longer line is no row of a list, whatever else it is."""

MOST_LISTED: Final = 1_000
"""Problems kept to be shown; all are counted, and all go to the report."""

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LOST: Final = re.compile(r"[\udc80-\udcff]")
_ADDRESS: Final = re.compile(r"\S@\S+\.\S")
_SEPARATORS: Final = (",", ";", "\t", "|")
_NO_TEXT: Final = {
    b"\xff\xfe": "The file is UTF-16; save it as CSV in UTF-8.",
    b"\xfe\xff": "The file is UTF-16; save it as CSV in UTF-8.",
    b"PK\x03\x04": "The file is a spreadsheet or a zip archive; save it as CSV.",
    b"\x1f\x8b": "The file is compressed; unpack it first.",
    b"%PDF": "The file is a PDF; save the list as CSV.",
    b"\xd0\xcf\x11\xe0": "The file is an old spreadsheet; save it as CSV.",
}


class _Rows(Protocol):
    """csv's own reader, whose class has no public name."""

    @property
    def line_num(self) -> int: ...

    def __next__(self) -> list[str]: ...


class Source(Protocol):
    """Where a file's bytes are: a path, or what is held in memory."""

    @property
    def name(self) -> str: ...

    def open(self, mode: Literal["rb"]) -> io.BufferedIOBase: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A file that is on no disk."""

    name: str
    data: bytes = field(repr=False)

    def open(self, mode: Literal["rb"]) -> io.BufferedIOBase:  # noqa: ARG002 - a path's
        return io.BytesIO(self.data)


class FileRefused(Refused):
    """The file cannot be read as a list at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one row; never the row's own text."""

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.reason}"


@dataclass(slots=True, kw_only=True)
class Reading:
    """A file being read: iterate its rows, then look at what was wrong.

    Attributes:
        report: Told of each problem as it is found.
        tick: Told how many more bytes were read.
        digest: SHA-256 of the file, once it is read.
    """

    report: Callable[[Problem], None] = lambda _problem: None
    tick: Callable[[int], None] = lambda _bytes: None
    columns: Columns | None = None
    broken: int = 0
    problems: list[Problem] = field(default_factory=list)
    digest: str = ""

    def found(self, line: int, name: str, reason: str) -> None:
        problem = Problem(line=line, field=name, reason=reason)
        self.broken += 1
        self.report(problem)
        if len(self.problems) < MOST_LISTED:
            self.problems.append(problem)


def file_sha256(path: Source) -> str:
    """What the file holds, as a hash.

    Raises:
        FileRefused: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileRefused(f"{path.name} cannot be read.") from error


def rows(
    path: Source, reading: Reading, choose: Callable[[list[str]], Columns]
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of every row with the right number of clean cells.

    Args:
        choose: Says what the columns are, or refuses them.

    Raises:
        FileRefused: It is no CSV in UTF-8.
    """
    sha = hashlib.sha256()
    try:
        with path.open("rb") as file:
            lines = _lines(file, sha.update, reading.tick)
            header, separator = _header(next(lines, ""))
            reading.columns = choose(header)
            # strict: a quote that does not end is an error, not a very long cell
            reader = csv.reader(lines, delimiter=separator, strict=True)
            yield from _good(reader, reading, reading.columns.count)
    except OSError as error:
        raise FileRefused(f"{path.name} cannot be read.") from error
    reading.digest = sha.hexdigest()


def header_of(path: Source) -> list[str]:
    """The columns' names, before anybody says what they are.

    Raises:
        FileRefused: It is no CSV in UTF-8, or its first line names no columns.
    """
    try:
        with path.open("rb") as file:
            lines = _lines(file, lambda _raw: None, lambda _bytes: None)
            return _header(next(lines, ""))[0]
    except OSError as error:
        raise FileRefused(f"{path.name} cannot be read.") from error


def _lines(
    file: io.BufferedIOBase, feed: Callable[[bytes], None], tick: Callable[[int], None]
) -> Iterator[str]:
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if number == 1:
            _refuse_other_kinds(raw)
        if len(raw) > LONGEST_LINE:
            raise FileRefused(
                f"Line {number:,} is longer than {LONGEST_LINE:,} bytes, so the file is"
                " no list."
            )
        feed(raw)
        tick(len(raw))
        encoding = "utf-8-sig" if number == 1 else "utf-8"
        # what is not UTF-8 spoils its own row only
        yield raw.decode(encoding, errors="surrogateescape")


def _refuse_other_kinds(raw: bytes) -> None:
    for magic, sentence in _NO_TEXT.items():
        if raw.startswith(magic):
            raise FileRefused(sentence)
    if b"\x00" in raw:
        raise FileRefused("The file is not text in UTF-8.")
    if b"\r" in raw.rstrip(b"\r\n") or (raw.endswith(b"\r") and len(raw) > 1):
        raise FileRefused(
            "The file's lines end with CR alone; save it with the line ends of Windows"
            " or Unix."
        )


def _header(line: str) -> tuple[list[str], str]:
    """The columns' names, and what separates them: whatever makes most columns."""
    if not line.strip():
        raise FileRefused("The file is empty, or its first line is.")
    try:
        tried = [
            (next(csv.reader([line], delimiter=each, strict=True)), each)
            for each in _SEPARATORS
        ]
    except csv.Error as error:
        raise FileRefused("The first line is no CSV header.") from error
    header, separator = max(tried, key=lambda each: len(each[0]))
    if any(_ADDRESS.search(each) for each in header):
        # or a list without that line would have its first person named in messages
        raise FileRefused(
            "The first line holds an address; it has to name the columns."
        )
    return header, separator


def _good(
    reader: _Rows, reading: Reading, count: int
) -> Iterator[tuple[int, list[str]]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reading.found(reader.line_num + 1, "row", _row_problem(error))
            continue
        line = reader.line_num + 1
        if not cells:
            continue
        if len(cells) != count:
            reading.found(line, "row", f"has {len(cells)} cells, not {count}")
            continue
        yield line, cells


def _row_problem(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell is longer than {csv.field_size_limit():,} characters"
    if "new-line" in str(error):
        return "a line breaks inside a row"
    return "a quote does not end, or stands inside a cell"


def unclean(text: str) -> str:
    """Why no cell may hold this; empty when one may."""
    if _LOST.search(text):
        return "is not UTF-8"
    return "holds a control character" if CONTROL.search(text) else ""


def report_writer(file: IO[str]) -> Callable[[Problem], None]:
    """Write problems to a CSV file as they are found: line, field, reason."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("line", "field", "reason"))
    return lambda each: writer.writerow((each.line, each.field, each.reason))
