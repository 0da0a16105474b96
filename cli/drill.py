"""A timed drill: stop a practice campaign for real, and hold the clocks to the promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from domain.campaign import Actor, CampaignId
from domain.errors import Refused
from domain.rollback import StepName, Trigger

if TYPE_CHECKING:
    from cli.desk import Desk
    from domain.views import IncidentView

GATE_WITHIN: Final = timedelta(seconds=1)
ESP_WITHIN: Final = timedelta(seconds=3)
LOOK_EVERY: Final = timedelta(milliseconds=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """One clock of a drill.

    Attributes:
        took: From the command to it; None: it did not happen while we waited.
    """

    words: str
    took: timedelta | None
    promise: timedelta

    @property
    def is_kept(self) -> bool:
        return self.took is not None and self.took <= self.promise


def drill(
    desk: Desk,
    number: int,
    *,
    actor: str,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> tuple[Lap, ...]:
    """Roll a live practice campaign back and wait for the running desk to finish it.

    Nothing is simulated: the same transaction, jobs, ESP calls and messages as in
    earnest, and the campaign stays rolled back.

    Raises:
        Refused: The ESP is a real one, or the campaign was stopped before.
        MoveNotAllowed: Nothing of the campaign is on its way out.
    """
    from pipeline import record
    from storage import queries

    if "esp" not in desk.settings.practice_parts:
        raise Refused(
            "A drill stops a campaign for good, so it runs against the practice ESP"
            " only. This desk has a real one."
        )
    started = clock()
    with desk.database.begin() as store:
        done = record.roll_back(
            store,
            desk.playbook,
            CampaignId(number),
            trigger=Trigger.DRILL,
            actor=Actor(id=actor),
            reason="A drill.",
        )
    shut = clock()
    if not done.is_new:
        raise Refused(
            f"Campaign #{number} is rolled back already; drill on a live one."
        )
    patience = desk.playbook.on_call.page_after
    while True:
        view = desk.database.read(queries.incident, CampaignId(number))
        if view is None:
            raise LookupError("The incident that was just opened is gone.")
        is_over = view.contained_at is not None and view.told_at is not None
        if is_over or clock() - started > patience:
            return _laps(view, started=started, shut=shut, patience=patience)
        sleep(LOOK_EVERY.total_seconds())


def _laps(
    view: IncidentView, *, started: datetime, shut: datetime, patience: timedelta
) -> tuple[Lap, ...]:
    def took(at: datetime | None) -> timedelta | None:
        return None if at is None else at - started

    asked = [
        step.done_at
        for step in view.steps
        if step.name in (StepName.CANCEL, StepName.READ_BACK) and step.done_at
    ]
    return (
        Lap(words="gate shut", took=shut - started, promise=GATE_WITHIN),
        Lap(
            words="first answer of the ESP",
            took=took(min(asked, default=None)),
            promise=ESP_WITHIN,
        ),
        Lap(words="ESP confirmed", took=took(view.contained_at), promise=patience),
        Lap(words="people told", took=took(view.told_at), promise=patience),
    )


def table(laps: tuple[Lap, ...]) -> Iterator[str]:
    """The clocks beside what is promised."""
    yield f"{'clock':<26}{'took':>12}{'promised':>12}"
    for lap in laps:
        took = "not yet" if lap.took is None else _seconds(lap.took)
        mark = "" if lap.is_kept else "   too slow"
        yield f"{lap.words:<26}{took:>12}{_seconds(lap.promise):>12}{mark}"


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.2f} s"
