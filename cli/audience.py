"""`copydesk audience`: lists come in and go out, segments are saved, people forgotten."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.audience_file import (
    DRY_RUN,
    FILE,
    MAP,
    REPORT,
    SKIP,
    reading_of,
    secret_of,
)
from cli.audience_finds import intent, rfm, segment
from cli.campaign import shell_user
from cli.desk import Desk, open_desk
from domain.errors import Refused

if TYPE_CHECKING:
    from domain.columns import Wanted
    from domain.views import AudienceView
    from pipeline.audience import Imported
    from pipeline.csv_file import Reading

_OWNER_ONLY: Final = 0o600


@click.group()
def audience() -> None:
    """Lists of recipients, segments of them, and what is known of people."""


@audience.command("import")
@click.argument("file", type=FILE)
@click.option("--key", required=True, help="What a brief calls it: stalled-demos.")
@click.option("--title", help="What people call it; the key when left out.")
@MAP
@click.option(
    "--attributes",
    multiple=True,
    metavar="NAME[:KIND],...",
    help="Other columns to keep, as text, number, date or yes/no: plan,score:number;"
    " all keeps every one.",
)
@SKIP
@DRY_RUN
@REPORT
def import_(
    file: Path,
    key: str,
    title: str | None,
    *,
    maps: tuple[str, ...],
    attributes: tuple[str, ...],
    report: Path | None,
    skip_broken: bool,
    dry_run: bool,
) -> None:
    """Import a CSV FILE as a list: all of it is shown at once, or nothing.

    Its first line names the columns: email and consent, and any of first_name,
    last_name, company, region, time_zone, locale. A newer file under the same key
    replaces the people: who is not in it any more is not mailed from it again.
    """
    from domain.columns import parse_wanted
    from pipeline.recipient_rows import KNOWN

    wanted = parse_wanted(maps, attributes, KNOWN)
    with open_desk() as desk, reading_of(file, report) as reading:
        done = import_file(
            desk,
            file,
            key=key,
            title=title or key,
            wanted=wanted,
            reading=reading,
            skip_broken=skip_broken,
            is_dry_run=dry_run,
        )
    _tell(done, is_dry_run=dry_run)


def import_file(
    desk: Desk,
    file: Path,
    *,
    key: str,
    title: str,
    wanted: Wanted | None = None,
    reading: Reading | None = None,
    skip_broken: bool = False,
    is_dry_run: bool = False,
) -> Imported:
    """Import one file.

    Raises:
        Refused: This desk has no secret key, so its address hashes would be anyone's.
        AudienceRefused: The file is broken; the list stays as it was.
    """
    from domain.columns import Wanted
    from pipeline.audience import Asked, import_list
    from pipeline.csv_file import Reading

    asked = Asked(
        path=file,
        key=key,
        title=title,
        wanted=wanted or Wanted(),
        skip_broken=skip_broken,
        is_dry_run=is_dry_run,
    )
    return import_list(
        desk.database,
        asked,
        reading or Reading(),
        secret=secret_of(desk),
        actor=shell_user(),
    )


def _tell(done: Imported, *, is_dry_run: bool) -> None:
    if not done.is_new:
        click.echo(f'"{done.key}" is this very file already: nothing to do.')
        return
    if done.ignored:
        click.echo(
            f"Columns not used: {', '.join(done.ignored)}. --attributes keeps them."
        )
    counts = f"{done.new:,} new, {done.changed:,} changed, {done.same:,} as before"
    has = "would have" if is_dry_run else "has"
    click.echo(f'"{done.key}" {has} {done.size:,} recipients: {counts}.')
    if done.gone:
        click.echo(
            f"Not in the file any more, and not mailed from it again: {done.gone:,}."
        )
    if done.forgotten:
        click.echo(f"Left out, because they asked to be forgotten: {done.forgotten:,}.")
    if done.broken:
        click.echo(f"Left out: {done.broken:,} broken rows.")
    if is_dry_run:
        click.echo("This was a dry run: nothing was written.")


@audience.command("list")
def list_() -> None:
    """All lists and segments, with how many of each can be mailed."""
    from storage import queries

    with open_desk() as desk:
        for each in desk.database.read(queries.audiences):
            click.echo(
                f"{each.key}: {each.title}, {each.mailable:,} of {each.size:,} can be"
                " mailed"
            )


@audience.command()
@click.argument("key")
def show(key: str) -> None:
    """What a list or segment KEY holds; counts, never people."""
    from storage import queries

    with open_desk() as desk:
        now = desk.database.clock()
        view = desk.database.read(queries.audience_view, key, now)
    for line in _lines(view):
        click.echo(line)


def _lines(view: AudienceView) -> Iterator[str]:
    if view.filter:
        yield f"{view.key}: {view.title}, a segment of {view.list_key}"
        yield f"  where: {view.filter}"
    else:
        yield f"{view.key}: {view.title}, a list"
    if view.imported_at:
        yield f"  imported: {view.imported_at:%Y-%m-%d %H:%M} UTC"
    yield f"  recipients: {view.size:,}"
    yield f"  can be mailed: {view.mailable:,}"
    yield f"  without consent: {view.without_consent:,}"
    yield f"  suppressed: {view.suppressed:,}"
    if view.attributes:
        kinds = ", ".join(f"{name} ({kind})" for name, kind in view.attributes.items())
        yield f"  attributes: {kinds}"
    if view.rfm_at:
        yield f"  RFM thresholds of: {view.rfm_at:%Y-%m-%d %H:%M} UTC"
    if view.segments:
        yield f"  segments: {', '.join(view.segments)}"


@audience.command()
@click.argument("key")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The CSV file to write; it must not be there yet.",
)
def export(key: str, out: Path) -> None:
    """Write the people of a list or segment KEY to a CSV file only you can read."""
    from storage import queries

    with open_desk() as desk:
        try:
            handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        except FileExistsError:
            raise Refused(f"{out} is there already; name another file.") from None
        except OSError as error:
            raise Refused(f"{out} cannot be written.") from error
        is_kept = False
        try:
            with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
                write = csv.writer(file, lineterminator="\n").writerow
                now = desk.database.clock()
                rows = desk.database.read(queries.export_audience, key, now, write)
            with desk.database.begin() as store:
                store.audience_record.append(
                    "exported",
                    actor=shell_user(),
                    detail={"audience": key, "recipients": rows},
                )
            is_kept = True
        finally:
            # half a list, or one that nobody can see was taken, is no export
            if not is_kept:
                out.unlink()
    click.echo(f"{out} has {rows:,} recipients.")
    click.echo(
        "A cell that a spreadsheet would take for a formula begins with an apostrophe."
    )


@audience.command()
@click.argument("address", required=False)
@click.option("--yes", is_flag=True, help="Do not ask for the address again.")
def forget(address: str | None, *, yes: bool) -> None:
    """Erase a person everywhere; a keyed hash keeps them out of later lists.

    Without ADDRESS it is asked for, so that it stays out of the shell's history.
    """
    from pipeline import record
    from pipeline.recipient_rows import address_problem, normal_address
    from pipeline.tokens import address_hash

    address = (address or click.prompt("Address", err=True)).strip()
    problem = address_problem(address)
    if problem:
        raise Refused(f"The address {problem}.")
    if not yes and click.prompt("The same address again", err=True).strip() != address:
        raise Refused("The two are not the same, so nobody was forgotten.")
    with open_desk() as desk:
        hashed = address_hash(secret_of(desk), normal_address(address))
        with desk.database.begin() as store:
            done = record.forget(store, hashed, actor=shell_user())
    lists = f" from {', '.join(done.lists)}" if done.lists else ""
    click.echo(f"Forgotten{lists}: {done.rows:,} rows, {done.signals:,} signals.")
    if done.kept:
        click.echo(f"Of these, {done.kept:,} that mail went to are kept, blank.")
    click.echo("They are never mailed again, and left out of every later import.")


@audience.command()
@click.option("--last", default=50, type=click.IntRange(1, 10_000), help="How many.")
def log(last: int) -> None:
    """What was done to audiences, by whom."""
    from storage import queries

    with open_desk() as desk:
        events = desk.database.read(queries.audience_events, last)
    for each in events:
        what = each.event.replace("_", " ")
        detail = f"; {each.detail}" if each.detail else ""
        click.echo(f"{each.at:%Y-%m-%d %H:%M:%S}  {each.actor}: {what}{detail}")


audience.add_command(segment)
audience.add_command(intent)
audience.add_command(rfm)
