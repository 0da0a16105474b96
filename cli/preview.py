"""`copydesk preview`: a campaign's text as somebody would read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.audience_file import secret_of
from cli.campaign import shell_user
from cli.desk import open_desk
from domain.campaign import Actor, CampaignId
from domain.channel import PARTS
from domain.errors import Refused, Unknown
from domain.personalize import Fallback
from domain.preview import BY_ADDRESS, MADE_UP, NOBODY_THERE

if TYPE_CHECKING:
    from cli.desk import Desk
    from domain.preview import Preview
    from domain.variant import RevisionId, Variant
    from pipeline.preview import Shown
    from storage.store import Store


@click.command()
@click.argument("campaign", type=click.IntRange(min=1))
@click.option("--variant", default="A", show_default=True, help="Its letter.")
@click.option(
    "--as",
    "who",
    default="full",
    show_default=True,
    metavar="WHO",
    help=f"For a mail, somebody made up ({', '.join(MADE_UP)}), or a recipient's address; - asks"
    " for one, so that it stays out of the shell's history.",
)
@click.option(
    "--html",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the HTML part, or the page, to this file.",
)
def preview(campaign: int, variant: str, who: str, file: Path | None) -> None:
    """Show CAMPAIGN's text as somebody would read it, made up or of its list.

    A look at somebody of the list is on the campaign's record, without the address.
    """
    if who == "-":
        who = click.prompt("Address", err=True)
    with open_desk() as desk:
        revision_id, is_mail = desk.database.look(
            lambda store: _text(store, CampaignId(campaign), variant.strip().upper())
        )
        html = (_mail if is_mail else _page)(desk, revision_id, who.strip())
    if file is not None:
        _write(file, html)


def _mail(desk: Desk, revision_id: RevisionId, who: str) -> str:
    """Say a mail as somebody reads it; return its HTML part."""
    draw = _as_recipient if "@" in who else _as_made_up
    seen = draw(desk, revision_id, who)
    if seen.mail is None:
        raise Refused(f"No mail would go to them. {seen.problem}")
    click.echo(f"Subject: {seen.mail.subject}")
    click.echo(f"Preheader: {seen.mail.preheader}\n")
    click.echo(seen.mail.text)
    for path, found in seen.account.items():
        if isinstance(found, Fallback):
            click.echo(f"{path}: fallback, {found.value}", err=True)
    return seen.mail.html


def _page(desk: Desk, revision_id: RevisionId, _who: str) -> str:
    """Say copy that is no mail: a visitor is nobody it could be filled in for."""
    from pipeline import preview as previews

    seen: Shown = desk.database.look(lambda store: previews.shown(store, revision_id))
    names = PARTS[seen.channel]
    click.echo(f"{names['subject']}: {seen.text.subject}")
    click.echo(f"{names['preheader']}: {seen.text.preheader}\n")
    click.echo(seen.text.body)
    return seen.page


def _as_made_up(desk: Desk, revision_id: RevisionId, who: str) -> Preview:
    from pipeline import preview as previews
    from pipeline.templates import Templates

    return desk.database.look(
        lambda store: previews.made_up(
            store, desk.playbook, Templates(), revision_id, who
        )
    )


def _as_recipient(desk: Desk, revision_id: RevisionId, address: str) -> Preview:
    """The text as whoever has the address would read it; on the record first.

    Raises:
        Refused: It is no address, or the campaign would mail nobody there.
    """
    from pipeline import preview as previews
    from pipeline import record
    from pipeline.recipient_rows import address_problem, normal_address
    from pipeline.templates import Templates
    from pipeline.tokens import address_hash

    problem = address_problem(address)
    if problem:
        raise Refused(f"The address {problem}.")
    hashed = address_hash(secret_of(desk), normal_address(address))
    with desk.database.begin() as store:
        person = record.preview_by_address(
            store,
            desk.playbook,
            revision_id,
            hashed,
            actor=Actor.machine(shell_user()),
        )
    if person is None:
        raise Refused(NOBODY_THERE)
    return desk.database.look(
        lambda store: previews.recipient(
            store, desk.playbook, Templates(), revision_id, person, key=BY_ADDRESS
        )
    )


def _text(store: Store, campaign: CampaignId, label: str) -> tuple[RevisionId, bool]:
    """The newest text of the variant of that letter, and whether it is a mail's.

    Raises:
        Unknown: There is no such campaign or variant; says which there are.
        Refused: It has no text yet.
    """
    found = _variant(store, campaign, label)
    if found.revision_id is None:
        raise Refused(f"Variant {found.label} has no text yet.")
    return found.revision_id, store.campaigns.get(campaign).brief_channel.is_mailed


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
