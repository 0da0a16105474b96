"""`copydesk preview`: a text as a made-up recipient reads it, in a shell."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import copydesk
from domain.campaign import CampaignId
from domain.errors import CampaignError
from domain.preview import NOBODY_THERE
from domain.variant import Copy
from pipeline.tokens import address_hash
from storage import queries
from storage.engine import Database
from tests.factories import add_campaign, write

SECRET = "0123456789abcdef0123456789abcdef"
TEXT = Copy(
    subject="Still weighing it, {{ person.first_name | default: 'friend' }}?",
    preheader="Two things",
    body="Hello,\n\nSetup takes two days. Book: {{ links.cta }}",
)


@pytest.fixture
def database(database: Database) -> Database:
    with database.begin() as store:
        link = "https://northwind.example/demo"
        campaign = add_campaign(store, cta_url=link)
        for variant in store.variants.add(campaign.id, ["A", "B"]):
            write(store, variant, TEXT)
    return database


def told(*args: str) -> Result:
    return CliRunner().invoke(copydesk, ["preview", *args], catch_exceptions=False)


def test_a_text_is_shown_as_somebody_reads_it(database: Database) -> None:
    result = told("1")
    assert result.exit_code == 0
    assert result.stdout.startswith("Subject: Still weighing it, Ada?\n")
    # as the mail's own link, but for the id that conversions are counted by
    assert "Book: https://northwind.example/demo?cd=preview" in result.stdout
    assert "/u/preview" in result.stdout


def test_who_is_not_known_reads_the_fallback_and_that_is_said(
    database: Database,
) -> None:
    result = told("1", "--as", "empty")
    assert result.stdout.startswith("Subject: Still weighing it, friend?\n")
    assert result.stderr == "person.first_name: fallback, missing\n"


def test_the_html_part_goes_to_a_file(database: Database, tmp_path: Path) -> None:
    assert (
        told("1", "--variant", "b", "--html", str(tmp_path / "b.html")).exit_code == 0
    )
    html = (tmp_path / "b.html").read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert "{{" not in html


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("1", "--variant", "C"), "#1 has no variant C. There are: A, B."),
        (("9",), "There is no campaign with that number"),
        (("1", "--html", "/no/such/folder/x.html"), "cannot be written"),
    ],
)
def test_what_is_not_there_is_said(
    database: Database, args: tuple[str, ...], words: str
) -> None:
    with pytest.raises(CampaignError) as refused:
        told(*args)
    assert words in str(refused.value)


def test_a_made_up_recipient_that_is_none_is_said_with_those_there_are(
    database: Database,
) -> None:
    with pytest.raises(CampaignError) as refused:
        told("1", "--as", "somebody")
    assert "There are: full, empty, long, rtl, hostile." in str(refused.value)


def keyed(database: Database) -> str:
    """The address of a recipient of the list, which a real import would have hashed."""
    with database.engine.begin() as connection:
        address = connection.exec_driver_sql(
            "SELECT address FROM recipients WHERE id = 1"
        ).scalar_one()
        connection.exec_driver_sql(
            "UPDATE recipients SET address_hash = ?, first_name = 'Grace' WHERE id = 1",
            (address_hash(SECRET, address),),
        )
    return str(address)


def record(database: Database) -> list[tuple[str, str, str]]:
    events = database.read(queries.audit, CampaignId(1))
    return [
        (e.actor, e.event, e.detail) for e in events if e.event.startswith("preview")
    ]


@pytest.mark.parametrize("asks", [False, True])
def test_somebody_of_the_list_is_previewed_by_address_and_the_look_is_kept(
    database: Database, *, asks: bool
) -> None:
    address = keyed(database)
    result = CliRunner().invoke(
        copydesk,
        ["preview", "1", "--as", "-" if asks else address],
        input=f"{address}\n" if asks else None,
        catch_exceptions=False,
    )
    assert "Subject: Still weighing it, Grace?\n" in result.stdout
    ((actor, event, detail),) = record(database)
    assert actor.startswith("shell:")
    assert (event, detail) == (
        "previewed",
        "variant A, revision 1, as recipient 1",
    )


def test_an_address_that_the_campaign_mails_nobody_at_is_not_found(
    database: Database,
) -> None:
    with pytest.raises(CampaignError) as refused:
        told("1", "--as", "nobody@calm.example")
    assert str(refused.value) == NOBODY_THERE
    # kept all the same
    assert [event for _actor, event, _detail in record(database)] == [
        "preview_found_nobody"
    ]


@pytest.mark.parametrize(
    "typed", ["@", "a@b", "a@b.example'--", "x" * 300 + "@b.example"]
)
def test_what_is_no_address_is_not_repeated(database: Database, typed: str) -> None:
    with pytest.raises(CampaignError) as refused:
        told("1", "--as", typed)
    assert str(refused.value).startswith("The address ")
    assert typed not in str(refused.value)
    assert record(database) == []
