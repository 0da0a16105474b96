"""`copydesk preview`: a campaign's text as a made-up recipient would read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.desk import open_desk
from domain.campaign import CampaignId
from domain.errors import Refused, Unknown
from domain.personalize import Fallback
from domain.preview import MADE_UP

if TYPE_CHECKING:
    from domain.preview import Preview
    from domain.variant import Variant
    from storage.store import Store


@click.command()
@click.argument("campaign", type=click.IntRange(min=1))
@click.option("--variant", default="A", show_default=True, help="Its letter.")
@click.option(
    "--as",
    "who",
    type=click.Choice(list(MADE_UP)),
    default="full",
    show_default=True,
    help="The made-up recipient.",
)
@click.option(
    "--html",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the HTML part to this file.",
)
def preview(campaign: int, variant: str, who: str, file: Path | None) -> None:
    """Show CAMPAIGN's text as a made-up recipient would read it."""
    from pipeline import preview as previews
    from pipeline.templates import Templates

    with open_desk() as desk:

        def ask(store: Store) -> Preview:
            found = _variant(store, CampaignId(campaign), variant.strip().upper())
            if found.revision_id is None:
                raise Refused(f"Variant {found.label} has no text yet.")
            return previews.made_up(
                store, desk.playbook, Templates(), found.revision_id, who
            )

        seen = desk.database.look(ask)
    if seen.mail is None:
        raise Refused(f"No mail would go to them. {seen.problem}")
    click.echo(f"Subject: {seen.mail.subject}")
    click.echo(f"Preheader: {seen.mail.preheader}\n")
    click.echo(seen.mail.text)
    for path, found in seen.account.items():
        if isinstance(found, Fallback):
            click.echo(f"{path}: fallback, {found.value}", err=True)
    if file is not None:
        _write(file, seen.mail.html)


def _variant(store: Store, campaign: CampaignId, label: str) -> Variant:
    """The variant of that letter.

    Raises:
        Unknown: There is no such campaign or variant; says which there are.
    """
    store.campaigns.get(campaign)
    variants = store.variants.of(campaign)
    for each in variants:
        if each.label == label:
            return each
    labels = ", ".join(each.label for each in variants) or "none yet"
    raise Unknown(f"#{campaign} has no variant {label[:5]}. There are: {labels}.")


def _write(file: Path, html: str) -> None:
    try:
        file.write_text(html, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}.") from error
