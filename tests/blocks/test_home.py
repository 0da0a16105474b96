from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from blocks import bulk_approve, home_tab, settings_form, variant_window
from blocks.ids import Action, Callback, Field
from domain.preferences import Preferences
from domain.review import RequestId
from tests.blocks.checks import check_modal, labels, shown, walk
from tests.blocks.home_states import (
    HOME,
    make_home,
    make_passing,
    make_waiting,
)
from tests.blocks.views import HARD, NOW, make_variant_card, minutes


def words(name: str) -> str:
    return shown(HOME[name].to_dict())


def test_home_tells_a_stranger_from_a_person_with_nothing_to_do() -> None:
    stranger = HOME["home_first_visit"].to_dict()
    assert "not in this team" in shown(stranger)
    assert labels(stranger) == []
    idle = HOME["home_nothing"].to_dict()
    assert labels(idle) == ["New brief", "Settings"]


def test_home_leads_with_what_waits() -> None:
    assert "Waiting on you (1)" in words("home")


def test_home_keeps_the_order_it_is_given_and_opens_each_variant() -> None:
    view = HOME["home_full"].to_dict()
    found = [each for each in walk(view) if each.get("action_id") == "open_variant"]
    assert [each["value"] for each in found] == ["7", "7", "7"]
    said = shown(view)
    assert said.index("#43") < said.index("#42") < said.index("#44")
    assert "asked 50 min ago" in said


def test_home_says_what_is_assigned_to_its_reader() -> None:
    lines = (make_waiting(41, is_assigned=True), make_waiting(42))
    said = shown(home_tab.render(make_home(waiting=lines), now=NOW).to_dict())
    assert said.count("assigned to you") == 1
    assert "variant B, assigned to you\n" in said


def test_home_says_when_a_list_was_cut() -> None:
    said = words("home_busy")
    assert "Waiting on you (70+)" in said
    assert "45+ more not shown" in said


def test_two_passing_texts_can_be_approved_in_one_go_and_one_cannot() -> None:
    several = home_tab.render(make_home(passing=2), now=NOW).to_dict()
    assert "Approve all passing of tier C" in labels(several)
    one = home_tab.render(make_home(passing=1), now=NOW).to_dict()
    assert "Approve all passing of tier C" not in labels(one)


def test_what_is_overdue_is_one_line_for_a_campaign_and_stage() -> None:
    said = words("home_full")
    assert said.count("Legal review waits for legal") == 1
    assert "variants A and B" in said


def test_a_strategy_that_waits_for_a_brand_lead_counts_as_waiting() -> None:
    said = words("home_brand_lead")
    assert "Waiting on you (1)" in said
    assert "Nothing is written before you approve it" in said
    assert "Nothing waits" not in said


def test_time_away_is_said_while_it_lasts() -> None:
    assert "out of office until" in words("home_full")
    over = Preferences(away_from=NOW - minutes(9), away_until=NOW - minutes(1))
    later = home_tab.render(make_home(preferences=over), now=NOW).to_dict()
    assert "out of office" not in shown(later)


# The variant's window ---------------------------------------------------------------


def test_the_windows_approve_is_its_own_and_carries_the_same_request() -> None:
    view = check_modal(HOME["variant_window"])
    found = {each.get("action_id"): each.get("value") for each in walk(view)}
    assert found[Action.APPROVE_HERE] == "501"
    assert Action.APPROVE not in found
    assert (view["callback_id"], view["private_metadata"]) == (
        Callback.VARIANT_WINDOW,
        "7",
    )


def test_the_window_of_a_blocked_text_offers_no_approval() -> None:
    view = variant_window.window(make_variant_card(findings=(HARD,)), now=NOW)
    assert "Approve" not in labels(view.to_dict())


# Settings ----------------------------------------------------------------------------


def chosen(**fields: object) -> dict[str, dict[str, dict[str, object]]]:
    return {name: {name: {key: value}} for name, (key, value) in _read(fields).items()}


def _read(fields: dict[str, object]) -> dict[str, tuple[str, object]]:
    return {
        name: ("selected_date_time", value)
        if isinstance(value, int)
        else ("selected_option", {"value": value})
        for name, value in fields.items()
    }


def test_the_form_gives_back_what_it_showed() -> None:
    start, end = 1_790_000_000, 1_790_086_400
    state = chosen(direct="no", digest="17", away_from=start, away_until=end)
    given = settings_form.preferences_from(state)
    assert given == Preferences(
        wants_dm=False,
        digest_hour=17,
        away_from=datetime.fromtimestamp(start, UTC),
        away_until=datetime.fromtimestamp(end, UTC),
    )
    again = settings_form.form(given).to_dict()
    values = {
        each["action_id"]: each.get("initial_date_time")
        or each["initial_option"]["value"]
        for each in walk(again)
        if each.get("action_id")
    }
    assert values == {
        "direct": "no",
        "digest": "17",
        "away_from": start,
        "away_until": end,
    }


def test_a_form_of_nothing_is_the_defaults() -> None:
    assert settings_form.preferences_from({}) == Preferences()
    hostile = chosen(direct="<!channel>")
    assert settings_form.preferences_from(hostile) == Preferences()


def test_a_time_away_that_cannot_be_is_said_at_its_field() -> None:
    def errors(**times: object) -> list[str]:
        return list(settings_form.errors(replace(Preferences(), **times), NOW))  # type: ignore[arg-type]  # tests name fields

    later = NOW + minutes(60)
    assert errors() == []
    assert errors(away_from=NOW, away_until=later) == []
    assert errors(away_until=later) == [Field.AWAY_FROM]
    assert errors(away_from=NOW) == [Field.AWAY_UNTIL]
    assert errors(away_from=later, away_until=NOW) == [Field.AWAY_UNTIL]
    past = NOW - minutes(60)
    assert errors(away_from=past, away_until=NOW) == [Field.AWAY_UNTIL]


# In one go ---------------------------------------------------------------------------


def test_the_list_offers_each_question_chosen() -> None:
    view = bulk_approve.form((make_passing(42), make_passing(43)), now=NOW).to_dict()
    (menu,) = (each["element"] for each in view["blocks"] if "element" in each)
    assert [each["value"] for each in menu["initial_options"]] == ["542", "543"]
    assert menu["options"] == menu["initial_options"]


def test_only_numbers_come_back_from_the_list_each_once() -> None:
    values = ["542", "542", "x", "9" * 40, "²", "543"]
    chosen = {"selected_options": [{"value": each} for each in values]}
    state = {"requests": {"requests": chosen}}
    assert bulk_approve.requests_from(state) == (RequestId(542), RequestId(543))
    assert bulk_approve.requests_from({}) == ()


def test_each_answer_has_a_line_with_who_was_faster() -> None:
    said = words("bulk_answers_hostile")
    assert "1 of 4 texts approved." in said
    assert "variant B: approved" in said
    assert "not approved. Variant B was already approved" in said
    assert "<@U0COPYTWO>" in said
    assert "1 text could not be got to in time and waits as before." in said


def test_a_question_nobody_knows_has_its_number() -> None:
    waiting = {RequestId(542): make_waiting(42)}
    view = bulk_approve.answers(
        (bulk_approve.Answer(request_id=RequestId(7), error=None),), waiting
    )
    assert "Question 7: approved" in shown(view.to_dict())
