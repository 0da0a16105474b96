from __future__ import annotations

from typing import Any

import pytest

from blocks.ids import Verb
from bot.payloads import Click, Command, Submission
from domain.errors import Refused

PERSON = {"id": "U0COPYONE", "team_id": "T1"}


def make_click(**action: Any) -> dict[str, Any]:
    return {"user": PERSON, "team": {"id": "T1"}, "actions": [action]}


def test_a_button_carries_one_id() -> None:
    click = Click.of(make_click(value="42"))
    assert (click.user, click.target, click.verb) == ("U0COPYONE", 42, None)


def test_a_menu_option_carries_a_verb_and_an_id() -> None:
    click = Click.of(make_click(selected_option={"value": "read_all.7"}))
    assert (click.verb, click.target) == (Verb.READ_ALL, 7)


def test_a_button_about_nothing_yet_has_no_id() -> None:
    assert Click.of(make_click(action_id="new_brief")).target == 0


@pytest.mark.parametrize("value", ["approve.7", "-1", "1e3", "٣", "9" * 40, "{}"])
def test_a_value_that_is_no_id_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="older card"):
        Click.of(make_click(value=value))


def test_a_person_of_another_workspace_is_refused() -> None:
    body = make_click(value="42") | {"user": {"id": "U9", "team_id": "T2"}}
    with pytest.raises(Refused, match="members of this workspace"):
        Click.of(body)


def test_an_org_wide_install_without_a_team_is_let_in() -> None:
    body = make_click(value="42") | {"team": None}
    assert Click.of(body).user == "U0COPYONE"


def test_a_submission_carries_its_view_and_its_row() -> None:
    state = {"reason": {"reason": {"type": "plain_text_input", "value": "why"}}}
    view = {"id": "V1", "private_metadata": "9", "state": {"values": state}}
    submission = Submission.of({"user": PERSON, "view": view})
    assert (submission.view_id, submission.target) == ("V1", 9)
    assert submission.state == state


@pytest.mark.parametrize(
    ("text", "campaign"),
    [("42", 42), ("#42 now", 42), ("show 42", 42), ("", None), ("all", None)],
)
def test_a_command_names_its_campaign(text: str, campaign: int | None) -> None:
    assert Command.of({"user_id": "U1", "text": text}).campaign == campaign
