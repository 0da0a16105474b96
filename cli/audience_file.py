"""What commands share that read a CSV file: options, a progress bar, the report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.desk import Desk
from domain.errors import Refused

if TYPE_CHECKING:
    from pipeline.csv_file import Problem, Reading

_SHOWN: Final = 20
FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)

MAP: Final = click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="FIELD=COLUMN,...",
    help="Which column is which field: email=E-Mail,first_name=Vorname.",
)
SKIP: Final = click.option(
    "--skip-broken", is_flag=True, help="Take the good rows, leave broken ones out."
)
DRY_RUN: Final = click.option(
    "--dry-run", is_flag=True, help="Read and check all, say what would be; write none."
)
REPORT: Final = click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every broken row to a CSV file: line, field, reason.",
)


def secret_of(desk: Desk) -> str:
    """What address hashes are made with.

    Raises:
        Refused: There is none, so they would be anyone's.
    """
    secret = desk.settings.secret_key.get_secret_value()
    if not secret:
        raise Refused("Set COPYDESK_SECRET_KEY to the one that the desk runs with.")
    return secret


@contextmanager
def reading_of(file: Path, report: Path | None) -> Iterator[Reading]:
    """Read a file with a progress bar; broken rows are told, and go to the report."""
    from pipeline.csv_file import Reading

    with _opened(report) as keep:
        reading = Reading(report=keep or _ignore)
        with click.progressbar(
            length=file.stat().st_size,
            label="Reading",
            file=sys.stderr,
            # a file or a pipe has no use for a bar
            hidden=not sys.stderr.isatty(),
            update_min_steps=1 << 16,
        ) as bar:
            reading.tick = bar.update
            try:
                yield reading
            finally:
                bar.render_finish()
                _tell(reading.problems, reading.broken)


@contextmanager
def _opened(report: Path | None) -> Iterator[Callable[[Problem], None] | None]:
    from pipeline.csv_file import report_writer

    if report is None:
        yield None
        return
    try:
        file = report.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{report} cannot be written.") from error
    with file:
        yield report_writer(file)


def _ignore(_problem: Problem) -> None:
    """Without a report, the first problems on the screen have to do."""


def _tell(problems: Sequence[Problem], broken: int) -> None:
    for problem in problems[:_SHOWN]:
        click.echo(str(problem), err=True)
    if broken > _SHOWN:
        click.echo(f"and {broken - _SHOWN:,} more.", err=True)
