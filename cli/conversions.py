"""`copydesk conversions`: what came of the mails, from a file; and how to report it."""

from __future__ import annotations

from pathlib import Path

import click

from cli.campaign import shell_user
from cli.desk import open_desk
from domain.campaign import CampaignId


@click.group()
def conversions() -> None:
    """Count what came of the mails on your own pages."""


@conversions.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Count the conversions of a CSV FILE, all of it or nothing.

    Its first line names link, kind, id and at, and may name value. What was counted
    before is not counted again.
    """
    from pipeline import record
    from pipeline.conversions import read_csv
    from pipeline.wall_clock import utc_now

    with open_desk() as desk:
        found = read_csv(file, now=utc_now())
        with desk.database.begin() as store:
            done = record.conversions(
                store,
                desk.playbook,
                found,
                secret=desk.settings.secret_key.get_secret_value(),
                source="file",
                actor=shell_user(),
            )
    click.echo(f"Counted {done.new:,}; known before: {done.known:,}.")
    if done.unknown:
        click.echo(f"With a link that is not of this desk: {done.unknown:,}.", err=True)


@conversions.command()
@click.argument("campaign", type=click.IntRange(1))
def show(campaign: int) -> None:
    """Show a CAMPAIGN's conversions and the link id of each variant."""
    from blocks import conversions as drawn
    from pipeline.tokens import make_link_id
    from storage import queries

    with open_desk() as desk:
        secret = desk.settings.secret_key.get_secret_value()
        view = desk.database.read(
            queries.campaign_card, CampaignId(campaign), desk.playbook.view_facts
        )
    for variant in view.variants:
        link_id = make_link_id(secret, campaign, variant.label)
        click.echo(f"{variant.label}  cd={link_id}")
    click.echo(drawn.lines(view) or "Nothing was reported yet.")
