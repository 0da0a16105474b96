from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.campaign import Campaign
from domain.send import DeliveryEvent
from storage import queries
from storage.engine import Database
from storage.events import metric_of
from storage.tables import delivery_events
from tests.clock import Clock
from tests.factories import (
    add_audience,
    add_campaign,
    make_event,
    plan,
    send_ids,
    write_all,
)

MINUTE = timedelta(minutes=1)
TYPES = (
    "accepted",
    "delivered",
    "deferred",
    "bounced",
    "opened",
    "clicked",
    "complained",
    "unsubscribed",
)
SENT_AT = datetime(2026, 11, 24, 9, tzinfo=UTC)

# what one mail can report: which mail, what, when, by a machine, for good
_EVENTS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(TYPES),
        st.integers(0, 600),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


def make_sending(database: Database) -> tuple[Campaign, list[int]]:
    with database.begin() as store:
        audience = add_audience(store, 10)
        campaign = add_campaign(store, audience_id=audience)
        (variant, *_) = write_all(store, campaign)
        return campaign, send_ids(store, plan(store, campaign, variant))


# each example makes a campaign of its own, so the database may be shared
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(told=_EVENTS, seed=st.integers(0, 2**32), size=st.integers(1, 50))
def test_counts_are_exact_when_events_come_three_times_in_any_order(
    database: Database,
    told: list[tuple[int, str, int, bool, bool]],
    seed: int,
    size: int,
) -> None:
    campaign, ids = make_sending(database)
    events = [
        make_event(
            campaign,
            ids[mail],
            kind,
            at=SENT_AT + timedelta(seconds=second),
            event_id=f"e{n}",
            is_machine=is_machine,
            is_hard=is_hard,
        )
        for n, (mail, kind, second, is_machine, is_hard) in enumerate(told)
    ]
    thrice = [
        *events,
        *events,
        *(e._replace(event_id=f"{e.event_id}b") for e in events),
    ]
    Random(seed).shuffle(thrice)  # noqa: S311 - an order, not a secret

    new = 0
    for at in range(0, len(thrice), size):
        with database.begin() as store:
            batch = store.events.known(thrice[at : at + size])
            new += store.events.add(batch, bucket=MINUTE).new

    with database.begin() as store:
        firsts = Counter(m for m, _ in {(metric_of(e), e.send_id) for e in events})
        assert store.events.totals(campaign.id) == dict(firsts)
        assert new == 2 * len(events)
        stored = sa.select(sa.func.count()).where(
            delivery_events.c.campaign_id == campaign.id
        )
        assert store.connection.execute(stored).scalar() == 2 * len(events)


@pytest.mark.parametrize(
    ("event", "metric"),
    [
        (("opened", {}), "opened"),
        (("opened", {"is_machine": True}), "machine_opened"),
        (("clicked", {"is_machine": True}), "machine_clicked"),
        (("bounced", {}), "bounced"),
        (("bounced", {"is_hard": True}), "bounced_hard"),
        (("complained", {"is_machine": True}), "complained"),
    ],
)
def test_machines_and_hard_bounces_are_counted_apart(
    event: tuple[str, dict[str, bool]], metric: str
) -> None:
    kind, facts = event
    assert metric_of(make_event(1, 1, kind, at=SENT_AT, **facts)) == metric  # type: ignore[arg-type]


def test_events_about_mails_that_are_not_ours_are_left_out(database: Database) -> None:
    campaign, ids = make_sending(database)
    ours = make_event(campaign, ids[0], at=SENT_AT)
    foreign = make_event(campaign, 10_000, at=SENT_AT)
    mislabelled = ours._replace(campaign_id=campaign.id + 1)  # type: ignore[arg-type]

    with database.begin() as store:
        assert store.events.known([ours, foreign, mislabelled]) == [ours]


def test_a_batch_says_what_happened_for_the_first_time(database: Database) -> None:
    campaign, ids = make_sending(database)
    first = make_event(campaign, ids[0], "complained", at=SENT_AT)
    again = first._replace(event_id="other", at=SENT_AT + MINUTE)

    with database.begin() as store:
        assert store.events.add([first], bucket=MINUTE).firsts == {
            (campaign.id, "complained", ids[0])
        }
        repeated = store.events.add([again], bucket=MINUTE)
        assert (repeated.new, repeated.firsts) == (1, frozenset())
        assert repeated.campaigns == {campaign.id}


def test_the_pulse_is_when_events_reached_us_and_never_goes_back(
    database: Database, clock: Clock
) -> None:
    campaign, ids = make_sending(database)
    with database.begin() as store:
        assert store.events.pulse(campaign.id) is None
        store.events.add([make_event(campaign, ids[0], at=SENT_AT)], bucket=MINUTE)
    heard = clock.tick(MINUTE)
    with database.begin() as store:
        late = make_event(campaign, ids[1], at=SENT_AT - MINUTE)
        store.events.add([late], bucket=MINUTE)

        assert store.events.pulse(campaign.id) == heard


def test_the_onset_is_the_bucket_of_the_first_complaint(database: Database) -> None:
    campaign, ids = make_sending(database)
    at = SENT_AT + timedelta(seconds=95)
    with database.begin() as store:
        assert store.events.first_at(campaign.id, "complained") is None
        store.events.add(
            [make_event(campaign, ids[0], "complained", at=at)], bucket=MINUTE
        )

        assert store.events.first_at(campaign.id, "complained") == SENT_AT + MINUTE


def _delivered(campaign: Campaign, ids: list[int]) -> list[DeliveryEvent]:
    return [
        make_event(campaign, key, at=SENT_AT + n * MINUTE) for n, key in enumerate(ids)
    ]


def test_plot_points_add_up_over_time(database: Database) -> None:
    campaign, ids = make_sending(database)
    complaint = make_event(campaign, ids[0], "complained", at=SENT_AT + 2 * MINUTE)
    with database.begin() as store:
        store.events.add([*_delivered(campaign, ids), complaint], bucket=MINUTE)

    points = database.read(queries.points, campaign.id)

    assert [point.delivered for point in points] == list(range(1, 11))
    assert [point.complaints for point in points] == [0, 0, *[1] * 8]
    assert points[0].at == SENT_AT


def test_a_long_plot_is_thinned_and_keeps_the_newest_count(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store, recipients=600)
        (variant, *_) = write_all(store, campaign)
        chunks = plan(store, campaign, variant, steps=((100.0, 1),), chunk_size=600)
        events = _delivered(campaign, send_ids(store, chunks))
        store.events.add(events, bucket=MINUTE)

    points = database.read(queries.points, campaign.id)

    assert 180 <= len(points) <= 240
    assert points[-1].delivered == 600
    assert list(points) == sorted(points, key=lambda point: point.at)


def test_a_campaign_without_events_has_no_points(database: Database) -> None:
    campaign, _ = make_sending(database)

    assert database.read(queries.points, campaign.id) == ()
