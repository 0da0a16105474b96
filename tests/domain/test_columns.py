from __future__ import annotations

import pytest

from domain.attributes import (
    Kind,
    NotAValue,
    attribute_name,
    name_problem,
    parse_value,
)
from domain.columns import ColumnsInvalid, Known, Wanted, choose, parse_wanted
from domain.export import cell_of, guarded

KNOWN = Known(required=("email", "consent"), optional=("first_name", "region"))


def test_columns_are_taken_by_name_by_map_and_as_attributes() -> None:
    wanted = parse_wanted(
        ["email=E-Mail, first_name=Vorname", 'region="Land, Region"'],
        ["Last order:date", "score:number"],
        KNOWN,
    )
    header = [
        "Consent",
        "E-Mail",
        "Vorname",
        "Land, Region",
        "Last Order",
        "Score",
        "x",
    ]
    columns = choose(header, KNOWN, wanted)
    assert columns.fields == {0: "consent", 1: "email", 2: "first_name", 3: "region"}
    assert columns.attributes == {4: "last_order", 5: "score"}
    assert columns.kind_of == {"last_order": Kind.DATE, "score": Kind.NUMBER}
    assert columns.ignored == ("x",)


def test_all_keeps_every_other_column_as_text() -> None:
    wanted = parse_wanted([], ["all,score:number"], KNOWN)
    columns = choose(["email", "consent", "Plan", "score"], KNOWN, wanted)
    assert columns.kind_of == {"plan": Kind.TEXT, "score": Kind.NUMBER}
    assert columns.ignored == ()


@pytest.mark.parametrize(
    ("maps", "attributes", "sentence"),
    [
        (["email"], [], "--map takes field=Column"),
        (["email="], [], "--map takes field=Column"),
        (["emial=X"], [], 'there is no field "emial". Did you mean email?'),
        (["email=X,email=Y"], [], "names the field email twice"),
        ([], ["1st"], 'The attribute "1st" must be lower-case letters'),
        ([], ["a" * 41], "is longer than 40 characters"),
        ([], ["and"], "is a word that Copydesk uses itself"),
        ([], ["region"], "is a word that Copydesk uses itself"),
        ([], ["score:money"], "can be text, number, date or yes/no"),
    ],
)
def test_what_was_asked_for_is_checked_before_the_file(
    maps: list[str], attributes: list[str], sentence: str
) -> None:
    with pytest.raises(ColumnsInvalid) as refused:
        parse_wanted(maps, attributes, KNOWN)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("header", "wanted", "sentence"),
    [
        (["email"], Wanted(), "no column consent. Its first line"),
        (["email", "consent", "Email"], Wanted(), 'the column "email" twice'),
        (
            ["email", "consent", "Vornam"],
            Wanted(column_of={"first_name": "Vorname"}),
            'has no column "Vorname". Did you mean vornam?',
        ),
        (
            ["mail", "consent"],
            Wanted(column_of={"email": "mail", "region": "mail"}),
            'uses the column "mail" twice',
        ),
        (
            ["email", "consent"],
            Wanted(kind_of={"plan": Kind.TEXT}),
            'no column for the attribute "plan"',
        ),
        (
            ["email", "consent", "a b", "a-b"],
            Wanted(everything=True),
            "Two columns would both be the attribute a_b",
        ),
        (["email", "consent", ""], Wanted(everything=True), 'attribute "" must be'),
        ([f"c{n}" for n in range(201)], Wanted(), "has 201 columns; it can have 200"),
        (
            ["email", "consent", *(f"c{n}" for n in range(51))],
            Wanted(everything=True),
            "at most 50 attributes, not 51",
        ),
    ],
)
def test_columns_that_cannot_be_are_refused(
    header: list[str], wanted: Wanted, sentence: str
) -> None:
    with pytest.raises(ColumnsInvalid) as refused:
        choose(header, KNOWN, wanted)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.NUMBER, "12.50", 12.5),
        (Kind.NUMBER, "-3e2", -300.0),
        (Kind.YES_NO, "Yes", True),
        (Kind.YES_NO, "0", False),
        (Kind.TEXT, "=1+1", "=1+1"),
    ],
)
def test_a_cell_is_read_as_its_kind(kind: Kind, text: str, value: object) -> None:
    assert parse_value(kind, text) == value


def test_a_time_counts_as_its_day_in_utc() -> None:
    late = parse_value(Kind.DATE, "2026-01-31T23:30:00-02:00")
    assert str(late) == "2026-02-01"
    assert str(parse_value(Kind.DATE, "2026-01-31")) == "2026-01-31"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.NUMBER, "1,234"),
        (Kind.NUMBER, "nan"),
        (Kind.NUMBER, "inf"),
        (Kind.NUMBER, "1e16"),
        (Kind.NUMBER, "\u0663"),
        (Kind.DATE, "31.01.2026"),
        (Kind.DATE, "2026-02-30"),
        (Kind.DATE, "0001-01-01T00:00:00+14:00"),
        (Kind.YES_NO, "perhaps"),
        (Kind.TEXT, "x" * 201),
    ],
)
def test_a_cell_of_another_kind_is_refused_without_repeating_it(
    kind: Kind, text: str
) -> None:
    with pytest.raises(NotAValue) as refused:
        parse_value(kind, text)
    assert text not in str(refused.value)


def test_names_become_words_of_a_filter() -> None:
    assert attribute_name(" Last Order-At ") == "last_order_at"
    assert name_problem("last_order_at") == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_that_leaves_is_a_formula(start: str) -> None:
    assert guarded(f"{start}cmd|' /C calc'!A0").startswith("'")
    assert cell_of(f"{start}x").startswith("'")


def test_a_negative_number_leaves_as_a_number() -> None:
    assert cell_of(-3.5) == "-3.5"
    assert (cell_of(True), cell_of(None), cell_of("plain")) == ("yes", "", "plain")
