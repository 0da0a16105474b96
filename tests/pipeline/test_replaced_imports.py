"""Who was in a list that has been replaced: known for a while, and then a row of counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.campaign import Actor, CampaignId, State
from pipeline import record
from pipeline.jobs import TASKS
from pipeline.relay import SWEEP_EVERY, Relay
from storage.tables import audiences
from tests.pipeline.lab import OMAR, Lab
from tests.pipeline.test_record_events import in_canary
from tests.pipeline.test_record_judge import PROBE

ONE_LEFT = timedelta(days=1)


@pytest.fixture
def number(desk: Lab) -> CampaignId:
    """A campaign whose canary is out, of a list that has been replaced since."""
    number = in_canary(desk)
    with desk.deps.database.begin() as store:
        store.connection.execute(
            sa.update(audiences)
            .where(audiences.c.id == desk.campaign(number).audience_id)
            .values(replaced_at=store.now)
        )
    return number


def ended(desk: Lab, number: CampaignId) -> None:
    """Stopped, so that nothing is mailed any more."""
    desk.write(record.hold, desk.deps.playbook, number, actor=OMAR)
    desk.write(
        record.raise_alarm,
        desk.deps.playbook,
        number,
        PROBE,
        actor=Actor(id="shell:monitor"),
    )
    assert desk.state(number) is State.ROLLED_BACK


def sweep(desk: Lab, after: timedelta) -> None:
    relay = Relay(desk.deps, TASKS)
    desk.clock.tick(max(after, SWEEP_EVERY))
    try:
        relay.once()
    finally:
        relay.close()


def known(desk: Lab) -> int:
    ((count,),) = desk.rows("SELECT count(*) FROM recipients WHERE address <> ''")
    return int(count)


def test_people_are_known_until_their_time_is_over(
    desk: Lab, number: CampaignId
) -> None:
    keep, everybody = desk.deps.settings.keep_replaced, known(desk)
    ended(desk, number)
    sweep(desk, keep - ONE_LEFT)
    assert known(desk) == everybody
    sweep(desk, ONE_LEFT)
    assert known(desk) == 0
    ((hashes,),) = desk.rows(
        "SELECT count(DISTINCT address_hash) FROM recipients WHERE first_name = ''"
    )
    assert hashes == everybody
    # nothing is left to look for
    assert desk.rows("SELECT id FROM audiences WHERE replaced_at IS NOT NULL") == []
    logged = desk.rows(
        "SELECT event FROM audience_events WHERE event = 'replaced_let_go'"
    )
    assert len(logged) == 1


def test_whom_a_campaign_still_mails_stays_whole(desk: Lab, number: CampaignId) -> None:
    everybody = known(desk)
    with desk.deps.database.begin() as store:
        (replaced,) = store.imports.replaced(store.now + ONE_LEFT)
        assert store.imports.let_go(replaced, limit=1_000) == 0
        assert store.imports.replaced(store.now + ONE_LEFT) == (replaced,)
    assert known(desk) == everybody
    ended(desk, number)
    with desk.deps.database.begin() as store:
        assert store.imports.let_go(replaced, limit=100) == 100
        assert store.imports.replaced(store.now + ONE_LEFT) == (replaced,)
    assert known(desk) == everybody - 100


def test_a_late_unsubscribe_is_known_by_its_hash(desk: Lab, number: CampaignId) -> None:
    ended(desk, number)
    sweep(desk, desk.deps.settings.keep_replaced + ONE_LEFT)
    ((send_id, address_hash),) = desk.rows(
        "SELECT s.id, r.address_hash FROM sends s"
        " JOIN recipients r ON r.id = s.recipient_id"
        " JOIN chunks c ON c.id = s.chunk_id WHERE c.step = 0 ORDER BY s.id LIMIT 1"
    )
    desk.write(record.unsubscribe, send_id)
    found = desk.rows("SELECT address_hash FROM suppressions")
    assert (address_hash,) in found
