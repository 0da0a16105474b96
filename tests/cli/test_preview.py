"""`copydesk preview`: a text as a made-up recipient reads it, in a shell."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import copydesk
from domain.errors import CampaignError
from domain.variant import Copy
from pipeline.wiring import utc_now
from storage.engine import Database
from tests.factories import add_campaign, write

TEXT = Copy(
    subject="Still weighing it, {{ person.first_name | default: 'friend' }}?",
    preheader="Two things",
    body="Hello,\n\nSetup takes two days. Book: {{ links.cta }}",
)


@pytest.fixture
def database(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    base = Database(f"sqlite:///{tmp_path / 'copydesk.db'}", utc_now)
    monkeypatch.setenv("COPYDESK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COPYDESK_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    with base.begin() as store:
        link = "https://northwind.example/demo"
        campaign = add_campaign(store, cta_url=link)
        for variant in store.variants.add(campaign.id, ["A", "B"]):
            write(store, variant, TEXT)
    yield base
    base.close()


def told(*args: str) -> Result:
    return CliRunner().invoke(copydesk, ["preview", *args], catch_exceptions=False)


def test_a_text_is_shown_as_somebody_reads_it(database: Database) -> None:
    result = told("1")
    assert result.exit_code == 0
    assert result.stdout.startswith("Subject: Still weighing it, Ada?\n")
    assert "Book: https://northwind.example/demo" in result.stdout
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


def test_a_made_up_recipient_that_is_none_is_a_usage_error(database: Database) -> None:
    result = told("1", "--as", "somebody")
    assert result.exit_code == 2
    assert "'full', 'empty', 'long', 'rtl', 'hostile'" in result.stderr
