"""Every interactive element and composition object, with Slack's own limits."""

from __future__ import annotations

from typing import Any, Final

from practice.slack.checks import (
    Check,
    Findings,
    anything,
    exactly_one,
    flag,
    items,
    number,
    objects_in,
    one_of,
    record,
    string,
    text,
    typed,
    web_address,
)

ID: Final = string(255)
PLACEHOLDER: Final = text(150, "plain_text")
ANY_TYPE: Final = {"type": anything}
STYLE: Final = one_of("primary", "danger")

CONFIRM: Final = record(
    {
        "title": text(100, "plain_text"),
        "text": text(300),
    },
    {
        "confirm": text(30, "plain_text"),
        "deny": text(30, "plain_text"),
        "style": STYLE,
    },
)
COMMON: Final = {"type": anything, "action_id": ID}
PRESSABLE: Final = {**COMMON, "confirm": CONFIRM, "focus_on_load": flag}


def _option(*kinds: str, url: bool = False) -> Check:
    extra: dict[str, Check] = {"description": text(75, *kinds)}
    if url:
        extra["url"] = web_address()
    return record({"text": text(75, *kinds), "value": string(150)}, extra)


PLAIN_OPTION: Final = _option("plain_text")
RICH_OPTION: Final = _option("plain_text", "mrkdwn")
OPTION_GROUP: Final = record(
    {"label": text(75, "plain_text"), "options": items(PLAIN_OPTION, 1, 100)}
)


def _offered_values(element: dict[str, Any]) -> list[str]:
    options = objects_in(element.get("options"))
    for group in objects_in(element.get("option_groups")):
        options += objects_in(group.get("options"))
    return [str(option.get("value")) for option in options]


def _initial_is_offered(value: dict[str, Any], at: str, found: Findings) -> None:
    offered = _offered_values(value)
    chosen = objects_in([value.get("initial_option")])
    for option in [*chosen, *objects_in(value.get("initial_options"))]:
        if str(option.get("value")) not in offered:
            found.say(at, "initial_option must exactly match a provided option")


def _values_differ(value: dict[str, Any], at: str, found: Findings) -> None:
    values = _offered_values(value)
    if len(set(values)) != len(values):
        found.say(at, "option values must be unique")


def _menu(required: dict[str, Check], optional: dict[str, Check]) -> Check:
    return record(
        {"type": anything, **required},
        {**PRESSABLE, "placeholder": PLACEHOLDER, **optional},
    )


STATIC: Final = {
    "options": items(PLAIN_OPTION, 1, 100),
    "option_groups": items(OPTION_GROUP, 1, 100),
}
FILTER: Final = record(
    {},
    {
        "include": items(one_of("im", "mpim", "private", "public"), 1, 4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
)
CONVERSATIONS: Final = {
    "default_to_current_conversation": flag,
    "filter": FILTER,
}
MANY: Final = {"max_selected_items": number(1, whole=True)}
ONE_ONLY: Final = {"response_url_enabled": flag}
TYPED_INPUT: Final = {
    **COMMON,
    "placeholder": PLACEHOLDER,
    "focus_on_load": flag,
    "initial_value": string(3000, least=0),
    "dispatch_action_config": record(
        {
            "trigger_actions_on": items(
                one_of("on_enter_pressed", "on_character_entered"), 1, 2
            )
        }
    ),
}
LENGTHS: Final = {
    "min_length": number(0, 3000, whole=True),
    "max_length": number(1, 3000, whole=True),
}
CHOICE: Final = {
    "type": anything,
    "options": items(RICH_OPTION, 1, 10),
}
IMAGE_FIELDS: Final = {
    "image_url": web_address(),
    "slack_file": record({}, {"id": string(), "url": web_address()}),
}


def file_exists(value: dict[str, Any], at: str, found: Findings) -> None:
    """Refuse an image that names an uploaded file nobody uploaded."""
    named = value.get("slack_file")
    if isinstance(named, dict) and str(named.get("id")) not in found.files:
        found.say(f"{at}/slack_file", "invalid slack file")


IMAGE: Final = record(
    {"type": anything, "alt_text": string(2000, least=0)},
    IMAGE_FIELDS,
    exactly_one("image_url", "slack_file"),
    file_exists,
)
BUTTON: Final = record(
    {"type": anything, "text": text(75, "plain_text")},
    {
        **COMMON,
        "url": web_address(),
        "value": string(2000, least=0),
        "style": STYLE,
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "agent_prompt": string(4000),
    },
)
FEEDBACK: Final = record(
    {"text": text(75, "plain_text"), "value": string(2000)},
    {"accessibility_label": string(75)},
)


def _selected(name: str) -> dict[str, Check]:
    return {f"initial_{name}": string()}


def _selected_many(name: str) -> dict[str, Check]:
    return {f"initial_{name}s": items(string(), 1), **MANY}


def _static(extra: dict[str, Check]) -> Check:
    return record(
        ANY_TYPE,
        {**PRESSABLE, "placeholder": PLACEHOLDER, **STATIC, **extra},
        exactly_one("options", "option_groups"),
        _initial_is_offered,
        _values_differ,
    )


EXTERNAL: Final = {"min_query_length": number(0, whole=True)}

ELEMENTS: Final[dict[str, Check]] = {
    "button": BUTTON,
    "workflow_button": record(
        {**ANY_TYPE, "text": text(75, "plain_text"), "workflow": anything},
        {**COMMON, "style": STYLE, "accessibility_label": string(75)},
    ),
    "image": IMAGE,
    "static_select": _static({"initial_option": PLAIN_OPTION}),
    "multi_static_select": _static({"initial_options": items(PLAIN_OPTION), **MANY}),
    "external_select": _menu({}, {**EXTERNAL, "initial_option": PLAIN_OPTION}),
    "multi_external_select": _menu(
        {}, {**EXTERNAL, "initial_options": items(PLAIN_OPTION), **MANY}
    ),
    "users_select": _menu({}, _selected("user")),
    "multi_users_select": _menu({}, _selected_many("user")),
    "conversations_select": _menu(
        {}, {**_selected("conversation"), **CONVERSATIONS, **ONE_ONLY}
    ),
    "multi_conversations_select": _menu(
        {}, {**_selected_many("conversation"), **CONVERSATIONS}
    ),
    "channels_select": _menu({}, {**_selected("channel"), **ONE_ONLY}),
    "multi_channels_select": _menu({}, _selected_many("channel")),
    "overflow": record(
        {
            **ANY_TYPE,
            "options": items(_option("plain_text", "mrkdwn", url=True), 1, 5),
        },
        {**COMMON, "confirm": CONFIRM},
        _values_differ,
    ),
    "checkboxes": record(
        CHOICE,
        {**PRESSABLE, "initial_options": items(RICH_OPTION, 1, 10)},
        _initial_is_offered,
        _values_differ,
    ),
    "radio_buttons": record(
        CHOICE,
        {**PRESSABLE, "initial_option": RICH_OPTION},
        _initial_is_offered,
        _values_differ,
    ),
    "datepicker": _menu({}, {"initial_date": string(10, like=r"\d{4}-\d\d-\d\d")}),
    "timepicker": _menu(
        {}, {"initial_time": string(5, like=r"[012]\d:[0-5]\d"), "timezone": string()}
    ),
    "datetimepicker": record(
        ANY_TYPE, {**PRESSABLE, "initial_date_time": number(10**9, 10**10, whole=True)}
    ),
    "plain_text_input": record(ANY_TYPE, {**TYPED_INPUT, **LENGTHS, "multiline": flag}),
    "email_text_input": record(ANY_TYPE, TYPED_INPUT),
    "url_text_input": record(ANY_TYPE, TYPED_INPUT),
    "number_input": record(
        {**ANY_TYPE, "is_decimal_allowed": flag},
        {**TYPED_INPUT, "min_value": string(), "max_value": string()},
    ),
    "file_input": record(
        ANY_TYPE,
        {**COMMON, "filetypes": items(string()), "max_files": number(1, 10)},
    ),
    "rich_text_input": record(
        ANY_TYPE,
        {
            **TYPED_INPUT,
            "initial_value": anything,
            "min_lines": number(1, 100),
            "max_lines": number(1, 100),
        },
    ),
    "feedback_buttons": record(
        {**ANY_TYPE, "positive_button": FEEDBACK, "negative_button": FEEDBACK},
        COMMON,
    ),
    "icon_button": record(
        {**ANY_TYPE, "icon": one_of("trash"), "text": text(75, "plain_text")},
        {
            **COMMON,
            "value": string(2000),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
            "visible_to_user_ids": items(string(), 1, 10),
        },
    ),
}

SELECTS: Final = frozenset(
    f"{kind}_select"
    for kind in ("static", "external", "users", "conversations", "channels")
)
MULTI_SELECTS: Final = frozenset(f"multi_{name}" for name in SELECTS)
IN_ACTIONS: Final = SELECTS | {
    "button",
    "overflow",
    "checkboxes",
    "radio_buttons",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "workflow_button",
}
IN_SECTION: Final = (IN_ACTIONS - {"datetimepicker"}) | MULTI_SELECTS | {"image"}
IN_INPUT: Final = (
    SELECTS
    | MULTI_SELECTS
    | {
        "checkboxes",
        "radio_buttons",
        "datepicker",
        "timepicker",
        "datetimepicker",
        "plain_text_input",
        "email_text_input",
        "url_text_input",
        "number_input",
        "file_input",
        "rich_text_input",
    }
)


def element(allowed: frozenset[str]) -> Check:
    """Accept one element of the kinds a block may hold."""
    return typed(ELEMENTS, allowed)
