"""The one card of a campaign: state in words, what comes next, the evidence, buttons."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from slack_sdk.models.blocks import Block, ContextBlock, InteractiveElement

from blocks import campaign_states, freeze, nudge, slot_states, strategy
from blocks.campaign_face import Face
from blocks.ids import Action, Verb
from blocks.message import Message, actions, button, context, message, overflow, section
from blocks.text import (
    SAMPLE_WRITER,
    clock,
    count,
    in_words,
    joined,
    line,
    plain,
    plural,
    sentence,
    who,
)
from blocks.waits import waits
from domain.campaign import BEFORE_SENDING
from domain.channel import NAMES, people
from domain.rejection import REASON_WORDS
from domain.second_person import ACT_WORDS
from domain.variant import VariantState
from domain.views import AskLine, CampaignCard, DecisionLine, UnknownChunk

_WORTH_SAYING: Final = timedelta(minutes=2)
"""A shorter delay nobody has noticed."""

_DECISIONS_SHOWN: Final = 5
_WORDLESS: Final = frozenset({VariantState.BRIEFED, VariantState.FAILED})


def render(view: CampaignCard, *, now: datetime) -> Message:
    """Draw the card as the record says it is at `now` (aware)."""
    face = (slot_states if view.slot else campaign_states).face(view, now)
    title = f"#{view.id} {plain(view.title, 120)}"
    blocks: list[Block | None] = [
        section(f"*#{view.id} {line(view.title, 150)}*\n{_facts(view)}"),
        section(_state_lines(face)),
        section(freeze.on_card(view.frozen)) if view.frozen else None,
        face.progress,
        *(section(each) for each in (*face.evidence, _waits(view)) if each),
        context(strategy.decided(view)),
        _decided(view.decisions),
        *_unknown(view.unknown_chunks, now),
        context(*(_asked(each) for each in view.asks)),
        actions(_buttons(view, face)),
        context(_made_by(view), _practice(view)),
    ]
    aloud = f"frozen; {face.aloud}" if view.frozen else face.aloud
    return message(f"{title}: {aloud}", blocks)


def caught_up(away: timedelta) -> list[dict[str, Any]]:
    """The last line of a card that Slack could not be told of for so long."""
    if away < _WORTH_SAYING:
        return []
    said = f"Slack was away {in_words(away)}; this card is current again."
    block = context(said)
    return [] if block is None else [block.to_dict()]


def _facts(view: CampaignCard) -> str:
    slot = f" in {line(view.slot, 40)}" if view.slot else ""
    whom = people(view.channel, view.recipients)
    facts = f"{NAMES[view.channel].lower()}{slot} · tier {line(view.tier, 5)} · {whom}"
    facts += f" · {line(view.team_name, 40)}" if view.team_name else ""
    return f"{facts}\n{sentence(view.tier_reason)}" if view.tier_reason else facts


def _state_lines(face: Face) -> str:
    first = f"*{face.state}*" + "".join(f" · {each}" for each in face.beside if each)
    return first + (f"\n{face.next}" if face.next else "")


def _buttons(view: CampaignCard, face: Face) -> list[InteractiveElement | None]:
    menu = [
        *face.more,
        ("Show brief", Verb.SHOW_BRIEF, view.id),
        ("History", Verb.CAMPAIGN_HISTORY, view.id),
        ("Clone brief", Verb.CLONE_BRIEF, view.id),
    ]
    return [_compare(view), *face.buttons, overflow(Action.CAMPAIGN_MORE, menu)]


def _compare(view: CampaignCard) -> InteractiveElement | None:
    """While the words can still be chosen and there are two texts to choose from."""
    written = [each for each in view.variants if each.state not in _WORDLESS]
    if view.state not in BEFORE_SENDING or len(written) < 2:  # noqa: PLR2004  # two columns
        return None
    aloud = f"Compare the variants of campaign {view.id}"
    return button("Compare", Action.COMPARE, view.id, aloud=aloud)


def _decided(decisions: tuple[DecisionLine, ...]) -> ContextBlock | None:
    """Who decided what, the same decision about several variants in one line."""
    grouped: dict[tuple[str, str, bool, str], list[DecisionLine]] = {}
    for each in decisions:
        code = f": {REASON_WORDS[each.code]}" if each.code else ""
        key = each.stage, each.actor, each.is_approval, nudge.carried(each) + code
        grouped.setdefault(key, []).append(each)
    lines = [
        f"{line(stage, 40).capitalize()}: "
        f"{joined(dict.fromkeys(line(d.variant_label, 5) for d in group))} "
        f"{'approved' if is_approval else 'rejected'} by {nudge.decider(actor)}, "
        f"{clock(max(d.decided_at for d in group))}{more}"
        for (stage, actor, is_approval, more), group in grouped.items()
    ]
    return context("\n".join(lines[-_DECISIONS_SHOWN:]))


def _unknown(chunks: tuple[UnknownChunk, ...], now: datetime) -> list[Block | None]:
    """One question at a time: the oldest chunk has the buttons, the rest are counted."""
    if not chunks:
        return []
    first, *rest = chunks
    text = (
        f"*Chunk {first.number} unknown:* {plural(first.size, 'recipient')}, the ESP"
        f" shows {plural(first.events_seen, 'event')} after"
        f" {in_words(now - first.since)}. It is not sent again by itself."
    )
    if rest:
        text += f" {plural(len(rest), 'more chunk')} to decide after this one."
    choice = actions(
        [
            button("Look up again", Action.LOOK_UP_CHUNK, first.chunk_id),
            overflow(
                Action.CHUNK_MORE,
                [
                    ("Mark as sent", Verb.MARK_CHUNK_SENT, first.chunk_id),
                    ("Send again", Verb.SEND_AGAIN, first.chunk_id),
                ],
            ),
        ]
    )
    return [section(text), choice, context(_SEND_AGAIN)]


_SEND_AGAIN: Final = (
    "Mark as sent and Send again are in the menu. Send again takes two people, neither"
    " of them the author. If the chunk did leave, everybody the ESP has not reported"
    " about gets the mail twice."
)


def _asked(ask: AskLine) -> str:
    """An act that waits for its second person, by the button that confirms it."""
    act = ACT_WORDS[ask.act]
    what = act if ask.chunk is None else f"{act} of chunk {ask.chunk}"
    return (
        f"*{what} asked by {who(ask.asked_by)}, {clock(ask.asked_at)}:* a second person,"
        f" not the author, confirms with {act} before {clock(ask.expires_at)}."
    )


def _made_by(view: CampaignCard) -> str:
    writers = [line(each, 60) for each in view.writers[:4] if not _is_sample(each)]
    if view.is_sample:
        writers.append(SAMPLE_WRITER)
    parts = [f"by {who(view.author)}"]
    if view.prompt:
        parts.append(f"prompt {line(view.prompt, 80)}")
    if writers:
        name = "writer" if len(writers) == 1 else "writers"
        parts.append(f"{name}: {', '.join(writers)}")
    if view.suppressed_before:
        parts.append(
            f"{count(view.suppressed_before)} left out, suppressed or without consent"
        )
    if view.skipped:
        parts.append(f"{count(view.skipped)} skipped{_why_skipped(view)}")
    if view.kept_back:
        parts.append(f"{count(view.kept_back)} read a fallback for privacy")
    return " · ".join(parts)


def _why_skipped(view: CampaignCard) -> str:
    parts = []
    if view.capped:
        verb = "has" if view.capped == 1 else "have"
        parts.append(
            f"{count(view.capped)} {verb} had as many mails as the cadence cap allows"
        )
    if view.given_up:
        parts.append(f"{count(view.given_up)} put off for too long by the ESP")
    return f" ({'; '.join(parts)})" if parts else ""


def _waits(view: CampaignCard) -> str:
    return waits(view.waits, view.canary.planned if view.canary else view.recipients)


def _is_sample(writer: str) -> bool:
    """The practice writer goes by its label, not by its model's name."""
    return writer.lower().replace("-", " ").startswith("sample writer")


def _practice(view: CampaignCard) -> str:
    return " · ".join(line(each, 120) for each in view.practice[:5])
