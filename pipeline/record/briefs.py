"""A brief comes in, is changed or is cancelled; its cards find their channel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from domain.brief import Brief, BriefInvalid, brief_sha256, to_json
from domain.campaign import Actor, Campaign, CampaignId, Event, State, first_state
from domain.channel import NAMES, Channel, shown_in
from domain.errors import Overtaken, Refused
from domain.federation import team_of
from domain.review import Team
from domain.review_rules import raise_tier
from domain.strategy import (
    BriefVersion,
    brand_leads,
    changed_fields,
    check_may_change,
)
from domain.variant import LABELS
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.champions import champions_copy
from pipeline.record.roles import require_role
from pipeline.record.waiting import await_brand_lead
from pipeline.record.words import drafted
from storage.store import Store


def brief(
    store: Store, playbook: Playbook, brief: Brief, *, author: str, source: str
) -> Campaign:
    """Take a brief, and queue the writing of its variants.

    At tier A nothing is written before a brand lead has approved the strategy.

    Args:
        author: Slack user id; a person without a role cannot brief.
        source: modal, command or shell.

    Raises:
        NotYourTurn: The author is not in the team.
        Unknown: The segment does not exist.
        BriefInvalid: Tier A, and no other person is a brand lead; or its champion
            cannot be, or the desk has no such slot, or nothing that writes for it.
        Refused: Nobody in the segment can be mailed.
    """
    require_role(playbook.everyone, author)
    playbook = playbook.of(team_of(author, playbook.teams))
    about = _about(store, playbook, brief)
    state = first_state(about.tier)
    if state is State.AWAITING_BRAND_LEAD:
        _check_brand_lead(playbook.team, author, about)
    brief_id = store.campaigns.add_brief(
        to_json(brief), sha256=brief_sha256(brief), author=author, source=source
    )
    campaign = store.campaigns.add(
        brief_id=brief_id,
        author=author,
        team=playbook.key,
        channel=playbook.team.channel,
        prompt=playbook.prompt(about.brief_channel).name,
        policy_hash=playbook.policy(about.brief_channel).hash,
        state=state,
        **asdict(about),
    )
    store.audit.append(
        campaign.id,
        "briefed",
        actor=author,
        after=campaign.state,
        detail={"source": source, **_told(store, brief, about)},
    )
    if state is State.BRIEFED:
        begin_writing(store, campaign)
    else:
        await_brand_lead(store, playbook, campaign)
    store.outbox.add("card", campaign.id, campaign.version, campaign.id)
    return campaign


def change_brief(
    store: Store,
    playbook: Playbook,
    brief_id: int,
    brief: Brief,
    *,
    author: str,
    source: str,
) -> Campaign:
    """Make the next version of a brief that waits for a brand lead, and ask again.

    A campaign that waits goes on waiting, whatever tier the new version asks for.

    Args:
        brief_id: The version that the author saw.

    Raises:
        NotYourTurn: The person did not write the brief.
        Overtaken: The brief has a newer version, or does not wait any more.
        BriefInvalid: Nothing was changed, or no other person is a brand lead.
        Refused: Nobody in the segment can be mailed.
    """
    require_role(playbook.everyone, author)
    campaign = store.campaigns.lock_for_brief(brief_id)
    playbook = playbook.of(campaign.team)
    check_may_change(author, author=campaign.author)
    before = waiting_brief(store, campaign, brief_id)
    changed = changed_fields(before.body, to_json(brief))
    if not changed:
        raise BriefInvalid({"title": "Nothing was changed yet."})
    about = _about(store, playbook, brief)
    _check_brand_lead(playbook.team, author, about)
    newer = store.campaigns.add_brief(
        to_json(brief),
        sha256=brief_sha256(brief),
        author=author,
        source=source,
        parent=before,
    )
    campaign = advance(
        store,
        campaign.id,
        Event.BRIEF_CHANGED,
        actor=Actor(id=author),
        detail={
            "brief_version": before.number + 1,
            "changed": list(changed),
            **_told(store, brief, about),
        },
        brief_id=newer,
        **asdict(about),
    )
    await_brand_lead(store, playbook, campaign)
    return campaign


def waiting_brief(store: Store, campaign: Campaign, brief_id: int) -> BriefVersion:
    """The brief that a locked campaign waits with, if it is the one that was seen.

    Raises:
        Overtaken: A newer version took its place, it was approved and is frozen, or
            the campaign has ended.
    """
    version = store.campaigns.brief_version(campaign.id)
    if version.id != brief_id:
        raise Overtaken(
            f"The brief of #{campaign.id} has been changed since this card was drawn;"
            f" version {version.number} is the newest."
        )
    if campaign.state is State.AWAITING_BRAND_LEAD:
        return version
    decision = store.strategy.decision(brief_id)
    if decision is not None and decision.is_approval:
        raise Overtaken(
            f"The strategy of #{campaign.id} was approved by <@{decision.actor}>, so its"
            " brief is frozen. Clone the brief to start another campaign."
        )
    raise Overtaken(
        f"#{campaign.id} does not wait for a brand lead any more;"
        f" it is {campaign.state.replace('_', ' ')} now."
    )


def begin_writing(store: Store, campaign: Campaign) -> None:
    """Make the variants that the brief asks for, and queue the writing of each."""
    body = store.campaigns.brief(campaign.id)
    asked = int(str(body.get("variants") or 1))
    champion = str(body.get("champion") or "")
    for variant in store.variants.add(campaign.id, LABELS[:asked]):
        if champion and variant.label == LABELS[0]:
            copied = champions_copy(
                store, champion, team=campaign.team, channel=campaign.brief_channel
            )
            drafted(store, variant, copied.text, copied.origin)
        else:
            store.outbox.add("write", variant.id, variant.version, campaign.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What the campaign's row says of its brief, column by column."""

    title: str
    brief_channel: Channel
    slot: str
    tier: str
    tier_reason: str | None
    audience_id: int
    audience_size: int
    suppressed_before: int
    send_at: datetime | None


def _about(store: Store, playbook: Playbook, brief: Brief) -> _About:
    """Check a brief against the desk: whom it would reach, and how strictly."""
    channel = _channel(playbook, brief)
    audience = store.audiences.by_key(brief.audience)
    size, mailable = store.audiences.reach(audience)
    if channel.is_mailed and mailable == 0:
        raise Refused(
            f'Nobody in "{audience.title}" can be mailed:'
            f" of {size:,} recipients none has given consent"
            " and is not suppressed. Choose another segment or import a list."
        )
    if brief.champion:
        champions_copy(store, brief.champion, team=playbook.key, channel=channel)
    # whoever reads a page has consented to no mail, and is none of its recipients
    reached = mailable if channel.is_mailed else size
    rules, asked = playbook.rules, to_json(brief)
    raised = raise_tier(asked, reached, rules.raises, rules.risk_of(asked))
    return _About(
        title=brief.title,
        brief_channel=channel,
        slot=brief.slot,
        tier=raised.tier,
        tier_reason=raised.reason,
        audience_id=audience.id,
        audience_size=reached,
        suppressed_before=size - reached,
        send_at=brief.send_at,
    )


def _channel(playbook: Playbook, brief: Brief) -> Channel:
    """What the copy is for, checked against the slot that is to show it."""
    channel = Channel(brief.channel)
    try:
        playbook.check_writes(channel)
    except Refused as refused:
        raise BriefInvalid({"channel": str(refused)}) from refused
    if channel.is_mailed:
        return channel
    slots = [each.key for each in shown_in(channel, playbook.slots.values())]
    if brief.slot not in slots:
        raise BriefInvalid(
            {
                "slot": f"{NAMES[channel]} copy is shown in"
                f" {' or '.join(sorted(slots)) or 'no slot of slots.yaml yet'},"
                f' not in "{brief.slot}".'
            }
        )
    return channel


def _check_brand_lead(team: Team, author: str, about: _About) -> None:
    if not brand_leads(team, author=author):
        raised = f"{about.tier_reason} " if about.tier_reason else ""
        raise BriefInvalid(
            {
                "tier": f"{raised}Tier A waits for a brand lead who did not write the"
                " brief, and team.yaml names nobody else."
            }
        )


def _told(store: Store, brief: Brief, about: _About) -> dict[str, object]:
    return {
        "brief": brief_sha256(brief),
        "audience": brief.audience,
        **store.audiences.chosen_by(store.audiences.get(about.audience_id)),
        "recipients"
        if about.brief_channel.is_mailed
        else "people": about.audience_size,
        **({"slot": about.slot} if about.slot else {}),
        "tier": about.tier,
        "tier_reason": about.tier_reason,
    }


def cancel(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: str
) -> Campaign:
    """End a campaign before any mail leaves; anyone with a role may.

    Raises:
        MoveNotAllowed: Mail has left (roll back instead), or it has ended.
    """
    require_role(playbook.everyone, actor)
    return advance(store, campaign_id, Event.CANCELLED, actor=Actor(id=actor))


def channel_joined(store: Store, channel: str) -> int:
    """Queue the cards that waited for the bot to be invited; returns how many."""
    waiting = store.messages.blocked_in(channel)
    for campaign_id in waiting:
        refresh_card(
            store,
            store.campaigns.get(campaign_id),
            f"joined:{int(store.now.timestamp())}",
        )
    return len(waiting)
