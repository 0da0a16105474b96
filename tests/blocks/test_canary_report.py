"""Evidence: whose sentence stands above the numbers."""

from __future__ import annotations

import pytest

from blocks import canary_report
from domain.campaign import State
from domain.rollback import Trigger
from tests.blocks.views import make_canary, make_card, make_incident

WHY = "Rolled back at 21 hard bounces of 298, where 13 would do."


def test_evidence_of_what_is_all_out_speaks_of_no_open_window() -> None:
    canary = make_canary(judgement="0 complaints of 482; the window is open.")
    said = str(
        canary_report.evidence(make_card(state=State.SENT, canary=canary)).to_dict()
    )
    assert "All of it is out, so nothing is left to decide." in said
    assert "window is open" not in said


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        (Trigger.HARD_BOUNCES, WHY),
        # whoever pressed the button was no judge
        (Trigger.BUTTON, "The judge has not spoken yet."),
    ],
)
def test_evidence_gives_the_sentence_that_it_was_rolled_back_for(
    trigger: Trigger, said: str
) -> None:
    view = make_card(
        state=State.ROLLED_BACK,
        canary=make_canary(judgement=None),
        incident=make_incident(trigger=trigger, reason=WHY),
    )
    assert said in str(canary_report.evidence(view).to_dict())
