"""An ESP's first words about a canary whose window is over decide only a breach."""

from __future__ import annotations

from domain.campaign import CampaignId, State
from practice.esp.keys import CONFIG
from tests.pipeline.lab import Lab
from tests.pipeline.test_freeze import BIG
from tests.pipeline.test_record_events import in_canary


def unheard(desk: Lab, list_name: str) -> CampaignId:
    """A canary whose window is over without a word from the ESP."""
    desk.add_list(list_name, BIG)
    desk.esp[CONFIG].switches.keeps_events = True
    number = in_canary(desk, audience=list_name)
    desk.pass_time(300, step=10)
    assert desk.state(number) is State.CANARY
    ((said,),) = desk.rows("SELECT judgement FROM campaigns")
    assert str(said).startswith("The window is over without a delivered event")
    desk.esp[CONFIG].switches.keeps_events = False
    return number


def hear_one(desk: Lab) -> None:
    """Take in a single batch, of the many that the ESP owes."""
    desk.run(desk.post_events())
    desk.take_in(*desk.webhook.pop(0))


def test_what_comes_first_neither_holds_nor_expands(desk: Lab) -> None:
    number = unheard(desk, "calm")
    hear_one(desk)
    assert desk.state(number) is State.CANARY
    assert desk.campaign(number).step == 0
    desk.hear()
    assert desk.state(number) is State.CANARY


def test_it_goes_on_once_everything_was_told(desk: Lab) -> None:
    number = unheard(desk, "calm")
    desk.pass_time(60, until=lambda: desk.state(number) is State.EXPANDING)
    assert desk.state(number) is State.EXPANDING


def test_it_goes_on_though_the_esp_has_nothing_more_to_say(desk: Lab) -> None:
    number = unheard(desk, "calm")
    desk.hear()
    # nobody opens or clicks from now on
    desk.esp[CONFIG].switches.keeps_events = True
    desk.pass_time(60, until=lambda: desk.state(number) is State.EXPANDING)
    assert desk.state(number) is State.EXPANDING


def test_complaints_that_were_kept_back_stop_it_before_anybody_else_is_mailed(
    desk: Lab,
) -> None:
    number = unheard(desk, "stormy")
    out = len(desk.mailed())
    desk.pass_time(60, until=lambda: desk.state(number) is State.ROLLED_BACK)
    assert desk.state(number) is State.ROLLED_BACK
    assert len(desk.mailed()) == out
