"""`copydesk audience`: what somebody at a shell types, and what they are told."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.audit import audit
from cli.main import copydesk
from domain.errors import CampaignError
from pipeline.failpoint import OF_IMPORTS
from pipeline.wall_clock import utc_now
from storage.engine import Database

LIST = """E-Mail;Opt-in;Vorname;region;Plan;Score;Orders;Revenue;Last order at
ann@one.example;yes;=Ann;DE;trial;-3;1;10;2026-01-01
bob@two.example;yes;Bob;AT;team;5;2;20;2026-02-01
cy@two.example;no;Cy;DE;team;7;3;30;2026-03-01
"""
OPTIONS = (
    "--map",
    "email=E-Mail,consent=Opt-in",
    "--map",
    "first_name=Vorname",
    "--attributes",
    "plan,score:number,orders:number,revenue:number,last_order_at:date",
)


@pytest.fixture
def folder(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    monkeypatch.setenv("COPYDESK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COPYDESK_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    return tmp_path


def told(*args: str, typed: str = "") -> Result:
    return CliRunner().invoke(
        copydesk, ["audience", *args], input=typed, catch_exceptions=False
    )


def refused(*args: str, typed: str = "") -> str:
    with pytest.raises(CampaignError) as error:
        told(*args, typed=typed)
    return str(error.value)


def bring_in(folder: Path, *more: str) -> Result:
    return told("import", str(folder / "list.csv"), "--key", "crew", *OPTIONS, *more)


def test_a_list_comes_in_is_shown_and_goes_out(folder: Path) -> None:
    done = bring_in(folder, "--title", "The crew")
    assert done.exit_code == 0, done.output
    assert '"crew" has 3 recipients: 3 new, 0 changed, 0 as before.' in done.output
    assert "this very file already" in bring_in(folder, "--title", "The crew").output

    shown = told("show", "crew").output
    assert shown.startswith("crew: The crew, a list\n")
    for line in (
        "recipients: 3",
        "can be mailed: 2",
        "without consent: 1",
        "attributes: plan (text), score (number),",
    ):
        assert line in shown
    assert told("list").output == "crew: The crew, 2 of 3 can be mailed\n"

    out = folder / "out.csv"
    exported = told("export", "crew", "--out", str(out))
    assert "has 3 recipients" in exported.output
    assert "begins with an apostrophe" in exported.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(newline="", encoding="utf-8") as file:
        ann, _, cy = csv.DictReader(file)
    assert (ann["email"], ann["first_name"], ann["score"]) == (
        "ann@one.example",
        "'=Ann",
        "-3",
    )
    assert (cy["consent"], cy["suppressed"], cy["plan"]) == ("no", "no", "team")
    assert "is there already; name another file" in refused(
        "export", "crew", "--out", str(out)
    )
    log = told("log").output
    assert "list imported; audience crew, file " in log
    assert "exported; audience crew, 3 recipients" in log
    assert "one.example" not in log


def test_what_is_exported_of_a_list_nobody_has_leaves_no_file(folder: Path) -> None:
    out = folder / "out.csv"
    assert "There is no segment" in refused("export", "ghosts", "--out", str(out))
    assert not out.exists()


def test_a_dry_run_says_what_would_be_and_writes_nothing(folder: Path) -> None:
    bring_in(folder)
    newer = LIST.replace("Bob", "Rob").replace("cy@", "di@")
    (folder / "list.csv").write_text(newer, encoding="utf-8")
    would = bring_in(folder, "--dry-run").output
    assert "would have 3 recipients: 1 new, 1 changed, 1 as before." in would
    assert "not mailed from it again: 1." in would
    assert would.endswith("This was a dry run: nothing was written.\n")
    assert len(told("log").output.splitlines()) == 1


def test_broken_rows_are_told_and_reported_by_line(folder: Path) -> None:
    broken = LIST + "nobody;yes;N;;;;;;\nx@y.example;yes;X;;;lots;;;\n"
    (folder / "list.csv").write_text(broken, encoding="utf-8")
    report = folder / "report.csv"
    runner = CliRunner()
    args = ["audience", "import", str(folder / "list.csv"), "--key", "crew"]
    answer = runner.invoke(copydesk, [*args, *OPTIONS, "--report", str(report)])
    assert answer.exit_code == 1
    assert "2 rows are broken, so nothing was imported." in str(answer.exception)
    assert "line 5, email: is not an address\n" in answer.stderr
    assert report.read_text(encoding="utf-8") == (
        "line,field,reason\n"
        "5,email,is not an address\n"
        "6,score,is not a number such as 12.5\n"
    )
    done = bring_in(folder, "--skip-broken")
    assert "Left out: 2 broken rows." in done.output


def test_a_wrong_map_is_refused_before_anything_is_read(folder: Path) -> None:
    said = refused("import", str(folder / "list.csv"), "--key", "x", "--map", "emial=E")
    assert said == '--map: there is no field "emial". Did you mean email?'


def test_a_person_is_forgotten_only_when_the_address_is_typed_twice(
    folder: Path,
) -> None:
    bring_in(folder)
    assert "nobody was forgotten" in refused(
        "forget", "ann@one.example", typed="anne@one.example\n"
    )
    assert "The address is not an address." in refused("forget", "ann", "--yes")
    done = told("forget", typed="Ann@ONE.example\nAnn@ONE.example\n")
    assert "Forgotten from crew: 1 rows, 0 signals." in done.stdout
    assert told("list").output == "crew: crew, 1 of 2 can be mailed\n"
    assert "nobody" not in told("forget", "stranger@x.example", "--yes").output
    log = told("log").output
    assert "person forgotten; lists crew, rows 1" in log
    assert "one.example" not in log.lower()
    verified = CliRunner().invoke(audit, ["verify"], catch_exceptions=False)
    assert verified.exit_code == 0, verified.output
    assert "3 events read, 0 breaks." in verified.output


def test_a_segment_is_saved_with_its_size_and_found_in_the_list(folder: Path) -> None:
    bring_in(folder)
    saved = told(
        *("segment", "team", "--of", "crew", "--where", 'plan = "team" and score >= 5')
    )
    assert saved.output == '"team" finds 2 people now; 1 can be mailed.\n'
    assert "team: team, 1 of 2 can be mailed" in told("list").output
    shown = told("show", "team").output
    assert "team: team, a segment of crew" in shown
    assert 'where: plan = "team" and score >= 5' in shown
    assert "segments: team" in told("show", "crew").output
    out = folder / "team.csv"
    told("export", "team", "--out", str(out))
    assert out.read_text(encoding="utf-8").count("@two.example") == 2
    assert "Did you mean plan?" in refused(
        *("segment", "x", "--of", "crew", "--where", 'plans = "team"')
    )
    assert "Compute it first" in refused(
        *("segment", "x", "--of", "crew", "--where", "rfm.r >= 4")
    )


def test_intent_comes_in_by_person_and_by_account_and_expires(folder: Path) -> None:
    bring_in(folder)
    today = utc_now().date()
    past = today - timedelta(days=100)
    signals = folder / "signals.csv"
    signals.write_text(
        "email,account,topic,score,seen_at,source\n"
        f"ann@one.example,,Pricing,80,{today},web\n"
        f",two.example,pricing,60,{today},bought\n"
        f"ann@one.example,,old,90,{past},web\n",
        encoding="utf-8",
    )
    assert (
        "3 signals are good."
        in told("intent", "import", str(signals), "--dry-run").output
    )
    done = told("intent", "import", str(signals))
    assert done.output == "3 signals, of which 3 are new or newer.\n"
    again = told("intent", "import", str(signals))
    assert again.output.startswith("3 signals, of which")

    def size(where: str) -> str:
        return told("segment", "hot", "--of", "crew", "--where", where).output

    assert "finds 3 people" in size('intent.topic = "pricing" and intent.score >= 50')
    assert "finds 1 people" in size('intent.topic = "pricing" and intent.score > 60')
    assert "finds 0 people" in size('intent.topic = "old"')


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (",,t,1,2026-01-01,web", "line 2, email: or account has to be filled in"),
        ("a@x.example,x.example,t,1,2026-01-01,web", "line 2, email: or account"),
        (",gmail.com,t,1,2026-01-01,web", "line 2, account: is a mailbox provider"),
        (",nowhere,t,1,2026-01-01,web", "line 2, account: has a domain that cannot"),
        ("a@x.example,,t,101,2026-01-01,web", "line 2, score: must be 0 to 100"),
        ("a@x.example,,t,1,soon,web", "line 2, seen_at: is not a date"),
        ("a@x.example,,t\x00,1,2026-01-01,web", "line 2, topic: holds a control"),
    ],
)
def test_a_broken_signal_is_named_and_nothing_is_kept(
    folder: Path, row: str, sentence: str
) -> None:
    signals = folder / "signals.csv"
    header = "email,account,topic,score,seen_at,source"
    signals.write_text(f"{header}\n{row}\n", encoding="utf-8")
    answer = CliRunner().invoke(
        copydesk, ["audience", "intent", "import", str(signals)]
    )
    assert answer.exit_code == 1
    assert "1 row is broken, so nothing was imported." in str(answer.exception)
    assert sentence in answer.stderr
    assert told("log").output == ""


def test_rfm_says_its_thresholds(folder: Path) -> None:
    rows = "\n".join(
        f"p{n}@x.example;yes;P;DE;t;{n};{n};{n * 10};2026-01-{n % 28 + 1:02}"
        for n in range(50)
    )
    (folder / "list.csv").write_text(
        LIST.splitlines()[0] + "\n" + rows, encoding="utf-8"
    )
    bring_in(folder)
    done = told("rfm", "crew").output
    assert done.startswith("Thresholds from 50 people:\n")
    assert "rfm.f is 2 to 5 of orders from: 10, 20, 30, 40\n" in done
    assert "rfm.m is 2 to 5 of revenue from: 100, 200, 300, 400\n" in done
    best = told("segment", "best", "--of", "crew", "--where", "rfm.f = 5 and rfm.m = 5")
    assert "finds 10 people" in best.output
    assert "RFM thresholds of:" in told("show", "crew").output
    # a file without what the thresholds are of would leave the segment empty
    path = str(folder / "list.csv")
    fewer = ("--attributes", "plan,revenue:number,last_order_at:date")
    assert 'The segment "best" would not work with this file.' in refused(
        "import", path, "--key", "crew", *OPTIONS[:4], *fewer
    )


def test_without_a_secret_key_nothing_comes_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COPYDESK_SECRET_KEY")
    said = refused("import", str(folder / "list.csv"), "--key", "crew", *OPTIONS)
    assert said == "Set COPYDESK_SECRET_KEY to the one that the desk runs with."


@pytest.mark.parametrize("moment", OF_IMPORTS)
def test_an_import_killed_as_a_process_shows_nothing_and_runs_again(
    folder: Path, moment: str
) -> None:
    bring_in(folder)
    rows = "\n".join(
        f"p{n}@x.example;yes;P;DE;t;{n};{n};{n};2026-01-01" for n in range(2_500)
    )
    path = folder / "newer.csv"
    path.write_text(LIST.splitlines()[0] + "\n" + rows, encoding="utf-8")
    armed = folder / "failpoints"
    armed.mkdir()
    (armed / moment).write_text("", encoding="ascii")
    command = ["audience", "import", str(path), "--key", "crew", *OPTIONS]
    killed = subprocess.run(
        [sys.executable, "-m", "cli.main", *command],
        env={**os.environ, "COPYDESK_FAILPOINTS": str(armed)},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert told("list").output == "crew: crew, 2 of 3 can be mailed\n"

    done = told(*command[1:])
    assert "2,500 new, 0 changed, 0 as before." in done.output
    assert "not mailed from it again: 3." in done.output
    database = Database(f"sqlite:///{folder / 'copydesk.db'}", utc_now)
    with database.engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM recipients").scalar()
    database.close()
    assert left == 2_500


def test_the_record_of_audiences_shows_a_change(folder: Path) -> None:
    bring_in(folder)
    database = Database(f"sqlite:///{folder / 'copydesk.db'}", utc_now)
    with database.begin() as store:
        run = store.connection.exec_driver_sql
        run("DROP TRIGGER audience_events_no_update")
        run("UPDATE audience_events SET actor = 'somebody else'")
    database.close()
    verified = CliRunner().invoke(audit, ["verify"])
    assert verified.exit_code == 1
    assert "The record of audiences breaks at event 1." in verified.stderr
