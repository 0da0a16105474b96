"""`copydesk audit`: a campaign's story, and whether the record still holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cli.desk import open_desk

if TYPE_CHECKING:
    from domain.review import Team
    from domain.views import AuditLine


@click.group()
def audit() -> None:
    """Read the record, and check that nobody changed it."""


@audit.command()
@click.argument("number", type=click.IntRange(min=1))
def show(number: int) -> None:
    """Tell the whole story of campaign NUMBER, in order."""
    from domain.campaign import CampaignId
    from storage import queries

    with open_desk() as desk:
        line = desk.database.read(queries.line, CampaignId(number))
        story = desk.database.read(queries.audit, CampaignId(number))
        team = desk.playbook.everyone
    click.echo(f"Campaign #{number}: {line.title}")
    day = ""
    for each in story:
        if f"{each.at:%A, %d %B %Y}" != day:
            day = f"{each.at:%A, %d %B %Y}"
            click.echo(f"\n{day} (UTC)")
        click.echo(in_words(each, team))


def in_words(line: AuditLine, team: Team) -> str:
    """One event as a line of the story: when, who, what, where it led, the rest."""
    person = team.people.get(line.actor)
    who = f"{person.name} ({line.actor})" if person else line.actor
    moved = ""
    # "drafted -> drafted" would say one thing twice
    if line.to_state and line.to_state not in (line.from_state, line.event):
        moved = f" -> {line.to_state.replace('_', ' ')}"
    what = line.event.replace("_", " ")
    detail = f"; {line.detail}" if line.detail else ""
    return f"  {line.at:%H:%M:%S}  {line.seq:>3}  {who}: {what}{moved}{detail}"


@audit.command()
def verify() -> None:
    """Walk every hash chain; exit 1 when one does not hold."""
    with open_desk() as desk:
        found = desk.database.look(lambda store: store.audit.verify())
    for sentence in found.broken:
        click.echo(sentence, err=True)
    click.echo(f"{found.events:,} events read, {len(found.broken)} breaks.")
    click.echo(f"{found.unsealed:,} events are not yet in the sealed chain.")
    click.echo(f"Head of the sealed chain: {found.head}")
    if found.broken:
        sys.exit(1)
