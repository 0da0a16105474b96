"""A champion: copy that has been sent before, sent again beside new copy as its control."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.brief import BriefInvalid
from domain.campaign import CampaignId, State
from domain.channel import Channel
from domain.control import CHAMPION
from domain.errors import Unknown
from domain.variant import Copy, Origin, Variant
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """The copy to send again, and where it is from."""

    text: Copy
    origin: Origin


def champions_copy(
    store: Store, named: str, *, team: str, channel: Channel
) -> Champion:
    """Read the copy that a brief names.

    Args:
        named: The campaign and, where it sent several arms, the arm: 41, 41B.

    Raises:
        BriefInvalid: There is none, it was not sent, or the brief must say which arm.
    """
    found = CHAMPION.fullmatch(named)
    if found is None:
        raise _wrong(f'"{named}" names no campaign.')
    number = CampaignId(int(found["campaign"]))
    try:
        sent = store.campaigns.get(number)
    except Unknown as unknown:
        raise _wrong(str(unknown)) from unknown
    if (sent.state, sent.team, sent.brief_channel) != (State.SENT, team, channel):
        raise _wrong(
            f"#{number} is no champion: a campaign of the same team and channel that"
            " has been sent to everyone is one."
        )
    arm = _arm(store.variants.arms(number), number, found["arm"])
    if arm.revision_id is None:
        raise _wrong(f"Variant {arm.label} of #{number} has no text.")
    revision = store.variants.revision(arm.revision_id)
    origin = replace(
        revision.origin,
        # who wrote its words does not have the last word on them here either
        editor=store.variants.last_editor(revision),
        instruction=None,
        champion_of=number,
    )
    return Champion(text=revision.text, origin=origin)


def _arm(arms: tuple[Variant, ...], number: CampaignId, label: str | None) -> Variant:
    by_label = {each.label: each for each in arms}
    if label is None and len(arms) == 1:
        return arms[0]
    if label not in by_label:
        sent = " and ".join(by_label) or "no variant"
        such = f", such as {number}{arms[0].label}" if arms else ""
        raise _wrong(f"#{number} sent {sent}: say which{such}.")
    return by_label[label]


def _wrong(said: str) -> BriefInvalid:
    return BriefInvalid({"champion": said})
