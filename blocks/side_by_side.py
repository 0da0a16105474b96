"""Two revisions in two columns, the words that differ in bold; a window of its own.

Slack shows a section's fields in two columns, on a phone one below the other, so each
pair of paragraphs is one section and stays together on either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    DividerBlock,
    ImageBlock,
    InteractiveElement,
    Option,
    OptionGroup,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.blocks.basic_components import SlackFile
from slack_sdk.models.views import View

from blocks.campaign_progress import lint_words
from blocks.compare import origin_words
from blocks.ids import Action, Callback, compared_block
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
from blocks.text import (
    capital,
    date,
    joined,
    line,
    plain,
    plural,
    truncate,
    unmarked,
    who,
)
from blocks.variant_card import finding
from domain.channel import PARTS, part_name
from domain.comparison import Pair, Piece, Same, marked, paired, paragraphs
from domain.scope import changed_parts
from domain.views import ColumnView, ComparisonView, RevisionOption, RevisionView

# Slack: 100 options in a group of a menu, 100 groups in a menu
_OPTIONS_MOST: Final = 100
_ROWS_MOST: Final = 24
# Slack: field text, 2,000 characters; marks and escapes need room as well
_FIELD_MOST: Final = 1500
# Slack: alternative text of an upload, 1,000 characters
_ALT_MOST: Final = 900
_SAME_SHOWN: Final = 80
_FINDINGS_SHOWN: Final = 5
_LEGEND: Final = (
    "Words that the other side does not have are *bold*. Paragraphs with little in"
    " common are shown without marks."
)


def window(view: ComparisonView) -> View:
    """Draw the comparison; `private_metadata` is the campaign's id."""
    left, right = view.left, view.right
    blocks: list[Block | None] = [
        context(f"#{view.campaign_id} {line(view.title, 100)}"),
        _chooser("Left", Action.LEFT, left, view.options),
        _chooser("Right", Action.RIGHT, right, view.options),
        DividerBlock(),
        fields(_heading(left), _heading(right)),
        *_texts(left.revision, right.revision),
        DividerBlock(),
        fields(_findings(left), _findings(right)),
        _decide("left", left),
        _decide("right", right) if _is_other(left, right) else None,
        _post(view) if _is_other(left, right) else None,
        context(_LEGEND),
    ]
    return modal(
        title=f"Compare, #{view.campaign_id}",
        blocks=blocks,
        callback=Callback.COMPARISON,
        target=view.campaign_id,
    )


def _is_other(left: ColumnView, right: ColumnView) -> bool:
    return left.revision.revision_id != right.revision.revision_id


# Choosing --------------------------------------------------------------------------


def _chooser(
    side: str, action: Action, column: ColumnView, options: Sequence[RevisionOption]
) -> SectionBlock:
    made = {each.revision_id: _option(each) for each in options}
    groups = [
        OptionGroup(
            label=PlainTextObject(text=f"Variant {plain(label, 5)}", emoji=False),
            options=[
                made[each.revision_id]
                for each in options
                if each.variant_label == label
            ][:_OPTIONS_MOST],
        )
        for label in dict.fromkeys(each.variant_label for each in options)
    ]
    offered = {option.value for group in groups for option in group.options or ()}
    chosen = made[column.revision.revision_id]
    return section(
        f"*{side}*",
        accessory=StaticSelectElement(
            action_id=action,
            placeholder=PlainTextObject(text=f"{side} side", emoji=False),
            option_groups=groups[:_OPTIONS_MOST],
            initial_option=chosen if chosen.value in offered else None,
        ),
        block_id=str(action),
    )


def _option(each: RevisionOption) -> Option:
    older = "" if each.is_current else " (older)"
    text = f"{plain(each.variant_label, 5)}, revision {each.number}{older}"
    return option(text, str(each.revision_id))


def _name(column: ColumnView) -> str:
    revision = column.revision
    label = line(revision.variant_label, 5)
    return f"variant {label}, revision {revision.number}"


def _heading(column: ColumnView) -> str:
    revision = column.revision
    hard = sum(each.severity == "hard" for each in revision.findings)
    soft = len(revision.findings) - hard
    lint = lint_words(hard, soft) if column.is_linted else "being checked"
    return (
        f"*{capital(_name(column))}*\n{lint} · {origin_words(revision.origin)},"
        f" {date(revision.created_at)}"
    )


# The texts -------------------------------------------------------------------------


def _texts(left: RevisionView, right: RevisionView) -> Iterator[Block | None]:
    bodies = paragraphs(left.text.body), paragraphs(right.text.body)
    names = _short(left), _short(right)
    parts = PARTS[left.channel]
    yield _row(names, (left.text.subject, right.text.subject), parts["subject"])
    yield _row(names, (left.text.preheader, right.text.preheader), parts["preheader"])
    for number, each in enumerate(paired(*bodies)):
        if number == _ROWS_MOST:
            yield context("The rest of the bodies is not shown here; Read all has it.")
            return
        yield context(_same(each)) if isinstance(each, Same) else _row(names, each)


def _short(revision: RevisionView) -> str:
    """A column's name as it stands before each text: on a phone they are not columns."""
    return f"`{plain(revision.variant_label, 5)}{revision.number}`"


def _same(both: Same) -> str:
    first = unmarked(truncate(" ".join(both.paragraphs[0].split()), _SAME_SHOWN))
    rest = len(both.paragraphs) - 1
    more = f" and {plural(rest, 'more paragraph')}" if rest else ""
    return f"The same in both: “{first}”{more}"


def _row(names: Pair, pair: Pair, part: str = "") -> SectionBlock:
    same = ", the same" if pair[0] == pair[1] else ""
    title = f" _{part}{same}_\n" if part else " "
    shown = zip(names, _marked(*pair), strict=True)
    return fields(*(f"{name}{title}{text}" for name, text in shown))


def _marked(left: str, right: str) -> Pair:
    """Both sides, with the words in bold that the other does not have."""
    pieces = marked(left, right)
    if pieces is None:
        return _whole(left, right), _whole(right, left)
    return _bold(pieces[0]), _bold(pieces[1])


def _whole(text: str, other: str) -> str:
    if not text:
        return "(not on this side)" if other else "(empty)"
    return _cut(unmarked(text))


def _bold(pieces: Sequence[Piece]) -> str:
    shown = [
        f"*{unmarked(each.text)}*" if each.is_other else unmarked(each.text)
        for each in pieces
    ]
    return _cut("".join(shown))


def _cut(text: str) -> str:
    """Cut at a field's limit, outside of a pair of stars, and say so."""
    if len(text) <= _FIELD_MOST:
        return text
    kept = truncate(text, _FIELD_MOST)
    if kept.count("*") % 2:
        kept = kept[: kept.rindex("*")].rstrip() + "…"
    return f"{kept}\n(cut here; Read all has the rest)"


# Below the columns -----------------------------------------------------------------


def _findings(column: ColumnView) -> str:
    found = column.revision.findings
    name = f"*Notes on {_name(column)}*\n"
    if not column.is_linted:
        return f"{name}This text is still being checked."
    if not found:
        return f"{name}Lint found nothing in this text."
    ranked = sorted(found, key=lambda each: each.severity != "hard")
    rows = [truncate(finding(each), 240) for each in ranked[:_FINDINGS_SHOWN]]
    hidden = len(found) - len(rows)
    more = [f"{plural(hidden, 'more note')} under Read all."] if hidden else []
    return name + "\n".join([*rows, *more])


def _post(view: ComparisonView) -> Block | None:
    """A picture of what is seen, for everybody who reads the thread."""
    left, right = view.left.revision, view.right.revision
    if view.posted is not None:
        by, at = who(view.posted.actor), date(view.posted.at)
        return context(f"{by} posted this comparison in the thread, {at}")
    return actions(
        [
            button(
                "Post in thread",
                Action.POST_COMPARISON,
                view.campaign_id,
                aloud=f"Post this comparison as a picture in the thread of"
                f" campaign {view.campaign_id}",
            )
        ],
        block_id=compared_block(left.revision_id, right.revision_id),
    )


def posted(view: ComparisonView, actor: str, file_id: str) -> Message:
    """The thread's picture of a comparison, with its words for who cannot see it."""
    left, right = _name(view.left), _name(view.right)
    picture = ImageBlock(alt_text=picture_alt(view), slack_file=SlackFile(id=file_id))
    text = f"#{view.campaign_id}: {left} beside {right}"
    return message(
        text, [section(f"{who(actor)} compared {left} with {right}."), picture]
    )


def picture_alt(view: ComparisonView) -> str:
    """What the picture shows, for who cannot see it; the headings, and what differs."""
    a, b = view.left.revision.text, view.right.revision.text
    channel = view.left.revision.channel
    head = part_name(channel, "subject").lower()
    other = [part_name(channel, each).lower() for each in changed_parts(a, b)]
    differs = f"They differ in {joined(other)}." if other else "The texts are the same."
    sides = " ".join(
        f"{capital(_name(each))}: {head} “{plain(each.revision.text.subject, 200)}”,"
        f" {plural(len(each.revision.findings), 'note')}."
        for each in (view.left, view.right)
    )
    return truncate(f"A comparison in two columns. {sides} {differs}", _ALT_MOST)


def _decide(side: str, column: ColumnView) -> Block | None:
    label = plain(column.revision.variant_label, 5)
    row: list[InteractiveElement | None] = []
    for request_id, name in column.questions:
        stage = plain(name.replace("_", " "), 40)
        which = f" in {stage}" if len(column.questions) > 1 else ""
        row.append(
            button(
                f"Approve {label}{which}",
                Action.APPROVE_HERE,
                request_id,
                style="primary",
                aloud=f"Approve variant {label}, {stage} stage",
            )
        )
    number = column.revision.number
    row.append(
        button(
            f"Read all of {label}, revision {number}",
            Action.READ_ALL,
            column.revision.revision_id,
        )
    )
    return actions(row, block_id=f"{side}.{column.revision.revision_id}")
