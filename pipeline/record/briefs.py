"""A brief comes in, or is cancelled; its cards find their channel."""

from __future__ import annotations

from domain.brief import Brief, brief_sha256, to_json
from domain.campaign import Actor, Campaign, CampaignId, Event
from domain.errors import NotYourTurn, Refused
from domain.review import Team
from domain.variant import LABELS
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from storage.store import Store


def brief(
    store: Store, playbook: Playbook, brief: Brief, *, author: str, source: str
) -> Campaign:
    """Take a brief, and queue the writing of its variants.

    Args:
        author: Slack user id; a person without a role cannot brief.
        source: modal, command or shell.

    Raises:
        NotYourTurn: The author is not in the team.
        Unknown: The segment does not exist.
        Refused: Nobody in the segment can be mailed.
    """
    require_role(playbook.team, author)
    audience = store.audiences.by_key(brief.audience)
    mailable = store.audiences.mailable(audience.id)
    if mailable == 0:
        raise Refused(
            f'Nobody in "{audience.title}" can be mailed:'
            f" of {audience.size:,} recipients none has given consent"
            " and is not suppressed. Choose another segment or import a list."
        )
    brief_id = store.campaigns.add_brief(
        to_json(brief), sha256=brief_sha256(brief), author=author, source=source
    )
    campaign = store.campaigns.add(
        brief_id=brief_id,
        title=brief.title,
        tier=brief.tier,
        author=author,
        channel=playbook.team.channel,
        audience_id=audience.id,
        audience_size=mailable,
        suppressed_before=audience.size - mailable,
        prompt=playbook.prompt_name,
        policy_hash=playbook.policy.hash,
        send_at=brief.send_at,
    )
    store.audit.append(
        campaign.id,
        "briefed",
        actor=author,
        after=campaign.state,
        detail={
            "source": source,
            "brief": brief_sha256(brief),
            "audience": audience.key,
            "recipients": mailable,
            "tier": brief.tier,
        },
    )
    for variant in store.variants.add(campaign.id, LABELS[: brief.variants]):
        store.outbox.add("write", variant.id, variant.version, campaign.id)
    store.outbox.add("card", campaign.id, campaign.version, campaign.id)
    return campaign


def cancel(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: str
) -> Campaign:
    """End a campaign before any mail leaves; anyone with a role may.

    Raises:
        MoveNotAllowed: Mail has left (roll back instead), or it has ended.
    """
    require_role(playbook.team, actor)
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


def require_role(team: Team, actor: str) -> None:
    """Refuse a person whom team.yaml does not name.

    Raises:
        NotYourTurn: Says who can add them.
    """
    if not team.has_any_role(actor):
        raise NotYourTurn(
            "You have no role on this desk yet;"
            " whoever keeps playbook/team.yaml can add you."
        )
