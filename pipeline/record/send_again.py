"""Send an unknown chunk again: two people, knowing that somebody may get it twice."""

from __future__ import annotations

from domain.campaign import FINAL
from domain.errors import Refused
from domain.second_person import Act
from domain.send import Chunk, ChunkId, ChunkState
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.roles import require_role
from pipeline.record.second_person import take_second
from storage.store import Store


def send_again(
    store: Store, playbook: Playbook, chunk_id: ChunkId, *, actor: str
) -> Chunk:
    """Plan a chunk again that nobody knows the fate of; the first press only asks.

    The one way past "nobody is mailed twice". Whoever the ESP has reported anything
    about is left out, now and when it is handed over; for the others the trail says
    that they may get it twice.

    Raises:
        NotYourTurn: The author, another team, or the person who asked.
        Refused: It is settled, its campaign has ended, or the ESP may still tell.
    """
    require_role(playbook.everyone, actor)
    campaign = store.campaigns.lock(store.sends.chunk(chunk_id).campaign_id)
    chunk = store.sends.chunk(chunk_id)
    if chunk.state is not ChunkState.UNKNOWN:
        raise Refused(f"Chunk {chunk.number} is {chunk.state} already.")
    if campaign.state in FINAL:
        raise Refused(f"#{campaign.id} has ended, so nothing of it is sent again.")
    may_tell_until = (chunk.intent_at or store.now) + playbook.unknown_after
    if store.now < may_tell_until:
        raise Refused(
            f"The ESP may still tell what became of chunk {chunk.number}; it can be"
            f" sent again from {may_tell_until:%H:%M:%S} UTC."
        )
    ask = take_second(
        store,
        playbook,
        campaign,
        Act.SEND_AGAIN,
        actor=actor,
        row_id=chunk.id,
        row_version=chunk.version,
    )
    if ask is None:
        return chunk
    planned = store.sends.swap(
        chunk,
        ChunkState.PLANNED,
        # batch and time of the first call stay until the next: what turns out to have
        # left then, left by them
        may_duplicate=True,
        reason=f"sent again by {actor}",
    )
    left_out = store.sends.events_seen(chunk)
    store.audit.append(
        campaign.id,
        "chunk_sent_again",
        actor=actor,
        detail={
            "asked_by": ask.asked_by,
            "chunk": chunk.number,
            "size": chunk.size,
            "left_out": left_out,
            "may_duplicate": chunk.size - chunk.skipped - left_out,
        },
    )
    # the sender looks at the gate; of a paused campaign it goes when that goes on
    store.outbox.add(
        "send", planned.id, planned.version, campaign.id, suffix=f":{campaign.version}"
    )
    refresh_card(store, campaign, f"c{planned.id}.{planned.version}")
    return planned
