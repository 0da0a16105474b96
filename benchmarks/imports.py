"""Rows about importing a list: how fast, and in how much memory."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import desk
from benchmarks.result import CannotMeasure, Result

FEW, MANY = 10_000, 200_000
_LEAST_PER_S: Final = 4_000
_MOST_MB: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """One import as a process of its own."""

    seconds: float
    peak_mb: float


async def import_list() -> list[Result]:
    """A short and a long list, each into an empty desk by the command itself."""
    with tempfile.TemporaryDirectory() as name:
        few = _measured(Path(name) / "few", FEW)
        many = _measured(Path(name) / "many", MANY)
    # what starting costs is in both
    rate = (MANY - FEW) / max(many.seconds - few.seconds, 0.001)
    return [
        Result(
            name="import of a list",
            value=round(rate),
            unit="rows/s",
            reference="",
            ratio=None,
            target=f"over {_LEAST_PER_S:,} rows/s",
            holds=rate > _LEAST_PER_S,
        ),
        Result(
            name=f"import of {MANY:,} rows, peak memory",
            value=round(many.peak_mb),
            unit="MB",
            reference=f"{FEW:,} rows: {few.peak_mb:.0f} MB",
            ratio=round(many.peak_mb / few.peak_mb, 2),
            target=f"under {_MOST_MB} MB",
            holds=many.peak_mb < _MOST_MB,
        ),
    ]


def _measured(path: Path, rows: int) -> _Measured:
    folder = desk.make_folder(path)
    file = path / "list.csv"
    _write(file, rows)
    command = ("audience", "import", str(file), "--key", "crew", "--attributes", "all")
    began = time.monotonic()
    status, used = _run(command, {**os.environ, **folder.env})
    if status != 0:
        raise CannotMeasure(f"The import ended with {status}.")
    # Linux counts in kilobytes, macOS in bytes
    per_mb = 1 << 20 if sys.platform == "darwin" else 1 << 10
    seconds = time.monotonic() - began
    return _Measured(seconds=seconds, peak_mb=used.ru_maxrss / per_mb)


def _run(
    command: tuple[str, ...], env: Mapping[str, str]
) -> tuple[int, resource.struct_rusage]:
    """Run a command of ours; its exit code and what it used, of it alone."""
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "cli.main", *command],
        dict(env),
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), used


def _write(file: Path, rows: int) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.write("email,consent,first_name,company,region,time_zone,plan,orders\n")
        for n in range(rows):
            out.write(
                f"first.last.{n}@host{n % 5_000}.calm.example,yes,Ada,Cedar {n % 999},"
                f"EMEA,Europe/Berlin,trial,{n % 40}\n"
            )
