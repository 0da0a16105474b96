"""One run: a campaign from brief to its end, with one kill on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from domain.campaign import FINAL, CampaignId, State
from domain.errors import Refused
from domain.freeze import FreezeId
from domain.rollback import StepState
from domain.send import ChunkState
from pipeline.failpoint import NAMES
from storage.store import Store
from storage.tables import outbox
from tests.crash.people import People, Unanswered
from tests.crash.stack import Stack, is_up

END_WITHIN_S: Final = 240
_TICK_S: Final = 0.03
_HIT_WITHIN_S: Final = 60
"""A worker that was killed in the run before may be behind with cards."""
_SETTLED: Final = (ChunkState.SENT, ChunkState.REVOKED)


class Moment(StrEnum):
    """When a failpoint is armed."""

    BRIEF = "brief"
    APPROVAL = "approval"
    EVENTS = "events"
    EXPANSION = "expansion"
    ROLLBACK = "rollback"


_ANY: Final = (Moment.BRIEF, Moment.APPROVAL, Moment.EXPANSION, Moment.ROLLBACK)
_WEB: Final = (Moment.BRIEF, Moment.APPROVAL, Moment.EVENTS)
MOMENTS: Final[Mapping[str, tuple[Moment, ...]]] = {
    "web": _WEB,
    "relay": _ANY,
    "job": _ANY,
    "write": (Moment.BRIEF,),
    "card": _ANY,
    "schedule": (Moment.APPROVAL,),
    "send": (Moment.EXPANSION, Moment.APPROVAL),
    # they leave when the canary starts
    "seeds": (Moment.APPROVAL,),
    "rollback": (Moment.ROLLBACK,),
    # each rollback puts its postmortem into the thread
    "alert": (Moment.ROLLBACK,),
    # what people ask for besides, see `Player._ask_besides`
    "digest": (Moment.APPROVAL, Moment.EXPANSION),
    "freeze": (Moment.APPROVAL, Moment.EXPANSION),
}
"""By a failpoint's first word."""

MOST_PASSES: Final[Mapping[str, int]] = {"rollback": 2, "freeze": 1}
"""How many hits some runs let pass, so that later steps are interrupted too.

Only where one job makes the hits one after the other: two that let a hit pass at the
same time would count it once.
"""

_TASKS: Final[Mapping[str, frozenset[str]]] = {
    "write": frozenset({"write"}),
    "card": frozenset({"card"}),
    "schedule": frozenset({"schedule"}),
    "send": frozenset({"send"}),
    "seeds": frozenset({"seeds"}),
    "rollback": frozenset({"rollback"}),
    "alert": frozenset({"alert"}),
    "digest": frozenset({"digest"}),
    "freeze": frozenset({"thaw"}),
}
"""Which jobs a kill interrupts; any job but cards where it is not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run to make.

    Attributes:
        passes: Hits to let pass before the kill.
        whole: Kill the worker with all its children, and not one child.
    """

    point: str
    number: int
    moment: Moment
    passes: int
    whole: bool

    @property
    def surface(self) -> str:
        return self.point.partition(".")[0]

    @property
    def title(self) -> str:
        return f"{self.point} run {self.number}"

    @property
    def ends_rolled_back(self) -> bool:
        return self.moment is Moment.ROLLBACK


def cases(points: tuple[str, ...], runs: int) -> Iterator[Case]:
    """Every failpoint `runs` times, spread over moments, passes and kinds of kill."""
    for number in range(runs):
        for point in points:
            surface = point.partition(".")[0]
            moments = MOMENTS[surface]
            half, turn = number % 2, number // 2
            yield Case(
                point=point,
                number=number + 1,
                moment=moments[turn % len(moments)],
                passes=turn // len(moments) % (MOST_PASSES.get(surface, 0) + 1),
                whole=half == 1 and surface not in ("web", "relay"),
            )


@dataclass(slots=True, kw_only=True)
class Run:
    """What came of a case.

    Attributes:
        killed_at: When the kill was seen; None when the failpoint was not hit.
        waiting: Jobs that were under way or due at the kill.
        back_at: When a person was answered again; web failpoints only.
        digest_id: The digest that was due meanwhile, if one was.
        freeze_id: The freeze that it waited for, if it did.
        problem: Why the campaign did not come to its end.
    """

    case: Case
    campaign_id: CampaignId | None = None
    killed_at: datetime | None = None
    waiting: tuple[int, ...] = ()
    back_at: datetime | None = None
    digest_id: int | None = None
    freeze_id: FreezeId | None = None
    problem: str | None = None
    _armed: bool = field(default=False)


class Player:
    """Plays cases on one desk, one after the other."""

    def __init__(self, desk: Stack) -> None:
        self._desk = desk
        self._people = People(desk=desk)

    def play(self, case: Case) -> Run:
        run = Run(case=case)
        deadline = time.monotonic() + END_WITHIN_S
        try:
            self._begin(run)
            while not self._is_over(run):
                if time.monotonic() > deadline:
                    run.problem = self._where(run)
                    break
                self._watch(run)
                self._step(run)
                time.sleep(_TICK_S)
            self._await_kill(run)
        except (Unanswered, LookupError) as error:
            run.problem = str(error)
        self._desk.disarm(case.point)
        return run

    def _begin(self, run: Run) -> None:
        self._reach(run, Moment.BRIEF)
        by_slack = run.case.surface == "web" and run.case.moment is Moment.BRIEF
        run.campaign_id = self._people.brief(run.case.title, by_slack=by_slack)
        self._answered(run)

    def _reach(self, run: Run, moment: Moment) -> None:
        """Arm the failpoint when the run comes to its moment, once."""
        if run.case.moment is moment and not run._armed:
            run._armed = True
            self._desk.arm(run.case.point, passes=run.case.passes, whole=run.case.whole)
            self._ask_besides(run)

    def _ask_besides(self, run: Run) -> None:
        """What is no step of a campaign is asked for once its failpoint is armed."""
        if run.case.surface == "digest":
            run.digest_id = self._people.digest()
        elif run.case.surface == "freeze":
            run.freeze_id = self._people.freeze()

    def _watch(self, run: Run) -> None:
        case = run.case
        if run._armed and run.killed_at is None:
            if not self._desk.is_armed(case.point):
                self._note_kill(run)
        elif (
            case.surface == "web"
            and run.killed_at is not None
            and run.back_at is None
            and is_up(self._desk)
        ):
            run.back_at = self._desk.deps.clock()

    def _note_kill(self, run: Run) -> None:
        run.killed_at = self._desk.deps.clock()
        run.waiting = self._desk.deps.database.look(
            lambda store: _under_way(store, run.case)
        )

    def _answered(self, run: Run) -> None:
        """A person who met silence has been answered: the web process is back."""
        since, self._people.silent_since = self._people.silent_since, None
        if since is not None and run.killed_at is None:
            run.killed_at, run.back_at = since, self._desk.deps.clock()

    def _step(self, run: Run) -> None:
        """Do what a person would do now, if anything."""
        campaign_id = self._id(run)
        campaign = self._desk.deps.database.look(
            lambda store: store.campaigns.get(campaign_id)
        )
        try:
            if campaign.state is State.STAGED_REVIEW:
                self._approve(run)
            elif campaign.state in (State.CANARY, State.EXPANDING, State.HELD):
                self._steer(run, campaign.step)
        except Refused:
            # it moved on between the look and the press, as it may for anybody
            return

    def _approve(self, run: Run) -> None:
        for request_id in self._people.open_requests(self._id(run)):
            self._reach(run, Moment.APPROVAL)
            by_slack = run.case.surface == "web" and run.case.moment is Moment.APPROVAL
            self._people.approve(request_id, by_slack=by_slack)
            self._answered(run)

    def _steer(self, run: Run, step: int) -> None:
        """Expand once what is out is out; or roll back in the middle."""
        campaign_id = self._id(run)
        chunks, steps = self._desk.deps.database.look(
            lambda store: (
                store.sends.chunks(campaign_id, up_to_step=step),
                store.sends.cohorts(campaign_id),
            )
        )
        is_out = all(chunk.state in _SETTLED for chunk in chunks)
        is_last = step == len(steps) - 1
        if not is_out:
            if not is_last and self._is_held(campaign_id, step):
                # resumes it: the part that was held back goes out after all
                self._people.expand(campaign_id)
            return
        self._reach(run, Moment.EVENTS)
        if run.case.ends_rolled_back and step > 0:
            self._reach(run, Moment.ROLLBACK)
            self._people.roll_back(campaign_id)
        elif not is_last:
            if step == len(steps) - 2:
                self._reach(run, Moment.EXPANSION)
            self._people.expand(campaign_id)

    def _is_held(self, campaign_id: CampaignId, step: int) -> bool:
        return self._desk.deps.database.look(
            lambda store: (
                store.campaigns.get(campaign_id).state is State.HELD
                and all(
                    chunk.state in (*_SETTLED, ChunkState.PLANNED)
                    for chunk in store.sends.chunks(campaign_id, up_to_step=step)
                )
            )
        )

    def _is_over(self, run: Run) -> bool:
        campaign_id = self._id(run)
        return self._desk.deps.database.look(lambda store: is_over(store, campaign_id))

    def _await_kill(self, run: Run) -> None:
        """The last jobs of a campaign may still be to come."""
        deadline = time.monotonic() + _HIT_WITHIN_S
        while run._armed and time.monotonic() < deadline:
            self._watch(run)
            is_back = run.case.surface != "web" or run.back_at is not None
            if run.killed_at is not None and is_back:
                return
            time.sleep(_TICK_S)

    def _where(self, run: Run) -> str:
        campaign_id = self._id(run)
        campaign, chunks = self._desk.deps.database.look(
            lambda store: (
                store.campaigns.get(campaign_id),
                store.sends.chunks(campaign_id),
            )
        )
        states = ", ".join(f"{chunk.number} {chunk.state}" for chunk in chunks)
        return (
            f"#{campaign_id} is still {campaign.state} after {END_WITHIN_S} s"
            f" (chunks: {states or 'none'})."
        )

    def _id(self, run: Run) -> CampaignId:
        if run.campaign_id is None:
            raise LookupError("No campaign came of the brief.")
        return run.campaign_id


def is_over(store: Store, campaign_id: CampaignId) -> bool:
    """Sent, or rolled back with every step of it done."""
    state = store.campaigns.get(campaign_id).state
    if state is not State.ROLLED_BACK:
        return state in FINAL
    incident = store.incidents.of(campaign_id)
    steps = store.incidents.steps(incident.id)
    chunks = store.sends.chunks(campaign_id)
    return all(step.state is StepState.DONE for step in steps) and all(
        chunk.state in _SETTLED for chunk in chunks
    )


def _under_way(store: Store, case: Case) -> tuple[int, ...]:
    query = sa.select(outbox.c.id).where(
        outbox.c.finished_at.is_(None), outbox.c.available_at <= store.now
    )
    tasks = _TASKS.get(case.surface)
    if tasks is None:
        query = query.where(outbox.c.task != "card")
    else:
        query = query.where(outbox.c.task.in_(tasks), outbox.c.attempts > 0)
    return tuple(store.connection.scalars(query).all())


__all__ = ["NAMES", "Case", "Player", "Run", "cases", "is_over"]
