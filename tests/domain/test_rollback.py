"""The steps of a rollback come in the order in which they stop harm."""

from __future__ import annotations

from domain.rollback import ESP_STEPS, LOCAL_STEPS, StepName


def test_the_gate_is_shut_before_anybody_outside_is_asked() -> None:
    order = list(StepName)
    assert order[: len(LOCAL_STEPS)] == list(LOCAL_STEPS)
    assert order[0] is StepName.HALT
    assert max(order.index(s) for s in LOCAL_STEPS) < min(
        order.index(s) for s in ESP_STEPS
    )


def test_reading_back_follows_cancelling() -> None:
    order = list(StepName)
    assert order.index(StepName.CANCEL) < order.index(StepName.READ_BACK)


def test_every_step_is_ours_the_esps_or_the_notice() -> None:
    assert {*LOCAL_STEPS, *ESP_STEPS, StepName.NOTIFY} == set(StepName)
