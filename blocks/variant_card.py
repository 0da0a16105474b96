"""A variant's message in the thread: the text, what was found in it, the decision."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, InteractiveElement

from blocks import nudge, pool
from blocks.campaign_progress import lint_words
from blocks.ids import Action, Verb
from blocks.message import (
    Message,
    actions,
    button,
    context,
    literal,
    message,
    overflow,
    quote,
    run,
    section,
)
from blocks.text import (
    SAMPLE_WRITER,
    capital,
    clock,
    due,
    everyone,
    line,
    plain,
    plural,
    quoted,
    sentence,
    truncate,
    who,
)
from domain.campaign import State
from domain.undo import UNDO_FOR
from domain.variant import Copy, VariantState
from domain.views import DecisionLine, FindingLine, VariantCard, WithdrawnLine

PREVIEW: Final = 600
_SUBJECT_SHOWN: Final = 300
_FINDINGS_SHOWN: Final = 8
_DECISIONS_SHOWN: Final = 4
_S = VariantState
_CHANGEABLE: Final = frozenset({_S.LINTED, _S.IN_REVIEW})
_WRITING_IS_OPEN: Final = frozenset({State.DRAFTED, State.LINTED, State.STAGED_REVIEW})
_ENDED: Final = {
    _S.REJECTED: "Rejected",
    _S.SHELVED: "Shelved",
    _S.FAILED: "Not written",
}


def render(view: VariantCard, *, now: datetime) -> Message:
    """Draw the variant as the record says it is at `now` (aware)."""
    hard = [each for each in view.findings if each.severity == "hard"]
    title = f"Variant {plain(view.label, 5)} of #{view.campaign_id}"
    blocks: list[Block | None] = [
        section(_title(view, len(hard))),
        *_text(view),
        *_notes(view, hard),
        context(_made_by(view)),
        *_decision(view, now, is_blocked=bool(hard)),
    ]
    return message(f"{title}: {_aloud(view, len(hard))}", blocks)


def _title(view: VariantCard, hard: int) -> str:
    parts = [f"*Variant {line(view.label, 5)}*"]
    if view.revision_number:
        parts.append(f"revision {view.revision_number}")
    if view.origin is not None and view.origin.editor:
        parts.append(f"edited by {who(view.origin.editor)}")
    parts.append(f"*{_lint(view, hard)}*" if _is_checked(view) else _unchecked(view))
    return " · ".join(parts)


def _is_checked(view: VariantCard) -> bool:
    return view.text is not None and view.state not in (_S.BRIEFED, _S.DRAFTED)


def _unchecked(view: VariantCard) -> str:
    if view.state is _S.BRIEFED:
        return "being rewritten" if view.text else "being written"
    return "being checked" if view.text else "no text"


def _lint(view: VariantCard, hard: int) -> str:
    soft = len(view.findings) - hard
    words = lint_words(hard, soft)
    return f"passes with {words}" if soft and not hard else words


def _aloud(view: VariantCard, hard: int) -> str:
    if view.state in _ENDED:
        return _ENDED[view.state].lower()
    said = _lint(view, hard) if _is_checked(view) else _unchecked(view)
    if view.request_id is not None and view.stage:
        return f"{said}, waits for {plain(view.stage, 40)} review"
    return said


def _text(view: VariantCard) -> list[Block | None]:
    if view.text is None:
        return []
    return [*headings(view.text), *_body(view, view.text.body)]


def headings(text: Copy) -> list[Block]:
    """Subject and preheader, letter for letter."""
    return [
        literal(
            [
                run("Subject  ", bold=True),
                run(_shown(text.subject)),
                run("\nPreheader  ", bold=True),
                run(_shown(text.preheader)),
            ]
        )
    ]


def _shown(text: str) -> str:
    return truncate(text, _SUBJECT_SHOWN) if text.strip() else "(empty)"


def _body(view: VariantCard, body: str) -> list[Block | None]:
    if not body.strip():
        return [section("*Body* (empty)")]
    if len(body) <= PREVIEW:
        return [section("*Body*"), quote([run(body)])]
    size = f"the first {PREVIEW} of {plural(len(body), 'character')}"
    return [
        section(f"*Body*, {size}", accessory=_read_all(view)),
        quote([run(truncate(body, PREVIEW))]),
    ]


def _read_all(view: VariantCard) -> InteractiveElement | None:
    if view.revision_id is None:
        return None
    aloud = f"Read all of variant {view.label}"
    return button("Read all", Action.READ_ALL, view.revision_id, aloud=aloud)


def _notes(view: VariantCard, hard: list[FindingLine]) -> list[Block | None]:
    """What lint found, what stops the text first."""
    soft = [each for each in view.findings if each.severity != "hard"]
    shown = [*hard, *soft][:_FINDINGS_SHOWN]
    if not shown:
        return []
    rows = [finding(each) for each in shown]
    hidden = len(view.findings) - len(shown)
    read = None
    if hidden:
        rows.append(f"{plural(hidden, 'more finding')} under Read all.")
        if view.text is not None and len(view.text.body) <= PREVIEW:
            read = _read_all(view)
    return [section("*Notes*\n" + "\n".join(rows), accessory=read)]


def finding(each: FindingLine) -> str:
    """One finding in a line: does it stop the text, where, what, which words."""
    rank = "*Must change*" if each.severity == "hard" else "Note"
    words = f" {quoted(each.quote, 120)}" if each.quote.strip() else ""
    return f"• {rank}, {line(each.field, 20)}: {sentence(each.message, 250)}{words}"


def _made_by(view: VariantCard) -> str:
    origin = view.origin
    if origin is None:
        return ""
    if origin.editor:
        parts = [f"Edited by {who(origin.editor)}"]
    elif origin.is_sample:
        parts = [f"Made by {SAMPLE_WRITER}"]
    else:
        parts = [f"Made by {line(origin.model or 'an unnamed model', 60)}"]
        if origin.temperature is not None:
            parts.append(f"temp {origin.temperature:g}")
    if origin.sources:
        names = ", ".join(line(each, 60) for each in origin.sources[:6])
        parts.append(f"sources {names}")
    if view.regenerations:
        parts.append(f"regenerated by itself {_times(view.regenerations)}")
    if origin.instruction:
        parts.append(f"asked for {quoted(origin.instruction, 160)}")
    return " · ".join(parts)


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def _decision(
    view: VariantCard, now: datetime, *, is_blocked: bool
) -> list[Block | None]:
    """The status line, then the buttons while there is something to decide."""
    status = [_decided(each) for each in view.decisions[-_DECISIONS_SHOWN:]]
    status.extend(map(_withdrawn, view.withdrawn))
    status.extend(_state_words(view, now, is_blocked=is_blocked))
    blocks: list[Block | None] = []
    if status:
        blocks.append(section("\n".join(status), accessory=_undo(view, now)))
    blocks.append(actions(_buttons(view, is_blocked=is_blocked)))
    return blocks


def _decided(each: DecisionLine) -> str:
    stage = line(each.stage, 40).capitalize()
    if each.is_approval:
        why = f": {sentence(each.reason)}" if each.reason else ""
        return (
            f"{stage} approved by {nudge.decider(each.actor)},"
            f" {clock(each.decided_at)}{nudge.carried(each)}{why}"
        )
    reason = f": {sentence(each.reason)}" if each.reason else ""
    return f"{stage} rejected by {who(each.actor)}, {clock(each.decided_at)}{reason}"


def _withdrawn(each: WithdrawnLine) -> str:
    """What a later stage's reviewers read when they were asked too early."""
    stage = line(each.stage, 40).capitalize()
    return (
        f"{stage} review withdrawn: {who(each.actor)} took their decision back,"
        f" {clock(each.at)}"
    )


def _undo(view: VariantCard, now: datetime) -> InteractiveElement | None:
    """Beside the status, so that the four buttons of the next stage stay four."""
    if view.undo is None or now >= view.undo.until:
        return None
    seconds = f"{UNDO_FOR.total_seconds():.0f} s"
    aloud = f"Take back the decision about variant {view.label}, for {seconds}"
    return button(f"Undo {seconds}", Action.UNDO, view.undo.decision_id, aloud=aloud)


def _state_words(view: VariantCard, now: datetime, *, is_blocked: bool) -> list[str]:
    if view.state in _ENDED:
        return _ended(view)
    if view.state is _S.BRIEFED and view.instruction:
        return [f"Being rewritten: {quoted(view.instruction, 300)}"]
    if view.request_id is None or view.campaign_state is not State.STAGED_REVIEW:
        return []
    stage = line(view.stage or "review", 40)
    more = "nobody else holds" if view.approved_by else "nobody holds"
    asked = everyone(view.asked) if view.asked else f"{more} that role yet"
    when = f", {due(view.due_at, now)}" if view.due_at is not None else ""
    said = [f"*{stage.capitalize()} asked:* {asked}{when}{_so_far(view)}"]
    if view.empty_pool is not None:
        said.append(pool.empty(view.empty_pool))
    if is_blocked:
        said.append(
            "Approve is off because a finding above must change first:"
            " Edit the text or Regenerate it."
        )
    return said


def _so_far(view: VariantCard) -> str:
    """How many of the people it needs have approved."""
    if view.approvals_needed == 1:
        return ""
    by = f" by {everyone(view.approved_by)}" if view.approved_by else ""
    return f" · {len(view.approved_by)} of {view.approvals_needed} approved{by}"


def _ended(view: VariantCard) -> list[str]:
    has_said_why = view.state is _S.REJECTED and any(
        not each.is_approval and each.reason for each in view.decisions
    )
    if has_said_why:
        return []
    reason = f". {capital(sentence(view.reason))}" if view.reason else "."
    return [f"*{_ENDED[view.state]}*{reason}"]


def _buttons(view: VariantCard, *, is_blocked: bool) -> list[InteractiveElement | None]:
    is_open = view.state in _CHANGEABLE and view.campaign_state in _WRITING_IS_OPEN
    row: list[InteractiveElement | None] = []
    if is_open and view.request_id is not None and not is_blocked:
        row.append(_button(view, "Approve", Action.APPROVE, view.request_id, "primary"))
    if is_open and view.revision_id is not None:
        row.append(_button(view, "Edit", Action.EDIT, view.revision_id))
        row.append(_button(view, "Regenerate", Action.REGENERATE, view.revision_id))
    if is_open and view.request_id is not None:
        row.append(_button(view, "Reject", Action.REJECT, view.request_id, "danger"))
    is_in_review = is_open and view.campaign_state is State.STAGED_REVIEW
    return [*row, _menu(view, is_open=is_in_review)]


def _button(
    view: VariantCard, label: str, action: Action, target: int, style: str | None = None
) -> InteractiveElement:
    stage = f", {view.stage} stage" if view.stage else ""
    aloud = f"{label} variant {view.label}{stage}"
    return button(label, action, target, style=style, aloud=aloud)


def _menu(view: VariantCard, *, is_open: bool) -> InteractiveElement | None:
    if view.revision_id is None:
        return None
    suggest = [("Suggest", Verb.SUGGEST, view.revision_id)] if is_open else []
    # five is Slack's most: while it is asked about, what is cut has its own Read all
    last = (
        ("Assign", Verb.ASSIGN, view.request_id)
        if is_open and view.request_id is not None
        else ("Read all", Verb.READ_ALL, view.revision_id)
    )
    options = [
        ("Comment", Verb.COMMENT, view.revision_id),
        *suggest,
        ("Compare", Verb.COMPARE, view.variant_id),
        ("History", Verb.HISTORY, view.variant_id),
        last,
    ]
    return overflow(Action.VARIANT_MORE, options)
