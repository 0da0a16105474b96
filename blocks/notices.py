"""What is said once: who is asked, what was refused and why, help, lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from slack_sdk.models.blocks import Block

from blocks import campaign_lists, freeze
from blocks.ids import Action
from blocks.message import Message, actions, button, context, message, said, section
from blocks.text import (
    capital,
    count,
    date,
    due,
    escape,
    everyone,
    in_words,
    joined,
    line,
    link,
    plain,
    plural,
    who,
)
from domain.brief_fields import BY_NAME
from domain.campaign import CampaignId
from domain.channel import channel_of, left_out
from domain.errors import CampaignError
from domain.newest import CardPlace
from domain.views import (
    CampaignLine,
    DeskStatus,
    ReviewView,
    UndoneLine,
    WithdrawnLine,
)

_LIST_SHOWN: Final = 20
_VALUE_SHOWN: Final = 300
_FREEZES_SHOWN: Final = 5
_TOKEN: Final = re.compile(r"(<@[UW][A-Z0-9]{6,}>|<!date\^[0-9]+\^[^<>|]*\|[^<>|]*>)")


def asked(
    campaign_id: CampaignId, title: str, review: ReviewView, *, now: datetime
) -> Message:
    """The thread's message that mentions who decides next."""
    stage = line(review.stage, 40)
    when = f", {due(review.due_at, now)}" if review.due_at is not None else ""
    if review.asked:
        ask = f"{everyone(review.asked)}: your {stage} review is next{when}."
    else:
        role = line(review.role.replace("_", " "), 40)
        ask = (
            f"Nobody holds the role {role}, so the {stage} review waits{when}."
            " Add a person to the team file."
        )
    quota = (
        f" This stage lets {plural(review.quota, 'variant')} through."
        if review.quota is not None
        else ""
    )
    text = (
        f"#{campaign_id} {plain(title, 100)}: {plain(review.stage, 40)} review is next,"
        f" stage {review.number} of {review.total}"
    )
    beside = (
        f", asked at the same time as {joined(line(each, 40) for each in review.beside)}"
        if review.beside
        else ""
    )
    words = (
        f"Stage {review.number} of {review.total}{beside}."
        f" Decide each variant above.{quota}"
    )
    # The mention is in the text too: Slack notifies by it.
    named = f"{everyone(review.asked)} {text}" if review.asked else text
    return message(named, [section(ask), context(words)])


def undone(
    decision: UndoneLine, withdrawn: Sequence[WithdrawnLine], asked: Sequence[str]
) -> Message:
    """The thread's message when somebody took their decision back.

    Args:
        withdrawn: The stages that were asked because of it.
        asked: Who was asked there, and need not look any more.
    """
    word = "approval" if decision.is_approval else "rejection"
    label = line(decision.variant_label, 5)
    said = (
        f"{who(decision.actor)} took back their {word} of variant {label} in the"
        f" {line(decision.stage, 40)} review. It is asked about again."
    )
    if withdrawn:
        stages = joined(dict.fromkeys(line(each.stage, 40) for each in withdrawn))
        people = f"{everyone(dict.fromkeys(asked))}: the" if asked else "The"
        said += (
            f"\n{people} {stages} review is withdrawn;"
            " there is nothing to decide there now."
        )
    text = (
        f"The {plain(decision.stage, 40)} {word} of variant"
        f" {plain(decision.variant_label, 5)} was taken back"
    )
    return message(text, [section(said)])


def stage_passed(
    stage: str, *, following: str | None, labels: Sequence[str]
) -> Message:
    """The thread's message when a stage is through.

    Args:
        stage: The stage that passed.
        following: The stage asked next, or None when it was the last.
        labels: The variants that go on.
    """
    through = f"{capital(line(stage, 40))} review is through"
    noun = "variant" if len(labels) == 1 else "variants"
    went = f" with {noun} {joined(line(each, 5) for each in labels)}" if labels else ""
    after = (
        f" {capital(line(following, 40))} is next."
        if following
        else (" The campaign is approved.")
    )
    return said(f"{through}{went}.{after}")


def refused(error: CampaignError) -> Message:
    """What was refused, why, and who can; the error's own sentence says it.

    Mentions in it are ours (`domain.review`), everything else is escaped.
    """
    return said(_own_words(str(error)))


def overtaken(error: CampaignError, place: CardPlace, permalink: str) -> Message:
    """Somebody was faster, or the text moved on: who, when, and the newest card."""
    words = _own_words(str(error))
    card = "the newest card of"
    if place.variant_label is not None:
        card += f" variant {line(place.variant_label, 5)},"
    there = link(permalink, f"Open {card} #{place.campaign_id}")
    return message(words, [section(f"{words}\n{there}")])


def _own_words(text: str) -> str:
    """Escape all but the tokens that name a person or a time."""
    parts = _TOKEN.split(text)
    return "".join(
        part if index % 2 else escape(part) for index, part in enumerate(parts)
    )


def broken(reference: str) -> Message:
    """A fault of ours, with the reference that finds it in the log."""
    return said(
        "Something broke on our side. Nothing was lost."
        f" Reference {line(reference, 60)}."
    )


def brief_kept(campaign_id: CampaignId, title: str) -> Message:
    """The author's answer while the card is on its way."""
    return said(
        f"Brief #{campaign_id} {line(title, 100)} is kept. Its card appears in a moment."
    )


def bot_not_in_channel(campaign_id: CampaignId, title: str, channel: str) -> Message:
    """The brief is safe but its card cannot be posted; says how to change that."""
    return said(
        f"Copydesk is not in <#{channel}>, so the card of #{campaign_id}"
        f" {line(title, 100)} cannot be posted. Your brief is kept: invite Copydesk with"
        " /invite @copydesk in that channel and the card appears."
    )


_HELP: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "brief": (
        ("/brief", "opens the form"),
        (
            "/brief {json}",
            "makes a brief from JSON, with the names of the form's fields",
        ),
        ("/brief list", "lists the newest briefs"),
        ("/brief show 42", "shows brief 42"),
        ("/brief cancel 42", "cancels campaign 42 before anything is sent"),
        ("/brief help", "shows this"),
    ),
    "rollback": (
        ("/rollback", "lists live campaigns and asks which one to stop"),
        ("/rollback 42", "asks once, with what it stops, then stops campaign 42"),
        ("/rollback 42 now", "stops campaign 42 without a question"),
        ("/rollback help", "shows this"),
    ),
    "desk": (
        ("/desk status", "shows what is under way, parked or waiting"),
        ("/desk metrics", "shows how each stage of review did in the last 7 days"),
        ("/desk metrics 30", "the same over 30 days, or any number from 1 to 90"),
        ("/desk freeze", "lists what is frozen and opens the form to freeze sending"),
        (
            "/desk freeze for 2h reason",
            "lets nothing leave for so long; begin with `team NAME` to stop only that",
        ),
        ("/desk import", "takes a list as a CSV file; nothing comes in unseen"),
        ("/desk import stalled-demos", "the same, with the list chosen or named"),
        ("/desk lift 3", "asks to end freeze 3 early, or confirms that another asked"),
        ("/desk help", "shows this"),
    ),
}


def _help(command: str, before: str, after: str) -> Message:
    rows = [f"`{usage}`  {does}" for usage, does in _HELP[command]]
    text = f"How to use /{command}"
    return message(text, [section("\n".join([before, *rows])), context(after)])


def brief_help() -> Message:
    return message(
        "How to use /brief",
        [
            *_help(
                "brief",
                "*/brief starts a campaign.* You say what, for whom and by when;"
                " people approve before anything is sent.",
                "The person who writes a brief never approves it",
            ).blocks,
            actions([button("New brief", Action.NEW_BRIEF)]),
        ],
    )


def rollback_help() -> Message:
    return _help(
        "rollback",
        "*/rollback stops a campaign.* Mails that have left cannot be recalled.",
        "If Slack is down, `copydesk rollback 42` does the same from a shell",
    )


def desk_help() -> Message:
    return _help(
        "desk",
        "*/desk shows how the desk is doing.*",
        "See also /brief help and /rollback help. If Slack is down, `copydesk freeze`"
        " does the same from a shell",
    )


def brief_list(lines: Sequence[CampaignLine]) -> Message:
    """The newest briefs, as `/brief list` shows them."""
    if not lines:
        return message(
            "There is no brief yet",
            [
                section("There is no brief yet. Write one to start a campaign."),
                actions([button("New brief", Action.NEW_BRIEF, style="primary")]),
            ],
        )
    rows = [
        f"• {campaign_lists.row(each)} · {campaign_lists.by(each)}"
        for each in lines[:_LIST_SHOWN]
    ]
    hidden = len(lines) - len(rows)
    return message(
        f"{plural(len(lines), 'brief')}, newest first",
        [
            *_sections(rows),
            context(f"{count(hidden)} older not shown" if hidden else ""),
        ],
    )


def _sections(rows: Sequence[str], per_block: int = 5) -> list[Block | None]:
    starts = range(0, len(rows), per_block)
    return [section("\n".join(rows[at : at + per_block])) for at in starts]


def brief_shown(campaign_id: CampaignId, raw: Mapping[str, object]) -> Message:
    """A brief as it was accepted, field by field; empty fields are left out."""
    others = left_out(channel_of(raw))
    rows = [
        f"*{line(_label(name), 60)}:* {_value(value)}"
        for name, value in raw.items()
        if value not in (None, "", [], ()) and name not in others
    ]
    title = plain(str(raw.get("title", "")), 100)
    head = section(f"*Brief #{campaign_id} {line(title, 100)}*")
    return message(
        f"Brief #{campaign_id} as it was accepted {title}", [head, *_sections(rows, 6)]
    )


def _label(name: str) -> str:
    return BY_NAME[name].label if name in BY_NAME else name.replace("_", " ")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(line(str(each), 100) for each in value[:5]) + (
            f"; {len(value) - 5} more" if len(value) > 5 else ""  # noqa: PLR2004  # as sliced above
        )
    moment = _moment(value)
    return date(moment) if moment else line(str(value), _VALUE_SHOWN)


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo else None


def status(view: DeskStatus) -> Message:
    """What `/desk status` answers."""
    states = [
        f"{count(number)} {campaign_lists.words(state)}"
        for state, number in view.by_state
        if number
    ]
    campaigns = " · ".join(states) or "No campaign yet"
    frozen = [f"• {freeze.said(each)}" for each in view.freezes[:_FREEZES_SHOWN]]
    blocks: list[Block | None] = [
        section("\n".join(["*Frozen now*", *frozen])) if frozen else None,
        section(f"*Campaigns*\n{campaigns}"),
        section(f"*Jobs*\n{_jobs(view)}"),
        *_named("Live now", view.live),
        *_named("Parked, a person has to look", view.parked),
        context(" · ".join(line(each, 120) for each in view.practice[:5])),
    ]
    text = (
        f"Desk status: {plural(len(view.live), 'campaign')} live,"
        f" {count(len(view.parked))} parked, {plural(view.queued_jobs, 'job')} waiting"
    )
    return message(text, blocks)


def _jobs(view: DeskStatus) -> str:
    if not view.queued_jobs:
        return "No job waits."
    if view.oldest_job_age_s is None:
        return f"{capital(plural(view.queued_jobs, 'job'))} waiting."
    age = in_words(timedelta(seconds=view.oldest_job_age_s))
    return f"{plural(view.queued_jobs, 'job')} waiting, the oldest for {age}."


def _named(title: str, lines: Sequence[CampaignLine]) -> list[Block | None]:
    if not lines:
        return []
    rows = [f"• {campaign_lists.row(each)}" for each in lines[:10]]
    if len(lines) > len(rows):
        rows.append(f"{count(len(lines) - len(rows))} more not shown")
    first, *rest = _sections(rows)
    return [section(f"*{title}*"), first, *rest]
