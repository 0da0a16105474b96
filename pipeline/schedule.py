"""Plan who gets an approved campaign in which step, batch by batch, and set its start.

Each batch is a short transaction, so that a click never waits for a long list. What is
planned so far counts for nothing: the campaign stays approved, and nobody is mailed,
until the last transaction makes the plan whole. A job that dies leaves a half plan,
which the next one goes on with, or discards when it belongs to another approval or
import.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from domain.campaign import Actor, Campaign, CampaignId, Event
from domain.cohort import Ranked, arm_of, divide, rank_of, reports_complaints, salt_of
from domain.errors import Overtaken, TryLater
from domain.segment import FilterInvalid
from domain.send import CHUNK_SIZE
from domain.variant import Variant
from domain.warm_up import WarmUp, day_of
from pipeline import failpoint
from pipeline.advance import advance
from pipeline.playbook import Playbook
from pipeline.slot_plan import plan_in_slot
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage.audiences import Mailable
from storage.half_plans import HalfPlan
from storage.sends import Cohort, Piece, Place
from storage.store import Store

BATCH: Final = 2_000
"""Recipients that get their places in one transaction, some 30 ms on a quiet machine."""

TURN: Final = timedelta(seconds=60)
"""How long a job plans before it makes room; well within a job's time limit."""

SCHEDULER: Final = Actor.machine("scheduler")


def schedule(deps: Deps, campaign_id: int, version: int, *, batch: int = BATCH) -> None:
    """Fix cohorts, chunks and one send per recipient, and wait for the send time.

    Raises:
        Overtaken: The campaign has moved on.
        TryLater: The list was imported anew, another job has the plan, or it is long.
    """
    number = CampaignId(campaign_id)
    if deps.database.look(lambda store: store.campaigns.get(number).slot):
        plan_in_slot(deps, number, version)
        return
    turn = _Turn(
        deps=deps,
        number=number,
        version=version,
        salt=salt_of(number),
        batch=batch,
        until=deps.clock() + TURN,
    )
    try:
        half = turn.found() or turn.begun()
        if half is not None:
            turn.finish(turn.filled(half))
    except FilterInvalid as error:
        _park(deps, number, version, f"Its segment cannot be read any more. {error}")
        return
    if half is None:
        # everybody has asked for silence since the brief: a person has to see that
        _park(deps, number, version, _NOBODY_LEFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """What one job does about a campaign's plan."""

    deps: Deps
    number: CampaignId
    version: int
    salt: str
    batch: int
    until: datetime

    def found(self) -> HalfPlan | None:
        """The half plan of this approval, if there is one; any other is discarded."""
        while True:
            with self.deps.database.begin() as store:
                campaign = self._locked(store)
                half = store.half_plans.get(self.number)
                if half is not None and self._is_ours(store, campaign, half):
                    return half
                # in parts as well: taking a long list's plan back outlasts a click
                if not store.sends.discard_plan(
                    self.number, most=max(self.batch // CHUNK_SIZE, 1)
                ):
                    if half is not None:
                        store.half_plans.end(half)
                    return None
            self._make_room()

    def begun(self) -> HalfPlan | None:
        """A plan with nobody in it yet; None when nobody can be mailed."""
        half = self.deps.database.look(self._divided)
        if half is None:
            return None
        with self.deps.database.begin() as store:
            if not self._is_ours(store, self._locked(store), half):
                raise TryLater(_IMPORTED_ANEW)
            store.half_plans.begin(half)
        return half

    def _divided(self, store: Store) -> HalfPlan | None:
        audience = store.audiences.get(store.campaigns.get(self.number).audience_id)
        if not store.audiences.mailable_keys(audience.id, limit=1):
            return None
        division = divide(
            lambda: map(self._ranked, _everybody(store, audience.id, self.batch)),
            self.deps.playbook.ladder,
        )
        nobody = (0,) * len(division.steps)
        return HalfPlan(
            campaign_id=self.number,
            version=self.version,
            import_id=store.audiences.shown(audience.list_id),
            division=division,
            planned=nobody,
            reporting=nobody,
        )

    def filled(self, half: HalfPlan) -> HalfPlan:
        """Give everybody who is left a place."""
        chunking = self.deps.database.look(self._chunking)
        while people := self._next(half):
            planned, reporting = list(half.planned), list(half.reporting)
            for each in people:
                step = half.division.step_of(self._ranked(each))
                chunking.put(each, step)
                planned[step] += 1
                reporting[step] += reports_complaints(each.provider)
            pieces = chunking.take()
            with self.deps.database.begin() as store:
                if not self._is_ours(store, self._locked(store), half):
                    raise TryLater(_IMPORTED_ANEW)
                # first, as it tells whether another job has planned these people
                half = store.half_plans.go_on(
                    half,
                    after_id=people[-1].id,
                    planned=planned,
                    reporting=reporting,
                )
                store.sends.lay(self.number, pieces)
            failpoint.hit("schedule.after_batch")
            self._make_room()
        return half

    def _next(self, half: HalfPlan) -> list[Mailable]:
        return self.deps.database.look(
            lambda store: store.audiences.mailable_keys(
                store.campaigns.get(self.number).audience_id,
                after_id=half.after_id,
                limit=self.batch,
            )
        )

    def finish(self, half: HalfPlan) -> None:
        """Make the plan whole, and set the start."""
        failpoint.hit("schedule.before_end")
        with self.deps.database.begin() as store:
            campaign = self._locked(store)
            if not self._is_ours(store, campaign, half):
                raise TryLater(_IMPORTED_ANEW)
            store.half_plans.end(half)
            # a step that everybody has left since they were counted would never end
            is_whole = all(half.planned)
            if is_whole:
                store.sends.settle_plan(self.number, _cohorts(half))
                _set_start(store, campaign, half)
        if not is_whole:
            raise TryLater("Nobody is left of a step, so the list is divided anew.")

    def _locked(self, store: Store) -> Campaign:
        campaign = store.campaigns.lock(self.number)
        if campaign.version != self.version:
            raise Overtaken(f"Campaign #{self.number} has moved on.")
        return campaign

    def _is_ours(self, store: Store, campaign: Campaign, half: HalfPlan) -> bool:
        """Of this approval, and of the people that the list shows until we commit."""
        list_id = store.audiences.get(campaign.audience_id).list_id
        shown = store.audiences.shown(list_id, hold=True)
        return (half.version, half.import_id) == (self.version, shown)

    def _ranked(self, who: Mailable) -> Ranked:
        rank = rank_of(who.address_hash, self.salt)
        return Ranked(who.provider, rank, who.address_hash)

    def _chunking(self, store: Store) -> _Chunking:
        playbook = self.deps.playbook
        warm_up = playbook.sending.warm_up or WarmUp()
        return _Chunking(
            store.variants.arms(self.number),
            playbook,
            salt=self.salt,
            today=day_of(store.sends.first_intent_at(), store.now, warm_up.day),
            batch_size=self.deps.esp.capabilities.batch_size,
            laid=store.sends.laid(self.number),
        )

    def _make_room(self) -> None:
        """Let other jobs have the worker after a while; the half plan stays.

        Raises:
            TryLater: The turn is over.
        """
        if self.deps.clock() >= self.until:
            raise TryLater("A long list is planned in turns.", retry_after=timedelta(0))


def _everybody(store: Store, audience_id: int, batch: int) -> Iterator[Mailable]:
    after_id = 0
    while people := store.audiences.mailable_keys(
        audience_id, after_id=after_id, limit=batch
    ):
        yield from people
        after_id = people[-1].id


class _Slot(NamedTuple):
    """What all mails of a chunk share: what is the same for them travels once."""

    step: int
    label: str
    time_zone: str
    provider: str


class _Chunking:
    """By what the playbook's limits divide recipients into chunks, and its open ones."""

    def __init__(
        self,
        arms: Sequence[Variant],
        playbook: Playbook,
        *,
        salt: str,
        today: int,
        batch_size: int,
        laid: int,
    ) -> None:
        self._arms = {arm.label: arm for arm in arms}
        self._salt, self._today, self._batch_size = salt, today, batch_size
        self._has_window = playbook.sending.window is not None
        self._warm_up = playbook.sending.warm_up or WarmUp()
        self._limited = self._warm_up.providers
        self._laid = laid
        # number and room of the chunk that each slot fills at present
        self._open: dict[_Slot, tuple[int, int]] = {}
        self._put: dict[tuple[int, _Slot], list[int]] = defaultdict(list)

    def put(self, who: Mailable, step: int) -> None:
        slot = _Slot(
            step,
            arm_of(who.address_hash, tuple(self._arms), self._salt),
            # as far as a limit asks for them
            who.time_zone if self._has_window else "",
            who.provider if who.provider in self._limited else "",
        )
        number, room = self._open.get(slot, (0, 0))
        if not room:
            self._laid += 1
            number, room = self._laid, self._most(slot.provider)
        self._open[slot] = number, room - 1
        self._put[number, slot].append(who.id)

    def take(self) -> list[Piece]:
        """What was put since the last time."""
        put, self._put = self._put, defaultdict(list)
        return [
            Piece(
                number=number,
                step=slot.step,
                variant_id=self._arms[slot.label].id,
                revision_id=_text(self._arms[slot.label]),
                recipient_ids=ids,
                place=Place(time_zone=slot.time_zone, provider=slot.provider),
            )
            for (number, slot), ids in put.items()
        ]

    def _most(self, provider: str) -> int:
        """Mails of a chunk: what the ESP takes, and the smallest day to come lets out."""
        least = (
            self._warm_up.ramps[key].least_from(self._today)
            for key in self._warm_up.applying(provider)
        )
        limits = (CHUNK_SIZE, self._batch_size)
        return min([*limits, *(each for each in least if each is not None)])


def _text(arm: Variant) -> int:
    if arm.revision_id is None:
        raise Overtaken(f"Variant {arm.label} has no text.")
    return arm.revision_id


def _cohorts(half: HalfPlan) -> list[Cohort]:
    return [
        Cohort(
            step=step.step,
            percent=step.percent,
            planned=planned,
            reporting=reporting,
            expands_itself=step.expands_alone,
        )
        for step, planned, reporting in zip(
            half.division.steps, half.planned, half.reporting, strict=True
        )
    ]


def _set_start(store: Store, campaign: Campaign, half: HalfPlan) -> None:
    start_at = max(campaign.send_at or store.now, store.now)
    segment = store.audiences.get(campaign.audience_id)
    advance(
        store,
        campaign.id,
        Event.SCHEDULED,
        actor=SCHEDULER,
        send_at=start_at,
        detail={
            "recipients": sum(half.planned),
            "steps": list(half.planned),
            "send_at": start_at,
            **store.audiences.chosen_by(segment),
        },
    )


def _park(deps: Deps, number: CampaignId, version: int, reason: str) -> None:
    with deps.database.begin() as store:
        if store.campaigns.lock(number).version != version:
            raise Overtaken(f"Campaign #{number} has moved on.")
        advance(store, number, Event.PARKED, actor=SCHEDULER, reason=reason)


_IMPORTED_ANEW: Final = "The list was imported anew while it was read."
_NOBODY_LEFT: Final = "Nobody in the segment can be mailed any more. Cancel it, or import a list and retry."


TASK: Final = Task(name="schedule", queue="send", run=schedule)
