"""A list given in Slack: the form, and what was found in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    PlainTextInputElement,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View

from blocks.entered import StateValues, chosen, entered, typed
from blocks.ids import Action, Callback, Field
from blocks.message import (
    Message,
    actions,
    button,
    context,
    fields,
    message,
    modal,
    option,
    section,
)
from blocks.text import capital, count, date, line, plain, plural, quoted, sentence
from domain.upload import LARGEST, Upload, UploadState
from domain.views import ListLine

# Slack: options of a menu 100
_OPTIONS_MOST: Final = 100
_COLUMNS_SHOWN: Final = 12
_TITLE_MOST: Final = 120
_NAME_MOST: Final = 80
_FILE_ID: Final = re.compile(r"F[A-Z0-9]{2,30}")


# The form ----------------------------------------------------------------------------


def form(lists: Sequence[ListLine], *, asked: str = "") -> View:
    """Ask for a file, and which list it is.

    Args:
        asked: A list's key or a new name, as typed behind the command.
    """
    chosen = next((each for each in lists if asked in {each.key, each.title}), None)
    # the one that was asked for has to be among those that Slack takes
    shown = [each for each in lists if each is not chosen]
    shown = [chosen, *shown] if chosen else shown
    return modal(
        title="Import a list",
        callback=Callback.UPLOAD_FORM,
        submit="Read the file",
        blocks=[
            _list_menu(shown[:_OPTIONS_MOST], chosen) if shown else None,
            InputBlock(
                block_id=Field.LIST_TITLE,
                label="Or a new list" if shown else "New list",
                hint="What people call it, such as Stalled demos.",
                optional=bool(shown),
                element=PlainTextInputElement(
                    action_id=Field.LIST_TITLE,
                    max_length=_TITLE_MOST,
                    initial_value=None if chosen else plain(asked, _TITLE_MOST) or None,
                ),
            ),
            InputBlock(
                block_id=Field.LIST_FILE,
                label="CSV file",
                hint=f"UTF-8, up to {LARGEST // 1_000_000} MB. Its first line names the"
                " columns: email and consent (true or false), and any of first_name,"
                " last_name, company, region, time_zone, locale.",
                element=FileInputElement(
                    action_id=Field.LIST_FILE, filetypes=["csv"], max_files=1
                ),
            ),
            context(
                "The file is read first; nothing comes in until you say so. It replaces"
                " the list's people: who is not in it is not mailed from it any more."
            ),
        ],
    )


def _list_menu(lists: Sequence[ListLine], chosen: ListLine | None) -> Block:
    options = {
        each.key: option(f"{each.title} ({count(each.size)})", each.key)
        for each in lists
    }
    return InputBlock(
        block_id=Field.LIST_KEY,
        label="List",
        optional=True,
        element=StaticSelectElement(
            action_id=Field.LIST_KEY,
            placeholder="A list that is here",
            options=list(options.values()),
            initial_option=options[chosen.key] if chosen else None,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the form was submitted with.

    Attributes:
        errors: By block id; without any, the rest can be used.
    """

    key: str
    new_title: str
    file_id: str
    file_name: str
    errors: Mapping[str, str]


def given_from(state: StateValues) -> Given:
    """Read the form; the file itself is looked at later, and by its id only."""
    key = chosen(state, Field.LIST_KEY)
    title = typed(state, Field.LIST_TITLE).strip()
    files = entered(state, Field.LIST_FILE, "files")
    only = files[0] if isinstance(files, list) and len(files) == 1 else None
    file = only if isinstance(only, Mapping) else {}
    file_id = str(file.get("id") or "")
    errors: dict[str, str] = {}
    if bool(key) == bool(title):
        errors[str(Field.LIST_TITLE)] = (
            "Choose a list or name a new one, not both."
            if key
            else "Choose a list above, or name a new one."
        )
    if not _FILE_ID.fullmatch(file_id):
        errors[str(Field.LIST_FILE)] = "Give one CSV file."
    elif isinstance(file.get("size"), int) and file["size"] > LARGEST:
        errors[str(Field.LIST_FILE)] = (
            f"The file is larger than {LARGEST // 1_000_000} MB; part it, or have it"
            " imported from a shell."
        )
    return Given(
        key=key,
        new_title=title,
        file_id=file_id,
        file_name=plain(str(file.get("name") or "the file"), _NAME_MOST),
        errors=errors,
    )


def on_its_way(given: Given) -> View:
    """What the form becomes: where the answer will be."""
    return modal(
        title="Import a list",
        blocks=[
            section(
                f"{line(given.file_name, _NAME_MOST)} is being read. What is in it comes"
                " as a direct message; nothing is imported until you say so there."
            )
        ],
    )


# The message -------------------------------------------------------------------------


def render(upload: Upload, *, share: float = 0) -> Message:
    """The one message of an upload, as it stands.

    Args:
        share: How much of the file an import has read, 0 to 1.
    """
    file, to = line(upload.file_name, _NAME_MOST), line(upload.title, _TITLE_MOST)
    lead, more = _BY_STATE[upload.state](upload, share)
    text = f"{lead}: {plain(upload.file_name, _NAME_MOST)}"
    head = f"*{lead}*: {file} for {to}"
    return message(text, [section(head), *more])


Blocks = list[Block | None]


def _reading(_upload: Upload, _share: float) -> tuple[str, Blocks]:
    return "Reading the file", [context("Nothing is imported until you say so.")]


def _read(upload: Upload, _share: float) -> tuple[str, Blocks]:
    found = upload.found
    lead = "Read, not imported yet" if upload.can_import else "Cannot be imported yet"
    broken = found.broken
    label = f"Import without {plural(broken, 'row')}" if broken else "Import"
    row = actions(
        [
            button(label, Action.IMPORT_UPLOAD, upload.id, style="primary")
            if upload.can_import
            else None,
            button("Change columns", Action.MAP_COLUMNS, upload.id),
            button("Cancel", Action.CANCEL_UPLOAD, upload.id),
        ]
    )
    return lead, [
        section(
            f"{sentence(upload.said)} Press *Change columns* to say which is which."
        )
        if upload.said
        else _counts(upload, "would be"),
        *_columns(upload),
        *_problems(upload),
        row,
        context(f"Read {date(upload.moved_at)}. The file stays in Slack."),
    ]


def _importing(_upload: Upload, share: float) -> tuple[str, Blocks]:
    done = f"{share:.0%} read. " if share else ""
    return "Importing", [context(f"{done}All of it is shown at once, at the end.")]


def _imported(upload: Upload, _share: float) -> tuple[str, Blocks]:
    return "Imported", [
        _counts(upload, ""),
        *_problems(upload),
        context(
            f"Imported {date(upload.moved_at)}; a brief calls the list"
            f" {line(upload.key, 60)}. The file stays in Slack until you delete it there."
        ),
    ]


def _same(upload: Upload, _share: float) -> tuple[str, Blocks]:
    size = plural(upload.found.size, "recipient")
    words = f"The list is this very file already, with {size}: there is nothing to do."
    return "Nothing new", [section(words)]


def _refused(upload: Upload, _share: float) -> tuple[str, Blocks]:
    return "Not imported", [
        section(f"{sentence(upload.said)} The list is as it was."),
        context("Give another file with /desk import."),
    ]


def _cancelled(upload: Upload, _share: float) -> tuple[str, Blocks]:
    return "Cancelled", [
        context(f"Nothing of it was imported; cancelled {date(upload.moved_at)}.")
    ]


_BY_STATE: Final = {
    UploadState.READING: _reading,
    UploadState.READ: _read,
    UploadState.IMPORTING: _importing,
    UploadState.IMPORTED: _imported,
    UploadState.SAME: _same,
    UploadState.REFUSED: _refused,
    UploadState.CANCELLED: _cancelled,
}


def _counts(upload: Upload, would: str) -> Block:
    """What comes of the rows; `would` is empty once it has."""
    found = upload.found
    pairs = [
        ("Rows read", found.rows),
        ("Recipients", found.size),
        ("New", found.new),
        ("Changed", found.changed),
        ("As before", found.same),
        (f"{would} left out, broken".strip(), found.broken),
        (f"{would} left out, asked to be forgotten".strip(), found.forgotten),
        (f"{would} taken off, not in the file".strip(), found.gone),
    ]
    always = {"Rows read", "Recipients", "New"}
    return fields(
        *(f"{capital(name)}: *{count(n)}*" for name, n in pairs if n or name in always)
    )


def _columns(upload: Upload) -> Blocks:
    """What each column is taken for; those that are left out are named too."""
    found = upload.found
    taken = [
        f"{line(name, 40)} from {quoted(column, 60)}"
        if name != column.strip().lower()
        else line(name, 40)
        for name, column in found.columns.items()
    ]
    # without any that is understood, all of them
    ignored = [
        quoted(each, 60)
        for each in (found.ignored if taken else found.header)
        if each.strip()
    ]
    return [
        section(
            "\n".join(
                f"{what}: {_first(names)}"
                for what, names in (
                    ("Columns", taken),
                    ("Not used" if taken else "Its columns", ignored),
                )
                if names
            )
        )
        if taken or ignored
        else None
    ]


def _first(names: Sequence[str]) -> str:
    hidden = len(names) - _COLUMNS_SHOWN
    more = f" and {count(hidden)} more" if hidden > 0 else ""
    return ", ".join(names[:_COLUMNS_SHOWN]) + more


def _problems(upload: Upload) -> Blocks:
    """The first broken rows, by line and reason; never what is in them."""
    found = upload.found
    if not found.broken:
        return []
    hidden = found.broken - len(found.problems)
    rows = [f"• {capital(line(each, 200))}" for each in found.problems]
    if hidden > 0:
        rows.append(f"and {count(hidden)} more")
    where = ". All of them are in this thread." if found.is_reported else ""
    lead = f"{plural(found.broken, 'broken row')}{where or ':'}"
    return [section("\n".join([lead, *rows]))]


def report_comment(broken: int, *, most: int) -> str:
    """What stands beside the report."""
    first = f"The first {count(most)} of " if broken > most else ""
    return (
        f"{first}{plural(broken, 'broken row')}: line, field and reason. No address is"
        " in it."
    )
