"""A campaign in a slot from brief to live on every database: planned, counted, judged."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from blocks import campaign_card, canary_report, incident
from domain.campaign import Actor, CampaignId, State
from domain.channel import Channel, Slot
from domain.exposure import Showing, Token
from domain.postmortem import markdown
from domain.rollback import Trigger
from domain.views import CampaignCard
from pipeline import record
from pipeline.record import Taken
from pipeline.slot_keys import make_token
from storage import queries
from tests.pipeline.lab import CLEO, DEV, LENA, OMAR, SECRET, Json, Lab

MACHINE = Actor.machine("test")
SLOT = Slot(
    key="home-hero",
    title="Home page, top",
    channel=Channel.LANDING_PAGE,
    ladder=(10.0, 50.0, 100.0),
    exposures=(300, 600, 700),
)


def with_slot(desk: Lab, slot: Slot = SLOT) -> None:
    playbook = desk.deps.playbook
    changed = dataclasses.replace(playbook, slots={slot.key: slot})
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: changed)


def in_canary(desk: Lab) -> CampaignId:
    with_slot(desk)
    number = desk.brief(channel="landing_page", slot=SLOT.key)
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    desk.tick(1)
    assert desk.state(number) is State.CANARY, desk.campaign(number)
    return number


def event(desk: Lab, number: int, visitor: int, kind: str = "exposed") -> Json:
    arms = desk.look(lambda s: s.variants.arms(CampaignId(number)))
    token = Token(
        campaign_id=CampaignId(number),
        variant_id=arms[visitor % len(arms)].id,
        visitor=f"{visitor:032x}",
        issued_at=desk.clock(),
    )
    return {
        "id": f"{kind}-{visitor}",
        "token": make_token(SECRET, token),
        "type": kind,
        "at": desk.clock().isoformat(),
    }


def post(desk: Lab, *events: Json) -> Taken:
    playbook = desk.deps.playbook
    return desk.write(record.site_events, playbook, SLOT, events, secret=SECRET)


def report(desk: Lab, number: int, visitors: range, kind: str = "exposed") -> None:
    every = [event(desk, number, each, kind) for each in visitors]
    for at in range(0, len(every), 500):
        post(desk, *every[at : at + 500])


def showing(desk: Lab, visitor: str = "nobody") -> Showing:
    return desk.deps.database.read(queries.showing, SLOT.key, visitor, now=desk.clock())


def card(desk: Lab, number: CampaignId) -> CampaignCard:
    facts = desk.deps.playbook.view_facts
    return desk.deps.database.read(queries.campaign_card, number, facts)


def text(desk: Lab, number: CampaignId) -> str:
    return str(campaign_card.render(card(desk, number), now=desk.clock()).payload())


def watch(desk: Lab, seconds: int) -> None:
    """Let a window pass, with a site that says each second that nothing happened."""
    for _ in range(seconds):
        post(desk)
        desk.tick(1)


def test_nothing_is_planned_for_recipients_and_each_step_for_its_visitors(
    desk: Lab,
) -> None:
    number = in_canary(desk)
    assert desk.chunks(number) == ()
    steps = desk.look(lambda s: s.sends.cohorts(number))
    assert [(each.percent, each.planned) for each in steps] == [
        (10, 300),
        (50, 300),
        (100, 100),
    ]
    assert desk.mailed() == []


def test_a_clean_canary_expands_by_itself_until_it_is_live(desk: Lab) -> None:
    number = in_canary(desk)
    assert showing(desk).new == number
    report(desk, number, range(300))
    assert showing(desk).is_full
    assert showing(desk, f"{7:032x}").has_seen
    watch(desk, 62)
    assert desk.state(number) is State.EXPANDING
    assert (showing(desk).step, showing(desk).is_full) == (1, False)
    report(desk, number, range(300, 600))
    watch(desk, 62)
    assert desk.campaign(number).step == 2
    report(desk, number, range(600, 700))
    assert desk.state(number) is State.SENT
    found = showing(desk)
    assert (found.new, found.live) == (None, number)
    assert "Live in home-hero" in text(desk, number)
    assert "700 visitors saw it" in text(desk, number)
    assert desk.mailed() == []


def test_a_silent_site_keeps_its_canary_where_it_is(desk: Lab) -> None:
    number = in_canary(desk)
    report(desk, number, range(300))
    for _ in range(62):
        desk.tick(2)
    assert desk.state(number) is State.CANARY
    assert "the site has been silent for more than" in text(desk, number)
    watch(desk, 7)
    assert desk.state(number) is State.EXPANDING


@pytest.mark.usefixtures("cards_at_once")
def test_complaints_roll_back_and_the_version_before_is_shown(desk: Lab) -> None:
    first = in_canary(desk)
    report(desk, first, range(300))
    watch(desk, 62)
    report(desk, first, range(300, 600))
    watch(desk, 62)
    report(desk, first, range(600, 700))
    assert desk.state(first) is State.SENT
    second = in_canary(desk)
    assert (showing(desk).new, showing(desk).live) == (second, first)
    assert f"everyone else the version of #{first}" in text(desk, second)
    taken = post(desk, *(event(desk, second, n, "complained") for n in range(5)))
    assert taken.halted == (second,)
    assert desk.state(second) is State.ROLLED_BACK
    assert (showing(desk).new, showing(desk).live) == (None, first)
    desk.drain()
    view = card(desk, second).incident
    assert view is not None
    assert (view.trigger, view.mails_out) == (Trigger.COMPLAINTS, 5)
    assert incident.gone(view) == "5 visitors had seen it"
    assert "every visitor sees what was there before" in text(desk, second)
    assert [each.name for each in view.steps] == ["halt", "restore", "notify"]
    assert all(each.state == "done" for each in view.steps)


def test_the_postmortem_says_visitors_and_what_the_site_reported(desk: Lab) -> None:
    number = in_canary(desk)
    post(desk, *(event(desk, number, n, "failed") for n in range(40)))
    assert desk.state(number) is State.ROLLED_BACK
    desk.drain()
    view = desk.deps.database.read(
        queries.postmortem, number, desk.deps.playbook.view_facts
    )
    document = markdown(view, {})
    assert "| had seen it when the gate shut | 40 |" in document
    assert "| failed | 40 |" in document
    assert "mail" not in document.split("## Clocks")[0].split("## Reach")[1]


def test_a_held_canary_needs_two_people_and_goes_on_with_its_step(desk: Lab) -> None:
    number = in_canary(desk)
    report(desk, number, range(20))
    desk.write(record.hold, desk.deps.playbook, number, actor=OMAR)
    assert showing(desk).new is None
    desk.write(record.extend, desk.deps.playbook, number, actor=OMAR)
    assert desk.state(number) is State.HELD
    desk.write(record.extend, desk.deps.playbook, number, actor=LENA)
    assert desk.state(number) is State.CANARY
    assert showing(desk).new == number
    report(desk, number, range(20, 300))
    assert desk.campaign(number).decides_at is not None


def test_a_slot_that_is_gone_parks_what_was_to_be_shown_in_it(desk: Lab) -> None:
    with_slot(desk)
    number = desk.brief(channel="landing_page", slot=SLOT.key)
    desk.drain()
    with_slot(desk, dataclasses.replace(SLOT, key="elsewhere"))
    desk.approve_all(number, CLEO, DEV)
    campaign = desk.campaign(number)
    assert campaign.state is State.PARKED
    assert "slots.yaml has no slot home-hero for this copy" in str(campaign.reason)
    with_slot(desk)
    desk.write(record.retry, desk.deps.playbook, number, actor=MACHINE)
    desk.drain()
    desk.tick(1)
    assert desk.state(number) is State.CANARY


def test_the_next_campaign_starts_by_itself_when_the_slot_is_free(desk: Lab) -> None:
    first = in_canary(desk)
    second = desk.brief(channel="landing_page", slot=SLOT.key)
    desk.drain()
    desk.approve_all(second, CLEO, DEV)
    desk.tick(1)
    assert desk.state(second) is State.SCHEDULED
    assert f"#{first} is being tried in home-hero" in text(desk, second)
    desk.tick(20)
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        first,
        trigger=Trigger.BUTTON,
        actor=MACHINE,
    )
    desk.tick(20)
    assert desk.state(second) is State.CANARY
    assert desk.campaign(second).reason is None


def test_posts_at_the_same_moment_count_each_visitor_once(desk: Lab) -> None:
    number = in_canary(desk)
    events = [event(desk, number, each) for each in range(60)]
    posts = [events[at:] + events[:at] for at in range(0, 60, 10)]
    with ThreadPoolExecutor(6) as threads:
        taken = list(threads.map(lambda some: post(desk, *some), posts))
    assert sum(each.new for each in taken) == 60
    assert desk.look(lambda s: s.exposures.totals(number)) == (60, 640)
    assert desk.rows("SELECT count(*) FROM exposures") == [(60,)]


def test_mails_events_and_a_sites_do_not_speak_for_each_other(desk: Lab) -> None:
    number = in_canary(desk)
    post(desk, event(desk, number, 1))
    assert desk.look(lambda s: s.events.last_pulse()) is None


def test_arms_that_are_not_shown_alike_hold_a_canary(desk: Lab) -> None:
    number = in_canary(desk)
    report(desk, number, range(0, 600, 2))
    desk.clock.tick(timedelta(seconds=62))
    post(desk)
    desk.write(record.judge_due, desk.deps.playbook, number)
    campaign = desk.campaign(number)
    assert campaign.state is State.HELD
    assert "visitors were shown" in str(campaign.reason)


def test_evidence_and_plot_say_what_was_seen_in_a_slot(desk: Lab) -> None:
    number = in_canary(desk)
    report(desk, number, range(30))
    post(desk, *(event(desk, number, n, "clicked") for n in range(3)))
    view = card(desk, number)
    assert view.canary is not None
    words = canary_report.plot_alt(view.canary)
    assert words == (
        "Counts over time, up to now: seen by 30 visitors, 3 clicks, 0 complaints;"
        " it rolls back at 2, closed by 0."
    )
    shown = str(canary_report.evidence(view).to_dict())
    assert "30 of 300 visitors" in shown
    assert "ESP" not in shown


def test_the_arms_of_a_slot_are_compared_by_what_their_visitors_clicked(
    desk: Lab,
) -> None:
    number = in_canary(desk)
    read = desk.deps.database.read
    policy = desk.deps.playbook.canary
    assert read(queries.arms, number, today=policy, now=desk.clock()) is None

    report(desk, number, range(300))
    # of the arms, the second is clicked by every second visitor, the first by few
    report(desk, number, range(1, 200, 2), "clicked")
    report(desk, number, range(0, 20, 2), "clicked")
    again = [event(desk, number, n, "clicked") | {"id": f"again-{n}"} for n in (1, 3)]
    assert post(desk, *again).known == 2

    found = read(queries.arms, number, today=policy, now=desk.clock())
    assert found is not None
    assert found.sentence.startswith("B won: 66.7 % of 150 clicked it, and 6.7 %")
    assert [(each.label, each.delivered, each.clicked) for each in found.arms] == [
        ("A", 150, 10),
        ("B", 150, 100),
    ]
    shown = str(canary_report.evidence(card(desk, number), found).to_dict())
    assert "*Which variant did better*" in shown
    assert "*B, clicked by people*\\n100 of 150" in shown
    assert "machines" not in shown
