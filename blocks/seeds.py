"""Seed mails on a campaign's card: who of the team gets them, and what became of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from blocks.text import capital, count, plural, sentence
from domain.seeds import SeedMails, SeedState
from domain.views import CampaignCard


def to_come(view: CampaignCard) -> str:
    """Before the canary: how many of the team get each variant."""
    is_blind = _is_blind(view)
    if not view.seeds_named:
        nobody = "No seed mails: `canary.yaml` names nobody of the team."
        return nobody if is_blind else ""
    gets = "seed of the team gets" if view.seeds_named == 1 else "seeds of the team get"
    said = f"{count(view.seeds_named)} {gets} each variant when the canary starts."
    return f"{said} {_MATTERS}" if is_blind else said


_MATTERS: Final = "It matters most here, where complaints cannot be seen."


def told(view: CampaignCard) -> str:
    """Once the canary has started: whether they are out."""
    if view.seeds is None:
        return ""
    if view.seeds.state is SeedState.SENT and _is_blind(view) and _goes_on(view):
        return f"*Seed mails are {_out(view.seeds)}: look at one before you expand.*"
    return f"Seed mails: {_SAID[view.seeds.state](view.seeds)}"


def _is_blind(view: CampaignCard) -> bool:
    return view.canary is not None and view.canary.breach_at is None


def _goes_on(view: CampaignCard) -> bool:
    """Whether a step is left that a person can let out."""
    return view.canary is not None and view.canary.step + 1 < view.canary.steps_total


def _out(seeds: SeedMails) -> str:
    if seeds.accepted >= seeds.mails:
        return f"out to {count(seeds.seeds)} of the team"
    return (
        f"out in part, {count(seeds.accepted)} of {plural(seeds.mails, 'mail')}"
        f" to {count(seeds.seeds)} of the team"
    )


def _sent(seeds: SeedMails) -> str:
    why = f" {_why(seeds)}" if seeds.reason else ""
    return f"{_out(seeds)}.{why}"


def _why(seeds: SeedMails) -> str:
    return capital(sentence(seeds.reason or ""))


def _on_their_way(seeds: SeedMails) -> str:
    return f"on their way to {count(seeds.seeds)} of the team."


def _not_known(seeds: SeedMails) -> str:
    return f"not known whether they are out. They are not sent again. {_why(seeds)}"


def _failed(seeds: SeedMails) -> str:
    return f"failed, nobody of the team got one. {_why(seeds)}"


_SAID: Final[Mapping[SeedState, Callable[[SeedMails], str]]] = {
    SeedState.PLANNED: _on_their_way,
    SeedState.INTENT: _on_their_way,
    SeedState.SENT: _sent,
    SeedState.UNKNOWN: _not_known,
    SeedState.FAILED: _failed,
}
