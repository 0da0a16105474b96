"""Two revisions in two columns, the words that differ in bold; a window of its own.

Slack shows a section's fields in two columns, on a phone one below the other, so each
pair of paragraphs is one section and stays together on either.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    DividerBlock,
    InteractiveElement,
    Option,
    OptionGroup,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks.campaign_progress import lint_words
from blocks.compare import origin_words
from blocks.ids import Action, Callback
from blocks.message import actions, button, context, fields, modal, section
from blocks.text import capital, date, escape, line, plain, plural, truncate
from blocks.variant_card import finding
from domain.views import ColumnView, ComparisonView, RevisionOption, RevisionView

# Slack: 100 options in a group of a menu, 100 groups in a menu
_OPTIONS_MOST: Final = 100
_ROWS_MOST: Final = 24
# Slack: field text, 2,000 characters; marks and escapes need room as well
_FIELD_MOST: Final = 1500
_SAME_SHOWN: Final = 80
_FINDINGS_SHOWN: Final = 5
# Below this share of equal words two paragraphs are two texts, and marking every word
# of both would mark nothing.
_ALIKE: Final = 0.3
_PARTS: Final = re.compile(r"\s+|\S+")
# What Slack reads as bold, struck through, code or italic becomes a letter that looks
# alike: the marks here must be ours. An underscore inside a word marks nothing.
_LOOKALIKES: Final = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb"})
_EDGE_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
_LEGEND: Final = (
    "Words that the other side does not have are *bold*. Paragraphs with little in"
    " common are shown without marks."
)

Pair = tuple[str, str]


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
    return Option(
        text=PlainTextObject(text=text, emoji=False), value=str(each.revision_id)
    )


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
    bodies = _paragraphs(left.text.body), _paragraphs(right.text.body)
    names = _short(left), _short(right)
    yield _row(names, (left.text.subject, right.text.subject), "Subject")
    yield _row(names, (left.text.preheader, right.text.preheader), "Preheader")
    for number, each in enumerate(_rows(*bodies)):
        if number == _ROWS_MOST:
            yield context("The rest of the bodies is not shown here; Read all has it.")
            return
        yield context(_same(each)) if isinstance(each, list) else _row(names, each)


def _short(revision: RevisionView) -> str:
    """A column's name as it stands before each text: on a phone they are not columns."""
    return f"`{plain(revision.variant_label, 5)}{revision.number}`"


def _paragraphs(body: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", body) if part.strip()]


def _rows(left: list[str], right: list[str]) -> Iterator[Pair | list[str]]:
    """Paragraphs beside each other; those that are equal come as one list."""
    matcher = difflib.SequenceMatcher(a=left, b=right, autojunk=False)
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if tag == "equal":
            yield left[a_from:a_to]
            continue
        olds, news = left[a_from:a_to], right[b_from:b_to]
        for at in range(max(len(olds), len(news))):
            yield "".join(olds[at : at + 1]), "".join(news[at : at + 1])


def _same(paragraphs: list[str]) -> str:
    first = _unmarked(truncate(" ".join(paragraphs[0].split()), _SAME_SHOWN))
    rest = len(paragraphs) - 1
    more = f" and {plural(rest, 'more paragraph')}" if rest else ""
    return f"The same in both: “{first}”{more}"


def _row(names: Pair, pair: Pair, part: str = "") -> SectionBlock:
    same = ", the same" if pair[0] == pair[1] else ""
    title = f" _{part}{same}_\n" if part else " "
    shown = zip(names, _marked(*pair), strict=True)
    return fields(*(f"{name}{title}{text}" for name, text in shown))


def _marked(left: str, right: str) -> Pair:
    """Both sides, with the words in bold that the other does not have."""
    a, b = left.split(), right.split()
    matcher = difflib.SequenceMatcher(a=a, b=b, autojunk=False)
    if not a or not b or matcher.ratio() < _ALIKE:
        return _whole(left, right), _whole(right, left)
    blocks = matcher.get_matching_blocks()
    same_a = {at for m in blocks for at in range(m.a, m.a + m.size)}
    same_b = {at for m in blocks for at in range(m.b, m.b + m.size)}
    return _bold(left, same_a), _bold(right, same_b)


def _whole(text: str, other: str) -> str:
    if not text:
        return "(not on this side)" if other else "(empty)"
    return _cut(_unmarked(text))


def _bold(text: str, same: set[int]) -> str:
    """Mark the words that are not the same; neighbours on a line share their stars."""
    shown: list[str] = []
    last = len(text.split()) - 1
    at = -1
    is_open = False
    for part in _PARTS.findall(text):
        if part.isspace():
            ends = is_open and (at == last or at + 1 in same or "\n" in part)
            shown += ["*", part] if ends else [part]
            is_open = is_open and not ends
            continue
        at += 1
        if at not in same and not is_open:
            shown.append("*")
            is_open = True
        shown.append(_unmarked(part))
    return _cut("".join(shown) + ("*" if is_open else ""))


def _unmarked(text: str) -> str:
    """Foreign text in which nothing is read as a mark, a mention or a link."""
    edges = _EDGE_UNDERSCORE.sub(lambda match: "\u02cd" * len(match[0]), text)
    return escape(edges).translate(_LOOKALIKES)


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


def _decide(side: str, column: ColumnView) -> Block | None:
    label = plain(column.revision.variant_label, 5)
    row: list[InteractiveElement | None] = []
    if column.request_id is not None:
        row.append(
            button(
                f"Approve {label}",
                Action.APPROVE_HERE,
                column.request_id,
                style="primary",
                aloud=f"Approve variant {label}, {column.stage} stage",
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
