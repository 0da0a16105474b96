"""What is asked of all chunks of a campaign at once, however many there are."""

from __future__ import annotations

from datetime import timedelta

from domain.send import Chunk, ChunkState
from storage.engine import Database
from storage.store import Store
from tests.factories import add_campaign, plan, write_all


def planned(store: Store, *, size: int = 1) -> tuple[Chunk, ...]:
    """Two steps of six chunks each."""
    campaign = add_campaign(store, recipients=12 * size)
    (variant,) = write_all(store, campaign, "A")
    return plan(
        store, campaign, variant, steps=((50.0, 6), (100.0, 6)), chunk_size=size
    )


def test_a_step_is_out_when_every_chunk_up_to_it_is_with_the_esp(
    database: Database,
) -> None:
    with database.begin() as store:
        chunks = planned(store)
        number = chunks[0].campaign_id
        for chunk in chunks[:5]:
            store.sends.swap(chunk, ChunkState.SENT)
        for state in ChunkState:
            last = store.sends.chunk(chunks[5].id)
            store.sends.swap(last, state)
            is_sent = state is ChunkState.SENT
            assert store.sends.is_out(number, up_to_step=0) is is_sent
            assert store.sends.is_in_hand(number) is (state is ChunkState.INTENT)
            assert not store.sends.is_out(number, up_to_step=1)


def test_all_planned_chunks_are_queued_once_as_one_by_one(database: Database) -> None:
    with database.begin() as store:
        chunks = planned(store)
        number = chunks[0].campaign_id
        store.sends.swap(chunks[0], ChunkState.SENT)
        store.outbox.add("send", chunks[1].id, chunks[1].version, number, suffix=":7")
        for _ in range(2):
            store.outbox.add_sends(number, up_to_step=0, suffix=":7")
        due = store.outbox.due(redrive_after=timedelta(1))
        assert [(job.task, job.row_id, job.row_version) for job in due] == [
            ("send", chunk.id, chunk.version) for chunk in chunks[1:6]
        ]
        assert {(job.campaign_id, job.attempts, job.is_finished) for job in due} == {
            (number, 0, False)
        }


def test_the_newest_batches_that_the_esp_may_hold_can_be_cancelled(
    database: Database,
) -> None:
    with database.begin() as store:
        chunks = planned(store)
        number = chunks[0].campaign_id
        now = store.now
        # handed over from the last chunk to the first
        for age, chunk in enumerate(chunks[:8]):
            at = now - timedelta(minutes=age)
            state = ChunkState.UNKNOWN if age == 7 else ChunkState.SENT
            store.sends.swap(
                chunk,
                state,
                batch_id=f"b{age}",
                intent_at=at,
                accepted_at=None if age == 7 else at,
            )
        since = now - timedelta(minutes=4, seconds=30)
        found = store.sends.cancellable(number, since=since, most=10)
        assert found == ("b7", "b4", "b3", "b2", "b1", "b0")
        assert store.sends.cancellable(number, since=since, most=2) == ("b1", "b0")
