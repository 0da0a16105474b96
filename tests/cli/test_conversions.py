"""Conversions from a file: all of it or nothing, by a signed shell, on the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import copydesk
from domain.errors import Refused
from pipeline.tokens import make_link_id
from pipeline.wall_clock import utc_now
from storage import queries
from storage.engine import Database
from tests.factories import add_campaign, write_all

SECRET_KEY = "0123456789abcdef0123456789abcdef"
LINK = make_link_id(SECRET_KEY, 1, "A")
HEAD = "link,kind,id,at,value"


@pytest.fixture
def database(database: Database) -> Database:
    with database.begin() as store:
        campaign = add_campaign(store)
        write_all(store, campaign, "AB")
    return database


def told(*args: str) -> Result:
    return CliRunner().invoke(copydesk, ["conversions", *args], catch_exceptions=False)


def write(folder: Path, *lines: str | bytes) -> str:
    path = folder / "conversions.csv"
    raw = (line if isinstance(line, bytes) else line.encode() for line in lines)
    path.write_bytes(b"\n".join(raw) + b"\n")
    return str(path)


def row(number: int, *, link: str = LINK, kind: str = "mql", value: str = "") -> str:
    return f"{link},{kind},lead-{number},{utc_now().isoformat()},{value}"


def test_a_file_is_counted_once_and_is_on_the_record(
    database: Database, tmp_path: Path
) -> None:
    stranger = row(3, link="7-A-ffff")
    file = write(tmp_path, HEAD, row(1, value="12.50"), row(2), stranger)
    first = told("import", file)
    assert first.exit_code == 0, first.output
    assert "Counted 2; known before: 0." in first.output
    assert "not of this desk: 1." in first.output
    assert "Counted 0; known before: 2." in told("import", file).output
    lines = database.read(queries.audit, 1)
    assert [each.event for each in lines].count("conversions_imported") == 1


def test_what_was_counted_is_shown_with_each_variants_link_id(
    database: Database, tmp_path: Path
) -> None:
    assert "Nothing was reported yet." in told("show", "1").output
    told("import", write(tmp_path, HEAD, row(1), row(2)))
    shown = told("show", "1").output
    assert f"A  cd={LINK}\n" in shown
    assert "Mql: 2 of 0 delivered · A 2." in shown
    del database


BROKEN: dict[str, tuple[tuple[str | bytes, ...], str]] = {
    "nothing": ((b"",), "The first line must name"),
    "no id": (("link,kind,at", "a,b,c"), "The first line must name link, kind, id"),
    "another column": ((f"{HEAD},email", ""), "The first line must name"),
    "a column twice": ((f"{HEAD},kind", ""), "The first line must name"),
    "too few cells": ((HEAD, "a,b"), "line 2: has 2 cells, not 5."),
    "a wrong kind": ((HEAD, row(1), row(2, kind="=cmd()")), "line 3, kind: must be"),
    "an open quote": ((HEAD, '"a,b,c,d,e'), "line 2: a quote does not end"),
    "UTF-16": ((b"\xff\xfel\x00",), "cannot be read as CSV in UTF-8"),
    "NUL": ((HEAD, row(1).replace("lead", "l\x00d")), "line 2"),
}


@pytest.mark.parametrize(("lines", "why"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_whole(
    database: Database, tmp_path: Path, lines: tuple[str | bytes, ...], why: str
) -> None:
    with pytest.raises(Refused) as refused:
        told("import", write(tmp_path, *lines))
    assert why in str(refused.value)
    count = "SELECT count(*) FROM conversions"
    assert database.read(lambda c: c.exec_driver_sql(count).scalar_one()) == 0
