"""`copydesk slot`: where copy that is no mail is shown, its site's secret, and a play."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import click

from cli.desk import open_desk
from domain.errors import Refused, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain.channel import Slot
    from practice.site import Tally

_SLOT = click.argument("slot")


@click.group()
def slot() -> None:
    """Where copy that is no mail is shown: list, secret, what is shown, a play."""


@slot.command("list")
def list_() -> None:
    """List the slots of slots.yaml and what each shows."""
    from storage import queries

    with open_desk() as desk:
        for each in desk.playbook.slots.values():
            shows = desk.database.read(queries.slot_standing, each.key)
            said = f"{each.key:<24} {each.channel.replace('_', ' '):<13} {each.title}"
            click.echo(f"{said}: {_standing(shows)}")


@slot.command()
@_SLOT
def key(slot: str) -> None:
    """Print the secret that the site of SLOT signs with.

    It is made of COPYDESK_SECRET_KEY and the slot's generation, and kept nowhere: raise
    the generation in slots.yaml and start the desk anew to end it.
    """
    from pipeline.slot_keys import slot_secret

    with open_desk() as desk:
        found = _found(desk.playbook.slots, slot)
        click.echo(slot_secret(desk.settings.secret_key.get_secret_value(), found))


@slot.command()
@_SLOT
def show(slot: str) -> None:
    """Say what SLOT shows, to whom, and what its ladder is."""
    from domain.exposure import steps
    from storage import queries

    with open_desk() as desk:
        found = _found(desk.playbook.slots, slot)
        shows = desk.database.read(queries.slot_standing, slot)
    click.echo(f"{found.key}: {found.title} ({found.channel.replace('_', ' ')})")
    click.echo(f"  shows     {_standing(shows)}")
    seen = 0
    for each in steps(found):
        seen += each.planned
        click.echo(
            f"  step {each.step + 1}    {each.percent:g} % of the visitors,"
            f" until {seen:,} have seen it"
        )
    click.echo(f"  asked by  GET /v1/content/{found.key}?key=VISITOR")


@slot.command("try")
@_SLOT
@click.option("--visitors", type=click.IntRange(1, 10_000_000), default=30_000)
@click.option(
    "--bad-rate",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of those who see the new version that complain of it.",
)
@click.option(
    "--liked",
    metavar="LABEL",
    default="",
    help="The variant that is clicked three times as often as others.",
)
@click.option("--per-second", type=click.FloatRange(0.1, 10_000), default=100.0)
@click.option("--seed", type=int, default=1)
@click.option("--url", help="Where the desk answers. [default: this machine's]")
def try_(
    slot: str,
    *,
    visitors: int,
    bad_rate: float,
    liked: str,
    per_second: float,
    seed: int,
    url: str | None,
) -> None:
    """Play the site of SLOT against the running desk: visitors come, and it reports.

    Over real HTTP, with real signatures and tokens. The first Ctrl-C ends it.
    """
    from pipeline.slot_keys import slot_secret
    from practice.site import PracticeSite
    from storage import queries

    with open_desk() as desk:
        found = _found(desk.playbook.slots, slot)
        settings = desk.settings
        if "slack" not in settings.practice_parts and url is None:
            raise Refused(
                "This desk is not in practice: made-up visitors would decide about real"
                " copy. Name it with --url to do it all the same."
            )
        site = PracticeSite(
            url=(url or f"http://{settings.host}:{settings.port}").rstrip("/"),
            slot=slot,
            secret=slot_secret(settings.secret_key.get_secret_value(), found),
            bad_rate=bad_rate,
            liked=liked.upper(),
            per_second=per_second,
            seed=seed,
            run=f"try-{int(time.time())}",
        )
        tally = asyncio.run(site.play(visitors, _tell()))
        shows = desk.database.read(queries.slot_standing, slot)
    click.echo(f"{_counts(tally)}.")
    if tally.last_error:
        click.echo(f"The desk last refused: {tally.last_error}", err=True)
    click.echo(f"{slot} shows {_standing(shows)}.")


def _found(slots: Mapping[str, Slot], key: str) -> Slot:
    if key not in slots:
        known = ", ".join(slots) or "none"
        raise Unknown(f"slots.yaml has no slot {key}; it has {known}.")
    return slots[key]


def _standing(shows: tuple[int | None, int | None, str]) -> str:
    trying, live, state = shows
    before = f"the version of #{live}" if live else "its site's own text"
    if trying is None:
        return before
    return f"{before}, and #{trying} is being tried ({state.replace('_', ' ')})"


def _tell() -> Callable[[Tally], None]:
    """A line whenever a thousand more have come, or what they see changes."""
    last = [0, 0]

    def tell(tally: Tally) -> None:
        now = [tally.visits // 1_000, tally.shown["new"]]
        if now[0] != last[0] or (now[1] > 0) != (last[1] > 0):
            last[:] = now
            click.echo(_counts(tally))

    return tell


def _counts(tally: Tally) -> str:
    shown = ", ".join(f"{tally.shown[name]:,} {name}" for name in sorted(tally.shown))
    told = ", ".join(f"{n:,} {name}" for name, n in sorted(tally.reported.items()) if n)
    return f"{tally.visits:,} visits: {shown or 'none'}; reported: {told or 'nothing'}"
