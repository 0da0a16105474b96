"""`copydesk canary`: what the judge would do at known rates, and alarms from outside."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.campaign import shell_user
from cli.desk import open_desk, playbook_dir
from domain.canary_counts import Alarm
from domain.canary_policy import Sending
from domain.errors import Refused

if TYPE_CHECKING:
    from pipeline.canary_simulation import Row, Setting
    from pipeline.playbook_canary import CanaryFile

_RUNS: Final = 40_000
_RUNS_MOST: Final = 1_000_000
_LIST_MOST: Final = 10_000_000
_SEED_MOST: Final = 2**32 - 1


@click.group()
def canary() -> None:
    """What the judge would do at known rates, and alarms from outside."""


@canary.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The limits to judge by. [default: canary.yaml of the playbook]",
)
@click.option(
    "--runs",
    type=click.IntRange(1, _RUNS_MOST),
    default=_RUNS,
    show_default=True,
    help="Imagined campaigns of each row.",
)
@click.option(
    "--list",
    "size",
    type=click.IntRange(1, _LIST_MOST),
    help="A list of this size, its canary and its whole ladder.",
)
@click.option(
    "--heard",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of mails whose complaint would be seen. [default: 0.985]",
)
@click.option(
    "--sending",
    type=click.Choice([str(each) for each in Sending]),
    help="How a step leaves. [default: as the file says]",
)
@click.option(
    "--seed", type=click.IntRange(0, _SEED_MOST), default=1, show_default=True
)
@click.option("--json", "is_json", is_flag=True, help="For programs; shares are 0-1.")
@click.option("--markdown", is_flag=True, help="As tables of docs/canary.md.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw what is caught at which rate, as PNG.",
)
def simulate(
    *,
    config: Path | None,
    runs: int,
    size: int | None,
    heard: float | None,
    sending: str | None,
    seed: int,
    is_json: bool,
    markdown: bool,
    plot: Path | None,
) -> None:
    """Play thousands of campaigns whose true complaint rate is known.

    The desk's own judge decides each of them, by the limits of the file. Without a list
    it plays cohorts of 500, 2,000 and 10,000 each by itself, and the ladder of 50,000.
    """
    from cli import canary_tables
    from pipeline.canary_simulation import HEARD, Setting

    file = _limits(config or playbook_dir() / "canary.yaml", sending)
    setting = Setting(policy=file.policy, runs=runs, seed=seed, heard=heard or HEARD)
    rows = play(setting, file, size)
    if plot is not None:
        _draw(plot, rows)
    if is_json:
        click.echo(json.dumps([canary_tables.as_json(row) for row in rows], indent=2))
    elif markdown:
        click.echo(canary_tables.markdown(rows, setting, file.ladder))
    else:
        click.echo(canary_tables.in_words(rows, setting))


def _limits(path: Path, sending: str | None) -> CanaryFile:
    """Read the file in real time; a policy that a run could not end by is refused.

    Raises:
        Refused: Names the key and what is allowed.
    """
    from pipeline.playbook_canary import load_canary
    from pipeline.playbook_values import read

    raw = read(path)
    return load_canary({**raw, "sending": sending} if sending else raw, 1)


def play(setting: Setting, file: CanaryFile, size: int | None) -> list[Row]:
    from pipeline import canary_simulation as simulation

    jobs: list[Callable[[], Row]] = [
        partial(simulation.alone, n, rate, setting)
        for n in simulation.COHORTS
        for rate in simulation.RATES
    ]
    if size is not None:
        jobs = [
            partial(simulation.canary, size, rate, setting, file.ladder)
            for rate in simulation.RATES
        ]
    jobs += [
        partial(simulation.ladder, size or simulation.LIST, rate, setting, file.ladder)
        for rate in simulation.LADDER_RATES
    ]
    with click.progressbar(jobs, label="Simulating", file=sys.stderr) as each:
        return [job() for job in each]


def _draw(path: Path, rows: list[Row]) -> None:
    """Write the picture.

    Raises:
        Refused: It is no PNG file, or cannot be written.
    """
    from pipeline.canary_curves import curves

    if path.suffix.lower() != ".png":
        raise Refused(f"--plot is {path.name}; a file that ends in .png is allowed.")
    try:
        path.write_bytes(curves(rows))
    except OSError as error:
        raise Refused(f"{path.name} cannot be written: {error.strerror}.") from error


@canary.command()
@click.argument("number", type=click.IntRange(min=1))
@click.option("--json", "is_json", is_flag=True, help="For programs; rates are 0-1.")
def arms(number: int, *, is_json: bool) -> None:
    """Compare the arms of campaign NUMBER over the steps that are out."""
    from cli import canary_tables
    from domain.campaign import CampaignId
    from pipeline.wall_clock import utc_now
    from storage import queries

    with open_desk() as desk:
        facts = desk.playbook.view_facts
        # refuses a number that is none
        desk.database.read(queries.campaign_card, CampaignId(number), facts)
        found = desk.database.read(
            queries.arms, CampaignId(number), today=facts.canary, now=utc_now()
        )
    if found is None:
        raise Refused(
            f"#{number} has no arms to compare: it has one, a step is still going out,"
            " or nobody has seen it yet."
        )
    if is_json:
        click.echo(json.dumps(canary_tables.arms_as_json(found), indent=2))
    else:
        click.echo(canary_tables.arms_in_words(found))


@canary.command()
@click.argument("number", type=click.IntRange(min=1))
@click.argument("kind", type=click.Choice([str(each) for each in Alarm]))
@click.option("--said", default="", help="What was seen, for the record.")
def alarm(number: int, kind: str, said: str) -> None:
    """Stop campaign NUMBER because a monitor says so; no statistics are asked.

    For a probe of the mail that failed, a warning of the ESP about the account, or a
    complaint of a seed or VIP that came by another way. Needs no Slack, no broker and
    no ESP.
    """
    from domain.campaign import Actor, CampaignId
    from domain.canary import HardKill
    from pipeline import record

    with open_desk() as desk, desk.database.begin() as store:
        judgement = record.raise_alarm(
            store,
            desk.playbook,
            CampaignId(number),
            HardKill(alarm=Alarm(kind), said=said),
            actor=Actor(id=shell_user()),
        )
    click.echo(f"Campaign #{number}: {judgement.reason}")
