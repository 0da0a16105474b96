"""A list comes in with broken rows, is parted by a filter, and a person is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import expect

from tests.stories import acts
from tests.stories.person import MARA, WORK_MS
from tests.stories.stage import Play

PEOPLE: Final = 1_200
BROKEN: Final = ("no address,yes,DE,pro", "ann@example.com,perhaps,DE,pro", "short,yes")
FORGOTTEN: Final = "sailor.1@cedar.calm.example"


def play(play: Play) -> None:
    file = _written(play.desk.folder / "crew.csv")
    report = play.desk.folder / "broken.csv"
    given = ("audience", "import", str(file), "--key", "crew", "--title", "The crew")
    with play.step("a list with three broken rows is refused, and nothing is in"):
        refused = play.desk.copydesk(*given, "--report", str(report))
        assert refused.returncode == 1
        assert "3 rows are broken" in refused.stderr, refused.stderr
        found = report.read_text().splitlines()
        assert [line.partition(",")[0] for line in found[1:]] == [
            "1202",
            "1203",
            "1204",
        ]
        assert "ann@example.com" not in report.read_text()
    with play.step("without them it comes in; the same file again changes nothing"):
        done = play.desk.said(*given, "--skip-broken", "--attributes", "plan")
        assert f'"crew" has {PEOPLE:,} recipients' in done, done
        again = play.desk.said(*given, "--skip-broken", "--attributes", "plan")
        assert "nothing to do" in again, again
    with play.step("somebody asks to be forgotten"):
        done = play.desk.said("audience", "forget", FORGOTTEN, "--yes")
        assert "never mailed again" in done, done
    with play.step("a filter of it becomes a segment"):
        where = 'region = "DE" and plan = "pro"'
        done = play.desk.said(
            "audience", "segment", "germany", "--of", "crew", "--where", where
        )
        assert f'"germany" finds {PEOPLE // 2 - 1:,} people' in done, done
    _brief_for(play)


def _written(path: Path) -> Path:
    rows = [
        f"sailor.{n}@cedar.calm.example,yes,{'DE' if n % 2 else 'AT'},pro"
        for n in range(PEOPLE)
    ]
    path.write_text("\n".join(["email,consent,region,plan", *rows, *BROKEN]) + "\n")
    return path


def _brief_for(play: Play) -> None:
    mara = play.person(MARA)
    number = acts.brief(play, mara, "News for Germany", "germany")
    acts.in_review(play, mara, number)
    with play.step("its card counts who can be mailed now, and the record says whom"):
        card = mara.card(number)
        expect(card).to_contain_text(f"{PEOPLE // 2 - 1:,} recipients", timeout=WORK_MS)
        story = play.audit(number)
        assert 'region = "DE"' in story, story
        log = play.desk.said("audience", "log")
        assert "forgotten" in log, log
        assert FORGOTTEN not in log
        play.verify()
