from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.privacy import IMPORTERS, Bucket, FieldClass, Period
from pipeline.playbook import load_playbook
from pipeline.playbook_privacy import load_privacy
from pipeline.playbook_values import PlaybookRefused

SHIPPED = Path("playbook")
PLAN = {
    "about": "Plan.",
    "class": "personal",
    "purpose": "To say what is new in it.",
    "regions": "all",
    "in_text": True,
}


def write(folder: Path, plan: dict[str, Any] | None = None, **changes: Any) -> Path:
    raw = yaml.safe_load((SHIPPED / "privacy.yaml").read_text(encoding="utf-8"))
    if plan is not None:
        raw["fields"]["attributes.plan"] = PLAN | plan
    raw["fields"] |= changes.pop("fields", {})
    (folder / "privacy.yaml").write_text(
        yaml.safe_dump(raw | changes), encoding="utf-8"
    )
    return folder


def test_the_shipped_file_holds_every_standard_field_and_a_crowd_of_20() -> None:
    privacy = load_playbook(SHIPPED, time_scale=1).privacy
    assert {path: rule.k for path, rule in privacy.fields.items()} == {
        "person.first_name": 1,
        "person.last_name": 1,
        "person.company": 1,
        "person.job_title": 20,
        "person.city": 20,
    }
    assert all(rule.in_text for rule in privacy.fields.values())


def test_a_column_of_the_list_is_a_field_of_its_own(tmp_path: Path) -> None:
    plan = {"regions": ["EMEA", " apac "], "class": "sensitive", "bucket": [10, 50]}
    rule = load_privacy(write(tmp_path, plan, k=5)).fields["attributes.plan"]
    assert (rule.name, rule.is_attribute, rule.kind, rule.k) == (
        "plan",
        True,
        FieldClass.SENSITIVE,
        5,
    )
    assert rule.regions == {"emea", "apac"}
    assert rule.bucket == Bucket(edges=(10, 50))
    write(tmp_path, {"bucket": "quarter", "k": 1, "required": True})
    rule = load_privacy(tmp_path).fields["attributes.plan"]
    assert rule.bucket == Bucket(period=Period.QUARTER)
    assert (rule.k, rule.is_required) == (1, True)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"clas": "public"}, "does not know clas. Did you mean 'class'?"),
        ({"class": "persnal"}, "Did you mean 'personal'?"),
        ({"class": None}, "public, personal, sensitive"),
        ({"about": ""}, "about must be a text"),
        ({"about": "x" * 201}, "one line of up to 200"),
        ({"about": "two\nlines"}, "one line"),
        ({"purpose": 3}, "purpose must be a text"),
        ({"regions": []}, "all, or a list"),
        ({"regions": "EMEA"}, "all, or a list"),
        ({"regions": [False]}, "all, or a list"),
        ({"in_text": "maybe"}, "yes or no"),
        ({"in_text": None}, "yes or no"),
        ({"required": 1}, "yes or no"),
        ({"bucket": "week"}, "year, quarter, month"),
        ({"bucket": [50, 10]}, "that rise"),
        ({"bucket": []}, "that rise"),
        ({"bucket": [True]}, "that rise"),
        ({"bucket": [-1, 5]}, "that rise"),
        ({"k": 0}, "a whole number from 1"),
        ({"k": True}, "a whole number from 1"),
    ],
)
def test_what_a_field_cannot_say_is_refused_by_name(
    tmp_path: Path, plan: dict[str, Any], words: str
) -> None:
    with pytest.raises(PlaybookRefused, match=r"attributes\.plan") as refused:
        load_privacy(write(tmp_path, plan))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("person.firstname", "Did you mean 'person.first_name'?"),
        ("attributes.Plan", "in small letters"),
        ("attributes.", "is no field"),
        ("attributes.a.b", "is no field"),
        ("links.cta", "nothing of a recipient's"),
        ("email", "is no field"),
    ],
)
def test_a_field_that_nobody_has_is_refused(
    tmp_path: Path, path: str, words: str
) -> None:
    with pytest.raises(PlaybookRefused, match=r"privacy\.yaml") as refused:
        load_privacy(write(tmp_path, fields={path: PLAN}))
    assert words in str(refused.value)


def test_a_standard_field_without_an_entry_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    raw = yaml.safe_load((tmp_path / "privacy.yaml").read_text(encoding="utf-8"))
    del raw["fields"]["person.city"]
    (tmp_path / "privacy.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.raises(PlaybookRefused, match=r"nothing of person\.city"):
        load_privacy(tmp_path)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("k: 20\nfield: {}\n", "does not know field. Did you mean 'fields'?"),
        ("k: many\nfields: {}\n", "privacy.yaml, k"),
        ("k: 20\n", "fields must be a table"),
        ("[]", "must be a table"),
        ("k: [", "not readable YAML"),
        ("fields: {person.city: 3}\n", "person.city must be a table"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, raw: str, words: str) -> None:
    (tmp_path / "privacy.yaml").write_text(raw, encoding="utf-8")
    with pytest.raises(PlaybookRefused) as refused:
        load_privacy(tmp_path)
    assert words in str(refused.value)


def test_a_playbook_without_it_does_not_load(tmp_path: Path) -> None:
    playbook = tmp_path / "playbook"
    shutil.copytree(SHIPPED, playbook)
    (playbook / "privacy.yaml").unlink()
    with pytest.raises(PlaybookRefused, match=r"has no privacy\.yaml"):
        load_playbook(playbook, time_scale=1)


def test_who_may_import_lists_is_named_by_role(tmp_path: Path) -> None:
    assert load_privacy(SHIPPED).importers == {"marketer", "marketing_engineer"}
    assert load_privacy(write(tmp_path, importers=["analyst"])).importers == {"analyst"}
    assert load_privacy(write(tmp_path, importers=[])).importers == frozenset()
    # a file of before, without the key
    assert load_privacy(write(tmp_path, importers=None)).importers == IMPORTERS


@pytest.mark.parametrize("importers", ["marketer", [1], [""], {"marketer": True}])
def test_importers_are_a_list_of_roles(tmp_path: Path, importers: Any) -> None:
    with pytest.raises(PlaybookRefused, match="importers must be a list of roles"):
        load_privacy(write(tmp_path, importers=importers))
