"""Every block, the surfaces it may stand on, and Slack's own limits."""

from __future__ import annotations

from typing import Any, Final

from practice.slack.checks import (
    Check,
    Findings,
    anything,
    at_least_one,
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
from practice.slack.elements import (
    IMAGE,
    IMAGE_FIELDS,
    IN_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    element,
    file_exists,
)
from practice.slack.rich_text import RICH_TEXT

KIND: Final = {"type": anything}
BLOCK_ID: Final = {"block_id": string(255)}
MESSAGE, MODAL, HOME = "message", "modal", "home"
EVERYWHERE: Final = frozenset({MESSAGE, MODAL, HOME})

RAW_TEXT: Final = record({**KIND, "text": string(least=1)})
RAW_NUMBER: Final = record({**KIND, "value": number(), "text": string(least=1)})
CELLS: Final = {
    "raw_text": RAW_TEXT,
    "raw_number": RAW_NUMBER,
    "rich_text": RICH_TEXT,
}
LABEL: Final = string(20)
POINT: Final = record({"label": LABEL, "value": number()})
SEGMENT: Final = record({"label": LABEL, "value": number()})
AXES: Final = record(
    {"categories": items(LABEL, 1, 20)}, {"x_label": string(50), "y_label": string(50)}
)


def _series_fit_the_axis(value: dict[str, Any], at: str, found: Findings) -> None:
    axis = value.get("axis_config")
    categories = axis.get("categories") if isinstance(axis, dict) else None
    wanted = sorted(map(str, categories if isinstance(categories, list) else []))
    every = objects_in(value.get("series"))
    for index, series in enumerate(every):
        labels = [str(point.get("label")) for point in objects_in(series.get("data"))]
        if sorted(labels) != wanted:
            found.say(
                f"{at}/series/{index}/data",
                "must have exactly one point for every category",
            )
    if len({str(series.get("name")) for series in every}) != len(every):
        found.say(f"{at}/series", "series names must be unique")


def _segments_are_positive(value: dict[str, Any], at: str, found: Findings) -> None:
    for index, segment in enumerate(objects_in(value.get("segments"))):
        size = segment.get("value")
        if isinstance(size, (int, float)) and size <= 0:
            found.say(f"{at}/segments/{index}/value", "must be greater than 0")


_AXIS_CHART: Final = record(
    {
        **KIND,
        "series": items(
            record({"name": LABEL, "data": items(POINT, 1, 20)}),
            1,
            12,
        ),
        "axis_config": AXES,
    },
    {},
    _series_fit_the_axis,
)
CHARTS: Final = {
    "pie": record(
        {**KIND, "segments": items(SEGMENT, 1, 12)}, {}, _segments_are_positive
    ),
    "bar": _AXIS_CHART,
    "line": _AXIS_CHART,
    "area": _AXIS_CHART,
}


def _cell_text(cell: Any) -> int:
    if isinstance(cell, dict):
        return sum(
            len(value)
            if key == "text" and isinstance(value, str)
            else _cell_text(value)
            for key, value in cell.items()
        )
    return sum(map(_cell_text, cell)) if isinstance(cell, list) else 0


def _data_table_is_even(value: dict[str, Any], at: str, found: Findings) -> None:
    rows = value.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return
    if len({len(row) for row in rows}) > 1:
        found.say(f"{at}/rows", "all rows must have the same number of cells")
    if rows and any(
        isinstance(c, dict) and c.get("type") == "rich_text" for c in rows[0]
    ):
        found.say(f"{at}/rows/0", "header cells cannot be rich_text")
    if _cell_text(rows) > 20_000:
        found.say(f"{at}/rows", "must be less than 20001 characters in total")


def _header_or_collapsible(value: dict[str, Any], at: str, found: Findings) -> None:
    if value.get("is_collapsible") and value.get("has_header_divider"):
        found.say(at, "has_header_divider cannot be set when is_collapsible is true")
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        found.say(at, "default_collapsed requires is_collapsible")


def _task_ids_differ(value: dict[str, Any], at: str, found: Findings) -> None:
    tasks = objects_in(value.get("tasks"))
    if len({str(task.get("task_id")) for task in tasks}) != len(tasks):
        found.say(f"{at}/tasks", "task_id must be unique")


def _element_fits_surface(value: dict[str, Any], at: str, found: Findings) -> None:
    inner = value.get("element")
    kind = inner.get("type") if isinstance(inner, dict) else None
    if kind in ("file_input", "rich_text_input") and found.surface == MESSAGE:
        found.say(f"{at}/element/type", f"unsupported type: {kind}")


TASK: Final = record(
    {
        **KIND,
        "task_id": string(),
        "title": string(),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
    {
        **BLOCK_ID,
        "details": typed({"rich_text": RICH_TEXT}),
        "output": typed({"rich_text": RICH_TEXT}),
        "sources": items(
            typed({"url": record({**KIND, "url": web_address(), "text": string()})}), 0
        ),
    },
)


def _lone_task(value: Any, at: str, found: Findings) -> None:
    TASK(value, at, found)
    if value.get("status") == "pending":
        found.say(f"{at}/status", "a task_card outside a plan cannot be pending")


def _plan_task(value: Any, at: str, found: Findings) -> None:
    TASK(
        {"type": "task_card", **value} if isinstance(value, dict) else value, at, found
    )


CARD_FIELDS: Final = {
    **BLOCK_ID,
    "hero_image": IMAGE,
    "icon": IMAGE,
    "slack_icon": anything,
    "title": text(150),
    "subtitle": text(150),
    "body": text(200),
    "subtext": text(200),
    "actions": items(element(frozenset({"button"})), 1, 3),
}
CARD: Final = record(
    KIND, CARD_FIELDS, at_least_one("hero_image", "title", "actions", "body")
)
BLOCKS: Final[dict[str, Check]] = {}
IN_CONTAINER: Final = frozenset(
    {
        "actions",
        "context",
        "divider",
        "header",
        "image",
        "input",
        "rich_text",
        "section",
        "table",
        "video",
    }
)
BLOCKS.update(
    {
        "section": record(
            KIND,
            {
                **BLOCK_ID,
                "text": text(3000),
                "fields": items(text(2000), 1, 10),
                "accessory": element(IN_SECTION),
                "expand": flag,
            },
            at_least_one("text", "fields"),
        ),
        "divider": record(KIND, BLOCK_ID),
        "header": record(
            {**KIND, "text": text(150, "plain_text")},
            {**BLOCK_ID, "level": number(1, 4, whole=True)},
        ),
        "image": record(
            {**KIND, "alt_text": string(2000)},
            {**BLOCK_ID, **IMAGE_FIELDS, "title": text(2000, "plain_text")},
            exactly_one("image_url", "slack_file"),
            file_exists,
        ),
        "actions": record(
            {**KIND, "elements": items(element(IN_ACTIONS), 1, 25)}, BLOCK_ID
        ),
        "context": record(
            {
                **KIND,
                "elements": items(
                    typed(
                        {
                            "image": IMAGE,
                            "mrkdwn": text(3000, "mrkdwn"),
                            "plain_text": text(3000, "plain_text"),
                        }
                    ),
                    1,
                    10,
                ),
            },
            BLOCK_ID,
        ),
        "context_actions": record(
            {
                **KIND,
                "elements": items(
                    element(frozenset({"feedback_buttons", "icon_button"})), 1, 5
                ),
            },
            BLOCK_ID,
        ),
        "input": record(
            {**KIND, "label": text(2000, "plain_text"), "element": element(IN_INPUT)},
            {
                **BLOCK_ID,
                "hint": text(2000, "plain_text"),
                "optional": flag,
                "dispatch_action": flag,
            },
            _element_fits_surface,
        ),
        "markdown": record({**KIND, "text": string(12_000)}, BLOCK_ID),
        "rich_text": RICH_TEXT,
        "table": record(
            {**KIND, "rows": items(items(typed(CELLS), 1, 20), 1, 100)},
            {
                **BLOCK_ID,
                "column_settings": items(
                    record(
                        {},
                        {
                            "align": one_of("left", "center", "right"),
                            "is_wrapped": flag,
                        },
                    ),
                    0,
                    20,
                ),
            },
        ),
        "data_table": record(
            {
                **KIND,
                "rows": items(items(typed(CELLS), 1, 20), 2, 101),
                "caption": string(),
            },
            {
                **BLOCK_ID,
                "page_size": number(1, 100, whole=True),
                "row_header_column_index": number(0, 19, whole=True),
            },
            _data_table_is_even,
        ),
        "data_visualization": record(
            {**KIND, "title": string(50), "chart": typed(CHARTS)}, BLOCK_ID
        ),
        "card": CARD,
        "carousel": record(
            {**KIND, "elements": items(typed({"card": CARD}), 1, 10)}, BLOCK_ID
        ),
        "container": record(
            {**KIND, "child_blocks": items(typed(BLOCKS, IN_CONTAINER), 1, 10)},
            {
                **BLOCK_ID,
                "title": text(150, "plain_text"),
                "rich_text_title": RICH_TEXT,
                "subtitle": text(150),
                "width": one_of("narrow", "standard", "wide", "full"),
                "icon": IMAGE,
                "is_collapsible": flag,
                "default_collapsed": flag,
                "has_header_divider": flag,
            },
            at_least_one("title", "rich_text_title"),
            _header_or_collapsible,
        ),
        "alert": record(
            {**KIND, "text": text(200)},
            {
                **BLOCK_ID,
                "level": one_of("default", "info", "warning", "error", "success"),
            },
        ),
        "plan": record(
            {**KIND, "title": string(), "tasks": items(_plan_task, 0, 50)},
            BLOCK_ID,
            _task_ids_differ,
        ),
        "task_card": TASK,
        "video": record(
            {
                **KIND,
                "alt_text": string(2000),
                "title": text(200, "plain_text"),
                "thumbnail_url": web_address(),
                "video_url": web_address(),
            },
            {
                **BLOCK_ID,
                "author_name": string(50),
                "description": text(200, "plain_text"),
                "provider_icon_url": web_address(),
                "provider_name": string(50),
                "title_url": web_address(),
            },
        ),
    }
)
TOP_LEVEL: Final[dict[str, Check]] = {
    **BLOCKS,
    "task_card": _lone_task,
}
SURFACES: Final[dict[str, frozenset[str]]] = {
    "section": EVERYWHERE,
    "divider": EVERYWHERE,
    "header": EVERYWHERE,
    "image": EVERYWHERE,
    "actions": EVERYWHERE,
    "context": EVERYWHERE,
    "input": EVERYWHERE,
    "rich_text": EVERYWHERE,
    "video": EVERYWHERE,
    "card": EVERYWHERE,
    "carousel": frozenset({MESSAGE, HOME}),
    "container": frozenset({MESSAGE, HOME}),
    "table": frozenset({MESSAGE, HOME}),
    "data_table": frozenset({MESSAGE, HOME}),
    "data_visualization": frozenset({MESSAGE, HOME}),
    "context_actions": frozenset({MESSAGE}),
    "markdown": frozenset({MESSAGE}),
    "plan": frozenset({MESSAGE}),
    "task_card": frozenset({MESSAGE}),
    "alert": frozenset({MODAL}),
}
ON_SURFACE: Final = {
    surface: typed(
        TOP_LEVEL, frozenset(n for n, where in SURFACES.items() if surface in where)
    )
    for surface in EVERYWHERE
}
