"""`copydesk campaign export`: approved copy that is no mail, as files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import copydesk
from domain.campaign import CampaignId, State
from domain.channel import Channel
from domain.errors import CampaignError
from domain.variant import Copy
from pipeline.wall_clock import utc_now
from storage import queries
from storage.engine import Database
from tests.factories import MARKETER, add_audience, write

LINK = "https://northwind.example/demo"
TEXT = Copy(subject="See the demo", preheader="Twenty minutes", body=f"Book: {LINK}")


@pytest.fixture
def database(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    base = Database(f"sqlite:///{tmp_path / 'copydesk.db'}", utc_now)
    monkeypatch.setenv("COPYDESK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COPYDESK_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    yield base
    base.close()


def approved(
    database: Database, text: Copy = TEXT, state: State = State.APPROVED
) -> CampaignId:
    with database.begin() as store:
        brief = {"cta_url": LINK, "channel": Channel.LANDING_PAGE}
        campaign = store.campaigns.add(
            brief_id=store.campaigns.add_brief(
                brief, sha256="brief-sha", author=MARKETER, source="shell"
            ),
            title="Recover stalled demos",
            tier="B",
            author=MARKETER,
            channel="C0CAMPAIGNS",
            brief_channel=Channel.LANDING_PAGE,
            slot="home-hero",
            audience_id=add_audience(store, 3),
            audience_size=3,
            suppressed_before=0,
            prompt="landing_page@7f3a",
            policy_hash="policy-sha",
            send_at=None,
            state=state,
        )
        for variant in store.variants.add(campaign.id, ["A", "B"]):
            write(store, variant, text)
        store.variants.set_arms([each.id for each in store.variants.of(campaign.id)])
        return campaign.id


def told(*args: str) -> Result:
    return CliRunner().invoke(copydesk, ["campaign", "export", *args])


def files(folder: Path) -> dict[str, bytes]:
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


def test_two_exports_are_the_same_to_the_byte_and_both_are_on_the_record(
    database: Database, tmp_path: Path
) -> None:
    number = approved(database)
    (tmp_path / "two").mkdir()
    for name in ("one", "two"):
        result = told(str(number), "--to", str(tmp_path / name))
        assert result.exit_code == 0, result.output
        assert "has 7 files of #1; see manifest.json." in result.output
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert set(files(tmp_path / "one")) == {
        "manifest.json",
        *(
            f"{arm}/{name}"
            for arm in "AB"
            for name in ("content.json", "fragment.html", "index.html")
        ),
    }
    story = database.read(queries.audit, number)
    assert [each.event for each in story].count("copy_exported") == 2


def test_a_folder_with_other_things_in_it_is_left_alone(
    database: Database, tmp_path: Path
) -> None:
    number = approved(database)
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("mine", encoding="utf-8")
    result = told(str(number), "--to", str(folder))
    assert isinstance(result.exception, CampaignError)
    assert "has other things in it" in str(result.exception)
    assert files(folder) == {"index.html": b"mine"}
    story = database.read(queries.audit, number)
    assert "copy_exported" not in [each.event for each in story]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (Copy(subject="a\u202eb", preheader="", body="x"), "an invisible character"),
        (
            Copy(subject="a", preheader="", body="https://evil.example/x"),
            "a link nobody approved",
        ),
    ],
)
def test_copy_that_is_not_safe_to_show_does_not_leave(
    database: Database, tmp_path: Path, text: Copy, said: str
) -> None:
    number = approved(database, text)
    result = told(str(number), "--to", str(tmp_path / "out"))
    assert said in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("state", [State.STAGED_REVIEW, State.HELD, State.ROLLED_BACK])
def test_before_approval_and_while_it_is_stopped_nothing_is_exported(
    database: Database, tmp_path: Path, state: State
) -> None:
    number = approved(database, state=state)
    result = told(str(number), "--to", str(tmp_path / "out"))
    assert "Copy is exported once it is approved" in str(result.exception)
    assert not (tmp_path / "out").exists()
