"""The ESP's side of a rollback: cancel, read back, suppress; each step has its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from domain.campaign import CampaignId
from domain.errors import Overtaken, Refused, TryLater
from domain.rollback import SETTLED, Incident, RollbackStep, StepName, StepState
from pipeline import failpoint
from pipeline.advance import refresh_card
from pipeline.esp.port import BatchState, CancelState, Unsupported
from pipeline.record import contained
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage.store import Store

log = structlog.get_logger(__name__)

_CANCELLED_WORDS: Final = {
    CancelState.CANCELLED: "cancelled",
    CancelState.TOO_LATE: "already left",
    CancelState.NO_ROOM: "the ESP holds as many stopped batches as it can",
    CancelState.UNKNOWN: "the ESP never got it",
}


def roll_back(deps: Deps, incident_id: int, _version: int) -> None:
    """Run every step that is not done, in order; a restart resumes from the rows.

    The gate is shut already. Every call may be repeated: cancelling or suppressing
    twice is the same as once.

    Raises:
        TryLater: The ESP is away; the steps that remain are tried again.
    """
    incident, steps = deps.database.look(lambda store: _open(store, incident_id))
    for step in steps:
        if step.state in SETTLED or step.name not in _RUN:
            continue
        failpoint.hit("rollback.before_call")
        try:
            detail = _RUN[step.name](deps, incident, step)
        except Unsupported as lack:
            _settle(deps, incident, step, StepState.IMPOSSIBLE, str(lack))
            continue
        except Refused as error:
            # the gate is shut whatever the ESP thinks; the other steps go on
            _settle(deps, incident, step, StepState.FAILED, str(error))
            continue
        failpoint.hit("rollback.after_call")
        _settle(deps, incident, step, StepState.DONE, detail)


def give_up(deps: Deps, incident_id: int, reason: str) -> None:
    """What is left of the rollback needs a person; pressing Roll back tries again."""
    incident, steps = deps.database.look(lambda store: _open(store, incident_id))
    for step in steps:
        if step.state not in SETTLED and step.name in _RUN:
            _settle(deps, incident, step, StepState.FAILED, reason)


def _open(store: Store, incident_id: int) -> tuple[Incident, tuple[RollbackStep, ...]]:
    steps = store.incidents.steps(incident_id)
    if not steps:
        raise Overtaken("This incident has no steps.")
    return store.incidents.get(incident_id), steps


def _settle(
    deps: Deps, incident: Incident, step: RollbackStep, state: StepState, detail: str
) -> None:
    with deps.database.begin() as store:
        campaign = store.campaigns.lock(incident.campaign_id)
        if store.incidents.step(step.id).version != step.version:
            # another delivery of this job did the step; doing it twice is harmless
            return
        settled = store.incidents.swap_step(step, state, detail=detail)
        if step.name is StepName.READ_BACK and state is StepState.DONE:
            contained(store, deps.playbook, campaign, incident)
        store.audit.append(
            campaign.id,
            f"rollback_step_{state}",
            actor="rollback",
            detail={"step": step.name, "detail": detail},
        )
        refresh_card(store, campaign, f"r{settled.id}.{settled.version}")


def _cancel(deps: Deps, _incident: Incident, step: RollbackStep) -> str:
    return _CANCELLED_WORDS[deps.esp.cancel(step.target)]


def _read_back(deps: Deps, incident: Incident, _step: RollbackStep) -> str:
    """Only reading back makes it contained; what left after the gate shut is a leak.

    Raises:
        Unsupported: Nothing that the ESP accepted can be stopped.
        TryLater: A chunk was in the sender's hands when the gate shut.
    """
    if deps.database.look(lambda store: store.sends.is_in_hand(incident.campaign_id)):
        raise TryLater("A chunk is still under way.")
    batches = deps.database.look(
        lambda store: [
            step.target
            for step in store.incidents.steps(incident.id)
            if step.name is StepName.CANCEL
        ]
    )
    with deps.database.begin() as store:
        leaked = store.sends.leaked(incident.campaign_id, incident.opened_at)
        store.incidents.note(incident.id, leaked=leaked)
    if deps.esp.capabilities.cancel_margin is None:
        raise Unsupported(f"{deps.esp.title} cannot take back what it has accepted.")
    stopped = sum(
        deps.esp.batch_state(batch) is BatchState.CANCELLED for batch in batches
    )
    return f"{stopped} of {len(batches)} batches stopped, {leaked:,} mails leaked"


def _suppress(deps: Deps, incident: Incident, _step: RollbackStep) -> str:
    """Tell the ESP about who complained or left; never about the whole cohort."""
    campaign_id: CampaignId = incident.campaign_id
    told = 0
    while True:
        waiting = deps.database.look(lambda store: store.audiences.to_push(campaign_id))
        if not waiting:
            return f"{told:,} recipients suppressed at the ESP"
        deps.esp.suppress(list(waiting.values()))
        with deps.database.begin() as store:
            store.audiences.pushed(waiting)
        told += len(waiting)


_RUN: Final[Mapping[StepName, Callable[[Deps, Incident, RollbackStep], str]]] = {
    StepName.CANCEL: _cancel,
    StepName.READ_BACK: _read_back,
    StepName.SUPPRESS: _suppress,
}

TASK: Final = Task(name="rollback", queue="rollback", run=roll_back, give_up=give_up)
