"""`copydesk incident`: what a rollback came to, and its postmortem as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.desk import open_desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.postmortem import PostmortemView


@click.command()
@click.argument("number", type=click.IntRange(min=1))
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the postmortem to this file; - prints it.",
)
def incident(number: int, markdown: Path | None) -> None:
    """Show the incident of campaign NUMBER, or write its postmortem."""
    from domain import postmortem
    from domain.campaign import CampaignId
    from domain.errors import Refused
    from storage import queries

    with open_desk() as desk:
        view = desk.database.read(
            queries.postmortem, CampaignId(number), desk.playbook.view_facts
        )
        people = desk.playbook.everyone.people
    names = {user: person.name for user, person in people.items()}
    if markdown is None:
        for line in in_words(view, names):
            click.echo(line)
        return
    document = postmortem.markdown(view, names)
    if str(markdown) == "-":
        click.echo(document, nl=False)
        return
    try:
        markdown.write_text(document, encoding="utf-8")
    except OSError as error:
        raise Refused(
            f"The postmortem cannot be written to {markdown}: {error.strerror}."
        ) from error
    click.echo(f"The postmortem of #{number} is in {markdown}.")


def in_words(view: PostmortemView, names: dict[str, str]) -> Iterator[str]:
    """The incident in a page of a terminal."""
    from domain.clocks import clocks
    from domain.incident import CAUSE_WORDS

    found = view.incident
    by = names.get(found.actor, found.actor)
    state = "closed" if found.closed_at else "open"
    yield f"#{found.campaign_id} {found.title}: {state} incident"
    yield f"  stopped by     {by} ({found.trigger.replace('_', ' ')})"
    yield f"  reason         {found.reason or 'none given yet'}"
    yield f"  cause          {CAUSE_WORDS[found.cause] if found.cause else 'not said yet'}"
    yield (
        f"  visitors       {found.mails_out:,} had seen it, {found.leaked:,} reported"
        " afterwards"
        if found.slot
        else f"  mails          {found.mails_out:,} out, {found.mails_spared:,} spared,"
        f" {found.leaked:,} leaked, {found.suppressed:,} suppressed"
    )
    yield ""
    for each in clocks(found):
        at = f"{each.at:%Y-%m-%d %H:%M:%S} UTC" if each.at else each.missing
        yield f"  {each.name:<12} {at:<24} {each.words}"
    if found.late_at is not None:
        yield f"  not contained in time: said at {found.late_at:%H:%M:%S} UTC"
    yield ""
    for step in found.steps:
        yield f"  {step.name:<10} {step.state:<8} {step.detail or ''}".rstrip()
    for alert in found.alerts:
        why = f" ({alert.error})" if alert.error else ""
        yield f"  {alert.kind:<10} {alert.state:<8} {alert.host}{why}"
    for item in found.actions:
        mark = "done" if item.done_at else f"due {item.due_at:%Y-%m-%d}"
        yield f"  action     {mark:<14} {names.get(item.owner, item.owner)}: {item.text}"
