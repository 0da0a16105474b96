"""`copydesk audience segment | intent | rfm`: what finds people in a list."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

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
from cli.campaign import shell_user
from cli.desk import open_desk


@click.command()
@click.argument("key")
@click.option("--of", required=True, help="The key of the list it is taken from.")
@click.option("--where", required=True, help='A filter: region = "DE" and score >= 3.')
@click.option("--title", help="What people call it; the key when left out.")
def segment(key: str, of: str, where: str, title: str | None) -> None:
    """Save a filter under KEY, which a brief can name like a list.

    Compare a field with =, !=, <, <=, >, >=, in ("a", "b"), is empty, is not empty;
    join with and, or, not and brackets. Dates are 2026-01-31 or 90 days ago. Whom it
    finds is looked up when a campaign is planned.
    """
    from pipeline import record

    with open_desk() as desk, desk.database.begin() as store:
        saved = record.save_segment(
            store, key=key, title=title or key, of=of, where=where, actor=shell_user()
        )
    click.echo(
        f'"{key}" finds {saved.size:,} people now; {saved.mailable:,} can be mailed.'
    )


@click.group()
def intent() -> None:
    """Signals that somebody, or an account, looked into a topic."""


@intent.command("import")
@click.argument("file", type=FILE)
@MAP
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1, 730),
    help="How long a signal counts that has no expires_at.",
)
@SKIP
@DRY_RUN
@REPORT
def import_signals(
    file: Path,
    maps: tuple[str, ...],
    days: int,
    report: Path | None,
    *,
    skip_broken: bool,
    dry_run: bool,
) -> None:
    """Import signals from a CSV FILE: email or account, topic, score, seen_at, source.

    An account is a company's mail domain. A score is 0 to 100. With expires_at, a
    signal says itself until when it counts. Importing a file again changes nothing.
    """
    from domain.columns import parse_wanted
    from pipeline.intent import KNOWN
    from pipeline.intent import import_signals as take_in

    wanted = parse_wanted(maps, (), KNOWN)
    with open_desk() as desk, reading_of(file, report) as reading:
        told = take_in(
            desk.database,
            file,
            reading,
            wanted=wanted,
            life=timedelta(days=days),
            secret=secret_of(desk),
            actor=shell_user(),
            skip_broken=skip_broken,
            is_dry_run=dry_run,
        )
    if dry_run:
        click.echo(f"{told.read:,} signals are good. Nothing was written.")
        return
    click.echo(f"{told.read:,} signals, of which {told.kept:,} are new or newer.")
    if told.broken:
        click.echo(f"Left out: {told.broken:,} broken rows.")


@click.command()
@click.argument("key")
@click.option("--recency", default="last_order_at", show_default=True)
@click.option("--frequency", default="orders", show_default=True)
@click.option("--monetary", default="revenue", show_default=True)
def rfm(key: str, recency: str, frequency: str, monetary: str) -> None:
    """Part the people of list KEY into quintiles by recency, frequency and money.

    The options name the attributes to read: a date and two numbers. Filters then ask
    rfm.r >= 4, where 5 is the best fifth as of the day of this command.
    """
    from pipeline import record

    with open_desk() as desk, desk.database.begin() as store:
        people, cuts = record.compute_rfm(
            store,
            key,
            {"r": recency, "f": frequency, "m": monetary},
            actor=shell_user(),
        )
    click.echo(f"Thresholds from {people:,} people:")
    for letter, each in cuts.items():
        least = ", ".join(
            f"{value:,.15g}" if isinstance(value, float) else str(value)
            for value in each.least
        )
        click.echo(f"  rfm.{letter} is 2 to 5 of {each.attribute} from: {least}")
