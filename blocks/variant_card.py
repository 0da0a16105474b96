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
    joined,
    line,
    plain,
    plural,
    quoted,
    sentence,
    truncate,
    who,
)
from domain.campaign import State
from domain.channel import PARTS, Channel, part_name
from domain.rejection import REASON_WORDS
from domain.undo import UNDO_FOR
from domain.variant import Copy, Origin, VariantState
from domain.views import (
    DecisionLine,
    FindingLine,
    QuestionView,
    VariantCard,
    WithdrawnLine,
)

PREVIEW: Final = 600
_SUBJECT_SHOWN: Final = 300
_FINDINGS_SHOWN: Final = 8
_DECISIONS_SHOWN: Final = 4
_IS_BLOCKED: Final = (
    "Approve is off because a finding above must change first:"
    " Edit the text or Regenerate it."
)
_S = VariantState
_ASSIGNED_IN_MENU: Final = 2
"""Stages asked at the same time that the variant's own menu has room to assign."""
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
    if view.origin is not None and view.origin.champion_of is not None:
        parts.append(f"champion of #{view.origin.champion_of}")
    elif view.origin is not None and view.origin.editor:
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
    if view.questions:
        stages = joined(plain(each.stage, 40) for each in view.questions)
        return f"{said}, waits for {stages} review"
    return said


def _text(view: VariantCard) -> list[Block | None]:
    if view.text is None:
        return []
    return [*headings(view.text, view.channel), *_body(view, view.text.body)]


def headings(text: Copy, channel: Channel = Channel.EMAIL) -> list[Block]:
    """What stands above the body, letter for letter."""
    names = PARTS[channel]
    return [
        literal(
            [
                run(f"{names['subject']}  ", bold=True),
                run(_shown(text.subject)),
                run(f"\n{names['preheader']}  ", bold=True),
                run(_shown(text.preheader)),
            ]
        )
    ]


def _shown(text: str) -> str:
    return truncate(text, _SUBJECT_SHOWN) if text.strip() else "(empty)"


def _body(view: VariantCard, body: str) -> list[Block | None]:
    name = part_name(view.channel, "body")
    if not body.strip():
        return [section(f"*{name}* (empty)")]
    if len(body) <= PREVIEW:
        return [section(f"*{name}*"), quote([run(body)])]
    size = f"the first {PREVIEW} of {plural(len(body), 'character')}"
    return [
        section(f"*{name}*, {size}", accessory=_read_all(view)),
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
    parts = _maker(origin)
    if origin.sources:
        names = ", ".join(line(each, 60) for each in origin.sources[:6])
        parts.append(f"sources {names}")
    if view.regenerations:
        parts.append(f"regenerated by itself {_times(view.regenerations)}")
    if origin.instruction:
        parts.append(f"asked for {quoted(origin.instruction, 160)}")
    return " · ".join(parts)


def _maker(origin: Origin) -> list[str]:
    if origin.champion_of is not None:
        return [f"The champion, word by word the copy of #{origin.champion_of}"]
    if origin.editor:
        return [f"Edited by {who(origin.editor)}"]
    if origin.is_sample:
        return [f"Made by {SAMPLE_WRITER}"]
    made = f"Made by {line(origin.model or 'an unnamed model', 60)}"
    temperature = origin.temperature
    return [made] if temperature is None else [made, f"temp {temperature:g}"]


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def _decision(
    view: VariantCard, now: datetime, *, is_blocked: bool
) -> list[Block | None]:
    """The status line, then the buttons while there is something to decide."""
    status = [_decided(each) for each in view.decisions[-_DECISIONS_SHOWN:]]
    status.extend(map(_withdrawn, view.withdrawn))
    status.extend(_state_words(view))
    is_asked = view.campaign_state is State.STAGED_REVIEW and view.state not in _ENDED
    questions = view.questions if is_asked else ()
    blocked = [_IS_BLOCKED] if questions and is_blocked else []
    side_by_side: list[Block | None] = []
    if len(questions) > 1:
        for each in questions:
            approve = _approve(view, each, is_blocked=is_blocked)
            side_by_side.append(section(_asked(each, now), accessory=approve))
            if len(questions) > _ASSIGNED_IN_MENU:
                assign = [("Assign", Verb.ASSIGN, each.request_id)]
                side_by_side.append(actions([overflow(Action.VARIANT_MORE, assign)]))
        side_by_side.extend(map(section, blocked))
    else:
        status.extend([*(_asked(each, now) for each in questions), *blocked])
    said = section("\n".join(status), accessory=_undo(view, now)) if status else None
    return [said, *side_by_side, actions(_buttons(view, is_blocked=is_blocked))]


def _decided(each: DecisionLine) -> str:
    stage = line(each.stage, 40).capitalize()
    if each.is_approval:
        why = f": {sentence(each.reason)}" if each.reason else ""
        return (
            f"{stage} approved by {nudge.decider(each.actor)},"
            f" {clock(each.decided_at)}{nudge.carried(each)}{why}"
        )
    said = f"{stage} rejected by {who(each.actor)}, {clock(each.decided_at)}"
    return said + _why(each)


def _why(each: DecisionLine) -> str:
    """The code in words, and the reviewer's own; a record of old has only those."""
    if each.code is None:
        return f": {sentence(each.reason)}" if each.reason else ""
    own = f", {quoted(each.reason, 400)}" if each.reason else ""
    return f": {REASON_WORDS[each.code]}{own}"


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


def _state_words(view: VariantCard) -> list[str]:
    if view.state in _ENDED:
        return _ended(view)
    if view.state is _S.BRIEFED and view.instruction:
        return [f"Being rewritten: {quoted(view.instruction, 300)}"]
    return []


def _asked(question: QuestionView, now: datetime) -> str:
    more = "nobody else holds" if question.approved_by else "nobody holds"
    asked = everyone(question.asked) if question.asked else f"{more} that role yet"
    said = (
        f"*{line(question.stage, 40).capitalize()} asked:* {asked},"
        f" {due(question.due_at, now)}{_so_far(question)}"
    )
    return f"{said}\n{pool.empty(question.role)}" if question.is_pool_empty else said


def _so_far(question: QuestionView) -> str:
    """How many of the people it needs have approved."""
    needed, given = question.approvals_needed, question.approved_by
    if needed == 1:
        return ""
    by = f" by {everyone(given)}" if given else ""
    return f" · {len(given)} of {needed} approved{by}"


def _ended(view: VariantCard) -> list[str]:
    has_said_why = view.state is _S.REJECTED and any(
        not each.is_approval and each.reason for each in view.decisions
    )
    if has_said_why:
        return []
    reason = f". {capital(sentence(view.reason))}" if view.reason else "."
    return [f"*{_ENDED[view.state]}*{reason}"]


def _buttons(view: VariantCard, *, is_blocked: bool) -> list[InteractiveElement | None]:
    is_open = _is_open(view)
    row: list[InteractiveElement | None] = []
    if len(view.questions) == 1:
        row.append(_approve(view, view.questions[0], is_blocked=is_blocked))
    if is_open and view.revision_id is not None:
        row.append(_button(view, "Edit", Action.EDIT, view.revision_id))
        row.append(_button(view, "Regenerate", Action.REGENERATE, view.revision_id))
    if is_open and view.questions:
        first = view.questions[0].request_id
        row.append(_button(view, "Reject", Action.REJECT, first, "danger"))
    is_in_review = is_open and view.campaign_state is State.STAGED_REVIEW
    return [*row, _menu(view, is_open=is_in_review)]


def _is_open(view: VariantCard) -> bool:
    return view.state in _CHANGEABLE and view.campaign_state in _WRITING_IS_OPEN


def _approve(
    view: VariantCard, question: QuestionView, *, is_blocked: bool
) -> InteractiveElement | None:
    """Names its stage when several are asked at the same time."""
    if is_blocked or not _is_open(view):
        return None
    stage = plain(question.stage.replace("_", " "), 40)
    return button(
        f"Approve {stage}" if len(view.questions) > 1 else "Approve",
        Action.APPROVE,
        question.request_id,
        style="primary",
        aloud=f"Approve variant {view.label}, {stage} stage",
    )


def _button(
    view: VariantCard, label: str, action: Action, target: int, style: str | None = None
) -> InteractiveElement:
    stages = joined(plain(each.stage, 40) for each in view.questions)
    stage = f", {stages} stage" if stages else ""
    aloud = f"{label} variant {view.label}{stage}"
    return button(label, action, target, style=style, aloud=aloud)


def _menu(view: VariantCard, *, is_open: bool) -> InteractiveElement | None:
    if view.revision_id is None:
        return None
    comment = ("Comment", Verb.COMMENT, view.revision_id)
    suggest = [("Suggest", Verb.SUGGEST, view.revision_id)] if is_open else []
    compare = ("Compare", Verb.COMPARE, view.variant_id)
    history = ("History", Verb.HISTORY, view.variant_id)
    assign: list[tuple[str, Verb, int]] = [
        ("Assign", Verb.ASSIGN, each.request_id)
        if len(view.questions) == 1
        else (f"Assign {plain(each.stage, 40)}", Verb.ASSIGN, each.request_id)
        for each in view.questions
        if is_open
    ]
    read = ("Read all", Verb.READ_ALL, view.revision_id)
    # five is Slack's most: while it is asked about, Compare shows the older revisions;
    # the campaign card has Compare and History too
    match len(assign):
        case 0:
            options = [comment, *suggest, compare, history, read]
        case 1:
            options = [comment, *suggest, compare, read, *assign]
        case 2:
            options = [comment, *suggest, *assign, read]
        case _:
            # each has a menu of its own, beside what is asked
            options = [comment, *suggest, compare, history, read]
    return overflow(Action.VARIANT_MORE, options)
