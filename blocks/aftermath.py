"""An incident after the stop: late or not, its clocks, what to do, and the forms for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    DateTimePickerElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks.entered import StateValues, chosen, moment, typed
from blocks.ids import Action, Callback, Field
from blocks.message import (
    Message,
    actions,
    button,
    context,
    message,
    modal,
    option,
    section,
)
from blocks.text import (
    capital,
    clock_to_the_second,
    date,
    everyone,
    in_words,
    joined,
    line,
    plain,
    sentence,
    who,
)
from domain.clocks import clocks
from domain.incident import (
    ACTION_LONGEST,
    CAUSE_WORDS,
    ActionItem,
    AlertKind,
    AlertState,
    Cause,
)
from domain.views import IncidentView

MISSED_BESIDES: Final = {
    "lint": "Lint",
    "canary": "Canary: earlier, or with other limits",
    "none": "None: nobody could have seen it",
}
"""What may have missed it beside the stages of a review."""

# Slack: 100 options in a menu, 75 characters in one
_OPTIONS_MOST: Final = 100
_WHY_MOST: Final = 1000
_RUNBOOK_LINES: Final = 12
_ACTIONS_SHOWN: Final = 8


def late(view: IncidentView) -> str:
    """That it was not contained in time, and who outside Slack knows; "" if it was."""
    if view.late_at is None:
        return ""
    at = clock_to_the_second(view.late_at)
    said = (
        f"*Not contained in time* (said {at})."
        if view.contained_at is None
        else f"It was contained late: the alarm went at {at}."
    )
    page = next((each for each in view.alerts if each.kind is AlertKind.PAGE), None)
    if page is None:
        return (
            f"{said} *Nobody was paged outside Slack:* playbook/oncall.yaml names no"
            " address to page."
        )
    host = line(page.host, 80)
    match page.state:
        case AlertState.DELIVERED:
            return f"{said} Paged through {host}."
        case AlertState.FAILED:
            why = line(page.error or "no reason given", 120)
            return (
                f"{said} *The page did not get through:* {host} {why}. Tell on-call"
                " another way; Roll back once more tries it again."
            )
        case AlertState.INTENT:
            tries = f" ({page.attempts} tries so far)" if page.attempts else ""
            return f"{said} Paging through {host}{tries}."


def alarm(view: IncidentView) -> Message:
    """What on-call reads in Slack when a rollback is not contained in time."""
    to = f"{everyone(view.told)}: " if view.told else ""
    title = f"#{view.campaign_id} {plain(view.title, 120)}"
    waits = in_words(view.late_at - view.opened_at) if view.late_at else "some time"
    words = (
        f"{to}*#{view.campaign_id} {line(view.title, 150)} is not contained.*\nIts gate"
        f" is shut, but after {waits} the ESP has not confirmed that it stopped. Look at"
        " the ESP by hand, and press Roll back once more to try the steps again."
    )
    open_it = button("Open incident", Action.OPEN_INCIDENT, view.campaign_id)
    retry = button("Roll back", Action.ROLL_BACK, view.campaign_id, style="danger")
    return message(
        f"{title} is not contained after {waits}",
        [section(words), section(late(view)), actions([open_it, retry])],
    )


def reminder(view: IncidentView, item: ActionItem) -> Message:
    """An action item is due: said once, to its owner."""
    words = (
        f"{who(item.owner)}: an action after incident"
        f" #{view.campaign_id} {line(view.title, 120)} is due.\n>{sentence(item.text)}"
    )
    return message(
        f"Due: {plain(item.text, 200)}", [section(words), actions([_done(item)])]
    )


def rows(view: IncidentView) -> Iterator[Block | None]:
    """The window's rows below the steps of the rollback."""
    if view.late_at is not None:
        yield section(late(view))
    yield context(_clocks(view))
    yield section(_cause(view))
    if view.runbook is not None:
        lines = view.runbook.text.splitlines()
        shown = [line(each, 300) for each in lines if each.strip()][:_RUNBOOK_LINES]
        yield section(
            "\n".join([f"*Runbook: {line(view.runbook.title, 100)}*", *shown])
        )
    for item in view.actions[:_ACTIONS_SHOWN]:
        yield _item(item)
    hidden = len(view.actions) - _ACTIONS_SHOWN
    if hidden > 0:
        yield context(f"{hidden} more action items are in the postmortem.")
    yield actions(_buttons(view))


_CLOCK_WORDS: Final = {
    "t_onset": "first bad event",
    "t_ingest": "taken in",
    "t_detect": "limit broken",
    "t_decide": "decided",
    "t_halt": "gate shut",
    "t_contained": "ESP confirmed",
    "t_told": "people told",
    "t_closed": "closed",
}


_IN_SLOT: Final = {"t_contained": "shown to nobody"}


def _clocks(view: IncidentView) -> str:
    said = []
    for each in clocks(view):
        at = f" {clock_to_the_second(each.at)}" if each.at else f": {each.missing}"
        words = {**_CLOCK_WORDS, **(_IN_SLOT if view.slot else {})}[each.name]
        said.append(words + at)
    return f"Clocks: {' · '.join(said)}"


def _cause(view: IncidentView) -> str:
    if view.cause is None:
        return "*Cause:* nobody has said it yet. Explain says it."
    missed = view.missed_by or ""
    stage = MISSED_BESIDES.get(missed, missed)
    said = f"*Cause:* {CAUSE_WORDS[view.cause]}\n*Should have caught it:* {line(stage, 80)}"
    said += f". {capital(sentence(view.missed_why))}" if view.missed_why else ""
    if view.closed_at is not None:
        by = who(view.closed_by or "desk")
        said += f"\n*Closed* by {by}, {date(view.closed_at)}"
    return said


def _item(item: ActionItem) -> Block:
    text = f"{sentence(item.text)}\n{who(item.owner)}, due {date(item.due_at)}"
    if item.done_at is not None:
        by = who(item.done_by or item.owner)
        return section(f"{text} · done by {by}, {date(item.done_at)}")
    return section(text, accessory=_done(item))


def _done(item: ActionItem) -> Any:
    aloud = f"Done: {item.text}"
    return button("Done", Action.ACTION_DONE, item.id, aloud=aloud)


def _buttons(view: IncidentView) -> list[Any]:
    number = view.campaign_id
    made = [
        button("Explain", Action.EXPLAIN_INCIDENT, number),
        button("Add action", Action.ADD_ACTION, number),
        button("Post postmortem", Action.POST_POSTMORTEM, number),
    ]
    if view.closed_at is None:
        made.append(button("Close incident", Action.CLOSE_INCIDENT, number))
    return made


# Forms ------------------------------------------------------------------------------


def explain_form(view: IncidentView, stages: Sequence[str]) -> View:
    """Ask what it was, and which stage should have caught it.

    Args:
        stages: Names of the review's stages.
    """
    missed = {name: capital(plain(name, 40)) for name in stages} | MISSED_BESIDES
    return modal(
        title="Explain the incident",
        blocks=[
            section(f"*#{view.campaign_id} {line(view.title, 150)}*"),
            InputBlock(
                block_id=Field.CAUSE,
                label="What was it?",
                element=_radio(Field.CAUSE, CAUSE_WORDS, view.cause),
            ),
            InputBlock(
                block_id=Field.MISSED_BY,
                label="Which stage should have caught it?",
                hint="It is about the work, not about whoever did it.",
                element=_select(Field.MISSED_BY, missed, view.missed_by),
            ),
            InputBlock(
                block_id=Field.MISSED_WHY,
                label="What would it have needed to see?",
                optional=True,
                element=PlainTextInputElement(
                    action_id=Field.MISSED_WHY,
                    multiline=True,
                    max_length=_WHY_MOST,
                    initial_value=view.missed_why,
                ),
            ),
        ],
        callback=Callback.EXPLAIN_FORM,
        submit="Save",
        target=view.campaign_id,
    )


def action_form(view: IncidentView, people: Mapping[str, str]) -> View:
    """Ask what is to be done, by whom and until when.

    Args:
        people: Slack user id to name, of everybody with a role.
    """
    return modal(
        title="Add an action",
        blocks=[
            section(f"*#{view.campaign_id} {line(view.title, 150)}*"),
            InputBlock(
                block_id=Field.TODO,
                label="What is to be done?",
                element=PlainTextInputElement(
                    action_id=Field.TODO, max_length=ACTION_LONGEST
                ),
            ),
            InputBlock(
                block_id=Field.OWNER,
                label="Who does it?",
                element=_select(Field.OWNER, people, None),
            ),
            InputBlock(
                block_id=Field.DUE,
                label="Until when?",
                hint="They are reminded once, when it is due and not done.",
                element=DateTimePickerElement(action_id=Field.DUE),
            ),
        ],
        callback=Callback.ACTION_FORM,
        submit="Add",
        target=view.campaign_id,
    )


def _options(words: Mapping[str, str]) -> dict[str, Option]:
    return {
        value: option(text, value)
        for value, text in list(words.items())[:_OPTIONS_MOST]
    }


def _radio(
    field: Field, words: Mapping[Cause, str], chosen: str | None
) -> RadioButtonsElement:
    options = _options({str(value): text for value, text in words.items()})
    return RadioButtonsElement(
        action_id=field,
        options=list(options.values()),
        initial_option=options.get(chosen or ""),
    )


def _select(
    field: Field, words: Mapping[str, str], chosen: str | None
) -> StaticSelectElement:
    options = _options(words)
    return StaticSelectElement(
        action_id=field,
        placeholder=PlainTextObject(text="Choose", emoji=False),
        options=list(options.values()),
        initial_option=options.get(chosen or ""),
    )


def cause_from(state: StateValues) -> Cause | None:
    """The cause that was chosen; None when nothing, or nothing of ours, was."""
    value = chosen(state, Field.CAUSE)
    return Cause(value) if value in list(Cause) else None


def missed_by_from(state: StateValues, stages: Sequence[str]) -> str | None:
    value = chosen(state, Field.MISSED_BY)
    return value if value in (*stages, *MISSED_BESIDES) else None


def missed_why_from(state: StateValues) -> str:
    return typed(state, Field.MISSED_WHY).strip()[:_WHY_MOST]


def todo_from(state: StateValues) -> str:
    return typed(state, Field.TODO).strip()[:ACTION_LONGEST]


def owner_from(state: StateValues, people: Mapping[str, str]) -> str | None:
    value = chosen(state, Field.OWNER)
    return value if value in people else None


def due_from(state: StateValues) -> datetime | None:
    return moment(state, Field.DUE)


def explain_errors(state: StateValues, stages: Sequence[str]) -> dict[str, str]:
    """What keeps the explanation from being taken, by block id."""
    found = {}
    if cause_from(state) is None:
        found[str(Field.CAUSE)] = "Choose what it was."
    if missed_by_from(state, stages) is None:
        choices = joined([*stages, *MISSED_BESIDES])
        found[str(Field.MISSED_BY)] = f"Choose one of {choices}."
    return found


def action_errors(
    state: StateValues, people: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """What keeps an action from being taken, by block id."""
    found = {}
    if not todo_from(state):
        found[str(Field.TODO)] = "Say what is to be done."
    if owner_from(state, people) is None:
        found[str(Field.OWNER)] = "Choose somebody with a role on this desk."
    due = due_from(state)
    if due is None or due <= now:
        found[str(Field.DUE)] = "Choose a time that is still to come."
    return found
