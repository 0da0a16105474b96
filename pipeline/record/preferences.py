"""People set what concerns only themselves; going away hands their questions on."""

from __future__ import annotations

from domain.errors import NotYourTurn
from domain.preferences import Preferences, check_preferences
from pipeline.playbook import Playbook
from pipeline.record.digests import arm_digest
from pipeline.record.pools import hand_over
from storage.store import Store


def set_preferences(
    store: Store, playbook: Playbook, given: Preferences, *, actor: str
) -> None:
    """Keep a person's own settings; what they were asked for is handed on if they go.

    Raises:
        NotYourTurn: They are not on the team, so nothing here is about them.
        Refused: The settings cannot hold together.
    """
    if actor not in playbook.everyone.people:
        raise NotYourTurn("Only people in the team file have settings here.")
    check_preferences(given)
    before = store.preferences.get(actor)
    store.preferences.set(actor, given)
    if given.digest_hour != before.digest_hour:
        arm_digest(store, playbook, actor)
    if given.is_away(store.now):
        hand_over(store, playbook, actor)
