"""One direct message a day, at the person's hour, and never two."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.campaign import CampaignId, State
from domain.digest import DigestState
from domain.errors import NotYourTurn, Refused, TryLater
from domain.preferences import Preferences
from domain.review import Ask
from domain.sla import Calendar
from pipeline import record
from pipeline.jobs import TASKS
from pipeline.playbook import Playbook
from pipeline.relay import BROKEN_AGAIN_AFTER, Relay
from pipeline.slack import NotTaken, PersonNotReachable
from pipeline.tasks import run_job
from practice.slack.world import Message
from tests.pipeline.lab import BEA, CASPAR, CLEO, DEV, MARA, NOBODY, OMAR, Lab
from tests.pipeline.test_jobs_edges import Detour
from tests.pipeline.test_overdue import (
    SLA,
    escalations,
    reminders,
    with_copy,
    with_rules,
)
from tests.pipeline.test_record_reviews import in_review
from tests.pipeline.test_record_strategy import waiting

HOUR = 3600.0
BERLIN = ZoneInfo("Europe/Berlin")


class Killed(BaseException):
    """As kill -9: nothing of the process runs after it."""


def wants(desk: Lab, user: str, hour: int | None) -> None:
    desk.write(
        record.set_preferences,
        desk.deps.playbook,
        Preferences(digest_hour=hour),
        actor=user,
    )


def learns(desk: Lab, user: str, name: str) -> None:
    desk.write(record.learn_zone, desk.deps.playbook, user, name=name)


def at(desk: Lab, when: datetime) -> None:
    """Let time pass until then, and do what it brings."""
    desk.tick((when - desk.clock()).total_seconds())


def today(desk: Lab, hour: int, *, days: int = 0, minute: int = 0) -> datetime:
    """That hour in Berlin, of the desk's own day."""
    day = desk.clock().astimezone(BERLIN) + timedelta(days=days)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def digests(desk: Lab) -> list[Message]:
    """Every digest in Slack, in whoever's direct messages."""
    world = desk.slack.workspace.world
    return [
        each
        for channel in world.channels
        for each in desk.messages(channel)
        if each.text.startswith("Your digest:")
    ]


def states(desk: Lab) -> list[str]:
    return [state for (state,) in desk.rows("SELECT state FROM digests ORDER BY id")]


def shown(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False)


def with_slack(desk: Lab, **calls: Callable[..., Any]) -> None:
    desk.deps = dataclasses.replace(desk.deps, slack=Detour(desk.deps.slack, **calls))


@pytest.fixture
def morning(desk: Lab) -> Lab:
    """The afternoon before: Cleo is asked, and wants her digest at nine."""
    with_copy(desk, ask=Ask.EVERYONE, escalation=None, remind=None)
    learns(desk, CLEO, "Europe/Berlin")
    wants(desk, CLEO, 9)
    in_review(desk)
    return desk


# What it says ------------------------------------------------------------------------


def test_at_their_hour_a_person_reads_what_waits(morning: Lab) -> None:
    at(morning, today(morning, 9, days=1) - timedelta(seconds=1))
    assert digests(morning) == []
    morning.tick(1)
    (said,) = digests(morning)
    assert "3 waiting on you, 3 of them overdue" in said.text
    assert "Waiting on you (3)" in shown(said)
    assert "variant A" in shown(said)
    assert "overdue since" in shown(said)
    assert states(morning) == ["posted"]
    at(morning, today(morning, 9, days=1))
    assert len(digests(morning)) == 2


def test_overdue_in_the_pool_and_ones_own_briefs_are_in_it(desk: Lab) -> None:
    with_copy(desk, ask=Ask.ONE, escalation=None)
    numbers = [in_review(desk, title=f"Brief {n}") for n in range(2)]
    for user in (CLEO, CASPAR, MARA):
        learns(desk, user, "Europe/Berlin")
        wants(desk, user, 9)
    at(desk, today(desk, 9, days=1))
    said = {shown(each) for each in digests(desk)}
    pool = [each for each in said if "Overdue in your pools" in each]
    assert len(pool) == 2
    assert all("Waiting on you (3)" in each for each in pool)
    (mine,) = [each for each in said if "Your briefs" in each]
    for number in numbers:
        assert f"#{number} Brief" in mine
    assert "in copy review" in mine
    assert "Nothing waits for you" in mine


def test_a_brand_lead_reads_of_strategies_and_when_they_are_due(desk: Lab) -> None:
    learns(desk, BEA, "Europe/Berlin")
    wants(desk, BEA, 16)
    number = waiting(desk)
    at(desk, today(desk, 16))
    (said,) = digests(desk)
    assert "1 waiting on you, 1 of them overdue" in said.text
    assert f"#{number} Recover stalled demos*, strategy" in shown(said)


def test_with_nothing_to_say_nothing_is_said(desk: Lab) -> None:
    learns(desk, DEV, "Europe/Berlin")
    wants(desk, DEV, 16)
    at(desk, today(desk, 16))
    assert digests(desk) == []
    assert states(desk) == ["nothing"]


def test_hostile_titles_stay_text(desk: Lab) -> None:
    with_copy(desk, ask=Ask.EVERYONE)
    in_review(desk, title="<!channel> <@U0ONCALL> *now*")
    learns(desk, CLEO, "Europe/Berlin")
    wants(desk, CLEO, 16)
    at(desk, today(desk, 16))
    (said,) = digests(desk)
    assert "&lt;!channel&gt;" in shown(said)
    assert "<!channel>" not in shown(said)


# When --------------------------------------------------------------------------------


def test_it_comes_at_their_own_hour_wherever_they_are(morning: Lab) -> None:
    # the practice workspace has them in Berlin; Slack is asked again with each digest
    learns(morning, CLEO, "America/New_York")
    at(morning, today(morning, 9, days=1))
    assert digests(morning) == []
    at(morning, today(morning, 15))
    assert len(digests(morning)) == 1


def test_whoever_travels_gets_one_a_day_and_then_at_their_new_hour(
    morning: Lab,
) -> None:
    zones = ["America/New_York"]
    with_slack(morning, time_zone=lambda _user: zones[0])
    at(morning, today(morning, 9, days=1))
    assert len(digests(morning)) == 1
    # nine in New York, on the same day
    at(morning, today(morning, 15))
    assert len(digests(morning)) == 1
    at(morning, today(morning, 9, days=1))
    assert len(digests(morning)) == 1
    at(morning, today(morning, 15))
    assert len(digests(morning)) == 2


def test_where_slack_says_nothing_it_is_the_desk_s_own_hour(desk: Lab) -> None:
    with_copy(desk, ask=Ask.EVERYONE)

    def away(_user: str) -> str:
        raise NotTaken("Slack did not answer.")

    with_slack(desk, time_zone=away)
    in_review(desk)
    for name in ("", "Mars/Olympus", "../../etc/passwd", "x" * 4000, "Europe"):
        learns(desk, CLEO, name)
    assert desk.look(lambda s: s.preferences.time_zone(CLEO)) is None
    wants(desk, CLEO, 16)
    at(desk, datetime(2026, 11, 24, 16, tzinfo=UTC))
    assert len(digests(desk)) == 1


def test_only_on_working_days(morning: Lab) -> None:
    office = Calendar(zone=BERLIN, days=frozenset({3}))
    with_rules(morning, hours=office)
    wants(morning, CLEO, None)
    wants(morning, CLEO, 9)
    at(morning, today(morning, 9, days=1))
    assert digests(morning) == []
    at(morning, today(morning, 9, days=1))
    assert len(digests(morning)) == 1


def test_a_holiday_that_was_declared_since_has_none(morning: Lab) -> None:
    tomorrow = today(morning, 9, days=1)
    with_rules(
        morning, hours=Calendar(zone=BERLIN, holidays=frozenset({tomorrow.date()}))
    )
    at(morning, tomorrow)
    assert digests(morning) == []
    at(morning, today(morning, 9, days=1))
    assert len(digests(morning)) == 1


def test_not_while_out_of_office_nor_when_taken_out_of_the_team(morning: Lab) -> None:
    morning.write(
        record.set_preferences,
        morning.deps.playbook,
        Preferences(
            digest_hour=9,
            away_from=morning.clock(),
            away_until=today(morning, 12, days=1),
        ),
        actor=CLEO,
    )
    at(morning, today(morning, 9, days=1))
    assert digests(morning) == []
    book = morning.deps.playbook
    people = {user: p for user, p in book.team.people.items() if user != CLEO}
    team = dataclasses.replace(book.team, people=people)
    gone = dataclasses.replace(book, team=team)
    morning.deps = dataclasses.replace(morning.deps, playbook_now=lambda: gone)
    at(morning, today(morning, 9, days=1))
    assert digests(morning) == []
    assert states(morning) == []


def test_switched_off_it_stops_and_another_hour_makes_no_second(morning: Lab) -> None:
    at(morning, today(morning, 9, days=1))
    assert len(digests(morning)) == 1
    wants(morning, CLEO, 11)
    at(morning, today(morning, 11))
    assert len(digests(morning)) == 1
    wants(morning, CLEO, None)
    at(morning, today(morning, 11, days=1))
    assert len(digests(morning)) == 1


def test_other_settings_leave_a_digest_that_is_due_alone(morning: Lab) -> None:
    morning.clock.now = today(morning, 9, days=1, minute=5)
    morning.write(
        record.set_preferences,
        morning.deps.playbook,
        Preferences(digest_hour=9, wants_dm=False),
        actor=CLEO,
    )
    morning.tick(1)
    assert len(digests(morning)) == 1


@pytest.mark.parametrize("hour", [-1, 24, 99])
def test_an_hour_that_no_day_has_is_refused(desk: Lab, hour: int) -> None:
    with pytest.raises(Refused, match="at an hour from 0 to 23, or not at all"):
        wants(desk, CLEO, hour)


def test_strangers_have_no_digest(desk: Lab) -> None:
    learns(desk, NOBODY, "Europe/Berlin")
    with pytest.raises(NotYourTurn):
        wants(desk, NOBODY, 9)
    assert desk.rows("SELECT count(*) FROM preferences") == [(0,)]


# Outages -----------------------------------------------------------------------------


def test_a_relay_that_was_down_sends_the_day_s_own_if_it_is_not_too_late(
    morning: Lab,
) -> None:
    at(morning, today(morning, 11, days=3, minute=59))
    assert len(digests(morning)) == 1
    assert states(morning) == ["posted"]


def test_three_hours_late_it_waits_for_the_next_day(morning: Lab) -> None:
    at(morning, today(morning, 12, days=1))
    assert digests(morning) == []
    at(morning, today(morning, 9, days=1))
    assert len(digests(morning)) == 1


def test_a_digest_whose_beginning_met_a_bug_is_begun_half_a_minute_later(
    morning: Lab,
) -> None:
    def breaks() -> Playbook:
        raise ZeroDivisionError

    morning.clock.now = today(morning, 9, days=1)
    relay = Relay(dataclasses.replace(morning.deps, playbook_now=breaks), TASKS)
    relay.fire_digests()
    relay.close()
    assert states(morning) == []
    morning.tick(BROKEN_AGAIN_AFTER.total_seconds())
    assert len(digests(morning)) == 1


def test_workers_that_were_down_send_nothing_stale(morning: Lab) -> None:
    job = begun(morning)
    morning.clock.tick(timedelta(hours=3))
    run_job(morning.deps, TASKS["digest"], job)
    assert digests(morning) == []
    assert states(morning) == ["late"]


def test_two_relays_begin_one_digest(morning: Lab) -> None:
    morning.clock.now = today(morning, 9, days=1)
    (timer,) = morning.look(lambda s: s.digests.due())
    for _ in range(2):
        morning.write(record.digest_due, morning.deps.playbook, timer)
    assert states(morning) == ["due"]
    morning.drain()
    assert len(digests(morning)) == 1


def begun(desk: Lab) -> int:
    """Nine o'clock: the relay has begun the digest; its job."""
    desk.clock.now = today(desk, 9, days=1)
    (timer,) = desk.look(lambda s: s.digests.due())
    desk.write(record.digest_due, desk.deps.playbook, timer)
    ((job,),) = desk.rows("SELECT id FROM outbox WHERE task = 'digest'")
    return int(job)


def die(*_given: object) -> Any:
    raise Killed


def test_killed_before_its_intent_it_is_sent_by_the_next_job(morning: Lab) -> None:
    job, whole = begun(morning), morning.deps
    with_slack(morning, time_zone=die)
    with pytest.raises(Killed):
        run_job(morning.deps, TASKS["digest"], job)
    assert states(morning) == ["due"]
    morning.deps = whole
    run_job(morning.deps, TASKS["digest"], job)
    assert len(digests(morning)) == 1


@pytest.mark.parametrize("is_sent", [False, True])
def test_killed_around_the_call_it_is_never_sent_again(
    morning: Lab, *, is_sent: bool
) -> None:
    job, whole = begun(morning), morning.deps

    def direct(*given: Any) -> Any:
        if is_sent:
            whole.slack.direct(*given)
        raise Killed

    with_slack(morning, direct=direct)
    with pytest.raises(Killed):
        run_job(morning.deps, TASKS["digest"], job)
    morning.deps = whole
    assert states(morning) == ["intent"]
    # too soon to tell: the other job may be in its call
    run_job(morning.deps, TASKS["digest"], job)
    assert states(morning) == ["intent"]
    morning.clock.tick(timedelta(minutes=1))
    run_job(morning.deps, TASKS["digest"], job)
    assert states(morning) == ["unknown"]
    assert len(digests(morning)) == is_sent
    at(morning, today(morning, 9, days=1))
    assert len(digests(morning)) == is_sent + 1


def test_an_unanswered_call_is_unknown_and_not_made_again(morning: Lab) -> None:
    job, whole = begun(morning), morning.deps

    def direct(*given: Any) -> Any:
        whole.slack.direct(*given)
        raise TryLater("Slack did not answer.")

    with_slack(morning, direct=direct)
    run_job(morning.deps, TASKS["digest"], job)
    morning.deps = whole
    assert states(morning) == ["unknown"]
    morning.tick(600)
    assert len(digests(morning)) == 1


def test_what_slack_never_took_is_sent_when_it_is_back(morning: Lab) -> None:
    job, whole = begun(morning), morning.deps

    def direct(*_given: object) -> Any:
        raise NotTaken("Slack did not answer.")

    with_slack(morning, direct=direct)
    run_job(morning.deps, TASKS["digest"], job)
    assert states(morning) == ["due"]
    morning.deps = whole
    morning.tick(120)
    assert len(digests(morning)) == 1
    assert states(morning) == ["posted"]


def test_a_person_who_cannot_be_written_to_is_left_alone(morning: Lab) -> None:
    job = begun(morning)

    def direct(*_given: object) -> Any:
        raise PersonNotReachable("Slack could not.", code="user_disabled")

    with_slack(morning, direct=direct)
    run_job(morning.deps, TASKS["digest"], job)
    assert morning.rows("SELECT state, error FROM digests") == [
        ("refused", "user_disabled")
    ]
    morning.tick(600)
    assert states(morning) == [DigestState.REFUSED]


# Reminders ---------------------------------------------------------------------------


def test_a_reminder_leaves_out_who_reads_it_in_a_digest(desk: Lab) -> None:
    with_copy(desk, ask=Ask.EVERYONE)
    wants(desk, CLEO, 9)
    number: CampaignId = in_review(desk)
    desk.tick(SLA / 2)
    (said,) = reminders(desk, number)
    assert f"<@{CASPAR}>" in said
    assert f"<@{CLEO}>" not in said


def test_a_reminder_for_nobody_else_is_not_said_and_overdue_still_pings(
    desk: Lab,
) -> None:
    with_copy(desk, ask=Ask.EVERYONE)
    for user in (CLEO, CASPAR, BEA):
        wants(desk, user, 9)
    number = in_review(desk)
    desk.tick(SLA / 2)
    assert reminders(desk, number) == []
    assert desk.events(number).count("reminded") == 1
    desk.tick(SLA / 2)
    (said,) = escalations(desk, number)
    assert f"<@{BEA}>" in said
    assert desk.state(number) is State.STAGED_REVIEW
    assert OMAR not in said
