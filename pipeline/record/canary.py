"""The canary is judged, and people expand, extend, hold or settle what is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from domain.campaign import SENDING, Actor, Campaign, CampaignId, Event, State
from domain.canary import HardKill, Judgement, Verdict, decides_after
from domain.errors import NotYourTurn, Refused
from domain.freeze import sentence
from domain.rollback import Trigger
from domain.second_person import Act, Ask
from domain.send import Chunk, ChunkId, ChunkState
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.canary_inputs import evidence, judged, limits_for, reach
from pipeline.record.freezes import frozen_by, stops
from pipeline.record.roles import require_own_team, require_role
from pipeline.record.rollbacks import note_leak, roll_back
from pipeline.record.second_person import take_second
from storage.sends import Cohort
from storage.store import Store

JUDGE: Final = Actor.machine("judge")

WATCHED: Final = SENDING | {State.HELD, State.PARKED}
"""Mail may be out, so what recipients report can still stop it."""


def expand(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: str
) -> Campaign:
    """Let the next step out; anyone with a role on its team but the brief's author.

    Of a held campaign two people do it: the first press asks, and changes no state.

    Raises:
        MoveNotAllowed: Nothing of it is out, or it has ended.
        NotYourTurn: Neither its author nor another team may push a campaign on, and
            nobody confirms what they asked for themselves.
        Refused: Every step is out already, or the present one is still going out: a
            second click must not let two steps go. Or sending is frozen.
    """
    require_role(playbook.everyone, actor)
    campaign = store.campaigns.lock(campaign_id)
    require_own_team(playbook, campaign, actor)
    if actor == campaign.author:
        raise NotYourTurn(
            "You wrote the brief, so another person has to expand it"
            " (separation of duties)."
        )
    _check_not_frozen(store, playbook, campaign)
    has_next = not _is_last(campaign, store.sends.cohorts(campaign_id))
    if has_next and campaign.state in SENDING and not _is_out(store, campaign):
        raise Refused(
            f"Step {campaign.step + 1} of #{campaign.id} is still going out;"
            f" it can be expanded once {_OUT[bool(campaign.slot)]}."
        )
    ask = _second(store, playbook, campaign, Act.EXPAND, actor)
    if campaign.state is State.HELD and ask is None:
        return campaign
    return _expand(
        store, playbook, campaign, Actor(id=actor), reason=None, first=_first(ask)
    )


def _second(
    store: Store, playbook: Playbook, campaign: Campaign, act: Act, actor: str
) -> Ask | None:
    """What another person asked of a held campaign, and this press confirms."""
    if campaign.state is not State.HELD:
        return None
    return take_second(
        store,
        playbook,
        campaign,
        act,
        actor=actor,
        row_id=campaign.id,
        row_version=campaign.version,
    )


def _first(ask: Ask | None) -> dict[str, object]:
    return {} if ask is None else {"asked_by": ask.asked_by}


def extend(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: str
) -> Campaign:
    """Watch one more window before anything is decided.

    Resumes a held campaign, which takes two people: the first press asks.

    Raises:
        MoveNotAllowed: Nothing of it is out, or it has ended.
        NotYourTurn: A held campaign is resumed neither by its author nor by another
            team, and nobody confirms what they asked for themselves.
    """
    require_role(playbook.everyone, actor)
    campaign = store.campaigns.lock(campaign_id)
    ask = _second(store, playbook, campaign, Act.EXTEND, actor)
    if campaign.state is State.HELD and ask is None:
        return campaign
    is_last = _is_last(campaign, store.sends.cohorts(campaign_id))
    has_window = _is_out(store, campaign) and not is_last
    # what had passed before a freeze is to be watched anew
    store.freezes.take_back_pass(campaign_id)
    moved = advance(
        store,
        campaign_id,
        Event.EXTENDED,
        actor=Actor(id=actor),
        detail=_first(ask),
        decides_at=store.now + limits_for(store, playbook, campaign).policy.window
        if has_window
        else None,
    )
    settle_step(store, playbook, campaign_id)
    return moved


def hold(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: str
) -> Campaign:
    """Shut the gate until a person decides; anyone with a role may.

    Raises:
        MoveNotAllowed: Nothing of it is out, or it has ended.
    """
    require_role(playbook.everyone, actor)
    store.campaigns.lock(campaign_id)
    store.freezes.take_back_pass(campaign_id)
    return advance(
        store,
        campaign_id,
        Event.HELD,
        actor=Actor(id=actor),
        reason=f"Held by <@{actor}>.",
        decides_at=None,
    )


def _check_not_frozen(store: Store, playbook: Playbook, campaign: Campaign) -> None:
    found = frozen_by(store, playbook, campaign)
    if found is not None:
        raise Refused(f"{sentence(found)} Expand it when that is over.")


def start(store: Store, playbook: Playbook, campaign_id: CampaignId) -> Campaign:
    """Let the canary out: the send time has come. `settle_step` starts its window.

    A frozen campaign waits, scheduled, and starts when the freeze is over; so does one
    whose slot another campaign has for itself. The team's own mailboxes get each
    variant with it; nothing waits for them.
    """
    campaign = store.campaigns.lock(campaign_id)
    if stops(store, playbook, campaign) is not None:
        return campaign
    if campaign.slot and _waits_for_slot(store, campaign):
        return campaign
    if playbook.seeds and campaign.brief_channel.is_mailed:
        store.seeds.plan(campaign_id, len(playbook.seeds))
    return advance(
        store,
        campaign_id,
        Event.CANARY_STARTED,
        actor=Actor.machine("clock"),
        step=0,
        step_started_at=store.now,
        decides_at=None,
    )


def _waits_for_slot(store: Store, campaign: Campaign) -> bool:
    """Whether another campaign has the slot; it is looked at again soon then."""
    other = store.exposures.taken_by(campaign.slot, but=campaign.id)
    if other is None:
        return False
    reason = f"#{other} is being tried in {campaign.slot}; one at a time is."
    if campaign.reason != reason:
        store.campaigns.note(campaign.id, reason=reason)
        detail: dict[str, object] = {"slot": campaign.slot, "campaign": other}
        store.audit.append(campaign.id, "waits_for_slot", actor="clock", detail=detail)
        refresh_card(store, campaign, f"slot{other}")
    store.deadlines.bring_forward(
        campaign.id, "start", campaign.version, store.now + SLOT_AGAIN_AFTER
    )
    return True


def judge_due(
    store: Store,
    playbook: Playbook,
    campaign_id: CampaignId,
    *,
    alarm: HardKill | None = None,
) -> Judgement | None:
    """Judge a campaign now and act on the verdict; None when none of it is out.

    Runs in the transaction that brought the news, so a breach shuts the gate before
    the webhook is answered. A paused campaign is judged too, so that a breach seen
    meanwhile keeps it from going on; nothing but a breach moves it.

    Args:
        alarm: What was just raised about it, if anything.
    """
    campaign = store.campaigns.get(campaign_id)
    if campaign.state not in WATCHED:
        return None
    campaign = store.campaigns.lock(campaign_id)
    steps = store.sends.cohorts(campaign_id)
    if campaign.state not in WATCHED or not steps:
        return None
    judgement = judged(store, playbook, campaign, steps, alarm)
    if campaign.state not in SENDING and judgement.verdict is not Verdict.ROLLBACK:
        return judgement
    _act(store, playbook, campaign, judgement, is_last=_is_last(campaign, steps))
    return judgement


def first_heard(store: Store, playbook: Playbook, campaign_id: CampaignId) -> None:
    """The ESP's first word of it may come after the window: let it say the rest too.

    What it kept back comes in parts, mails that arrived before complaints about them.
    Only a breach does not wait. The looks that began at the window's end go on. This
    happens once: an ESP that says little must not put a decision off for ever.
    """
    campaign = store.campaigns.lock(campaign_id)
    if campaign.state not in SENDING or campaign.decides_at is None:
        return
    if campaign.decides_at > store.now:
        return
    # when all of it comes at once, it must not count as silent again by then
    rest = max(playbook.canary.stale_after / 2, REJUDGE_EVERY)
    store.campaigns.note(campaign_id, decides_at=store.now + rest)
    refresh_card(store, campaign, f"heard{int(store.now.timestamp())}")


def judge_after_freeze(
    store: Store, playbook: Playbook, campaign: Campaign, *, had_passed: bool
) -> None:
    """Judge a campaign that goes on; what had passed does not wait for new data.

    While all was frozen the ESP had nothing to say, which is no silence to wait out. A
    breach, or too many complaints since, still comes first.

    Args:
        had_passed: The judge let it expand before, and only the freeze stopped it.
    """
    version = campaign.version
    judgement = judge_due(store, playbook, campaign.id)
    campaign = store.campaigns.lock(campaign.id)
    is_silent = judgement is not None and judgement.verdict is Verdict.NO_DATA
    if had_passed and is_silent and campaign.version == version:
        reason = (
            "It had passed before it was frozen, and nothing spoke against it since."
        )
        _expand(store, playbook, campaign, JUDGE, reason=reason)


def raise_alarm(
    store: Store,
    playbook: Playbook,
    campaign_id: CampaignId,
    kill: HardKill,
    *,
    actor: Actor,
) -> Judgement:
    """Take in an alarm from outside, which stops a campaign without any statistics.

    The judge acts on it, so the record says both who raised it and who decided.

    Raises:
        Refused: Nothing of it is out, so there is nothing to stop.
    """
    campaign = store.campaigns.lock(campaign_id)
    if campaign.state not in WATCHED or not store.sends.is_planned(campaign_id):
        raise Refused(
            f"#{campaign.id} is {campaign.state.replace('_', ' ')}; an alarm stops only"
            " a campaign that is out."
        )
    store.audit.append(
        campaign_id,
        "alarm_raised",
        actor=actor.id,
        detail={"alarm": kill.alarm, "said": kill.said},
    )
    judgement = judge_due(store, playbook, campaign_id, alarm=kill)
    if judgement is None:
        raise Refused(f"Nothing of #{campaign.id} is out.")
    return judgement


def _is_out(store: Store, campaign: Campaign) -> bool:
    """Whether every chunk of the steps so far is with the ESP, or its visitors came."""
    if campaign.slot:
        steps = store.sends.cohorts(campaign.id)[: campaign.step + 1]
        return reach(store, campaign)[0] >= sum(step.planned for step in steps)
    return store.sends.is_out(campaign.id, up_to_step=campaign.step)


_OUT: Final = {
    False: "all of it is with the ESP",
    True: "as many visitors have seen it as the step is for",
}


def _is_last(campaign: Campaign, steps: tuple[Cohort, ...]) -> bool:
    return campaign.step >= len(steps) - 1


def _act(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    judgement: Judgement,
    *,
    is_last: bool,
) -> None:
    if judgement.cause is not None:
        roll_back(
            store,
            playbook,
            campaign.id,
            # each cause is a trigger; a test compares the two
            trigger=Trigger(judgement.cause),
            actor=JUDGE,
            reason=judgement.reason,
            evidence=evidence(judgement, limits_for(store, playbook, campaign)),
        )
        return
    _note(store, campaign, judgement)
    if is_last:
        # everyone is out; only a breach still matters
        return
    if judgement.verdict is Verdict.EXPAND:
        if stops(store, playbook, campaign, is_passed=True) is None:
            _expand(store, playbook, campaign, JUDGE, reason=judgement.reason)
    elif judgement.verdict is Verdict.HOLD:
        advance(
            store,
            campaign.id,
            Event.HELD,
            actor=JUDGE,
            reason=judgement.reason,
            detail=evidence(judgement, limits_for(store, playbook, campaign)),
            decides_at=None,
        )


def _note(store: Store, campaign: Campaign, judgement: Judgement) -> None:
    """Keep the judge's sentence; silence is news that no event will bring."""
    store.campaigns.note(campaign.id, judgement=judgement.reason)
    if judgement.verdict is Verdict.NO_DATA:
        minute = int(store.now.timestamp()) // 60
        refresh_card(store, campaign, f"silent{minute}")


def _expand(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    actor: Actor,
    *,
    reason: str | None,
    first: Mapping[str, object] = MappingProxyType({}),
) -> Campaign:
    steps = store.sends.cohorts(campaign.id)
    step = campaign.step + 1
    if steps and step >= len(steps):
        if campaign.state is not State.HELD:
            raise Refused(
                f"Every step of #{campaign.id} is out already;"
                " there is nothing to expand."
            )
        # held with its last step under way: what is left of it goes on
        step = campaign.step
    moved = advance(
        store,
        campaign.id,
        Event.EXPANDED,
        actor=actor,
        reason=reason,
        detail={"step": step, "percent": steps[step].percent, **first}
        if steps
        else first,
        step=step,
        step_started_at=store.now,
        decides_at=None,
    )
    settle_step(store, playbook, campaign.id)
    return moved


def resolve_chunk(
    store: Store,
    playbook: Playbook,
    chunk_id: ChunkId,
    choice: str,
    *,
    actor: str,
) -> Chunk:
    """Settle a chunk whose call never answered, as a person says.

    Args:
        choice: look_up (ask the ESP again) or mark_sent.

    Raises:
        Refused: The chunk is settled already, or the choice is neither.
        NotYourTurn: Another team's chunk may be looked up, and no more.
    """
    require_role(playbook.everyone, actor)
    campaign = store.campaigns.lock(store.sends.chunk(chunk_id).campaign_id)
    chunk = store.sends.chunk(chunk_id)
    if chunk.state is not ChunkState.UNKNOWN:
        raise Refused(f"Chunk {chunk.number} is {chunk.state} already.")
    if choice == "look_up":
        store.outbox.add(
            "send",
            chunk.id,
            chunk.version,
            campaign.id,
            suffix=f":look{int(store.now.timestamp())}",
        )
        return chunk
    if choice != "mark_sent":
        raise Refused("A chunk can be looked up again or marked as sent.")
    require_own_team(playbook, campaign, actor)
    settled = store.sends.swap(
        chunk,
        ChunkState.SENT,
        accepted=chunk.size - chunk.skipped,
        accepted_at=store.now,
        reason=f"marked as sent by {actor}",
    )
    store.audit.append(
        campaign.id,
        "chunk_marked_sent",
        actor=actor,
        detail={"chunk": chunk.number, "size": chunk.size},
    )
    refresh_card(store, campaign, f"c{settled.id}.{settled.version}")
    note_leak(store, campaign)
    settle_step(store, playbook, campaign.id)
    return settled


def settle_step(store: Store, playbook: Playbook, campaign_id: CampaignId) -> None:
    """Once all of a step is with the ESP its window begins; after the last it is sent.

    The window counts from the step's last mail, however late the ESP took it, so that
    complaints have the whole of it to arrive.
    """
    campaign = store.campaigns.lock(campaign_id)
    if campaign.state not in SENDING or not _is_out(store, campaign):
        return
    if _is_last(campaign, store.sends.cohorts(campaign_id)):
        before = store.exposures.live_in(campaign.slot) if campaign.slot else None
        advance(store, campaign_id, Event.SENT, actor=Actor.machine("sender"))
        if before is not None:
            refresh_card(store, store.campaigns.get(before), f"slot{campaign_id}")
    elif campaign.decides_at is None:
        policy = limits_for(store, playbook, campaign).policy
        decides_at = store.now + decides_after(policy)
        store.campaigns.note(
            campaign_id, step_started_at=store.now, decides_at=decides_at
        )
        store.deadlines.set(campaign_id, "judge", campaign.version, decides_at)
        refresh_card(store, campaign, "window")


SLOT_AGAIN_AFTER: Final = timedelta(seconds=15)
"""How often a campaign looks whether its slot is free."""

REJUDGE_EVERY: Final = timedelta(seconds=5)
"""A window that ended without data is looked at again this often."""
