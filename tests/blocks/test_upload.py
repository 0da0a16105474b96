"""A list given in Slack, as its message and forms show it."""

from __future__ import annotations

from typing import Any

import pytest

from blocks import upload as drawn
from blocks import upload_columns
from blocks.ids import Field, column_block
from blocks.message import Message
from domain.attributes import Kind
from domain.columns import Wanted
from domain.upload import LARGEST, Found, Upload, UploadId, UploadState
from domain.views import ListLine
from pipeline.recipient_rows import KNOWN
from tests.blocks.checks import (
    check_message,
    check_modal,
    check_snapshot,
    labels,
    shown,
)
from tests.blocks.views import HOSTILE, NOW

MUCH = HOSTILE * 40


def make_upload(**changes: Any) -> Upload:
    found = changes.pop("found", {})
    given: dict[str, Any] = {
        "id": UploadId(7),
        "version": 2,
        "state": UploadState.READ,
        "user": "U0MARKETER",
        "key": "spring-leads",
        "title": "Spring leads",
        "file_id": "F0FILE",
        "file_name": "spring-leads.csv",
        "wanted": Wanted(),
        "found": Found(
            **{
                "header": ("E-Mail", "consent", "plan", "notes"),
                "columns": {"email": "E-Mail", "consent": "consent", "plan": "plan"},
                "ignored": ("notes",),
                "size": 1_200,
                "new": 900,
                "changed": 200,
                "same": 100,
            }
            | found
        ),
        "said": "",
        "channel": "D0MARKETER",
        "ts": "1.2",
        "moved_at": NOW,
    }
    return Upload(**given | changes)


BROKEN = {
    "broken": 12,
    "forgotten": 2,
    "gone": 300,
    "problems": ("line 3, email: is not an address", "line 9, row: has 2 cells, not 4"),
    "is_reported": True,
}
MESSAGES: dict[str, Message] = {
    "upload_reading": drawn.render(make_upload(state=UploadState.READING)),
    "upload_read": drawn.render(make_upload()),
    "upload_read_broken": drawn.render(make_upload(found=BROKEN)),
    "upload_read_columns": drawn.render(
        make_upload(said="The file has no column email.", found={"columns": {}})
    ),
    "upload_importing": drawn.render(make_upload(state=UploadState.IMPORTING)),
    "upload_importing_half": drawn.render(
        make_upload(state=UploadState.IMPORTING), share=0.5
    ),
    "upload_imported": drawn.render(
        make_upload(state=UploadState.IMPORTED, found=BROKEN)
    ),
    "upload_same": drawn.render(make_upload(state=UploadState.SAME)),
    "upload_refused": drawn.render(
        make_upload(state=UploadState.REFUSED, said="The file is a PDF.")
    ),
    "upload_cancelled": drawn.render(make_upload(state=UploadState.CANCELLED)),
    "upload_hostile": drawn.render(
        make_upload(
            title=MUCH,
            file_name=MUCH,
            said=MUCH,
            found={
                "header": (MUCH,) * 200,
                "columns": {f"{MUCH}{n}": MUCH for n in range(60)},
                "ignored": (MUCH,) * 150,
                "broken": 10**9,
                "problems": (MUCH,) * 5,
            },
        )
    ),
}
LISTS = (
    ListLine(key="calm", title="A calm list", size=48_200),
    ListLine(key="spring-leads", title="Spring leads", size=1_200),
)
VIEWS = {
    "upload_form": drawn.form(LISTS),
    "upload_form_none": drawn.form(()),
    "upload_form_chosen": drawn.form(LISTS, asked="spring-leads"),
    "upload_form_named": drawn.form(LISTS, asked="Summer leads"),
    "upload_form_hostile": drawn.form(
        tuple(ListLine(key=f"k{n}", title=MUCH, size=n) for n in range(150)),
        asked="k149",
    ),
    "upload_columns": upload_columns.form(
        make_upload(wanted=Wanted(kind_of={"plan": Kind.TEXT})), KNOWN
    ),
    "upload_columns_hostile": upload_columns.form(
        make_upload(found={"header": (MUCH, "", "Region") * 66, "columns": {}}), KNOWN
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_an_upload_holds_slacks_limits_and_looks_as_stored(name: str) -> None:
    payload = check_message(MESSAGES[name])
    if not name.endswith("_hostile"):
        check_snapshot(f"message_{name}", payload)


@pytest.mark.parametrize("name", VIEWS)
def test_a_form_of_an_upload_holds_slacks_limits(name: str) -> None:
    payload = check_modal(VIEWS[name])
    if name in {"upload_form", "upload_columns"}:
        check_snapshot(f"view_{name}", payload)


def test_import_says_what_it_leaves_out() -> None:
    def buttons(name: str) -> list[str]:
        return labels(MESSAGES[name].payload())

    assert buttons("upload_read") == ["Import", "Change columns", "Cancel"]
    assert buttons("upload_read_broken")[0] == "Import without 12 rows"
    assert buttons("upload_read_columns") == ["Change columns", "Cancel"]
    assert buttons("upload_imported") == []


def test_the_list_that_was_named_is_chosen() -> None:
    payload = VIEWS["upload_form_chosen"].to_dict()
    menu = payload["blocks"][0]["element"]
    assert menu["initial_option"]["value"] == "spring-leads"
    named = VIEWS["upload_form_named"].to_dict()
    assert named["blocks"][1]["element"]["initial_value"] == "Summer leads"
    crowded = VIEWS["upload_form_hostile"].to_dict()["blocks"][0]["element"]
    assert len(crowded["options"]) == 100
    assert crowded["initial_option"]["value"] == "k149"


# The form ------------------------------------------------------------------------------


def state(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        Field.LIST_KEY: {"selected_option": None},
        Field.LIST_TITLE: {"value": "Spring leads"},
        Field.LIST_FILE: {"files": [{"id": "F0FILE", "name": "a.csv", "size": 9}]},
    }
    return {field: {field: value} for field, value in (given | changes).items()}


def test_the_form_is_read() -> None:
    given = drawn.given_from(state())
    assert (given.key, given.new_title, given.file_id) == ("", "Spring leads", "F0FILE")
    assert given.errors == {}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "Give one CSV file."),
        (None, "Give one CSV file."),
        ([{"id": "F0ONE"}, {"id": "F0TWO"}], "Give one CSV file."),
        ([{"id": "../../etc"}], "Give one CSV file."),
        ([{"id": "U0MARKETER"}], "Give one CSV file."),
        ([{"id": ["F0ONE"]}], "Give one CSV file."),
        (["F0ONE"], "Give one CSV file."),
        ("F0ONE", "Give one CSV file."),
        ({"id": "F0ONE"}, "Give one CSV file."),
        ([{"id": "F0ONE", "size": LARGEST + 1}], "larger than 10 MB"),
    ],
)
def test_anything_but_one_file_is_told_at_its_field(files: Any, said: str) -> None:
    given = drawn.given_from(state(**{Field.LIST_FILE: {"files": files}}))
    assert said in given.errors[Field.LIST_FILE]


@pytest.mark.parametrize(
    ("key", "title", "said"),
    [("calm", "New", "not both"), ("", "  ", "or name a new one")],
)
def test_one_list_is_named_and_not_two(key: str, title: str, said: str) -> None:
    chosen = {"selected_option": {"value": key} if key else None}
    given = drawn.given_from(
        state(**{Field.LIST_KEY: chosen, Field.LIST_TITLE: {"value": title}})
    )
    assert said in given.errors[Field.LIST_TITLE]


def test_a_state_that_is_none_of_ours_is_no_crash() -> None:
    given = drawn.given_from({})
    assert set(given.errors) == {Field.LIST_TITLE, Field.LIST_FILE}
    odd = {Field.LIST_KEY: {"selected_option": "calm"}, Field.LIST_TITLE: {"value": 7}}
    assert drawn.given_from(state(**odd)).errors


# Its columns ---------------------------------------------------------------------------

HEADER = ("E-Mail", "consent", "plan", "Region")


def said(**columns: str) -> dict[str, Any]:
    return {
        column_block(place): {
            column_block(place): {"selected_option": {"value": value}}
        }
        for place, value in ((int(n[1:]), each) for n, each in columns.items())
    }


def test_what_the_menus_say_is_what_is_wanted() -> None:
    wanted, errors = upload_columns.wanted_from(
        said(c0="email", c1="consent", c2="text", c3="region"), HEADER, KNOWN
    )
    assert errors == {}
    assert wanted.column_of == {
        "email": "E-Mail",
        "consent": "consent",
        "region": "Region",
    }
    assert wanted.kind_of == {"plan": Kind.TEXT}


def test_a_field_is_one_column_and_a_known_name_cannot_be_left_out() -> None:
    wanted, errors = upload_columns.wanted_from(
        said(c0="email", c1="email", c2="left_out", c3="left_out"), HEADER, KNOWN
    )
    assert errors[column_block(1)] == "Another column is email already."
    assert "is read as region" in errors[column_block(3)]
    assert column_block(2) not in errors
    assert wanted.kind_of == {}


def test_menus_that_nobody_drew_are_left_out() -> None:
    wanted, errors = upload_columns.wanted_from(
        said(c0="rm -rf", c2="everything", c9="email"), HEADER, KNOWN
    )
    assert (wanted.column_of, wanted.kind_of, errors) == ({}, {}, {})


def test_the_form_says_what_each_column_is_now() -> None:
    blocks = VIEWS["upload_columns"].to_dict()["blocks"]
    now = {
        block["label"]["text"]: block["element"]["initial_option"]["value"]
        for block in blocks
        if block["type"] == "input"
    }
    assert now == {
        "E-Mail": "email",
        "consent": "consent",
        "plan": "text",
        "notes": "left_out",
    }


def test_more_columns_than_a_form_takes_are_counted() -> None:
    words = shown(VIEWS["upload_columns_hostile"].to_dict())
    assert "columns more cannot be shown here" in words
