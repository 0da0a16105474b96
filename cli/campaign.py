"""`copydesk campaign` and `copydesk rollback`: what is going on, and stopping it."""

from __future__ import annotations

import getpass
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.desk import open_desk
from domain.channel import channel_of, left_out
from domain.errors import Refused

if TYPE_CHECKING:
    from domain.views import CampaignLine

_NUMBER: Final = click.argument("number", type=click.IntRange(min=1))


@click.group()
def campaign() -> None:
    """See campaigns, and try a parked one again."""


@campaign.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@click.option(
    "--live", is_flag=True, help="Only those that mail, or will by themselves."
)
def list_(limit: int, *, live: bool) -> None:
    """List campaigns, newest first."""
    from storage import queries

    with open_desk() as desk:
        found = (
            desk.database.read(queries.live)
            if live
            else desk.database.read(queries.campaigns, limit=limit)
        )
    if not found:
        click.echo("Nothing is live." if live else "There are no campaigns yet.")
    for line in found:
        click.echo(in_a_line(line))


def in_a_line(line: CampaignLine) -> str:
    state = line.state.replace("_", " ")
    stage = f" ({line.stage})" if line.stage else ""
    reach = (
        f"seen by {line.mails_out:,} in {line.slot}"
        if line.slot
        else f"{line.mails_out:>7,} of {line.recipients:<7,} mailed"
    )
    return (
        f"#{line.id:<4} {state + stage:<24} tier {line.tier}  {reach:<25}"
        f"  {line.complaints:>3} complaints  {line.title}"
    )


@campaign.command()
@_NUMBER
def show(number: int) -> None:
    """Show one campaign: its brief, where it stands, and its incident."""
    from domain.campaign import CampaignId
    from storage import queries

    with open_desk() as desk:
        key = CampaignId(number)
        line = desk.database.read(queries.line, key)
        brief = desk.database.read(queries.brief_of, key)
        incident = desk.database.read(queries.incident, key)
    click.echo(in_a_line(line))
    click.echo()
    others = left_out(channel_of(brief))
    for name, value in brief.items():
        if value not in (None, "", []) and name not in others:
            click.echo(f"  {name:<18} {_said(value)}")
    if incident is not None:
        click.echo()
        click.echo(
            f"Rolled back at {incident.opened_at:%Y-%m-%d %H:%M:%S} UTC by"
            f" {incident.actor} ({incident.trigger.replace('_', ' ')}):"
            + (
                f" {incident.mails_out:,} visitors had seen it."
                if incident.slot
                else f" {incident.mails_out:,} mails were out,"
                f" {incident.mails_spared:,} spared."
            )
        )
    click.echo()
    click.echo(f"The whole story: copydesk audit show {number}")


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return str(value)


@campaign.command()
@_NUMBER
def retry(number: int) -> None:
    """Return a parked campaign to where it was, and queue its work anew."""
    from domain.campaign import Actor, CampaignId
    from pipeline import record

    with open_desk() as desk, desk.database.begin() as store:
        # a machine: team.yaml knows no shell users, and who is in is trusted
        actor = Actor.machine(shell_user())
        after = record.retry(store, desk.playbook, CampaignId(number), actor=actor)
    click.echo(f"Campaign #{number} is {after.state.replace('_', ' ')} again.")


@campaign.command()
@_NUMBER
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="An empty folder, or one that is not there yet.",
)
def export(number: int, folder: Path) -> None:
    """Write the approved copy of a landing page, ad or chat to files."""
    from domain.campaign import CampaignId
    from pipeline import record
    from pipeline.exported_files import files_of

    key = CampaignId(number)
    with open_desk() as desk:
        files = desk.database.look(lambda store: files_of(store, desk.playbook, key))
        _check_empty(folder)
        with desk.database.begin() as store:
            record.exported(store, key, files, actor=shell_user())
    _write(folder, files)
    click.echo(f"{folder} has {len(files)} files of #{number}; see manifest.json.")


def _check_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} has other things in it. Name a folder that is empty.")


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """The manifest comes last: a folder without one is half an export."""
    try:
        for name, body in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # never over another's file, also when it came since we looked
            with path.open("xb") as file:
                file.write(body)
    except OSError as error:
        raise Refused(f"{folder} cannot be written: {error.strerror}.") from error


@click.command()
@_NUMBER
@click.option("--reason", help="Why, for the record.")
@click.option(
    "--drill",
    "is_drill",
    is_flag=True,
    help="Stop a practice campaign and time it; exit 1 when slower than promised.",
)
def rollback(number: int, reason: str | None, *, is_drill: bool) -> None:
    """Stop campaign NUMBER now; needs no Slack, no broker and no ESP."""
    if is_drill:
        _drill(number)
        return
    from domain.campaign import Actor, CampaignId
    from domain.rollback import Trigger
    from pipeline import record

    with open_desk() as desk, desk.database.begin() as store:
        done = record.roll_back(
            store,
            desk.playbook,
            CampaignId(number),
            trigger=Trigger.SHELL,
            actor=Actor(id=shell_user()),
            reason=reason,
        )
    incident = done.incident
    if not done.is_new:
        click.echo(f"Campaign #{number} was rolled back already by {incident.actor}.")
        return
    reach = (
        f"{incident.mails_out:,} visitors saw it, {done.slot} shows what was there before"
        if done.slot
        else f"{incident.mails_out:,} mails are out, {incident.mails_spared:,} will not"
        " leave"
    )
    click.echo(f"Campaign #{number} is stopped: {reach}.")


def _drill(number: int) -> None:
    from cli.drill import drill, table
    from pipeline.wall_clock import utc_now

    with open_desk() as desk:
        laps = drill(desk, number, actor=shell_user(), clock=utc_now, sleep=time.sleep)
    for row in table(laps):
        click.echo(row)
    if not all(lap.is_kept for lap in laps):
        click.echo("Slower than promised. Is the desk running? See copydesk doctor.")
        raise SystemExit(1)


def shell_user() -> str:
    """Who typed the command, for the record."""
    try:
        return f"shell:{getpass.getuser()}"
    except (KeyError, OSError):
        # a container's user need not have a name
        return "shell:unnamed"
