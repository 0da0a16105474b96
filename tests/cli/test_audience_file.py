"""Files that come in as lists: what is taken, what is refused, and in which words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain.columns import ColumnsInvalid, Wanted, parse_wanted
from domain.errors import Overtaken, Refused
from domain.segment import parse_filter
from pipeline.address_marks import AddressMarks
from pipeline.audience import Asked, AudienceRefused, Imported, import_list
from pipeline.csv_file import LONGEST_LINE, FileRefused, Reading, report_writer
from pipeline.recipient_rows import KNOWN, recipient_rows
from storage import queries
from storage.engine import Database
from storage.tables import audiences, recipients

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADER = "email,consent,first_name,time_zone"


def write(tmp_path: Path, *lines: str | bytes) -> Path:
    path = tmp_path / "list.csv"
    raw = (line if isinstance(line, bytes) else line.encode() for line in lines)
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


def bring_in(
    base: Database,
    path: Path,
    *,
    key: str = "demo",
    attributes: str = "",
    reading: Reading | None = None,
    **how: bool,
) -> Imported:
    wanted = parse_wanted((), [attributes], KNOWN)
    asked = Asked(path=path, key=key, title=key, wanted=wanted, **how)
    return import_list(base, asked, reading or Reading(), secret="s", actor="shell:ann")


def said(path: Path) -> list[str]:
    reading = Reading()
    list(recipient_rows(path, reading, Wanted(), secret="s"))
    return [str(problem) for problem in reading.problems]


def stored(base: Database) -> list[Any]:
    """The rows that the one list shows, by address."""
    query = (
        sa.select(recipients)
        .join(audiences, audiences.c.import_id == recipients.c.audience_id)
        .order_by(recipients.c.address)
    )
    with base.engine.connect() as connection:
        return list(connection.execute(query))


def rows_in(base: Database) -> int:
    with base.engine.connect() as connection:
        query = sa.select(sa.func.count()).select_from(recipients)
        return int(connection.execute(query).scalar_one())


def test_a_good_file_comes_in_whole_with_providers_and_consent(
    database: Database, tmp_path: Path
) -> None:
    path = write(
        tmp_path,
        HEADER,
        "Ann.Lee@GMAIL.com,true,Ann,Europe/Berlin",
        "bo@example.org,no,Bo,",
    )
    done = bring_in(database, path)
    assert (done.size, done.new, done.broken, done.is_new) == (2, 2, 0, True)
    (line,) = database.read(queries.audiences)
    assert (line.size, line.mailable) == (2, 1)
    first, _ = stored(database)
    assert (first.address, first.provider) == ("Ann.Lee@gmail.com", "gmail")
    assert (first.domain, first.attributes) == ("gmail.com", {})


HOSTILE: list[tuple[str | bytes, str]] = [
    ("no-at-sign,true,A,", "line 2, email: is not an address"),
    (",true,A,", "line 2, email: is empty"),
    ("a@b,true,A,", "line 2, email: has a domain that cannot exist"),
    ("a@-x.example,true,A,", "line 2, email: has a domain that cannot exist"),
    ("a@1.2.3.4,true,A,", "line 2, email: has a number for a domain"),
    (
        "a b@x.example,true,A,",
        "line 2, email: has a character that senders do not take before the @",
    ),
    (
        "a..b@x.example,true,A,",
        "line 2, email: has a character that senders do not take before the @",
    ),
    (f"{'a' * 65}@x.example,true,A,", "line 2, email: is too long for an address"),
    ("a@x.example,maybe,A,", "line 2, consent: must be true or false"),
    (
        f"a@x.example,true,{'A' * 201},",
        "line 2, first_name: is longer than 200 characters",
    ),
    (b"a@x.example,true,\xff\xfe,", "line 2, first_name: is not UTF-8"),
    (b"a@x.example,true,A\x00B,", "line 2, first_name: holds a control character"),
    (
        "a@x.example,true,A,Mars/Base",
        "line 2, time_zone: is not a time zone such as Europe/Berlin",
    ),
    ("a@x.example,true", "line 2, row: has 2 cells, not 4"),
    ("a@x.example,true,A,,,", "line 2, row: has 6 cells, not 4"),
    ("a@x.example;true;A;", "line 2, row: has 1 cells, not 4"),
    (
        '"a"b@x.example,true,A,',
        "line 2, row: a quote does not end, or stands inside a cell",
    ),
    ('a@x.example,true,"A\nb\n', "line 4, row: a quote does not end"),
    (
        f"a@x.example,true,{'A' * 140_000},",
        "line 2, row: a cell is longer than 131,072 characters",
    ),
    (b"a@x.example,true,A\rB,", "line 2, row: a line breaks inside a row"),
]


@pytest.mark.parametrize(("row", "sentence"), HOSTILE)
def test_a_broken_row_is_named_by_line_field_and_reason(
    tmp_path: Path, row: str | bytes, sentence: str
) -> None:
    found = said(write(tmp_path, HEADER, row))
    assert len(found) == 1
    assert found[0].startswith(sentence)


def test_no_problem_repeats_an_address(tmp_path: Path) -> None:
    for row, _ in HOSTILE:
        for sentence in said(write(tmp_path, HEADER, row)):
            assert "x.example" not in sentence


def test_a_duplicate_is_found_whatever_its_letters_case(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, "ann@x.example,true,A,", "", "ANN@X.example,true,A,")
    assert said(path) == ["line 4, email: is the address of line 2 again"]


def test_marks_tell_every_address_apart_while_their_table_grows() -> None:
    marks = AddressMarks()
    many = [f"p{n}@x.example" for n in range(20_000)]
    assert {marks.first_line(each, n) for n, each in enumerate(many, 2)} == {None}
    again = [marks.first_line(each.upper(), 1) for each in many]
    assert again == list(range(2, 20_002))


def test_a_file_with_a_broken_row_leaves_nothing_behind(
    database: Database, tmp_path: Path
) -> None:
    good = [f"p{n}@x.example,true,P,Europe/Berlin" for n in range(2_500)]
    path = write(tmp_path, HEADER, *good, "broken,true,A,")
    with pytest.raises(AudienceRefused, match="1 row is broken, so nothing was"):
        bring_in(database, path)
    assert database.read(queries.audiences) == ()
    assert rows_in(database) == 0
    done = bring_in(database, path, skip_broken=True)
    assert (done.size, done.broken) == (2_500, 1)


def test_a_cell_that_looks_like_a_formula_stays_data(
    database: Database, tmp_path: Path
) -> None:
    path = write(tmp_path, HEADER, "a@x.example,true,\"=cmd|' /C calc'!A0\",")
    bring_in(database, path)
    (row,) = stored(database)
    assert row.first_name == "=cmd|' /C calc'!A0"


def test_the_same_file_again_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    path = write(tmp_path, HEADER, "a@x.example,true,A,")
    bring_in(database, path)
    before = stored(database)
    assert bring_in(database, path).is_new is False
    assert stored(database) == before
    assert len(database.read(queries.audience_events)) == 1


def test_a_newer_file_adds_changes_and_lets_go(
    database: Database, tmp_path: Path
) -> None:
    first = ["a@x.example,true,A,", "b@x.example,true,B,", "c@x.example,true,C,"]
    bring_in(database, write(tmp_path, HEADER, *first))
    newer = ["a@x.example,true,A,", "b@x.example,false,B,", "d@x.example,true,D,"]
    path = write(tmp_path, HEADER, *newer)

    would = bring_in(database, path, is_dry_run=True)
    assert [row.address[0] for row in stored(database)] == ["a", "b", "c"]
    done = bring_in(database, path)

    assert would == done
    assert (done.new, done.changed, done.same, done.gone) == (1, 1, 1, 1)
    assert [row.address[0] for row in stored(database)] == ["a", "b", "d"]
    # who was never mailed is not kept once the list has let go of them
    assert rows_in(database) == 3
    (line,) = database.read(queries.audiences)
    assert (line.size, line.mailable) == (3, 2)


def test_a_dry_run_writes_nothing_at_all(database: Database, tmp_path: Path) -> None:
    done = bring_in(
        database, write(tmp_path, HEADER, "a@x.example,true,A,"), is_dry_run=True
    )
    assert (done.size, done.new) == (1, 1)
    with database.engine.connect() as connection:
        assert connection.execute(sa.select(audiences)).all() == []
    assert database.read(queries.audience_events) == ()


def test_attributes_come_in_typed(database: Database, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "email,consent,Plan,Score,Last order,VIP",
        "a@x.example,1,trial,-2.50,2026-01-31,yes",
        "b@x.example,1,,,,",
    )
    kinds = "plan,score:number,last_order:date,vip:yes/no"
    assert bring_in(database, path, attributes=kinds).size == 2
    a, b = stored(database)
    assert a.attributes == {
        "text:plan": "trial",
        "number:score": -2.5,
        "date:last_order": "2026-01-31",
        "yes/no:vip": True,
    }
    assert b.attributes == {}


def test_an_attribute_of_another_kind_is_a_broken_row(
    database: Database, tmp_path: Path
) -> None:
    path = write(tmp_path, "email,consent,score", "a@x.example,1,lots")
    with pytest.raises(AudienceRefused) as refused:
        bring_in(database, path, attributes="score:number")
    (problem,) = refused.value.problems
    assert str(problem) == "line 2, score: is not a number such as 12.5"


def test_a_file_without_what_a_segment_asks_for_is_refused(
    database: Database, tmp_path: Path
) -> None:
    path = write(tmp_path, "email,consent,score", "a@x.example,1,3")
    bring_in(database, path, attributes="score:number")
    with database.begin() as store:
        whole = store.audiences.by_key("demo")
        assert parse_filter("score > 1", whole.attributes)
        store.segments.save(
            key="best", title="Best", list_id=whole.id, filter_text="score > 1"
        )
    other = write(tmp_path, "email,consent,score", "b@x.example,1,3")
    with pytest.raises(AudienceRefused, match='segment "best" would not work'):
        bring_in(database, other, is_dry_run=True)
    with pytest.raises(AudienceRefused, match='"best" is a segment; a list needs'):
        bring_in(database, other, key="best")


class Killed(BaseException):
    """What a process that dies leaves: no cleaning up."""


def dying(path: Path, after_rows: int) -> Reading:
    """A reading in whose middle the process ends."""
    seen = [0]

    def tick(_bytes: int) -> None:
        seen[0] += 1
        if seen[0] > after_rows:
            raise Killed

    del path
    return Reading(tick=tick)


def test_a_killed_import_shows_nothing_and_the_next_one_sweeps_it(
    database: Database, tmp_path: Path
) -> None:
    bring_in(database, write(tmp_path, HEADER, "old@x.example,true,O,"))
    many = [f"p{n}@x.example,true,P," for n in range(4_500)]
    path = write(tmp_path, HEADER, *many)
    with pytest.raises(Killed):
        bring_in(database, path, reading=dying(path, 3_500))

    assert rows_in(database) > 3_000
    assert [row.address for row in stored(database)] == ["old@x.example"]
    (line,) = database.read(queries.audiences)
    assert (line.size, line.mailable) == (1, 1)

    done = bring_in(database, path)
    assert (done.size, done.gone) == (4_500, 1)
    assert rows_in(database) == 4_500


def test_of_two_imports_at_once_the_later_one_wins(
    database: Database, tmp_path: Path
) -> None:
    many = [f"p{n}@x.example,true,P," for n in range(2_500)]
    slow, quick = tmp_path / "slow.csv", tmp_path / "quick.csv"
    slow.write_text("\n".join([HEADER, *many]), encoding="utf-8")
    quick.write_text(f"{HEADER}\nq@x.example,true,Q,\n", encoding="utf-8")
    lines = [0]

    def tick(_bytes: int) -> None:
        lines[0] += 1
        if lines[0] == 2_000:
            assert bring_in(database, quick).size == 1

    with pytest.raises(Overtaken, match="Another import of this list has begun"):
        bring_in(database, slow, reading=Reading(tick=tick))
    assert [row.address for row in stored(database)] == ["q@x.example"]
    assert rows_in(database) == 1


def test_a_file_that_changes_while_it_is_read_is_refused(
    database: Database, tmp_path: Path
) -> None:
    path = write(tmp_path, HEADER, "a@x.example,true,A,", "b@x.example,true,B,")

    def tick(_bytes: int) -> None:
        with path.open("ab") as file:
            file.write(b"")
        lines.append(1)
        if len(lines) == 3:
            other = path.with_suffix(".new")
            other.write_bytes(b"email,consent\n")
            other.replace(path)

    lines: list[int] = []
    with pytest.raises(AudienceRefused, match="changed while it was read"):
        bring_in(database, path, reading=Reading(tick=tick))
    assert database.read(queries.audiences) == ()


def a_zip() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as made:
        made.writestr("list.csv", "email,consent\n")
    return raw.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\n\n", "The file is empty, or its first line is."),
        (b"email,first_name\n", "The file has no column consent."),
        (b"email,email,consent\n", 'The file names the column "email" twice.'),
        ("email,consent\n".encode("utf-16"), "The file is UTF-16"),
        ("email,consent\n".encode("utf-16-le"), "The file is not text in UTF-8."),
        (b"email,consent\ra@x.example,1\r", "lines end with CR alone"),
        (a_zip(), "The file is a spreadsheet or a zip archive; save it as CSV."),
        (b"\x1f\x8b\x08rest", "The file is compressed; unpack it first."),
        (b'"email,consent\n', "The first line is no CSV header."),
        (b"email,consent\n", "No row of the file can be imported."),
        (b"email,consent\na@x.example,1," + b"x" * 10_000_000, "Line 2 is longer than"),
        (b"x" * (LONGEST_LINE + 1), "Line 1 is longer than 1,000,000 bytes"),
        (b",".join(b"c%d" % n for n in range(5_000)) + b"\n", "has 5,000 columns"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_the_reason(
    database: Database, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises((FileRefused, ColumnsInvalid, AudienceRefused)) as refused:
        bring_in(database, path)
    assert sentence in str(refused.value)
    assert database.read(queries.audiences) == ()


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_is_whatever_makes_columns_of_the_first_line(
    database: Database, tmp_path: Path, separator: str
) -> None:
    lines = ["email,consent,first_name", 'a@x.example,1,"Lee, Ann"'.replace(",", "\0")]
    lines[1] = lines[1].replace("\0", separator).replace(f"Lee{separator} ", "Lee, ")
    path = write(tmp_path, lines[0].replace(",", separator), lines[1])
    bring_in(database, path)
    assert [row.first_name for row in stored(database)] == ["Lee, Ann"]


def test_a_byte_order_mark_windows_lines_and_unused_columns_do_no_harm(
    database: Database, tmp_path: Path
) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfEmail,Consent,plan\r", "a@x.example,1,trial\r")
    done = bring_in(database, path)
    assert (done.size, done.ignored) == (1, ("plan",))


@pytest.mark.parametrize("key", ["", "Upper", "a b", "x" * 61, "-x", "a#1", "ä"])
def test_a_key_is_a_short_plain_word(
    database: Database, tmp_path: Path, key: str
) -> None:
    with pytest.raises(Refused, match="A key is up to 60"):
        bring_in(database, write(tmp_path, HEADER), key=key)


def test_the_report_has_every_broken_row_and_nothing_of_it(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, *(f"bad-{n},true,A," for n in range(1_500)))
    out = io.StringIO()
    reading = Reading(report=report_writer(out))
    list(recipient_rows(path, reading, Wanted(), secret="s"))
    lines = out.getvalue().splitlines()
    assert (len(reading.problems), reading.broken) == (1_000, 1_500)
    assert lines[:2] == ["line,field,reason", "2,email,is not an address"]
    assert len(lines) == 1_501
    assert "bad-" not in out.getvalue()


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    base = Database(sqlite_url, lambda: NOW)
    yield base
    base.close()


def test_a_replaced_import_remembers_since_when(
    database: Database, tmp_path: Path
) -> None:
    bring_in(database, write(tmp_path, HEADER, "old@x.example,true,O,"))
    with database.begin() as store:
        assert store.imports.replaced(store.now + timedelta(days=1)) == ()
    bring_in(database, write(tmp_path, HEADER, "new@x.example,true,N,"))
    with database.begin() as store:
        (replaced,) = store.imports.replaced(store.now + timedelta(days=1))
        assert store.imports.let_go(replaced, limit=10) == 0
        assert store.imports.replaced(store.now + timedelta(days=1)) == ()
    assert [row.address for row in stored(database)] == ["new@x.example"]
