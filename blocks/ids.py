"""Every id that travels to Slack and comes back in an interaction.

A button's `value` and a view's `private_metadata` hold one id and nothing else.
An overflow menu has one action id for all of its options, so its option values are
`verb.id`, made and read only by `option_value` and `parse_option`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from domain.errors import Unknown


class Action(StrEnum):
    """Action ids of buttons, menus and of elements that act at once."""

    # value: brief id
    APPROVE_STRATEGY = "approve_strategy"
    ASK_FOR_CHANGES = "ask_for_changes"
    CHANGE_BRIEF = "change_brief"
    # value: review request id
    APPROVE = "approve"
    # the same from inside a window, which is drawn anew after it
    APPROVE_HERE = "approve_here"
    REJECT = "reject"
    # value: revision id
    EDIT = "edit"
    REGENERATE = "regenerate"
    READ_ALL = "read_all"
    # value: decision id
    UNDO = "undo"
    # the same from inside a window, which is drawn anew after it
    UNDO_HERE = "undo_here"
    # value: suggestion id
    ACCEPT_SUGGESTION = "accept_suggestion"
    DECLINE_SUGGESTION = "decline_suggestion"
    # value: variant id
    VARIANT_HISTORY = "variant_history"
    OPEN_VARIANT = "open_variant"
    # value: campaign id
    CANCEL_CAMPAIGN = "cancel_campaign"
    RETRY_CAMPAIGN = "retry_campaign"
    EXPAND = "expand"
    EXTEND = "extend"
    HOLD = "hold"
    ROLL_BACK = "roll_back"
    EVIDENCE = "evidence"
    EXPORT = "export"
    SHOW_BRIEF = "show_brief"
    OPEN_INCIDENT = "open_incident"
    EXPLAIN_INCIDENT = "explain_incident"
    ADD_ACTION = "add_action"
    POST_POSTMORTEM = "post_postmortem"
    CLOSE_INCIDENT = "close_incident"
    COMPARE = "compare"
    LOOK_AGAIN = "look_again"
    # which two revisions: see `compared_block`
    POST_COMPARISON = "post_comparison"
    # value: action item id
    ACTION_DONE = "action_done"
    # value: chunk id
    LOOK_UP_CHUNK = "look_up_chunk"
    # on older cards only: see Verb
    MARK_CHUNK_SENT = "mark_chunk_sent"
    # value: freeze id
    LIFT_FREEZE = "lift_freeze"
    # value: upload id
    IMPORT_UPLOAD = "import_upload"
    CANCEL_UPLOAD = "cancel_upload"
    MAP_COLUMNS = "map_columns"
    # no value
    NEW_BRIEF = "new_brief"
    SETTINGS = "settings"
    BULK_APPROVE = "bulk_approve"
    # menus whose options are revision ids
    LEFT = "left"
    RIGHT = "right"
    # a menu whose options are `blocks.preview`'s keys
    PREVIEW_AS = "preview_as"
    # the brief form's selects that act at once; named as by `brief_block`
    BRIEF_TIER = "brief.tier"
    BRIEF_CHANNEL = "brief.channel"
    # overflow menus: see Verb
    CAMPAIGN_MORE = "campaign_more"
    CHUNK_MORE = "chunk_more"
    VARIANT_MORE = "variant_more"


class Verb(StrEnum):
    """What an overflow option asks for; the comment says what its id names."""

    # campaign id
    SHOW_BRIEF = "show_brief"
    CAMPAIGN_HISTORY = "campaign_history"
    CLONE_BRIEF = "clone_brief"
    EVIDENCE = "evidence"
    EXPAND = "expand"
    EXTEND = "extend"
    HOLD = "hold"
    CANCEL_CAMPAIGN = "cancel_campaign"
    ROLL_BACK = "roll_back"
    # brief id
    CHANGE_BRIEF = "change_brief"
    # variant id
    HISTORY = "history"
    COMPARE = "compare"
    # revision id
    READ_ALL = "read_all"
    COMMENT = "comment"
    SUGGEST = "suggest"
    # review request id
    ASSIGN = "assign"
    # chunk id
    MARK_CHUNK_SENT = "mark_chunk_sent"
    SEND_AGAIN = "send_again"


class Shortcut(StrEnum):
    """Callback ids of message shortcuts; the message itself says what it shows."""

    COMMENT_ON = "comment_on"


class Callback(StrEnum):
    """Callback ids of views; the comment says what `private_metadata` holds."""

    # nothing
    BRIEF_FORM = "brief_form"
    SETTINGS_FORM = "settings_form"
    FREEZE_FORM = "freeze_form"
    UPLOAD_FORM = "upload_form"
    # upload id
    COLUMNS_FORM = "columns_form"
    # brief id
    CHANGE_BRIEF_FORM = "change_brief_form"
    CHANGES_FORM = "changes_form"
    # nothing; the review request ids are chosen in the view
    BULK_FORM = "bulk_form"
    # nothing; the campaign id is chosen in the view
    ROLLBACK_PICK = "rollback_pick"
    # revision id
    EDIT_FORM = "edit_form"
    REGENERATE_FORM = "regenerate_form"
    COMMENT_FORM = "comment_form"
    SUGGEST_FORM = "suggest_form"
    ADDRESS_FORM = "address_form"
    # review request id
    REJECT_FORM = "reject_form"
    ASSIGN_FORM = "assign_form"
    APPROVE_FORM = "approve_form"
    # campaign id
    ROLLBACK_CONFIRM = "rollback_confirm"
    ROLLBACK_REASON = "rollback_reason"
    EXPLAIN_FORM = "explain_form"
    ACTION_FORM = "action_form"
    # campaign id; nothing to submit
    INCIDENT_WINDOW = "incident_window"
    # campaign id; nothing to submit
    COMPARISON = "comparison"
    # variant id; nothing to submit
    VARIANT_WINDOW = "variant_window"
    # revision id; nothing to submit
    READ_ALL = "read_all"
    # nothing to submit
    READING = "reading"
    HOME = "home"


class Field(StrEnum):
    """Block ids of inputs; an input's action id is its block id.

    A brief's inputs are named by `brief_block`; the parts of a long body by
    `body_block`.
    """

    SUBJECT = "subject"
    PREHEADER = "preheader"
    BODY = "body"
    INSTRUCTION = "instruction"
    REASON = "reason"
    REASON_CODE = "reason_code"
    QUOTE = "quote"
    COMMENT = "comment"
    ANSWERS = "answers"
    CAMPAIGN = "campaign"
    CAUSE = "cause"
    MISSED_BY = "missed_by"
    MISSED_WHY = "missed_why"
    TODO = "todo"
    OWNER = "owner"
    DUE = "due"
    REQUESTS = "requests"
    DIRECT = "direct"
    DIGEST = "digest"
    AWAY_FROM = "away_from"
    AWAY_UNTIL = "away_until"
    FREEZE_SCOPE = "freeze_scope"
    FREEZE_UNTIL = "freeze_until"
    LIST_KEY = "list_key"
    LIST_TITLE = "list_title"
    LIST_FILE = "list_file"
    ADDRESS = "address"


_BRIEF: Final = "brief."
_ASSIGNEE: Final = "assignee."
_COLUMN: Final = "column."
_COMPARED: Final = re.compile(r"compared\.([0-9]{1,18})\.([0-9]{1,18})")
_OPTION: Final = re.compile(r"([a-z_]+)\.([0-9]{1,18})")
_ID_DIGITS: Final = 18


def brief_block(name: str) -> str:
    """Block id and action id of the input for a brief's field."""
    return _BRIEF + name


def brief_field(block_id: str) -> str | None:
    """Name of the brief's field that a block asks for, or None."""
    return block_id.removeprefix(_BRIEF) if block_id.startswith(_BRIEF) else None


def body_block(part: int, border: str = "") -> str:
    """Block id of the body's nth part, counted from 0.

    Args:
        border: A letter for what stood between it and the part before it, since an
            input may trim its ends; empty for the first part.
    """
    return f"{Field.BODY}.{part}{border}"


def column_block(place: int) -> str:
    """Block id and action id of the select of what a file's column is, from 0."""
    return f"{_COLUMN}{place}"


def assignee_block(seen: int) -> str:
    """Block id and action id of the select of who is asked.

    Args:
        seen: The number of the last assignment on the campaign's trail when the form
            was drawn, so that a change in between is noticed; 0: there was none.
    """
    return f"{_ASSIGNEE}{seen}"


def seen_of(block_id: str) -> int | None:
    """Read the number that `assignee_block` wrote; None for any other block."""
    number = block_id.removeprefix(_ASSIGNEE)
    is_ours = block_id.startswith(_ASSIGNEE) and re.fullmatch(r"[0-9]{1,18}", number)
    return int(number) if is_ours else None


def compared_block(left: int, right: int) -> str:
    """Block id of the button that posts a comparison: the revisions that are seen."""
    return f"compared.{left}.{right}"


def compared_of(block_id: str) -> tuple[int, int] | None:
    """Read the revisions that `compared_block` wrote; None for any other block."""
    match = _COMPARED.fullmatch(block_id)
    return (int(match[1]), int(match[2])) if match else None


def row_id(value: object) -> int | None:
    """Read an id as Slack sends it back; None for anything else."""
    if not isinstance(value, str) or len(value) > _ID_DIGITS:
        return None
    # "²" is a digit too, and no number
    return int(value) if value.isascii() and value.isdecimal() else None


def option_value(verb: Verb, target: int) -> str:
    """Value of an overflow option: what to do, and to which row."""
    return f"{verb}.{target}"


def parse_option(value: str) -> tuple[Verb, int]:
    """Read a value that `option_value` made.

    Raises:
        Unknown: The value is not one of ours, as from a card of an older version.
    """
    match = _OPTION.fullmatch(value)
    if match is None or match[1] not in list(Verb):
        raise Unknown("This menu belongs to an older card; open the newest one.")
    return Verb(match[1]), int(match[2])
