"""team.yaml, with people, user groups and channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.playbook import load_playbook
from pipeline.playbook_team import load_team
from pipeline.playbook_values import PlaybookRefused
from practice.slack.config import USERGROUPS

PEOPLE = "people: {U0LEAD: {name: bea, roles: [brand_lead]}}\n"
HEAD = "name: Team\nchannel: C0CAMPAIGN\n"


def write(folder: Path, text: str) -> Path:
    (folder / "team.yaml").write_text(text, encoding="utf-8")
    return folder


def test_groups_and_channels_give_roles(tmp_path: Path) -> None:
    groups = (
        "groups: {S0COPY: {name: copy, roles: [copy_editor]}}\n"
        "channels: {C0LEGAL: {name: legal, roles: [legal, stakeholder]}}\n"
    )
    team = load_team(write(tmp_path, HEAD + PEOPLE + groups))
    assert team.groups["S0COPY"].roles == {"copy_editor"}
    assert team.groups["C0LEGAL"].roles == {"legal", "stakeholder"}
    assert team.is_held("legal")
    assert not team.is_held("on_call")
    assert team.holders("legal") == ()


def test_a_group_may_be_the_brand_lead(tmp_path: Path) -> None:
    people = "people: {U0MARA: {name: mara, roles: [marketer]}}\n"
    group = "groups: {S0LEADS: {name: leads, roles: [brand_lead]}}\n"
    assert load_team(write(tmp_path, HEAD + people + group)).is_held("brand_lead")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "groups: {C0LEGAL: {name: x, roles: [legal]}}",
            (
                "team.yaml, groups, C0LEGAL: the Slack id of a user group, such as"
                " S0123ABCD, is allowed."
            ),
        ),
        (
            "channels: {legal: {name: x, roles: [legal]}}",
            (
                "team.yaml, channels, legal: the Slack id of a channel, such as C0123ABCD,"
                " is allowed."
            ),
        ),
        (
            "groups: {S0COPY: {name: x, roles: []}}",
            "team.yaml, groups, S0COPY: roles must name at least one role.",
        ),
        (
            "groups: {S0COPY: {name: x, roles: legal}}",
            (
                "team.yaml, groups, S0COPY: roles must be a list of names, such as"
                " [copy_editor]."
            ),
        ),
        (
            "groups: {S0COPY: [legal]}",
            "team.yaml, groups, S0COPY must be a table of names and values.",
        ),
        ("groups: [S0COPY]", "team.yaml, groups must be a table of names and values."),
        (
            "groups: {S0COPY: {name: x, role: [legal]}}",
            (
                "team.yaml, groups, S0COPY does not know role; it may hold name, roles."
                " Did you mean 'roles'?"
            ),
        ),
        (
            "usergroups: {}",
            (
                "team.yaml does not know usergroups; it may hold name, channel,"
                " on_call_channel, people, groups, channels. Did you mean 'groups'?"
            ),
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    tmp_path: Path, more: str, said: str
) -> None:
    with pytest.raises(PlaybookRefused) as caught:
        load_team(write(tmp_path, HEAD + PEOPLE + more))
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (
            "people: {mara: {name: mara, roles: [brand_lead]}}",
            (
                "team.yaml, people, mara: the Slack id of a person, such as U0123ABCD, is"
                " allowed."
            ),
        ),
        (
            "people: {U0MARA: brand_lead}",
            "team.yaml, people, U0MARA must be a table of names and values.",
        ),
    ],
)
def test_a_person_is_checked_like_a_group(
    tmp_path: Path, people: str, said: str
) -> None:
    with pytest.raises(PlaybookRefused) as caught:
        load_team(write(tmp_path, HEAD + people))
    assert str(caught.value) == said


def test_a_stage_may_ask_a_role_that_only_a_group_holds(tmp_path: Path) -> None:
    shipped = Path("playbook")
    for path in shipped.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(shipped)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    team = (shipped / "team.yaml").read_text(encoding="utf-8")
    without = team.replace("roles: [legal]", "roles: []")
    assert without != team
    write(tmp_path, without)
    with pytest.raises(PlaybookRefused, match="holds that role"):
        load_playbook(tmp_path, time_scale=1)
    write(tmp_path, without + "groups:\n  S0LEGAL: {name: legal, roles: [legal]}\n")
    assert load_playbook(tmp_path, time_scale=1).team.has_group_for("legal")


def test_the_example_in_the_shipped_file_names_groups_of_the_practice_workspace(
    tmp_path: Path,
) -> None:
    shipped = Path("playbook/team.yaml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") for line in shipped.splitlines()]
    begin = lines.index("groups:")
    example = "\n".join(lines[begin : begin + 4]) + "\n"
    team = load_team(write(tmp_path, shipped + example))
    practice = {group for group, _, _ in USERGROUPS}
    assert {group for group in team.groups if group.startswith("S")} <= practice
    assert [group for group in team.groups if group.startswith("C")]
