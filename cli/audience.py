"""`copydesk audience`: lists of recipients come in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.desk import Desk, open_desk
from domain.errors import Refused

if TYPE_CHECKING:
    from pipeline.audience import Imported, Problem

_SHOWN: Final = 20


@click.group()
def audience() -> None:
    """Bring in lists of recipients."""


@audience.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", required=True, help="What a brief calls it: stalled-demos.")
@click.option("--title", help="What people call it; the key when left out.")
@click.option(
    "--skip-broken", is_flag=True, help="Import the good rows, leave broken ones out."
)
def import_(file: Path, key: str, title: str | None, *, skip_broken: bool) -> None:
    """Import a CSV FILE, all of it or nothing.

    Its first line names the columns: email and consent, and any of first_name,
    last_name, company, region, time_zone, locale.
    """
    from pipeline.audience import AudienceRefused

    with open_desk() as desk:
        try:
            done = import_file(
                desk, file, key=key, title=title or key, skip_broken=skip_broken
            )
        except AudienceRefused as refused:
            _list(refused.problems, refused.broken)
            raise
    _tell(done)


def import_file(
    desk: Desk, file: Path, *, key: str, title: str, skip_broken: bool = False
) -> Imported:
    """Import one file in one transaction.

    Raises:
        Refused: This desk has no secret key, so its address hashes would be anyone's.
        AudienceRefused: The file is broken; nothing was imported.
    """
    from pipeline.audience import import_csv

    secret = desk.settings.secret_key.get_secret_value()
    if not secret:
        raise Refused("Set COPYDESK_SECRET_KEY to the one that the desk runs with.")
    with desk.database.begin() as store:
        return import_csv(
            store, file, key=key, title=title, secret=secret, skip_broken=skip_broken
        )


def _tell(done: Imported) -> None:
    if not done.is_new:
        click.echo(f'"{done.key}" is this very file already: nothing to do.')
        return
    _list(done.problems, done.broken)
    if done.ignored:
        click.echo(f"Columns not used: {', '.join(done.ignored)}.")
    click.echo(f'"{done.key}" has {done.size:,} recipients.')
    if done.broken:
        click.echo(f"Left out: {done.broken:,} broken rows.")


def _list(problems: tuple[Problem, ...], broken: int) -> None:
    for problem in problems[:_SHOWN]:
        click.echo(str(problem), err=True)
    if broken > _SHOWN:
        click.echo(f"and {broken - _SHOWN:,} more.", err=True)
