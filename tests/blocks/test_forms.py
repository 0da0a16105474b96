from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks import approve_form, brief_form, edit_form, entered
from blocks.brief_form import field_errors, values_from
from blocks.edit_form import copy_from, split
from blocks.entered import reason_from
from blocks.ids import Field, Verb, brief_block, brief_field, option_value, parse_option
from domain.brief import parse_brief, to_json
from domain.brief_fields import FIELDS
from domain.channel import MAIL_ONLY, PARTS, Channel, Slot
from domain.checklist import Question, QuestionsOpen, checklist
from domain.errors import Unknown
from domain.rejection import RejectReason
from domain.review import RequestId
from domain.variant import Copy
from tests.blocks.checks import check_modal, shown, walk
from tests.blocks.views import AUDIENCES, HOSTILE, LONG, make_revision

GIVEN: dict[str, object] = {
    "title": "Recover stalled demos",
    "objective": "Readers book the demo they asked for.",
    "audience": "calm",
    "key_message": "A demo takes twenty minutes.",
    "cta_url": "https://example.com/demo",
    "allowed_links": ["https://example.com/help", "https://example.com/plans"],
    "forbidden_phrases": ["guarantee*"],
    "metric_target": 0.5,
    "plain_text_part": False,
    "send_at": "2026-12-01T09:00:00+01:00",
}


def typed_in(view: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The state Slack would send if nobody touched the form."""
    return {
        block["block_id"]: {block["element"]["action_id"]: _state(block["element"])}
        for block in view["blocks"]
        if block["type"] == "input"
    }


def _state(element: dict[str, Any]) -> dict[str, Any]:
    kind = element["type"]
    if kind == "checkboxes":
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind in ("static_select", "radio_buttons"):
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind == "datetimepicker":
        return {"type": kind, "selected_date_time": element.get("initial_date_time")}
    return {"type": kind, "value": element.get("initial_value")}


def test_the_brief_form_asks_for_every_field() -> None:
    view = check_modal(brief_form.form(AUDIENCES))
    asked = [brief_field(each) for each in typed_in(view)]
    first = [each for each in brief_form.FIRST if each != "slot"]
    assert sorted(map(str, asked)) == sorted(
        each.name for each in FIELDS if each.name != "slot"
    )
    assert asked[: len(first)] == first
    assert view["submit"]["text"] == "Write variants"


SLOTS = (
    Slot(key="home-hero", title="Home page, top", channel=Channel.LANDING_PAGE),
    Slot(key="sidebar-ad", title=HOSTILE * 9, channel=Channel.AD),
    Slot(key="chat-pricing", title="Chat, prices", channel=Channel.CHAT),
)


@pytest.mark.parametrize("channel", [each for each in Channel if not each.is_mailed])
def test_copy_that_is_no_mail_is_asked_for_its_slot_and_nothing_of_a_mail(
    channel: Channel,
) -> None:
    view = check_modal(
        brief_form.form(AUDIENCES, values={"channel": channel}, slots=SLOTS)
    )
    asked = [brief_field(each.get("block_id", "")) for each in view["blocks"]]
    assert "slot" in asked
    assert not MAIL_ONLY & set(asked)
    own = next(each.key for each in SLOTS if each.channel is channel)
    values = values_from(typed_in(view))
    assert values["slot"] == own
    words = shown(view)
    assert "Written for" in words
    assert "consent" in words
    assert f"The {PARTS[channel]['subject'].lower()}" in words
    assert "The subject" not in words


def test_without_a_slot_for_the_channel_the_form_says_so() -> None:
    view = check_modal(brief_form.form(AUDIENCES, values={"channel": "ad"}))
    assert "slots.yaml has no slot for ad copy yet" in shown(view)


def test_a_brief_of_every_channel_survives_the_form() -> None:
    for slot in SLOTS:
        given = {**GIVEN, "channel": slot.channel, "slot": slot.key}
        given = {name: each for name, each in given.items() if name not in MAIL_ONLY}
        view = check_modal(brief_form.form(AUDIENCES, values=given, slots=SLOTS))
        assert parse_brief(values_from(typed_in(view))) == parse_brief(given)


def test_every_required_field_is_on_the_first_screen() -> None:
    assert {each.name for each in FIELDS if each.required} <= set(brief_form.FIRST)


def test_the_segments_show_their_size() -> None:
    words = shown(brief_form.form(AUDIENCES).to_dict())
    assert "A calm list (30,000)" in words


def test_without_segments_the_form_still_opens() -> None:
    check_modal(brief_form.form(()))


def test_a_brief_survives_the_form() -> None:
    view = check_modal(brief_form.form(AUDIENCES, values=GIVEN))
    brief = parse_brief(values_from(typed_in(view)))
    assert brief == parse_brief(GIVEN)
    again = check_modal(brief_form.form(AUDIENCES, values=to_json(brief)))
    assert parse_brief(values_from(typed_in(again))) == brief


def test_an_empty_form_gives_what_the_table_calls_default() -> None:
    values = values_from(typed_in(brief_form.form(AUDIENCES).to_dict()))
    assert values["channel"] == "email"
    assert values["plain_text_part"] is True
    assert "title" not in values


@pytest.mark.parametrize(
    "value",
    [HOSTILE, "x" * 20_000, -5, 10**12, True, None, ["a"] * 3000, {"a": 1}, "2026", ""],
)
def test_any_value_at_all_can_be_put_into_the_form(value: object) -> None:
    values = {each.name: value for each in FIELDS}
    check_modal(brief_form.form(AUDIENCES, values=values))


def test_a_hundred_and_more_segments_fit() -> None:
    many = [replace(AUDIENCES[0], key=f"k{n}", title="T" * 200) for n in range(130)]
    check_modal(brief_form.form(many))


def test_a_time_is_shown_however_it_is_given() -> None:
    at = datetime(2026, 12, 1, 8, tzinfo=UTC)
    for given_as in (at, at.isoformat(), int(at.timestamp())):
        view = brief_form.form(AUDIENCES, values={"send_at": given_as}).to_dict()
        values = values_from(typed_in(view))
        assert values["send_at"] == int(at.timestamp())


def test_errors_come_back_on_their_input() -> None:
    errors = field_errors({"arms": "Too many.", "bogus": "There is no such field."})
    assert errors == {
        brief_block("arms"): "Too many.",
        brief_block("title"): "bogus: There is no such field.",
    }


PARAGRAPHS = st.lists(st.text(max_size=900), max_size=20).map("\n\n".join)


@given(PARAGRAPHS | st.text(alphabet=" \nab", max_size=9000))
def test_a_body_of_any_length_survives_the_edit_form(body: str) -> None:
    revision = make_revision(text=Copy(subject="S", preheader="P", body=body))
    state = typed_in(edit_form.form(revision).to_dict())
    assert copy_from(state) == Copy(subject="S", preheader="P", body=body)
    assert all(len(part) <= 3000 for _, part in split(body))


def test_a_long_body_is_cut_at_paragraphs() -> None:
    parts = split(LONG.body)
    assert len(parts) > 3
    assert {border for border, _ in parts[1:]} == {"p"}
    check_modal(edit_form.form(make_revision(text=LONG)))


def test_a_body_without_a_space_is_cut_anyway() -> None:
    assert len(split("x" * 12_000)) == 5


def test_a_part_that_was_emptied_leaves_no_gap() -> None:
    state = typed_in(edit_form.form(make_revision(text=LONG)).to_dict())
    first = next(each for each in state if each == "body.0")
    for block_id, values in state.items():
        if block_id.startswith("body.") and block_id != first:
            values[block_id]["value"] = None
    assert copy_from(state).body == split(LONG.body)[0][1]


def test_an_empty_text_is_refused_on_its_input() -> None:
    empty = Copy(subject="", preheader="", body=" \n")
    assert edit_form.copy_errors(empty) == {
        "subject": "The subject has no words.",
        "body.0": "The body has no words.",
    }


def test_the_forms_about_a_text_hold_one_id() -> None:
    revision = make_revision(variant_label=HOSTILE)
    edited = check_modal(edit_form.form(revision))
    assert edited["private_metadata"] == "72"
    assert check_modal(edit_form.regenerate_form(revision))["private_metadata"] == "72"
    rejected = check_modal(edit_form.reject_form(501, HOSTILE, HOSTILE))
    assert rejected["private_metadata"] == "501"


def test_a_reason_is_read_and_spaces_are_no_reason() -> None:
    state = {
        "reason": {"reason": {"type": "plain_text_input", "value": "  off brand "}}
    }
    assert reason_from(state) == "off brand"
    assert entered.missing(state, Field.REASON) == {}
    state["reason"]["reason"]["value"] = "  "
    assert list(entered.missing(state, Field.REASON)) == ["reason"]


def test_the_reject_form_offers_every_code_and_chooses_none() -> None:
    view = check_modal(edit_form.reject_form(501, "B", "copy"))
    state = typed_in(view)
    select = view["blocks"][1]["element"]
    assert [each["value"] for each in select["options"]] == list(RejectReason)
    assert list(edit_form.reject_errors(state)) == ["reason_code", "reason"]
    state["reason_code"]["reason_code"]["selected_option"] = select["options"][2]
    state["reason"]["reason"]["value"] = "No source says so."
    assert edit_form.reject_errors(state) == {}
    assert edit_form.code_from(state) is RejectReason.UNSUPPORTED_CLAIM


@given(st.sampled_from(Verb), st.integers(0, 10**12))
def test_an_overflow_option_is_read_as_it_was_made(verb: Verb, target: int) -> None:
    assert parse_option(option_value(verb, target)) == (verb, target)


@pytest.mark.parametrize("value", ["", "hold", "hold.", "fly.3", "hold.3.4", "hold.-1"])
def test_a_strange_option_is_refused(value: str) -> None:
    with pytest.raises(Unknown, match="This menu belongs to an older card"):
        parse_option(value)


def test_no_input_has_two_blocks_of_one_id() -> None:
    view = brief_form.form(AUDIENCES).to_dict()
    ids = [each["block_id"] for each in walk(view) if each.get("block_id")]
    assert len(ids) == len(set(ids))


def make_asked(label: str = "B", stage: str = "copy") -> QuestionsOpen:
    checked = checklist(tuple(Question), rules_found=(), canary=1.0)
    return QuestionsOpen(RequestId(7), label, stage, checked)


def test_the_approve_form_lists_what_is_checked_and_asks_the_rest() -> None:
    view = check_modal(approve_form.form(make_asked()))

    asked = view["blocks"][-2]["element"]["options"]
    assert [each["value"] for each in asked] == [
        Question.BRIEF_FIT,
        Question.BRAND_VOICE,
        Question.CLAIMS_SOURCED,
        Question.DETECTORS_LOW_RISK,
    ]
    assert "1 % of the list goes first" in shown(view)
    assert (view["submit"]["text"], view["private_metadata"]) == ("Approve copy", "7")


def test_a_stage_with_a_long_or_hostile_name_still_opens() -> None:
    for stage in ("a_very_long_stage_name_indeed", "<!channel> & *copy*"):
        view = check_modal(approve_form.form(make_asked(stage=stage)))
        assert len(view["submit"]["text"]) <= 24
        assert "<!channel>" not in view["blocks"][0]["text"]["text"]


@pytest.mark.parametrize(
    "state",
    [
        {},
        {Field.ANSWERS: {}},
        {Field.ANSWERS: {Field.ANSWERS: {"selected_options": None}}},
        {Field.ANSWERS: {Field.ANSWERS: {"selected_options": ["x", {"value": []}]}}},
    ],
)
def test_answers_that_are_none_of_ours_are_no_answers(state: Any) -> None:
    assert approve_form.answers_from(state) == frozenset()
    assert not approve_form.comment_from(state)
