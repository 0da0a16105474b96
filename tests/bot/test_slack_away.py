"""Slack is away for ten minutes in the middle of a wave of clicks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from blocks.ids import Action
from domain.campaign import CampaignId, State
from pipeline.surfaces import surfaces
from storage import queries
from tests.bot.outage import Desk, Press, Trouble, desk_on_a_line, key_of
from tests.bot.stages import briefed, reviewed
from tests.clock import Clock
from tests.pipeline.lab import CASPAR, CLEO, DEV, LENA

TUESDAY = datetime(2026, 11, 24, 14, 20, tzinfo=UTC)
"""In Berlin it is 15:20, and the desk closes at 18:00."""
SECOND_BRIEFS = TUESDAY.replace(hour=16, minute=22)
WEDNESDAY = datetime(2026, 11, 25, 8, 55, tzinfo=UTC)
AWAY = WEDNESDAY.replace(hour=9, minute=18)
"""Two minutes later the first briefs are due; four, and the second are half due."""
BACK = AWAY + timedelta(minutes=10)
_ONE_A_SECOND = timedelta(milliseconds=999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Thirty campaigns in review, by what people do about them meanwhile."""

    nobody_decides: tuple[CampaignId, ...]
    deliverability_decides: tuple[CampaignId, ...]
    copy_decides: tuple[CampaignId, ...]
    both_are_rejected: CampaignId
    pressed_by_two: CampaignId
    window_never_opens: CampaignId
    is_reminded: tuple[CampaignId, ...]
    decided_after_the_reminder: tuple[CampaignId, ...]


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    with desk_on_a_line(database_url, Clock(TUESDAY), tmp_path) as up:
        yield up


def in_review(desk: Desk, count: int) -> list[CampaignId]:
    playbook, made = desk.lab.deps.playbook, []
    for _ in range(count):
        made.append(desk.lab.write(briefed, playbook, audience="small"))
        desk.lab.write(reviewed, playbook, made[-1])
    desk.lab.drain()
    return made


def thirty(desk: Desk) -> Wave:
    """Two rounds of briefs; five of them have passed copy already."""
    first = in_review(desk, 5)
    desk.skip_to(SECOND_BRIEFS)
    second = in_review(desk, 25)
    desk.skip_to(WEDNESDAY)
    passed = tuple(second[:5])
    for number in passed:
        for label in "AB":
            (report,) = desk.press(Press(by=CLEO, campaign_id=number, label=label))
            assert report["verdict"] == "ok"
    desk.work_until(WEDNESDAY + timedelta(minutes=20))
    return Wave(
        nobody_decides=tuple(first),
        deliverability_decides=passed,
        copy_decides=tuple(second[5:15]),
        both_are_rejected=second[15],
        pressed_by_two=second[16],
        window_never_opens=second[17],
        is_reminded=tuple(second[18:20]),
        decided_after_the_reminder=tuple(second[20:]),
    )


def both(by: str, number: CampaignId) -> tuple[Press, Press]:
    return (
        Press(by=by, campaign_id=number, label="A"),
        Press(by=by, campaign_id=number, label="B"),
    )


def outage(desk: Desk, wave: Wave) -> None:
    """Ten minutes in which each call meets one trouble or another."""
    for who, label in ((CLEO, "A"), (CASPAR, "B")):
        number = wave.both_are_rejected
        desk.press(Press(by=who, campaign_id=number, label=label, action=Action.REJECT))
        assert desk.window(who) is not None
    desk.work_until(AWAY)

    desk.meet(Trouble.REFUSED)
    desk.work_until(AWAY + timedelta(minutes=1))
    desk.press(
        *(
            Press(by=DEV, campaign_id=number, label="A")
            for number in wave.deliverability_decides
        )
    )
    for number in wave.copy_decides[:5]:
        desk.press(*both(CLEO, number))
    desk.submit(CLEO, CASPAR)
    desk.work_until(AWAY + timedelta(minutes=3))

    desk.meet(Trouble.UNAVAILABLE)
    for number in wave.copy_decides[5:]:
        desk.press(*both(CASPAR, number))
    desk.press(
        Press(by=CLEO, campaign_id=wave.pressed_by_two, label="A"),
        Press(by=CASPAR, campaign_id=wave.pressed_by_two, label="A"),
        # who may not decide is refused, and cannot be told
        Press(by=LENA, campaign_id=wave.pressed_by_two, label="B"),
    )
    desk.work_until(AWAY + timedelta(minutes=5))

    desk.meet(Trouble.CUT)
    desk.press(
        Press(
            by=CLEO,
            campaign_id=wave.window_never_opens,
            label="A",
            action=Action.REJECT,
        )
    )
    for number in wave.decided_after_the_reminder:
        desk.press(*both(CLEO, number))
    desk.work_until(AWAY + timedelta(minutes=7))

    desk.meet(Trouble.LIMITED)
    desk.work_until(BACK)


@pytest.mark.timeout(600)
def test_ten_minutes_without_slack_lose_no_click_and_every_card_catches_up(
    desk: Desk,
) -> None:
    wave = thirty(desk)
    before = Counter(key_of(m) for m in desk.lab.messages())
    assert set(before.values()) == {1}
    desk.acks.clear()

    outage(desk, wave)

    assert all(each["verdict"] == "ok" for each in desk.acks), desk.acks
    # five at deliverability, ten and five and one by copy, two rejections
    decided = 5 + 2 * 10 + 2 * 5 + 1 + 2
    assert decisions(desk) - 2 * 5 == decided
    assert Counter(key_of(m) for m in desk.lab.messages()) == before
    assert desk.lab.state(wave.both_are_rejected) is State.REJECTED

    desk.meet(Trouble.NONE)
    while waiting(desk):
        # Slack lets fifty messages a minute be updated
        assert desk.lab.clock() < BACK + timedelta(minutes=4)
        desk.work_until(desk.lab.clock() + timedelta(seconds=2))
    caught_up = [each for each in desk.lab.messages() if AGAIN in str(each)]
    assert caught_up
    assert {key_of(each).partition(":")[0] for each in caught_up} == {"campaign"}
    desk.work_until(BACK + timedelta(minutes=10))
    assert_every_card_is_true_once(desk)
    assert_one_message_a_second(desk)
    assert_no_stale_nudge(desk, wave)
    assert_the_record_holds(desk)


AGAIN = "this card is current again"


def waiting(desk: Desk) -> bool:
    return bool(desk.lab.rows("SELECT 1 FROM outbox WHERE finished_at IS NULL"))


@pytest.mark.parametrize(
    "trouble", [each for each in Trouble if each is not Trouble.NONE]
)
def test_a_desk_that_starts_while_slack_is_away_takes_clicks(
    database_url: str, tmp_path: Path, trouble: Trouble
) -> None:
    with desk_on_a_line(
        database_url, Clock(TUESDAY), tmp_path, trouble_at_start=trouble
    ) as desk:
        desk.meet(Trouble.NONE)
        (number,) = in_review(desk, 1)
        desk.meet(trouble)
        told = desk.press(*both(CLEO, number))
        assert [each["verdict"] for each in told] == ["ok", "ok"]
        assert decisions(desk) == 2
        desk.meet(Trouble.NONE)
        desk.work_until(TUESDAY + timedelta(minutes=2))
        (card,) = desk.posted(f"campaign:{number}")
        assert "in deliverability review" in card.text


def decisions(desk: Desk) -> int:
    ((count,),) = desk.lab.rows("SELECT count(*) FROM decisions")
    return int(count)


def assert_every_card_is_true_once(desk: Desk) -> None:
    deps = desk.lab.deps
    posted = Counter(key_of(m) for m in desk.lab.messages())
    assert set(posted.values()) == {1}
    for (number,) in desk.lab.rows("SELECT id FROM campaigns"):
        view = deps.database.read(
            queries.campaign_card, number, deps.playbook.view_facts
        )
        for surface in surfaces(deps, view):
            assert posted[surface.key] == 1, surface.key
            kept = desk.lab.look(lambda s, key=surface.key: s.messages.get(key))
            assert kept is not None
            if surface.is_live:
                assert kept.rendered_sha256 == surface.sha256, surface.key
                (message,) = desk.posted(surface.key)
                assert message.text == surface.render()["text"]


def assert_one_message_a_second(desk: Desk) -> None:
    at = sorted(datetime.fromtimestamp(float(m.ts), UTC) for m in desk.lab.messages())
    assert all(later - earlier >= _ONE_A_SECOND for earlier, later in pairwise(at))


def assert_no_stale_nudge(desk: Desk, wave: Wave) -> None:
    """What is still open is reminded of once; nobody hears of what is decided."""
    since_back = [
        m
        for m in desk.lab.messages()
        if datetime.fromtimestamp(float(m.ts), UTC) >= BACK
    ]
    nudges = Counter(
        tuple(key_of(m).split(":")[:2])
        for m in since_back
        if key_of(m).startswith(("reminded:", "escalated:"))
    )
    still_open = (wave.pressed_by_two, wave.window_never_opens, *wave.is_reminded)
    assert nudges == Counter(
        {
            **{("escalated", str(number)): 1 for number in wave.nobody_decides},
            **{("reminded", str(number)): 1 for number in still_open},
        }
    )


def assert_the_record_holds(desk: Desk) -> None:
    with desk.lab.deps.database.begin() as store:
        while store.audit.has_unsealed():
            store.audit.seal()
        verified = store.audit.verify()
    assert (verified.broken, verified.unsealed) == ((), 0)
