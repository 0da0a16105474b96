"""What Slack says of people and groups: kept, and acted on where somebody lost a role.

What takes a role away is believed when it is heard. What gives one is asked for: an
event only rings, so that one delivered late or twice gives nobody anything.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

import structlog

from domain.campaign import CampaignId
from domain.members import SlackPerson, concerned
from domain.review import Team
from pipeline.playbook import Playbook
from pipeline.record.pools import relieve_of, speak_up
from storage.store import Store

log = structlog.get_logger(__name__)

ASK_EVERY: Final = timedelta(minutes=10)
TASK: Final = "members"
MEMBERS_MOST: Final = 500
"""A larger group gives nobody a role: who is in it could not be asked about in time."""


def ask_due(store: Store, written: Playbook, *, most: int) -> int:
    """Queue asking Slack about whoever is due; returns how many.

    Args:
        written: With the team as its file has it.
    """
    store.members.concern(concerned(written.everyone, store.members.roster()))
    due = store.members.due(most)
    for each in due:
        version = store.members.claim(each, store.now + ASK_EVERY)
        if version is not None:
            # an id may come again after its row was forgotten
            asked_at = f":{store.now.timestamp()}"
            store.outbox.add(TASK, each.id, version, None, suffix=asked_at)
    return len(due)


def ask_everyone_again(store: Store) -> None:
    """Ask about all again, after a time in which events may have been missed."""
    store.members.ask_all_now()


def person_seen(
    store: Store, written: Playbook, person: SlackPerson, *, ask_id: int, version: int
) -> None:
    """Keep Slack's answer, unless something was heard since the asking."""
    if store.members.hold(ask_id, version):
        _take_in(store, written, person=person)


def group_seen(
    store: Store,
    written: Playbook,
    group: str,
    members: Collection[str],
    *,
    ask_id: int,
    version: int,
) -> None:
    """Keep Slack's answer, unless something was heard since the asking."""
    if not store.members.hold(ask_id, version):
        return
    if len(members) > MEMBERS_MOST:
        log.error("members.group_too_large", group=group, members=len(members))
        members = ()
    _take_in(store, written, group=group, members=members)


def person_changed(store: Store, written: Playbook, person: SlackPerson) -> None:
    """Take the roles of somebody who may not have any; anything else is asked."""
    store.members.ask_now((person.id,))
    if person.barred is not None:
        _take_in(store, written, person=person)


def members_left(
    store: Store, written: Playbook, group: str, users: Collection[str]
) -> None:
    """Take somebody out of a group, or everybody out of one that is no more."""
    store.members.ask_now((group,))
    known = store.members.roster().groups.get(group, ())
    left = [user for user in known if user not in users]
    if len(left) < len(known):
        _take_in(store, written, group=group, members=left)


def group_closed(store: Store, written: Playbook, group: str) -> None:
    """Take everybody out of a group that was disabled."""
    members_left(store, written, group, store.members.roster().groups.get(group, ()))


def group_changed(store: Store, group: str) -> None:
    """Ask who is in a group now."""
    store.members.ask_now((group,))


def _take_in(
    store: Store,
    written: Playbook,
    *,
    person: SlackPerson | None = None,
    group: str | None = None,
    members: Collection[str] = (),
) -> None:
    """Keep facts, hand on the questions of whoever lost a role, and say it aloud."""
    before = _teams(written.joined(store.members.roster()))
    if person is not None:
        store.members.put_person(person)
    if group is not None:
        store.members.put_group(group, members)
    roster = store.members.roster()
    playbook = written.joined(roster)
    store.members.concern(concerned(written.everyone, roster))
    now = _teams(playbook)
    # somebody may keep a role in one team and lose it in another
    lost = {
        (user, role, key)
        for key, team in before.items()
        for user, was in team.people.items()
        for role in was.roles - now[key].roles_of(user)
    }
    handed_on: set[tuple[CampaignId, str]] = set()
    for user in sorted({user for user, _, _ in lost}):
        roles = {role for who, role, _ in lost if who == user}
        log.info("members.lost_role", user=user, roles=sorted(roles))
        handed_on.update(relieve_of(store, playbook, user))
    gone = {(role, key) for _, role, key in lost if not now[key].holders(role)}
    for role in sorted({role for role, _ in gone}):
        keys = sorted(key for each, key in gone if each == role)
        log.warning("members.role_empty", role=role, teams=keys)
        speak_up(store, playbook, role, teams=keys, but=handed_on)


def _teams(playbook: Playbook) -> dict[str, Team]:
    """Who holds which role in whose campaigns, by key; the centre's is ""."""
    return {"": playbook.team} | {
        key: each.team for key, each in playbook.teams.items()
    }
