"""Two texts beside each other, word by word, and one text in full."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import Block, DividerBlock, RichTextElementParts
from slack_sdk.models.views import View

from blocks import preview, shown_copy
from blocks.ids import Callback
from blocks.message import (
    Message,
    context,
    literal,
    message,
    modal,
    quote,
    run,
    section,
)
from blocks.shown_copy import pieces
from blocks.text import (
    capital,
    date,
    line,
    plain,
    quoted,
    sentence,
    truncate,
    who,
)
from blocks.variant_card import finding
from domain.channel import PARTS, Channel, part_name
from domain.comparison import Matcher
from domain.preview import Preview
from domain.review import BY_ITSELF
from domain.variant import Copy, Origin
from domain.views import EffectLine, FindingLine, RevisionView

_TOKENS: Final = re.compile(r"\s+|\w+|[^\w\s]")
# A message takes about 13,000 characters in all its blocks, a view far more.
DIFF_MOST: Final = 6000
_CONTEXT_KEPT: Final = 120
_REVISIONS_SHOWN: Final = 12
_FINDINGS_SHOWN: Final = 12
_EFFECTS_SHOWN: Final = 12

Run = RichTextElementParts.Text


def diff(before: Copy, after: Copy, channel: Channel = Channel.EMAIL) -> list[Block]:
    """What changed, word by word: removed struck through, added bold.

    Long stretches that stayed the same are shortened.

    Args:
        channel: What the text is for, which names its parts.
    """
    names = PARTS[channel]
    parts = (
        (names["subject"], before.subject, after.subject),
        (names["preheader"], before.preheader, after.preheader),
        (names["body"], before.body, after.body),
    )
    changed = [each for each in parts if each[1] != each[2]]
    if not changed:
        return [section("The text is the same as before.")]
    blocks: list[Block] = []
    for name, old, new in changed:
        blocks.append(literal([run(name, bold=True)]))
        blocks.append(quote(_fitted(_runs(old, new), DIFF_MOST)))
    return blocks


def _runs(old: str, new: str) -> Iterator[Run]:
    """Pieces of the new text, with what was taken out of the old one."""
    a, b = _TOKENS.findall(old), _TOKENS.findall(new)
    moves = _moves(a, b)
    for index, (tag, a_from, a_to, b_from, b_to) in enumerate(moves):
        if tag == "equal":
            same = "".join(b[b_from:b_to])
            yield run(
                _short(same, is_first=index == 0, is_last=index == len(moves) - 1)
            )
            continue
        if a_to > a_from:
            yield run(_visible("".join(a[a_from:a_to])), strike=True)
        if tag == "replace":
            # so that the old and the new word can be told apart
            yield run(" ")
        if b_to > b_from:
            yield run(_visible("".join(b[b_from:b_to])), bold=True)


def _moves(a: Sequence[str], b: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """Opcodes in which words changed one after another are one change.

    Word by word they would be read in turns: an old one, a new one, an old one.
    """
    moves: list[tuple[str, int, int, int, int]] = []
    codes = Matcher(a, b).get_opcodes()
    for index, (tag, a_from, a_to, b_from, b_to) in enumerate(codes):
        before = moves[-1][0] if moves else "equal"
        after = codes[index + 1][0] if index + 1 < len(codes) else "equal"
        is_gap = (
            tag == "equal"
            and "equal" not in (before, after)
            and "replace" in (before, after)
            and not "".join(a[a_from:a_to]).strip(" ")
        )
        if before != "equal" and (tag != "equal" or is_gap):
            _, a_first, _, b_first, _ = moves[-1]
            moves[-1] = "replace", a_first, a_to, b_first, b_to
        else:
            moves.append((tag, a_from, a_to, b_from, b_to))
    return moves


def _visible(text: str) -> str:
    """A change of nothing but space has to be seen as well."""
    return text if text.strip() else text.replace("\n", "↵\n").replace(" ", "␣")


def _short(same: str, *, is_first: bool, is_last: bool) -> str:
    """Keep the words next to a change, and say that the middle was left out."""
    if len(same) <= 2 * _CONTEXT_KEPT:
        return same
    head = "" if is_first else same[:_CONTEXT_KEPT].rstrip()
    tail = "" if is_last else same[-_CONTEXT_KEPT:].lstrip()
    return f"{head} … {tail}"


def _fitted(runs: Iterator[Run], limit: int) -> list[Run]:
    """As many pieces as fit, and a word about the rest."""
    kept: list[Run] = []
    left = limit
    for each in runs:
        if left < len(each.text):
            kept.append(run(truncate(each.text, left) if left > 0 else ""))
            kept.append(run(" The rest of the changes is not shown here."))
            break
        kept.append(each)
        left -= len(each.text)
    return [each for each in kept if each.text]


def changed(revision: RevisionView, effects: Sequence[EffectLine] = ()) -> Message:
    """The thread's message about a new revision, to those whose approval it touches."""
    label, number = line(revision.variant_label, 5), revision.number
    head = f"*Variant {label}, revision {number}* {origin_words(revision.origin)}"
    legend = "Removed words are struck through, added words are bold."
    blocks: list[Block | None] = [section(head)]
    if revision.parent is not None:
        blocks += [
            *diff(revision.parent, revision.text, revision.channel),
            context(legend),
        ]
    if effects:
        shown = [_effect(each) for each in effects[:_EFFECTS_SHOWN]]
        hidden = len(effects) - len(shown)
        more = [f"{hidden} more approvals are in the history."] if hidden else []
        blocks.append(section("\n".join([*shown, *more])))
    text = f"Variant {plain(label, 5)} has a new revision, {number}"
    return message(text, blocks)


def _effect(each: EffectLine) -> str:
    stage, why = line(each.stage, 40), line(each.why, 120)
    if each.holds:
        by = "" if each.approver == BY_ITSELF else f" by {who(each.approver)}"
        return f"{capital(stage)}'s approval{by} holds: {why}."
    if each.approver == BY_ITSELF:
        return f"Revision {each.given_for} passed by itself; {why}, so {stage} is asked again."
    return (
        f"{who(each.approver)} approved revision {each.given_for};"
        f" {why}, so {stage} is asked again."
    )


def origin_words(origin: Origin) -> str:
    """Who or what wrote a revision."""
    if origin.editor:
        return f"edited by {who(origin.editor)}"
    writer = "the sample writer" if origin.is_sample else origin.model or "a model"
    asked = (
        f", asked for {quoted(origin.instruction, 200)}" if origin.instruction else ""
    )
    return f"written by {line(writer, 60)}{asked}"


def revision_history(revisions: Sequence[RevisionView]) -> View:
    """Every revision of a variant, newest first, each with what it changed."""
    if not revisions:
        nothing = section("This variant has no text yet.")
        return modal(title="History", blocks=[nothing])
    newest = sorted(revisions, key=lambda each: each.number, reverse=True)
    blocks: list[Block | None] = []
    for each in newest[:_REVISIONS_SHOWN]:
        blocks += [*_revision(each), DividerBlock()]
    hidden = len(newest) - _REVISIONS_SHOWN
    older = f"{hidden} older revisions are not shown." if hidden > 0 else ""
    label = newest[0].variant_label
    return modal(
        title=f"Variant {label}, history", blocks=[*blocks[:-1], context(older)]
    )


def _revision(each: RevisionView) -> list[Block]:
    head = section(
        f"*Revision {each.number}* {origin_words(each.origin)}, {date(each.created_at)}"
    )
    if each.parent is None:
        return [
            head,
            literal(
                [
                    run(f"{part_name(each.channel, 'subject')}  ", bold=True),
                    run(each.text.subject or " "),
                ]
            ),
        ]
    return [head, *diff(each.parent, each.text, each.channel)]


def read_all(revision: RevisionView) -> View:
    """One revision in full, letter for letter, with all that lint found.

    What is no mail has nobody to be filled in for, and is shown as a page, an ad or a
    chat would show it.
    """
    text, channel = revision.text, revision.channel
    whole = (
        [
            preview.chooser(preview.AS_WRITTEN),
            *mail(text.subject, text.preheader, text.body),
        ]
        if channel.is_mailed
        else shown_copy.blocks(text, channel)
    )
    blocks: list[Block | None] = [
        context(
            f"#{revision.campaign_id}, revision {revision.number},"
            f" {origin_words(revision.origin)}, {date(revision.created_at)}"
        ),
        *whole,
        _findings(revision.findings),
    ]
    return _window(revision, blocks)


def read_as(revision: RevisionView, seen: Preview) -> View:
    """One revision as somebody would read it, and what was filled in."""
    if seen.mail is None:
        no_mail = f"*No mail would go to them.* {sentence(seen.problem)}"
        shown: list[Block] = [section(no_mail)]
    else:
        shown = mail(seen.mail.subject, seen.mail.preheader, seen.mail.text)
    blocks: list[Block | None] = [
        context(f"#{revision.campaign_id}, revision {revision.number}"),
        preview.chooser(seen.key),
        context(preview.about(seen)),
        *shown,
        preview.account(seen),
    ]
    return _window(revision, blocks)


def _window(revision: RevisionView, blocks: Sequence[Block | None]) -> View:
    return modal(
        title=f"Variant {revision.variant_label}",
        blocks=blocks,
        callback=Callback.READ_ALL,
        target=revision.revision_id,
    )


def mail(subject: str, preheader: str, body: str) -> list[Block]:
    """A whole mail, letter for letter."""
    return [
        literal([run("Subject  ", bold=True), run(subject or "(empty)")]),
        literal([run("Preheader  ", bold=True), run(preheader or "(empty)")]),
        *(quote([run(part)]) for part in pieces(body)),
    ]


def _findings(findings: Sequence[FindingLine]) -> Block | None:
    ranked = sorted(findings, key=lambda each: each.severity != "hard")
    if not ranked:
        return context("Lint found nothing in this text.")
    shown = [truncate(finding(each), 240) for each in ranked[:_FINDINGS_SHOWN]]
    hidden = len(ranked) - len(shown)
    more = [f"{hidden} more not shown."] if hidden else []
    return section("*Notes*\n" + "\n".join([*shown, *more]))
