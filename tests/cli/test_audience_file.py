from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.audience import AudienceRefused, Imported, Reading, import_csv, rows
from storage import queries
from storage.engine import Database
from storage.migrate import upgrade
from storage.tables import recipients

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADER = "email,consent,first_name,time_zone"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    base = Database(f"sqlite:///{tmp_path / 'copydesk.db'}", lambda: NOW)
    upgrade(base)
    yield base
    base.close()


def write(tmp_path: Path, *lines: str | bytes) -> Path:
    path = tmp_path / "list.csv"
    raw = (line if isinstance(line, bytes) else line.encode() for line in lines)
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


def bring_in(
    base: Database, path: Path, *, key: str = "demo", skip_broken: bool = False
) -> Imported:
    with base.begin() as store:
        return import_csv(
            store, path, key=key, title=key, secret="s", skip_broken=skip_broken
        )


def said(path: Path) -> list[str]:
    reading = Reading()
    list(rows(path, reading))
    return [str(problem) for problem in reading.problems]


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
    assert (done.size, done.broken, done.is_new) == (2, 0, True)
    (line,) = database.read(queries.audiences)
    assert (line.size, line.mailable) == (2, 1)
    with database.begin() as store:
        first = store.connection.execute(recipients.select()).first()
    assert first is not None
    assert (first.address, first.provider) == ("Ann.Lee@gmail.com", "gmail")


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
    (
        '"a"b@x.example,true,A,',
        "line 2, row: a quote does not end, or stands inside a cell",
    ),
    ('a@x.example,true,"A\nb\n', "line 4, row: a quote does not end"),
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


def test_a_file_with_a_broken_row_leaves_nothing_behind(
    database: Database, tmp_path: Path
) -> None:
    good = [f"p{n}@x.example,true,P,Europe/Berlin" for n in range(2_500)]
    path = write(tmp_path, HEADER, *good, "broken,true,A,")
    with pytest.raises(AudienceRefused, match="1 row is broken, so nothing was"):
        bring_in(database, path)
    assert database.read(queries.audiences) == ()
    done = bring_in(database, path, skip_broken=True)
    assert (done.size, done.broken) == (2_500, 1)


def test_a_cell_that_looks_like_a_formula_stays_data(
    database: Database, tmp_path: Path
) -> None:
    path = write(tmp_path, HEADER, "a@x.example,true,\"=cmd|' /C calc'!A0\",")
    bring_in(database, path)
    with database.begin() as store:
        row = store.connection.execute(recipients.select()).first()
    assert row is not None
    assert row.first_name == "=cmd|' /C calc'!A0"


def test_the_same_file_again_changes_nothing_and_another_is_refused(
    database: Database, tmp_path: Path
) -> None:
    path = write(tmp_path, HEADER, "a@x.example,true,A,")
    bring_in(database, path)
    assert bring_in(database, path).is_new is False
    other = write(tmp_path, HEADER, "b@x.example,true,B,")
    with pytest.raises(AudienceRefused, match='There is a list "demo" already'):
        bring_in(database, other)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"email,first_name\n", "The file has no column consent."),
        (b"email,email,consent\n", "The file names the column email twice."),
        ("email,consent\n".encode("utf-16"), "The file is UTF-16"),
        (b"email,consent\n", "No row of the file can be imported."),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_the_reason(
    database: Database, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(AudienceRefused, match=sentence):
        bring_in(database, path)


def test_a_byte_order_mark_and_unused_columns_do_no_harm(
    database: Database, tmp_path: Path
) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfEmail,Consent,plan", "a@x.example,1,trial")
    done = bring_in(database, path)
    assert (done.size, done.ignored) == (1, ("plan",))
