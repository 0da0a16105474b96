"""Send one chunk: intent, call, result; an answer that never came is never resent blindly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from domain.campaign import FINAL, SENDING, Actor, Campaign, Event
from domain.errors import Overtaken, Refused, TryLater
from domain.left_out import GIVEN_UP, UNMERGED, too_many
from domain.personalize import CannotRender, Fallback
from domain.send import Chunk, ChunkId, ChunkState, Send
from domain.variant import RevisionId, VariantId
from pipeline import failpoint
from pipeline.advance import advance, refresh_card
from pipeline.esp.port import Accepted, Mail, OutcomeUnknown
from pipeline.merging import link_of, profile_of, template_of
from pipeline.outgoing import batch_of, mail_of, unsubscribe_url
from pipeline.playbook import Playbook
from pipeline.record import merged
from pipeline.record.canary import settle_step
from pipeline.record.departures import held_back, leaves
from pipeline.record.events import told_at_hand_over
from pipeline.record.rollbacks import note_leak
from pipeline.tasks import Task
from pipeline.tokens import make_token
from pipeline.wiring import Deps
from storage.store import Store

log = structlog.get_logger(__name__)

_AGAIN_AFTER: Final = timedelta(seconds=5)
"""Least wait before a chunk that the ESP did not take is handed over again."""

SENDER: Final = Actor.machine("sender")


def send(deps: Deps, chunk_id: int, version: int) -> None:
    """Do the next right thing for a chunk, from whatever state it is found in.

    Raises:
        Overtaken: The gate is shut, or another job has the chunk.
        TryLater: The ESP is away, or the chunk's call may still be under way.
    """
    with deps.database.begin() as store:
        chunk = _ready(store, chunk_id, version)
        is_planned = chunk.state is ChunkState.PLANNED
        # before anything is merged or the ESP is asked for anything
        campaign = store.campaigns.lock(chunk.campaign_id)
        if is_planned and _settles_reported(store, deps, chunk):
            return
        if is_planned and held_back(store, deps.playbook, campaign, chunk):
            return
    if is_planned:
        _hand_over(deps, chunk)
    else:
        _reconcile(deps, chunk)


def _ready(store: Store, chunk_id: int, version: int) -> Chunk:
    """The chunk, if this job may still touch it.

    A crash between intent and result leaves the version one ahead of the job's.
    """
    chunk = store.sends.chunk(ChunkId(chunk_id))
    campaign = store.campaigns.get(chunk.campaign_id)
    open_states = (ChunkState.INTENT, ChunkState.UNKNOWN)
    if chunk.state in open_states and chunk.version in (version, version + 1):
        return chunk
    if chunk.state is not ChunkState.PLANNED or chunk.version != version:
        raise Overtaken(f"Chunk {chunk.number} is {chunk.state} already.")
    if campaign.state not in SENDING or chunk.step > campaign.step:
        raise Overtaken(f"The gate of #{campaign.id} is shut for chunk {chunk.number}.")
    return chunk


def _settles_reported(store: Store, deps: Deps, chunk: Chunk) -> bool:
    """Of a chunk that is sent again, what the ESP has told of meanwhile is out.

    Returns:
        Whether there was any; what is left of the chunk is queued anew.
    """
    known = store.sends.reported(chunk.id) if chunk.may_duplicate else frozenset()
    if not known:
        return False
    if deps.esp.capabilities.takes_all_or_none:
        taken = chunk.size - chunk.skipped
        _sent(store, deps.playbook, chunk, taken, how="reconciled")
        return True
    rest, part = store.sends.split(chunk, known)
    if rest is not None:
        store.outbox.add("send", rest.id, rest.version, rest.campaign_id)
    if part is not None:
        _sent(store, deps.playbook, part, len(known), how="reconciled")
    return True


def _hand_over(deps: Deps, chunk: Chunk) -> None:
    mails = _mails(deps, chunk)
    try:
        batch_id = deps.esp.new_batch()
    except Refused as error:
        _refused(deps, chunk, str(error))
        return
    failpoint.hit("send.after_batch")
    with deps.database.begin() as store:
        found = _intend(store, deps, chunk, batch_id, mails)
    if found is None:
        return
    intended, leaving = found
    failpoint.hit("send.after_intent")
    try:
        answer = _call(deps, chunk, batch_id, leaving)
    except OutcomeUnknown as error:
        _unknown(deps, intended, str(error))
        return
    except TryLater as later:
        # the ESP took nothing, so the chunk may go again
        with deps.database.begin() as store:
            _back_to_planned(store, intended, "put_off", after=later.retry_after)
        return
    except Refused as error:
        _refused(deps, intended, str(error))
        return
    failpoint.hit("send.after_call")
    with deps.database.begin() as store:
        _answered(store, deps, intended, answer)


def _intend(
    store: Store, deps: Deps, chunk: Chunk, batch_id: str, mails: Sequence[Mail]
) -> tuple[Chunk, list[Mail]] | None:
    """The gate and every limit, once more and under lock, right before the call.

    Returns:
        The chunk and what leaves of it; None when it has to wait after all.

    Raises:
        Overtaken: The gate is shut.
        TryLater: Another job has the chunk.
    """
    campaign = store.campaigns.lock(chunk.campaign_id)
    if _ready(store, chunk.id, chunk.version).state is not ChunkState.PLANNED:
        raise TryLater(f"Another job has chunk {chunk.number} in its hands.")
    # who asked for silence while the chunk was rendered
    barred = store.sends.barred(chunk.id)
    ready = [mail for mail in mails if mail.send_id not in barred]
    ids = [mail.send_id for mail in ready]
    left_out = leaves(store, deps.playbook, campaign, chunk, ready=ids)
    if left_out is None:
        return None
    leaving = [mail for mail in ready if mail.send_id not in left_out.send_ids]
    intended = store.sends.swap(
        chunk,
        ChunkState.INTENT,
        batch_id=batch_id,
        intent_at=store.now,
        skipped=chunk.size - len(leaving),
        capped=len(ready) - len(leaving),
        capped_reporting=left_out.reporting,
        esp=deps.esp.name,
        not_before=None,
        waits_for=None,
    )
    store.sends.skip_others(chunk.id, [mail.send_id for mail in leaving])
    return intended, leaving


def _call(deps: Deps, chunk: Chunk, batch_id: str, mails: Sequence[Mail]) -> Accepted:
    if not mails:
        return Accepted(accepted=0)
    return deps.esp.send(batch_of(deps, batch_id, chunk.campaign_id, mails))


def _answered(store: Store, deps: Deps, chunk: Chunk, answer: Accepted) -> None:
    """Keep an answer; mails with another fate than the rest get their own chunk.

    So a chunk is always sent, planned or unknown as a whole, and planning again what
    was not taken can never touch what was.
    """
    store.campaigns.lock(chunk.campaign_id)
    too_long = _too_long(store, deps.playbook, chunk, answer)
    is_stopped = _gives_up_too_many(store, chunk, len(too_long))
    given_up = frozenset() if is_stopped else too_long
    rest, unknown = store.sends.split(chunk, answer.unknown)
    if unknown is not None:
        _now_unknown(store, deps, unknown, f"{deps.esp.title} did not answer.")
    later = None
    if rest is not None:
        rest, later = store.sends.split(rest, answer.later - given_up)
    if later is not None:
        _put_off(store, later, answer)
    if rest is not None:
        store.sends.skip(answer.refused | given_up)
        # not only those it names: some ESPs merely count whom they leave out
        refused = rest.size - rest.skipped - answer.accepted
        rest = store.sends.swap(rest, rest.state, given_up=len(given_up))
        _sent(
            store, deps.playbook, rest, answer.accepted, refused=refused, how="accepted"
        )
    told_at_hand_over(
        store,
        deps.playbook,
        chunk.campaign_id,
        bounced=answer.bounced,
        deferred=given_up,
    )
    if is_stopped:
        _park_put_off(store, deps, chunk, len(too_long))


def _too_long(
    store: Store, playbook: Playbook, chunk: Chunk, answer: Accepted
) -> frozenset[int]:
    """Whom the ESP has put off once more, after it may no longer."""
    since = chunk.put_off_at
    is_over = since is not None and store.now - since >= playbook.give_up_after
    return answer.put_off if is_over else frozenset()


def _gives_up_too_many(store: Store, chunk: Chunk, given_up: int) -> bool:
    """Whether that would be no matter of a few addresses any more."""
    before = store.sends.left_out(chunk.campaign_id, besides=chunk.id)
    return given_up > 0 and too_many(
        before.given_up + given_up,
        tried=before.tried + chunk.size,
        planned=_planned(store, chunk),
        share=GIVEN_UP,
    )


def _planned(store: Store, chunk: Chunk) -> int:
    """Mails of all steps up to a chunk's."""
    steps = store.sends.cohorts(chunk.campaign_id)
    return sum(each.planned for each in steps[: chunk.step + 1])


def _put_off(store: Store, later: Chunk, answer: Accepted) -> None:
    """Plan again what was not taken; the time until we give up begins with the first."""
    since = later.put_off_at or (store.now if answer.put_off else None)
    _back_to_planned(
        store, later, "put_off", after=answer.retry_after, put_off_at=since
    )


def _park_put_off(store: Store, deps: Deps, chunk: Chunk, count: int) -> None:
    """Not one address but the ESP: a person looks before so many are left out."""
    campaign = store.campaigns.get(chunk.campaign_id)
    if campaign.state not in SENDING:
        return
    reason = (
        f"{deps.esp.title} has put off {count:,} of {chunk.size:,} mails of chunk"
        f" {chunk.number} for too long (give_up_after), which is more than a few"
        " addresses. They are kept; Retry hands them over again."
    )
    advance(store, campaign.id, Event.PARKED, actor=SENDER, reason=reason)


def _mails(deps: Deps, chunk: Chunk) -> list[Mail]:
    """Render the chunk; who cannot be rendered or mailed is left out."""
    sends = deps.database.look(lambda store: store.sends.mails(chunk.id))
    templates = deps.database.look(
        lambda store: {
            revision_id: template_of(
                store, deps.playbook, deps.templates, RevisionId(revision_id)
            )
            for revision_id in {send.revision_id for send in sends}
        }
    )
    links = _links(deps, sends)
    mails, failed = [], 0
    reasons: Counter[Fallback] = Counter()
    with_fallback = 0
    for each in sends:
        url = _unsubscribe_url(deps, each)
        try:
            rendered = templates[each.revision_id].render(
                profile_of(
                    each.recipient,
                    cta_url=links[each.variant_id],
                    unsubscribe_url=url,
                )
            )
        except CannotRender:
            failed += 1
            continue
        if rendered.kept_back:
            with_fallback += 1
            reasons.update(rendered.kept_back)
        mails.append(mail_of(each.id, each.recipient.address, rendered, url))
    if failed or with_fallback or chunk.unmerged:
        with deps.database.begin() as store:
            merged(
                store,
                chunk,
                failed=failed,
                with_fallback=with_fallback,
                reasons=reasons,
                actor=SENDER,
            )
    if failed:
        _stop_if_too_many(deps, chunk, failed)
    return mails


def _links(deps: Deps, sends: Sequence[Send]) -> dict[int, str]:
    """The call-to-action link per variant, with the id that a conversion names."""
    secret = deps.settings.secret_key.get_secret_value()
    return deps.database.look(
        lambda store: {
            variant_id: link_of(store, VariantId(variant_id), secret)
            for variant_id in {send.variant_id for send in sends}
        }
    )


def _unsubscribe_url(deps: Deps, send: Send) -> str:
    secret = deps.settings.secret_key.get_secret_value()
    return unsubscribe_url(deps, make_token(secret, send.id))


def _stop_if_too_many(deps: Deps, chunk: Chunk, failed: int) -> None:
    """Send nothing of a chunk when too many mails of its campaign come out wrong.

    Raises:
        Overtaken: The campaign is parked with the reason.
    """
    with deps.database.begin() as store:
        store.campaigns.lock(chunk.campaign_id)
        before = store.sends.left_out(chunk.campaign_id, besides=chunk.id)
        count, tried = before.unmerged + failed, before.tried + chunk.size
        if not too_many(
            count, tried=tried, planned=_planned(store, chunk), share=UNMERGED
        ):
            return
        reason = (
            f"{count:,} of {tried:,} mails so far could not be merged, more than 1 in"
            f" 100. Nothing of chunk {chunk.number} was sent."
        )
        advance(store, chunk.campaign_id, Event.PARKED, actor=SENDER, reason=reason)
    raise Overtaken(reason)


def _reconcile(deps: Deps, chunk: Chunk) -> None:
    """Find out what became of a call that never answered.

    Raises:
        TryLater: The call may still be under way.
    """
    asked_at = chunk.intent_at or deps.clock()
    age = deps.clock() - asked_at
    if chunk.state is ChunkState.INTENT:
        limit = deps.settings.send_limit
        if age < limit:
            raise TryLater(
                f"Chunk {chunk.number} may still be under way.",
                retry_after=limit - age,
            )
        chunk = _unknown(deps, chunk, "The sender died during the call.")
    recipients = deps.database.look(lambda store: store.sends.addresses(chunk.id))
    # another ESP would truthfully say that it has none of them
    is_theirs = chunk.esp in ("", deps.esp.name)
    can_look_up = is_theirs and deps.esp.capabilities.look_up_lag is not None
    taken = (
        deps.esp.look_up(chunk.batch_id, recipients)
        if can_look_up and chunk.batch_id
        else None
    )
    with deps.database.begin() as store:
        store.campaigns.lock(chunk.campaign_id)
        known = store.sends.reported(chunk.id) | (taken or frozenset())
        if known and is_theirs and deps.esp.capabilities.takes_all_or_none:
            # one request carries the chunk: the ESP took all of it, or nothing
            taken_all = chunk.size - chunk.skipped
            _sent(store, deps.playbook, chunk, taken_all, how="reconciled")
        elif known:
            _settle_known(store, deps, chunk, known, age)
        elif taken is not None and age > _look_up_lag(deps):
            # the ESP itself says that it has none of them: not a blind resend
            _back_to_planned(store, chunk, "not_taken")
        else:
            _look_again(store, deps, chunk, age)


def _look_up_lag(deps: Deps) -> timedelta:
    """How old a call must be for the ESP's "none of it" to be proof.

    The playbook may ask for more than the ESP's own lag, never for less. The lag is in
    practice time where that runs, which real mail refuses to be sent in.
    """
    own = deps.esp.capabilities.look_up_lag or timedelta(0)
    return max(deps.playbook.look_up_lag, own / deps.settings.time_scale)


def _settle_known(
    store: Store, deps: Deps, chunk: Chunk, known: frozenset[int], age: timedelta
) -> None:
    """Where each mail has its own fate, evidence about one settles that one only."""
    skipped = chunk.skipped
    rest, part = store.sends.split(chunk, known)
    if rest is not None and rest.size > skipped:
        _look_again(store, deps, rest, age)
    elif rest is not None:
        # all that was not skipped is accounted for
        _sent(store, deps.playbook, rest, 0, how="reconciled")
    if part is not None:
        _sent(store, deps.playbook, part, len(known), how="reconciled")


def _unknown(deps: Deps, chunk: Chunk, why: str) -> Chunk:
    with deps.database.begin() as store:
        store.campaigns.lock(chunk.campaign_id)
        return _now_unknown(store, deps, chunk, why)


def _now_unknown(store: Store, deps: Deps, chunk: Chunk, why: str) -> Chunk:
    unknown = store.sends.swap(chunk, ChunkState.UNKNOWN, reason=why)
    store.audit.append(
        chunk.campaign_id,
        "chunk_unknown",
        actor=SENDER.id,
        detail={"chunk": chunk.number, "size": chunk.size, "reason": why},
    )
    _look_again(store, deps, unknown, timedelta(0))
    campaign = store.campaigns.get(chunk.campaign_id)
    refresh_card(store, campaign, f"c{unknown.id}.{unknown.version}")
    return unknown


def _look_again(store: Store, deps: Deps, chunk: Chunk, age: timedelta) -> None:
    """Set the next look; after `unknown_after` only a person's click looks again."""
    if age > deps.playbook.unknown_after:
        campaign = store.campaigns.get(chunk.campaign_id)
        refresh_card(store, campaign, f"c{chunk.id}.asked{int(store.now.timestamp())}")
        return
    wait = min(deps.playbook.unknown_after, timedelta(seconds=15))
    tick = int(store.now.timestamp())
    store.outbox.add(
        "send",
        chunk.id,
        chunk.version,
        chunk.campaign_id,
        after=wait,
        suffix=f":look{tick}",
    )


def _sent(
    store: Store,
    playbook: Playbook,
    chunk: Chunk,
    accepted: int,
    *,
    refused: int = 0,
    how: str,
) -> None:
    campaign = store.campaigns.lock(chunk.campaign_id)
    settled = store.sends.swap(
        chunk,
        ChunkState.SENT,
        accepted=accepted,
        accepted_at=store.now,
        skipped=chunk.skipped + refused,
        reason=None,
    )
    store.audit.append(
        campaign.id,
        f"chunk_{how}",
        actor=SENDER.id,
        detail={
            "chunk": chunk.number,
            "step": chunk.step,
            "accepted": accepted,
            "skipped": settled.skipped,
            **({"capped": settled.capped} if settled.capped else {}),
            **({"given_up": settled.given_up} if settled.given_up else {}),
        },
    )
    log.info("esp.batch_accepted", campaign=campaign.id, chunk=chunk.number, n=accepted)
    refresh_card(store, campaign, f"c{settled.id}.{settled.version}")
    note_leak(store, campaign)
    settle_step(store, playbook, campaign.id)


def _back_to_planned(
    store: Store,
    chunk: Chunk,
    why: str,
    *,
    after: timedelta = _AGAIN_AFTER,
    **changes: object,
) -> None:
    """The ESP has nothing of it: plan it again, behind the same gate."""
    campaign = store.campaigns.lock(chunk.campaign_id)
    planned = _put_back(store, campaign, chunk, why, **changes)
    store.audit.append(
        campaign.id,
        f"chunk_{why}",
        actor=SENDER.id,
        detail={"chunk": chunk.number, "size": chunk.size},
    )
    if planned.state is ChunkState.PLANNED:
        store.outbox.add(
            "send",
            planned.id,
            planned.version,
            campaign.id,
            after=max(after, _AGAIN_AFTER),
            suffix=f":{campaign.version}",
        )


def _put_back(
    store: Store, campaign: Campaign, chunk: Chunk, why: str, **changes: object
) -> Chunk:
    """A paused campaign keeps the chunk for when it goes on; an ended one does not."""
    after = ChunkState.REVOKED if campaign.state in FINAL else ChunkState.PLANNED
    return store.sends.swap(
        chunk, after, batch_id=None, intent_at=None, reason=why, **changes
    )


def _refused(deps: Deps, chunk: Chunk, why: str) -> None:
    """The ESP will not take it as it stands: an engineer has to look."""
    with deps.database.begin() as store:
        campaign = store.campaigns.lock(chunk.campaign_id)
        _put_back(store, campaign, chunk, why)
        if campaign.state in SENDING:
            advance(store, campaign.id, Event.PARKED, actor=SENDER, reason=why)


TASK: Final = Task(name="send", queue="send", run=send)
