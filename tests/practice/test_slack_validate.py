from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice.slack.elements import ELEMENTS
from practice.slack.shapes import BLOCKS
from practice.slack.validate import check_blocks, check_view
from tests.practice.slack_lab import actions, button, entry, modal, plain, section

Json = dict[str, Any]


def option(value: str, text: str = "Yes") -> Json:
    return {"text": plain(text), "value": value}


def menu(count: int = 1, **more: Any) -> Json:
    options = [option(str(i)) for i in range(count)]
    return {"type": "static_select", "action_id": "m", "options": options, **more}


def rich(text: str = "x") -> Json:
    inline = [{"type": "text", "text": text}]
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": inline}],
    }


def raw(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


def chart(**more: Any) -> Json:
    series = [{"name": "A", "data": [{"label": "1", "value": 2.5}]}]
    axes = {"categories": ["1"]}
    body = {"type": "line", "series": series, "axis_config": axes, **more}
    return {"type": "data_visualization", "title": "Opens", "chart": body}


def task(status: str = "in_progress", task_id: str = "1") -> Json:
    return {"type": "task_card", "task_id": task_id, "title": "A", "status": status}


def card(**more: Any) -> Json:
    return {"type": "card", "title": plain("Variant A"), **more}


def data_table(rows: int = 2, cells: int = 1, text: str = "x") -> Json:
    body = [[raw(text)] * cells for _ in range(rows)]
    return {"type": "data_table", "caption": "Canary", "rows": body}


GOOD: list[tuple[str, Json]] = [
    ("message", section("x" * 3000)),
    ("message", section(accessory=menu(100))),
    ("message", {"type": "header", "text": plain("x" * 150)}),
    ("message", {"type": "divider"}),
    ("message", actions(*[button(f"a{i}") for i in range(25)])),
    ("message", {"type": "markdown", "text": "x" * 12_000}),
    ("message", {"type": "table", "rows": [[raw()] * 20] * 100}),
    ("message", data_table(101, 20)),
    ("home", data_table()),
    ("message", chart()),
    ("message", card(actions=[button("a"), button("b"), button("c")])),
    ("modal", card()),
    ("message", {"type": "carousel", "elements": [card()] * 10}),
    (
        "message",
        {"type": "container", "title": plain("x"), "child_blocks": [section()]},
    ),
    ("modal", {"type": "alert", "text": plain("x" * 200), "level": "warning"}),
    ("message", {"type": "plan", "title": "Writing", "tasks": [task("pending")]}),
    ("message", task()),
    ("message", rich()),
    ("modal", entry(max_length=3000)),
    (
        "message",
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": "f",
                    "positive_button": {"text": plain("Good"), "value": "1"},
                    "negative_button": {"text": plain("Bad"), "value": "0"},
                }
            ],
        },
    ),
]

BAD: list[tuple[str, Json, str]] = [
    ("message", {"type": "sparkle"}, "unsupported type: sparkle"),
    ("message", {}, "missing required field: type"),
    ("message", section("x" * 3001), "must be less than 3001 characters"),
    ("message", section(""), "must be more than 0 characters"),
    ("message", {"type": "section"}, "must have at least one of: text, fields"),
    ("message", section(colour="red"), "invalid additional property: colour"),
    ("message", section(accessory={"type": "plain_text_input"}), "unsupported type"),
    ("message", section(accessory=menu(101)), "no more than 100 items allowed"),
    ("message", section(accessory=menu(0)), "must contain at least 1 items"),
    (
        "message",
        section(accessory=menu(1, initial_option=option("9"))),
        "initial_option must exactly match",
    ),
    (
        "message",
        section(accessory={**menu(), "options": [option("x" * 151)]}),
        "must be less than 151 characters",
    ),
    (
        "message",
        section(
            accessory={
                "type": "overflow",
                "options": [option(str(i)) for i in range(6)],
            }
        ),
        "no more than 5 items allowed",
    ),
    ("message", {"type": "header", "text": plain("x" * 151)}, "less than 151"),
    (
        "message",
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        "unsupported type: mrkdwn",
    ),
    ("message", actions(*[button(f"a{i}") for i in range(26)]), "no more than 25"),
    ("message", actions(button("a"), button("a")), "action_id a already exists"),
    ("message", actions({**button(), "text": plain("x" * 76)}), "less than 76"),
    ("message", actions(button(value="x" * 2001)), "less than 2001"),
    ("message", actions(button(style="loud")), "must be a valid enum value"),
    ("message", actions(button(url="javascript:x")), "must be a valid url"),
    ("message", actions({"type": "wobble"}), "unsupported type: wobble"),
    (
        "message",
        {"type": "context", "elements": [plain("x")] * 11},
        "no more than 10 items allowed",
    ),
    ("message", {"type": "markdown", "text": "x" * 12_001}, "less than 12001"),
    ("modal", {"type": "markdown", "text": "x"}, "unsupported type: markdown"),
    ("message", {"type": "alert", "text": plain("x")}, "unsupported type: alert"),
    ("modal", {"type": "table", "rows": [[raw()]]}, "unsupported type: table"),
    ("message", {"type": "table", "rows": [[raw()]] * 101}, "no more than 100"),
    ("message", {"type": "table", "rows": [[raw()] * 21]}, "no more than 20"),
    ("message", data_table(102), "no more than 101"),
    ("message", data_table(1), "must contain at least 2 items"),
    ("message", data_table(2, 20, "x" * 501), "less than 20001 characters in total"),
    (
        "message",
        {**data_table(), "rows": [[rich()], [raw()]]},
        "header cells cannot be rich_text",
    ),
    (
        "message",
        chart(axis_config={"categories": ["1", "2"]}),
        "exactly one point for every category",
    ),
    ("message", {**chart(), "title": "x" * 51}, "less than 51"),
    ("message", card(actions=[button(str(i)) for i in range(4)]), "no more than 3"),
    ("message", card(body=plain("x" * 201)), "less than 201"),
    ("message", {"type": "card"}, "must have at least one of"),
    ("message", {"type": "carousel", "elements": [card()] * 11}, "no more than 10"),
    (
        "message",
        {"type": "container", "title": plain("x"), "child_blocks": [card()]},
        "unsupported type: card",
    ),
    (
        "message",
        {"type": "container", "title": plain("x"), "child_blocks": [section()] * 11},
        "no more than 10",
    ),
    ("message", task("pending"), "cannot be pending"),
    ("message", task("done"), "must be a valid enum value"),
    (
        "message",
        {"type": "plan", "title": "x", "tasks": [task(), task()]},
        "task_id must be unique",
    ),
    ("modal", entry(max_length=3001), "must be at most 3000"),
    (
        "message",
        {"type": "image", "alt_text": "plot", "slack_file": {"id": "F404"}},
        "invalid slack file",
    ),
    ("message", {"type": "image", "image_url": "https://a.b/c.png"}, "alt_text"),
]


@pytest.mark.parametrize(("surface", "block"), GOOD)
def test_a_block_within_the_limits_is_accepted(surface: str, block: Json) -> None:
    assert check_blocks([block], surface) == []


@pytest.mark.parametrize(("surface", "block", "problem"), BAD)
def test_a_block_beyond_the_limits_is_refused(
    surface: str, block: Json, problem: str
) -> None:
    found = check_blocks([block], surface)
    assert any(problem in message for message in found), found


def test_a_problem_names_its_place() -> None:
    assert check_blocks([section(), section("")], "message") == [
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/1/text/text]"
    ]


@pytest.mark.parametrize(("surface", "most"), [("message", 50), ("home", 100)])
def test_a_surface_takes_only_so_many_blocks(surface: str, most: int) -> None:
    assert check_blocks([section()] * most, surface) == []
    assert check_blocks([section()] * (most + 1), surface) == [
        f"[ERROR] no more than {most} items allowed [json-pointer:/blocks]"
    ]


def test_two_blocks_never_share_a_block_id() -> None:
    found = check_blocks([section(block_id="a"), section(block_id="a")], "message")
    assert found == [
        "[ERROR] block_id a already exists [json-pointer:/blocks/1/block_id]"
    ]


def test_markdown_counts_over_the_whole_message() -> None:
    halves = [{"type": "markdown", "text": "x" * 6001}] * 2
    assert "12001 characters in total" in check_blocks(halves, "message")[0]


def test_a_message_holds_one_table_and_two_charts() -> None:
    table = {"type": "table", "rows": [[raw()]]}
    assert "only_one_table_allowed" in check_blocks([table, table], "message")[0]
    assert "no more than 2" in check_blocks([chart()] * 3, "message")[0]


def test_a_modal_with_inputs_needs_a_submit_button() -> None:
    assert check_view(modal(), "modal") == []
    assert "submit is required" in check_view({**modal(), "submit": None}, "modal")[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"title": plain("x" * 25)}, "less than 25"),
        ({"submit": plain("x" * 25)}, "less than 25"),
        ({"private_metadata": "x" * 3001}, "less than 3001"),
        ({"callback_id": "x" * 256}, "less than 256"),
        ({"type": "home"}, "must be of type modal"),
        ({"wide": True}, "invalid additional property: wide"),
    ],
)
def test_a_view_keeps_its_own_limits(change: Json, problem: str) -> None:
    assert problem in check_view(modal() | change, "modal")[0]


WORDS = [
    *sorted({*BLOCKS, *ELEMENTS}),
    *("plain_text", "mrkdwn", "bar", "pie", "raw_text", "rich_text_section", "url"),
]
NAMES = [
    "type",
    "text",
    "block_id",
    "action_id",
    "elements",
    "element",
    "accessory",
    "fields",
    "options",
    "value",
    "option_groups",
    "initial_option",
    "initial_options",
    "child_blocks",
    "rows",
    "segments",
    "series",
    "data",
    "axis_config",
    "categories",
    "chart",
    "tasks",
    "task_id",
    "status",
    "slack_file",
    "id",
    "label",
    "actions",
    "title",
    "focus_on_load",
    "is_collapsible",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(WORDS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=12,
)
HOLDERS = st.fixed_dictionaries(
    {"type": st.sampled_from(WORDS)},
    optional=dict.fromkeys(NAMES[1:], ANYTHING),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(HOLDERS | ANYTHING, max_size=3) | ANYTHING)
def test_no_payload_whatever_breaks_the_validator(blocks: Any) -> None:
    for surface in ("message", "modal", "home"):
        check_blocks(blocks, surface)
        check_view({"type": surface, "blocks": blocks}, surface)
