"""What must hold after every kill, read from our record and from the ESP's own."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, Final

import httpx
import sqlalchemy as sa

from blocks import freeze as drawn
from domain.campaign import CampaignId, State
from domain.digest import DigestState
from domain.seeds import FIRST_SEND_ID
from pipeline.surfaces import surfaces
from storage import queries
from storage.store import Store
from storage.tables import (
    audit_events,
    chunks,
    digests,
    outbox,
    recipients,
    sends,
    slack_messages,
)
from tests.crash.play import Run, is_over
from tests.crash.stack import Stack

DRAIN_WITHIN_S: Final = 300
"""Cards wait for Slack's own pace, one post a second and channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one run came to.

    Attributes:
        lost: Sentences about work, mail or record that is missing.
        twice: Recipients with more than one accepted mail of the campaign.
        duplicates: Slack messages posted twice; Slack takes no key, so they happen.
        recovery_s: From the kill until all it had interrupted was done.
    """

    run: Run
    lost: tuple[str, ...]
    twice: int
    duplicates: int
    recovery_s: float | None

    @property
    def is_hit(self) -> bool:
        return self.run.killed_at is not None

    @property
    def is_good(self) -> bool:
        return self.is_hit and not self.lost and not self.twice


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFound:
    """What holds for a whole desk and not for one run.

    Attributes:
        broken: Breaks of the audit chains.
        paid_twice: Model calls made again with the very same question.
    """

    broken: tuple[str, ...]
    paid_twice: int


def drain(desk: Stack) -> None:
    """Wait until no job is left, or for so long that what is left is lost."""
    query = sa.select(sa.func.count()).where(outbox.c.finished_at.is_(None))
    deadline = time.monotonic() + DRAIN_WITHIN_S
    while time.monotonic() < deadline:
        if not desk.deps.database.read(lambda c: c.scalar(query)):
            return
        time.sleep(0.2)


def desk_verdict(desk: Stack) -> DeskFound:
    paid = httpx.get(f"{desk.writer_url}/paid").json()["twice"]
    with desk.deps.database.begin() as store:
        while store.audit.seal():
            pass
        walked = store.audit.verify()
    return DeskFound(broken=walked.broken + _digests_twice(desk), paid_twice=paid)


def _digests_twice(desk: Stack) -> tuple[str, ...]:
    """A digest has no key in Slack: there are never more of them than were due."""
    query = sa.select(sa.func.count()).select_from(digests)
    due = desk.deps.database.read(lambda c: c.scalar(query)) or 0
    posted = sum(
        str(message.get("text", "")).startswith("Your digest:")
        for message in _in_slack(desk)
    )
    return (f"{posted} digests came of {due}.",) if posted > due else ()


def verdicts(desk: Stack, runs: Sequence[Run]) -> list[Found]:
    """Judge every run of a desk; its world is still up, its queue is drained."""
    mails = _mails_at_the_esp(desk)
    stale = {
        run.case: _stale_cards(desk, run.campaign_id)
        for run in runs
        if run.campaign_id is not None
    }
    posted = _posted_in_slack(desk)
    return desk.deps.database.look(
        lambda store: [
            _verdict(store, run, mails, posted, stale.get(run.case, [])) for run in runs
        ]
    )


def _verdict(
    store: Store,
    run: Run,
    mails: Mapping[int, Counter[str]],
    posted: Counter[str],
    stale: Sequence[str],
) -> Found:
    lost = [run.problem] if run.problem else []
    twice = duplicates = 0
    if run.campaign_id is not None:
        accepted = mails.get(run.campaign_id, Counter())
        twice = sum(count > 1 for count in accepted.values())
        lost += _unfinished(store, run.campaign_id)
        lost += _unmailed(store, run.campaign_id, accepted)
        lost += _wrong_version(store, run.campaign_id)
        lost += _unposted(store, run.campaign_id)
        lost += stale
        lost += _undigested(store, run)
        lost += _untold(store, run)
        keys = _surface_keys(store, run.campaign_id)
        duplicates = sum(max(posted[key] - 1, 0) for key in keys)
    return Found(
        run=run,
        lost=tuple(lost),
        twice=twice,
        duplicates=duplicates,
        recovery_s=_recovery_s(store, run),
    )


def _unfinished(store: Store, campaign_id: CampaignId) -> list[str]:
    query = sa.select(outbox).where(
        outbox.c.campaign_id == campaign_id, outbox.c.finished_at.is_(None)
    )
    left = [
        f"Job {row.id} ({row.dedup_key}) has no end after {row.attempts} starts."
        for row in store.connection.execute(query)
    ]
    if not is_over(store, campaign_id):
        left.append(f"Campaign #{campaign_id} did not come to its end.")
    return left


def _unmailed(
    store: Store, campaign_id: CampaignId, accepted: Counter[str]
) -> list[str]:
    """Whom our record calls mailed without the ESP having the mail, or the reverse."""
    query = (
        sa.select(recipients.c.address, sends.c.is_skipped, chunks.c.state)
        .join(sends, sends.c.recipient_id == recipients.c.id)
        .join(chunks, chunks.c.id == sends.c.chunk_id)
        .where(sends.c.campaign_id == campaign_id)
    )
    missing = stray = 0
    for row in store.connection.execute(query):
        is_due = row.state == "sent" and not row.is_skipped
        missing += is_due and not accepted[row.address]
        stray += not is_due and accepted[row.address] > 0
    said = []
    if missing:
        said.append(f"#{campaign_id}: {missing} recipients got no mail.")
    if stray:
        said.append(f"#{campaign_id}: {stray} mails are out that we do not know of.")
    state = store.campaigns.get(campaign_id).state
    if state is State.SENT and not accepted:
        said.append(f"#{campaign_id} is sent, and the ESP has no mail of it.")
    return said


def _wrong_version(store: Store, campaign_id: CampaignId) -> list[str]:
    query = sa.select(sa.func.count()).where(
        audit_events.c.campaign_id == campaign_id,
        audit_events.c.from_state.is_not(None),
    )
    moves = store.connection.scalar(query) or 0
    version = store.campaigns.get(campaign_id).version
    if version == moves + 1:
        return []
    return [f"#{campaign_id} has version {version} after {moves} moves."]


def _unposted(store: Store, campaign_id: CampaignId) -> list[str]:
    query = sa.select(slack_messages).where(slack_messages.c.campaign_id == campaign_id)
    rows = list(store.connection.execute(query))
    if not rows:
        return [f"#{campaign_id} has no card."]
    return [
        f"The message {row.key} is {row.state}."
        for row in rows
        if row.state != "posted"
    ]


def _stale_cards(desk: Stack, campaign_id: CampaignId) -> list[str]:
    """Live messages that do not show what the record says."""
    deps = desk.deps
    view = deps.database.read(
        queries.campaign_card, campaign_id, deps.playbook.view_facts
    )
    live = tuple(surfaces(deps, view))
    shown = deps.database.look(
        lambda store: {each.key: store.messages.get(each.key) for each in live}
    )
    return [
        f"The message {each.key} does not show the record."
        for each in live
        if (message := shown[each.key]) is None
        or (each.is_live and message.rendered_sha256 != each.sha256)
    ]


def _undigested(store: Store, run: Run) -> list[str]:
    """A digest goes out once or, where nobody knows, not again; it has an end."""
    if run.digest_id is None:
        return []
    state = store.digests.get(run.digest_id).state
    ends = (DigestState.POSTED, DigestState.UNKNOWN)
    return [] if state in ends else [f"Digest {run.digest_id} is {state}."]


def _untold(store: Store, run: Run) -> list[str]:
    """Every channel that heard of a freeze has heard that it is over."""
    if run.freeze_id is None:
        return []
    found = store.freezes.get(run.freeze_id)
    shown = drawn.notice(found, now=store.now).payload()
    sha256 = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    told = store.freezes.notices(found.id)
    if told and all(known == sha256 for _ts, known in told.values()):
        return []
    return [f"The notice of freeze {found.id} does not show the record."]


def _surface_keys(store: Store, campaign_id: CampaignId) -> list[str]:
    query = sa.select(slack_messages.c.key).where(
        slack_messages.c.campaign_id == campaign_id
    )
    return list(store.connection.scalars(query))


def _mails_at_the_esp(desk: Stack) -> dict[int, Counter[str]]:
    """Accepted mails by campaign and address, from the ESP's own file."""
    found: dict[int, Counter[str]] = {}
    with closing(sqlite3.connect(f"file:{desk.esp_file}?mode=ro", uri=True)) as db:
        for address, args in db.execute("SELECT email, custom_args FROM mails"):
            about = json.loads(args)
            seed = (
                f" {about['send_id']}" if int(about["send_id"]) >= FIRST_SEND_ID else ""
            )
            # a seed gets one mail of each variant, and never one of them twice
            campaign = int(about["campaign_id"])
            found.setdefault(campaign, Counter())[f"{address}{seed}"] += 1
    return found


def _posted_in_slack(desk: Stack) -> Counter[str]:
    """How many messages show each surface, from Slack's own snapshot."""
    return Counter(
        message["metadata"]["event_payload"]["id"]
        for message in _in_slack(desk)
        if message.get("metadata")
    )


def _in_slack(desk: Stack) -> list[dict[str, Any]]:
    time.sleep(_SNAPSHOT_S)
    state: dict[str, Any] = json.loads(desk.slack_file.read_text(encoding="utf-8"))
    messages: list[dict[str, Any]] = state["messages"]
    return messages


_SNAPSHOT_S: Final = 3
"""The practice Slack saves itself about this often."""


def _recovery_s(store: Store, run: Run) -> float | None:
    if run.killed_at is None:
        return None
    if run.case.surface == "web":
        return _seconds(run.killed_at, run.back_at)
    query = sa.select(sa.func.max(outbox.c.finished_at)).where(
        outbox.c.id.in_(run.waiting)
    )
    return _seconds(run.killed_at, store.connection.scalar(query))


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else max((end - start).total_seconds(), 0.0)


def middle(seconds: Sequence[float]) -> float:
    return median(seconds) if seconds else 0.0
