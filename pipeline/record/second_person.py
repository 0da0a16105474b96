"""An act that takes two people: the first press asks, another person's confirms."""

from __future__ import annotations

from domain.campaign import Campaign
from domain.second_person import Act, Ask, check_not_author, confirms
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.roles import require_own_team
from storage.store import Store


def take_second(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    act: Act,
    *,
    actor: str,
    row_id: int,
    row_version: int,
) -> Ask | None:
    """Confirm what another person asked for, or else ask for it.

    The caller has locked the campaign, and acts in the same transaction when this
    returns an ask.

    Args:
        row_id: The campaign or the chunk that is acted on, at `row_version`.

    Returns:
        What this press confirms; None when it asked.

    Raises:
        NotYourTurn: The author, another team, or the person who asked.
    """
    require_own_team(playbook, campaign, actor)
    check_not_author(act, actor=actor, author=campaign.author)
    ask = store.second_asks.find(act, row_id, row_version)
    team = playbook.of(campaign.team).team
    asker_may = ask is not None and team.has_any_role(ask.asked_by)
    if ask and confirms(ask, actor=actor, now=store.now, asker_may=asker_may):
        store.second_asks.confirmed(ask, by=actor)
        return ask
    until = store.now + playbook.on_call.second_person_within
    store.second_asks.ask(campaign.id, act, row_id, row_version, by=actor, until=until)
    store.audit.append(
        campaign.id,
        "second_person_asked",
        actor=actor,
        detail={"act": act, "until": until.isoformat()},
    )
    because = f"second{store.audit.last_seq(campaign.id)}"
    refresh_card(store, campaign, because)
    # once more when it has expired, so that no card offers what is over
    refresh_card(
        store, campaign, f"{because}over", after=playbook.on_call.second_person_within
    )
    return None
