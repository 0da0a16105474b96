from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.campaign import Campaign
from domain.send import Chunk, ChunkState
from storage.engine import Database
from storage.store import Store
from storage.tables import chunks
from tests.clock import Clock
from tests.factories import (
    add_audience,
    add_campaign,
    hand_over,
    make_event,
    plan,
    send_ids,
    write_all,
)

MINUTE = timedelta(minutes=1)


def make_planned(store: Store) -> tuple[Campaign, tuple[Chunk, ...]]:
    campaign = add_campaign(store, recipients=10)
    (variant, *_) = write_all(store, campaign)
    return campaign, plan(store, campaign, variant)


def test_a_person_gets_at_most_one_mail_of_a_campaign(database: Database) -> None:
    with database.begin() as store:
        campaign, _ = make_planned(store)
        (variant, *_) = store.variants.of(campaign.id)
        ((person, *_), *_others) = store.audiences.mailable_keys(campaign.audience_id)
        again = {
            "recipient_id": person,
            "variant_id": variant.id,
            "revision_id": variant.revision_id or 0,
        }

        # chunk numbers start over, so that only the person is there twice
        late = sa.update(chunks).values(number=chunks.c.number + 10)
        store.connection.execute(late)
    with (
        pytest.raises(sa.exc.IntegrityError, match="recipient"),
        database.begin() as store,
    ):
        store.sends.plan(campaign.id, [], [(5, [again])])
    with database.begin() as store:
        assert len(store.sends.chunks(campaign.id)) == 2


def test_a_chunk_has_every_planned_mail(database: Database) -> None:
    with database.begin() as store:
        campaign, planned = make_planned(store)

        assert store.sends.is_planned(campaign.id)
        assert [len(store.sends.mails(each.id)) for each in planned] == [5, 5]
        assert store.sends.chunks(campaign.id, up_to_step=0) == planned[:1]


@pytest.mark.parametrize("reason", ["complained", "unsubscribed", "bounced"])
def test_a_suppression_wins_also_over_what_is_planned(
    database: Database, reason: str
) -> None:
    with database.begin() as store:
        campaign, (chunk, _) = make_planned(store)
        (asker, *_) = send_ids(store, [chunk])

        assert store.audiences.suppress_senders({asker: reason}, campaign.id) == 1
        assert store.audiences.suppress_senders({asker: reason}, campaign.id) == 0

        assert asker not in {mail.id for mail in store.sends.mails(chunk.id)}
        assert store.audiences.mailable(campaign.audience_id) == 9
        assert store.audiences.suppressed_by(campaign.id) == 1


def test_each_mail_is_looked_up_in_a_list_that_was_just_imported(
    database: Database,
) -> None:
    asked: list[tuple[str, object]] = []

    def keep(*given: object) -> None:
        asked.append((str(given[2]), given[3]))

    with database.begin() as store:
        campaign = add_campaign(store, recipients=2_000)
        (variant,) = write_all(store, campaign, "A")
        (_, chunk) = plan(store, campaign, variant, chunk_size=1_000)
        sa.event.listen(store.connection, "before_cursor_execute", keep)
        assert len(store.sends.mails(chunk.id)) == 1_000
        assert store.sends.barred(chunk.id) == frozenset()
        sa.event.remove(store.connection, "before_cursor_execute", keep)

        how = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        plans = [
            str(store.connection.exec_driver_sql(f"{how} {words}", given).all())
            for words, given in asked
        ]
    assert len(plans) == 2
    # by that index everybody in the list would be walked, once for each mail
    assert not [each for each in plans if "ix_recipients_consent" in each]


def test_a_suppressed_address_is_not_mailable_in_another_list_either(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign, (chunk, _) = make_planned(store)
        other = store.audiences.replace("other", "Other", source_sha256="s")
        person = store.sends.mails(chunk.id)[0].recipient
        store.audiences.add_recipients(
            other,
            [
                {
                    "address": person.address,
                    "address_hash": person.address_hash,
                    "has_consent": True,
                }
            ],
        )
        assert store.audiences.mailable(other) == 1
        (asker, *_) = send_ids(store, [chunk])
        store.audiences.suppress_senders({asker: "complained"}, campaign.id)

        assert store.audiences.mailable(other) == 0


def test_nobody_without_consent_is_mailable(database: Database) -> None:
    with database.begin() as store:
        audience = add_audience(store, 4, consent=False)

        assert store.audiences.mailable(audience) == 0
        assert store.audiences.mailable_keys(audience) == []


def test_an_address_is_in_a_list_once(database: Database) -> None:
    with database.begin() as store:
        audience = add_audience(store, 4)
        assert add_audience(store, 6) == audience

        assert store.audiences.by_key("calm").size == 6
        assert store.audiences.find("sha-calm") == store.audiences.by_key("calm")


def test_suppressions_are_pushed_to_the_esp_once(database: Database) -> None:
    with database.begin() as store:
        campaign, (chunk, _) = make_planned(store)
        first, second, *_ = send_ids(store, [chunk])
        store.audiences.suppress_senders(
            {first: "complained", second: "bounced"}, campaign.id
        )
        waiting = store.audiences.to_push(campaign.id)
        store.audiences.pushed([min(waiting)])

        assert sorted(waiting.values()) == ["0@calm.example", "1@calm.example"]
        assert set(store.audiences.to_push(campaign.id)) == {max(waiting)}


def test_mails_are_out_from_the_moment_of_the_call(database: Database) -> None:
    with database.begin() as store:
        campaign, (first, second) = make_planned(store)
        assert store.sends.totals(campaign.id) == (0, 10)
        asked = store.sends.swap(first, ChunkState.INTENT, intent_at=store.now)
        assert store.sends.totals(campaign.id) == (5, 5)
        hand_over(store, asked, accepted=4)
        assert store.sends.totals(campaign.id) == (4, 5)

        assert store.sends.revoke(campaign.id) == 1
        assert store.sends.chunk(second.id).state is ChunkState.REVOKED
        assert store.sends.totals(campaign.id) == (4, 5)


def test_mails_left_out_are_marked_and_no_longer_the_chunks(
    database: Database,
) -> None:
    with database.begin() as store:
        _, (chunk, _) = make_planned(store)
        kept = send_ids(store, [chunk])[:3]

        store.sends.skip_others(chunk.id, kept)

        assert send_ids(store, [chunk]) == kept


def test_what_was_accepted_after_the_gate_shut_is_counted(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign, (first, second) = make_planned(store)
        hand_over(store, first)
    shut = clock.tick(MINUTE)
    clock.tick(MINUTE)
    with database.begin() as store:
        assert store.sends.leaked(campaign.id, shut) == 0
        hand_over(store, second, accepted=3)

        assert store.sends.leaked(campaign.id, shut) == 3


def test_a_chunk_without_an_answer_is_known_by_its_events(database: Database) -> None:
    with database.begin() as store:
        campaign, (chunk, other) = make_planned(store)
        a, b, *_ = send_ids(store, [chunk])
        seen = [(a, "accepted"), (a, "delivered"), (b, "bounced")]
        store.events.add(
            [make_event(campaign, key, kind, at=store.now) for key, kind in seen],
            bucket=MINUTE,
        )

        assert store.sends.events_seen(chunk) == 2
        assert store.sends.events_seen(other) == 0
        assert store.sends.campaign_of(a)[0] == campaign.id
