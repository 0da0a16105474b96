"""Fates counted one by one add up to the batch, and nothing that is out goes again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CampaignError, Refused, TryLater
from pipeline.esp.port import Accepted, OutcomeUnknown
from pipeline.esp.tally import Fate, Tally
from tests.pipeline.esp_contract.benches import make_mail

STOPS: tuple[CampaignError | None, ...] = (
    None,
    Refused("No."),
    TryLater("Not now.", retry_after=timedelta(seconds=7)),
)
FATES = st.lists(st.sampled_from(Fate), min_size=1, max_size=12)


def answer(fates: list[Fate], stopped_by: CampaignError | None) -> Accepted | None:
    """What the sender is told; None when something was raised for the whole batch."""
    mails = [make_mail(number) for number in range(1, len(fates) + 1)]
    tally = Tally(mails)
    for mail, fate in zip(mails, fates, strict=True):
        tally.note(mail, fate)
    try:
        return tally.answer(stopped_by)
    except (OutcomeUnknown, TryLater, Refused) as error:
        is_out = {Fate.TAKEN, Fate.UNKNOWN} & set(fates)
        # raised for all of it: either all are unknown, or none can be out
        if isinstance(error, OutcomeUnknown):
            assert set(fates) == {Fate.UNKNOWN}
        else:
            assert not is_out
        return None


@given(fates=FATES, stopped_by=st.sampled_from(STOPS))
def test_every_mail_is_in_exactly_one_place(
    fates: list[Fate], stopped_by: CampaignError | None
) -> None:
    told = answer(fates, stopped_by)
    if told is None:
        return
    placed = {fate: fates.count(fate) for fate in Fate}
    assert told.accepted == placed[Fate.TAKEN]
    assert len(told.bounced) == placed[Fate.BOUNCED]
    assert len(told.refused) == placed[Fate.REFUSED] + placed[Fate.BOUNCED]
    assert len(told.put_off) == placed[Fate.PUT_OFF]
    assert len(told.later) == placed[Fate.LATER] + placed[Fate.PUT_OFF]
    assert told.bounced <= told.refused
    assert told.put_off <= told.later
    assert len(told.unknown) == placed[Fate.UNKNOWN]
    assert not (told.refused & told.later | told.later & told.unknown)


@given(fates=FATES)
def test_what_goes_again_was_never_taken_nor_unanswered(fates: list[Fate]) -> None:
    told = answer(fates, STOPS[2])
    if told is None:
        return
    assert {fates[number - 1] for number in told.later} <= {Fate.LATER, Fate.PUT_OFF}
    assert told.retry_after >= timedelta(seconds=7)


@pytest.mark.parametrize("stopped_by", STOPS[1:])
def test_before_anything_is_out_a_stop_is_about_all(stopped_by: CampaignError) -> None:
    tally = Tally([make_mail(1), make_mail(2)])
    tally.note(make_mail(1), Fate.REFUSED)
    with pytest.raises(type(stopped_by)):
        tally.answer(stopped_by)


def test_who_was_put_off_alone_is_told_apart_though_nothing_is_out() -> None:
    tally = Tally([make_mail(1), make_mail(2)])
    tally.note(make_mail(1), Fate.PUT_OFF, after=timedelta(seconds=60))
    told = tally.answer(STOPS[2])
    assert (told.accepted, told.later, told.put_off) == (0, {1, 2}, {1})
    assert told.retry_after == timedelta(seconds=60)
