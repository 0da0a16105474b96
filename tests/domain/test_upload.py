from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.attributes import Kind
from domain.columns import Wanted
from domain.upload import (
    Found,
    found_from,
    guessed,
    list_key,
    wanted_from,
    wanted_to,
)


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Stalled demos", "stalled-demos"),
        ("  Spring / Summer 2026!  ", "spring-summer-2026"),
        ("Köln & Zürich", "koln-zurich"),
        ("★", ""),
    ],
)
def test_a_new_list_s_key_is_its_name_as_it_can_be_typed(title: str, key: str) -> None:
    assert list_key(title) == key


@given(st.text())
def test_a_key_of_any_name_is_one_that_a_list_can_have(title: str) -> None:
    key = list_key(title)
    assert key == key.strip("-")
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_columns_of_the_last_time_are_those_that_the_file_has() -> None:
    kinds = {"plan": Kind.TEXT, "score": Kind.NUMBER, "e_mail": Kind.TEXT}
    wanted = guessed(
        ("E-Mail ", "Plan", "Ort"), {"email": "e-mail", "company": "Firma"}, kinds
    )
    assert wanted.column_of == {"email": "e-mail"}
    assert wanted.kind_of == {"plan": Kind.TEXT}


def test_what_was_wanted_and_found_survives_a_database() -> None:
    wanted = Wanted(column_of={"email": "E-Mail"}, kind_of={"seen": Kind.YES_NO})
    assert wanted_from(json.loads(json.dumps(wanted_to(wanted)))) == wanted
    found = Found(
        header=("a", "b"),
        columns={"email": "a"},
        ignored=("b",),
        size=3,
        forgotten=1,
        broken=2,
        problems=("line 2, email: is empty",),
        sha256="f" * 64,
    )
    assert found_from(json.loads(json.dumps(asdict(found)))) == found
    assert found.rows == 6
