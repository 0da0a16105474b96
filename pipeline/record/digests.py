"""A person's digest: when it is looked at next, and whether the day's is begun."""

from __future__ import annotations

from datetime import datetime, tzinfo

import structlog

from domain.digest import due_today, next_digest
from pipeline.playbook import Playbook
from storage.digests import DigestTimer
from storage.store import Store
from storage.time_zones import zone_named

log = structlog.get_logger(__name__)


def digest_due(store: Store, playbook: Playbook, timer: DigestTimer) -> None:
    """Begin the digest that is due, if any is, and set the timer to the next one.

    After an outage it is the day's own digest, unless that is too late already.
    """
    given = store.preferences.get(timer.user)
    again = _next(store, playbook, timer.user, given.digest_hour)
    if not store.digests.claim(timer, again) or given.digest_hour is None:
        return
    if timer.user not in playbook.everyone.people or given.is_away(store.now):
        return
    found = due_today(
        store.now,
        timer.at,
        given.digest_hour,
        _zone(store, playbook, timer.user),
        playbook.rules.hours,
    )
    if found is None:
        log.info("digest.missed", user=timer.user)
        return
    day, at = found
    digest_id = store.digests.add(timer.user, day, at)
    if digest_id is not None:
        store.outbox.add("digest", digest_id, 1, None)


def arm_digest(store: Store, playbook: Playbook, user: str) -> None:
    """Set the timer by the person's hour and zone; without an hour there is none."""
    hour = store.preferences.get(user).digest_hour
    store.digests.arm(user, _next(store, playbook, user, hour))


def learn_zone(store: Store, playbook: Playbook, user: str, *, name: str) -> None:
    """Keep the time zone that Slack has for a person; one nobody knows is left out."""
    is_known = user in playbook.everyone.people and zone_named(name) is not None
    if not is_known or store.preferences.time_zone(user) == name:
        return
    store.preferences.learn_zone(user, name)
    arm_digest(store, playbook, user)


def _next(
    store: Store, playbook: Playbook, user: str, hour: int | None
) -> datetime | None:
    if hour is None:
        return None
    zone = _zone(store, playbook, user)
    return next_digest(store.now, hour, zone, playbook.rules.hours)


def _zone(store: Store, playbook: Playbook, user: str) -> tzinfo:
    """The person's; the desk's own while Slack has not said."""
    return (
        zone_named(store.preferences.time_zone(user) or "") or playbook.rules.hours.zone
    )
