"""`copydesk brief`: a campaign from a JSON file, as `/brief` makes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.desk import open_desk
from domain.brief import json_schema, parse_brief
from domain.campaign import State
from domain.channel import people
from domain.errors import Refused

if TYPE_CHECKING:
    from domain.review import Team


@click.command()
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    required=False,
)
@click.option("--as", "author", help="Slack id of the person whose brief this is.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a brief.")
def brief(file: Path | None, author: str | None, *, schema: bool) -> None:
    """Start a campaign from a JSON FILE (`-` reads standard input)."""
    if schema:
        click.echo(json.dumps(json_schema(), indent=2))
        return
    if file is None:
        raise click.UsageError("Name a JSON file, or ask for the --schema.")
    parsed = parse_brief(_read(file))
    from pipeline import record

    with open_desk() as desk:
        who = author or _author(desk.playbook.everyone)
        with desk.database.begin() as store:
            campaign = record.brief(
                store, desk.playbook, parsed, author=who, source="shell"
            )
    waits = campaign.state is State.AWAITING_BRAND_LEAD
    click.echo(
        f"Campaign #{campaign.id} is briefed: {campaign.title},"
        f" {people(campaign.brief_channel, campaign.audience_size)}."
        + (" It waits for a brand lead before anything is written." if waits else "")
    )


def _read(file: Path) -> dict[str, object]:
    """Read one JSON object.

    Raises:
        Refused: Says where the JSON breaks.
    """
    try:
        with click.open_file(str(file), encoding="utf-8") as source:
            raw = json.load(source)
    except json.JSONDecodeError as error:
        raise Refused(
            f"{file} is not JSON: {error.msg} at line {error.lineno},"
            f" column {error.colno}."
        ) from error
    except UnicodeDecodeError as error:
        raise Refused(f"{file} is not UTF-8.") from error
    except RecursionError as error:
        raise Refused(f"{file} is nested too deep for a brief.") from error
    if not isinstance(raw, dict):
        raise Refused(f"{file} must hold one JSON object; see --schema.")
    return raw


def _author(team: Team) -> str:
    """The team's one marketer, when there is only one."""
    marketers = sorted(team.holders("marketer"))
    if len(marketers) == 1:
        return marketers[0]
    raise Refused(f"Say whose brief it is with --as; {_choice(team)}.")


def _choice(team: Team) -> str:
    people = ", ".join(f"{each.id} is {each.name}" for each in team.people.values())
    return f"team.yaml knows {people}"
