"""`copydesk freeze`: let nothing leave for a while, also when Slack is down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from cli.campaign import shell_user
from cli.desk import Desk, open_desk

if TYPE_CHECKING:
    from domain.freeze import Freeze

_HISTORY: Final = 20


@click.group(invoke_without_command=True)
@click.option("--reason", help="Why; whoever waits reads it. Freezes when given.")
@click.option("--for", "lasts", help="How long: 30min, 2h or 1.5d.")
@click.option("--team", help="Only this team's campaigns, by the team's key.")
@click.option("--esp", help="Only what goes out by this ESP.")
@click.pass_context
def freeze(
    ctx: click.Context,
    reason: str | None,
    lasts: str | None,
    team: str | None,
    esp: str | None,
) -> None:
    """Freeze all sending for a while; without a reason, list freezes.

    Needs no Slack, no broker and no ESP. What was handed over before is out.
    """
    if ctx.invoked_subcommand is not None:
        return
    with open_desk() as desk:
        if reason is None:
            if lasts or team or esp:
                raise click.UsageError("Say why with --reason.")
            _list(desk)
            return
        made = _freeze(desk, reason, lasts, team, esp)
    click.echo(f"Freeze {made.id}: {in_words(made)}")


def _freeze(
    desk: Desk, reason: str, lasts: str | None, team: str | None, esp: str | None
) -> Freeze:
    from domain.campaign import Actor
    from domain.freeze import Scope, parse_lasts
    from pipeline import record

    if team and esp:
        raise click.UsageError("Name a team or an ESP, not both; or freeze twice.")
    scope = Scope.TEAM if team else Scope.ESP if esp else Scope.TENANT
    span = parse_lasts(lasts) if lasts else desk.playbook.sending.usual_freeze
    with desk.database.begin() as store:
        return record.freeze(
            store,
            desk.playbook,
            scope=scope,
            target=team or esp or "",
            reason=reason,
            lasts=span,
            # a machine: team.yaml knows no shell users, and who is in is trusted
            actor=Actor.machine(shell_user()),
        )


@freeze.command()
@click.argument("number", type=click.IntRange(min=1))
def lift(number: int) -> None:
    """Ask for freeze NUMBER to end now, or confirm that another person asked."""
    from domain.campaign import Actor
    from domain.freeze import FreezeId, covered
    from pipeline import record

    with open_desk() as desk, desk.database.begin() as store:
        done = record.lift(
            store,
            desk.playbook,
            FreezeId(number),
            actor=Actor.machine(shell_user()),
        )
    if done.is_lifted:
        click.echo(f"Freeze {number} is lifted; {covered(done.freeze)} goes on.")
    else:
        click.echo(
            f"Asked. Another person has to confirm it: /desk lift {number}, or"
            f" copydesk freeze lift {number} as another user."
        )


def _list(desk: Desk) -> None:
    from pipeline.wall_clock import utc_now
    from storage import queries

    found = desk.database.read(queries.past_freezes, limit=_HISTORY)
    now = utc_now()
    if not any(each.is_active(now) for each in found):
        click.echo("Nothing is frozen.")
    for each in found:
        click.echo(f"{each.id:<4} {in_words(each)}")


def in_words(made: Freeze) -> str:
    """A freeze in a line: what, since when, until when or by whom lifted, and why."""
    from domain.freeze import covered

    ended = (
        f"lifted {made.lifted_at:%Y-%m-%d %H:%M} UTC by {made.lift_asked_by}"
        f" and {made.lifted_by}"
        if made.lifted_at
        else f"until {made.until:%Y-%m-%d %H:%M} UTC"
    )
    asked = (
        f" (lift asked by {made.lift_asked_by})"
        if made.lift_asked_by and not made.lifted_at
        else ""
    )
    return f"{covered(made)} frozen by {made.by}, {ended}{asked}: {made.reason}"
