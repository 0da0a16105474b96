"""Send a campaign's seed mails to the team: intent, calls, result; never a second time.

A mail that is missing costs nothing, so whatever is not known stays so and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from domain.campaign import FINAL, SENDING, Actor, Campaign
from domain.errors import CampaignError, Overtaken, Refused, TryLater
from domain.preview import made_up_profile
from domain.seeds import FIRST_SEND_ID, SeedMails, SeedState
from domain.variant import Variant
from pipeline import failpoint
from pipeline.advance import refresh_card
from pipeline.esp.port import Accepted, Mail, OutcomeUnknown
from pipeline.merging import template_of
from pipeline.outgoing import batch_of, mail_of, unsubscribe_url
from pipeline.record.freezes import stops
from pipeline.tasks import Task
from pipeline.tokens import OF_A_SEED
from pipeline.wiring import Deps
from storage.store import Store

log = structlog.get_logger(__name__)

SENDER: Final = Actor.machine("sender")

PROFILE: Final = "full"
"""Whom a seed mail is merged for: somebody made up of whom everything is known."""

_AGAIN_AFTER: Final = timedelta(seconds=5)
_OVER: Final = "The campaign had ended before they left."
_DIED: Final = "The sender died during the calls."


@dataclass(slots=True, kw_only=True)
class _Told:
    """What the ESP has said so far, arm by arm.

    Attributes:
        reasons: Why not all of them are out.
        is_unknown: Whether an answer is missing.
        later: How long what was not taken for now should wait.
    """

    accepted: int = 0
    reasons: list[str] = field(default_factory=list)
    is_unknown: bool = False
    later: timedelta | None = None

    @property
    def state(self) -> SeedState:
        if self.is_unknown:
            return SeedState.UNKNOWN
        if self.accepted:
            return SeedState.SENT
        # nothing of it was taken, so the whole may go again
        return SeedState.FAILED if self.later is None else SeedState.PLANNED

    def hear(self, answer: Accepted, mails: Sequence[Mail], esp: str) -> None:
        self.accepted += answer.accepted
        if answer.unknown:
            self.is_unknown = True
            self.reasons.append(f"{esp} did not answer for all of them.")
        elif answer.accepted < len(mails):
            self.reasons.append(f"{esp} did not take all of them.")
        if len(answer.later) == len(mails):
            self.later = answer.retry_after

    def hear_no_answer(self, error: CampaignError) -> None:
        self.is_unknown |= isinstance(error, OutcomeUnknown)
        if isinstance(error, TryLater):
            self.later = error.retry_after
        self.reasons.append(str(error))


def seeds(deps: Deps, seeds_id: int, version: int) -> None:
    """Hand a campaign's seed mails to the ESP, unless that was begun before.

    Raises:
        Overtaken: The gate is shut, or another job has them. What opens the gate again
            queues them again.
        TryLater: The ESP is away, or the calls may still be under way.
    """
    found = deps.database.look(lambda store: store.seeds.get(seeds_id))
    if found.state is SeedState.INTENT and found.version == version + 1:
        _lost(deps, found)
        return
    if found.state is not SeedState.PLANNED or found.version != version:
        raise Overtaken(f"Seed mails of #{found.campaign_id} are {found.state}.")
    with deps.database.begin() as store:
        # before anything is merged or the ESP is asked for anything
        if not _may_leave(store, deps, found):
            return
    try:
        mails = _mails(deps, found)
        batch_ids = [deps.esp.new_batch() for _ in mails]
    except Refused as refused:
        _settle(deps, found, _Told(reasons=[str(refused)]))
        return
    failpoint.hit("seeds.after_batch")
    with deps.database.begin() as store:
        if not _may_leave(store, deps, found):
            return
        intended = store.seeds.swap(
            found,
            SeedState.INTENT,
            seeds=len(deps.playbook.seeds),
            mails=sum(map(len, mails)),
            intent_at=store.now,
        )
    failpoint.hit("seeds.after_intent")
    told = _hand_over(deps, intended, list(zip(batch_ids, mails, strict=True)))
    failpoint.hit("seeds.after_call")
    if told.state is SeedState.PLANNED:
        _put_off(deps, intended, told.later or _AGAIN_AFTER)
    else:
        _settle(deps, intended, told)


def _may_leave(store: Store, deps: Deps, found: SeedMails) -> bool:
    """The gate and every freeze, under the campaign's lock.

    Raises:
        Overtaken: The gate is shut.
    """
    campaign = store.campaigns.lock(found.campaign_id)
    if campaign.state in FINAL:
        _keep(store, campaign, found, SeedState.FAILED, accepted=0, reason=_OVER)
        return False
    if campaign.state not in SENDING:
        raise Overtaken(f"The gate of #{campaign.id} is shut for its seed mails.")
    # what is frozen is queued again when that is over
    return stops(store, deps.playbook, campaign) is None


def _mails(deps: Deps, found: SeedMails) -> list[list[Mail]]:
    """Each arm's mails, merged as recipients' are, for somebody who does not exist.

    The link is the brief's own, so that the team's clicks are no conversions.

    Raises:
        Refused: There are no seeds any more, or a text cannot be merged.
    """
    addresses = deps.playbook.seeds
    if not addresses:
        raise Refused("canary.yaml names no seeds any more.")
    return deps.database.look(
        lambda store: [
            _of_arm(store, deps, found, arm, addresses, first=place * len(addresses))
            for place, arm in enumerate(store.variants.arms(found.campaign_id))
        ]
    )


def _of_arm(
    store: Store,
    deps: Deps,
    found: SeedMails,
    arm: Variant,
    addresses: Sequence[str],
    *,
    first: int,
) -> list[Mail]:
    if arm.revision_id is None:
        raise Refused(f"Variant {arm.label} has no text.")
    url = unsubscribe_url(deps, OF_A_SEED)
    profile = made_up_profile(
        PROFILE,
        deps.playbook.privacy,
        cta_url=str(store.campaigns.brief(found.campaign_id)["cta_url"]),
        unsubscribe_url=url,
    )
    template = template_of(store, deps.playbook, deps.templates, arm.revision_id)
    rendered = template.render(profile)
    return [
        mail_of(FIRST_SEND_ID + number, address, rendered, url)
        for number, address in enumerate(addresses, start=first)
    ]


def _hand_over(
    deps: Deps, intended: SeedMails, batches: Sequence[tuple[str, Sequence[Mail]]]
) -> _Told:
    """One call for each arm, as chunks have; a call that fails is the last."""
    told = _Told()
    for place, (batch_id, mails) in enumerate(batches):
        if place and not _is_open(deps, intended):
            told.reasons.append("The gate shut before all of them had left.")
            break
        try:
            answer = deps.esp.send(
                batch_of(deps, batch_id, intended.campaign_id, mails)
            )
        except CampaignError as error:
            told.hear_no_answer(error)
            break
        told.hear(answer, mails, deps.esp.title)
        if told.later is not None:
            break
    return told


def _is_open(deps: Deps, intended: SeedMails) -> bool:
    """Whether the gate is open still and nothing is frozen, right before a call."""
    with deps.database.begin() as store:
        campaign = store.campaigns.lock(intended.campaign_id)
        is_sending = campaign.state in SENDING
        return is_sending and stops(store, deps.playbook, campaign) is None


def _lost(deps: Deps, found: SeedMails) -> None:
    """A job of before was killed between intent and result: nobody knows.

    Raises:
        TryLater: Its calls may still be under way.
    """
    limit = deps.settings.send_limit
    age = deps.clock() - (found.intent_at or deps.clock())
    if age < limit:
        raise TryLater("The calls may still be under way.", retry_after=limit - age)
    _settle(deps, found, _Told(is_unknown=True, reasons=[_DIED]))


def _settle(deps: Deps, found: SeedMails, told: _Told) -> None:
    with deps.database.begin() as store:
        campaign = store.campaigns.lock(found.campaign_id)
        reason = " ".join(dict.fromkeys(told.reasons)) or None
        _keep(store, campaign, found, told.state, told.accepted, reason)


def _keep(  # noqa: PLR0917  # what became of which
    store: Store,
    campaign: Campaign,
    found: SeedMails,
    state: SeedState,
    accepted: int,
    reason: str | None,
) -> None:
    settled = store.seeds.swap(found, state, accepted=accepted, reason=reason)
    store.audit.append(
        campaign.id,
        f"seed_mails_{state}",
        actor=SENDER.id,
        detail={
            "seeds": settled.seeds,
            "accepted": accepted,
            **({"reason": reason} if reason else {}),
        },
    )
    refresh_card(store, campaign, f"seeds{settled.version}")
    log.info("seeds.settled", campaign=campaign.id, state=state, n=accepted)


def _put_off(deps: Deps, intended: SeedMails, after: timedelta) -> None:
    """The ESP took nothing: they go again, behind the same gate."""
    with deps.database.begin() as store:
        store.campaigns.lock(intended.campaign_id)
        planned = store.seeds.swap(intended, SeedState.PLANNED, intent_at=None)
        store.outbox.add(
            "seeds",
            planned.id,
            planned.version,
            planned.campaign_id,
            after=max(after, _AGAIN_AFTER),
        )


def give_up(deps: Deps, seeds_id: int, reason: str) -> None:
    """A bug, five times: the card says so, and the campaign goes on."""
    found = deps.database.look(lambda store: store.seeds.get(seeds_id))
    if found.state is SeedState.PLANNED:
        _settle(deps, found, _Told(reasons=[reason]))
    elif found.state is SeedState.INTENT:
        _settle(deps, found, _Told(is_unknown=True, reasons=[reason]))


TASK: Final = Task(name="seeds", queue="send", run=seeds, give_up=give_up)
