"""teams/*.yaml: teams of their own, whose rules may be stricter than review.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from domain.federation import TeamRules, together, weakened
from domain.review import Team
from pipeline.playbook_review import Review, load_review
from pipeline.playbook_team import TEAM_KEYS, team_from
from pipeline.playbook_values import PlaybookRefused, only, read, table

FOLDER: Final = "teams"
_KEYS: Final = (*TEAM_KEYS, "review")


def load_teams(
    folder: Path, central: Team, review: Review, time_scale: float
) -> dict[str, TeamRules]:
    """Read every team's file, and check that it is not weaker than the centre.

    Args:
        folder: The playbook's.
        central: The team of team.yaml; it holds what a team gives to nobody.
        review: What review.yaml says.

    Raises:
        PlaybookRefused: Names the file, the key and what is allowed.
    """
    paths = sorted((folder / FOLDER).glob("*.yaml"))
    raw = read(folder / "review.yaml") if paths else {}
    return {path.stem: _team(path, raw, central, review, time_scale) for path in paths}


def _team(
    path: Path,
    central_raw: Mapping[str, Any],
    central: Team,
    review: Review,
    time_scale: float,
) -> TeamRules:
    file = f"{FOLDER}/{path.name}"
    raw = read(path)
    only(raw, _KEYS, file)
    own = team_from(raw, file)
    for role in sorted(own.roles_given & review.rules.reserved_roles):
        raise PlaybookRefused(
            f"{file} gives the role {role}, and reserved_roles in review.yaml keeps it"
            " for the centre's people."
        )
    team = together(central, own)
    stricter = table(raw.get("review") or {}, f"{file}, review")
    try:
        raw = _merged(central_raw, stricter)
        found = load_review(raw, team, time_scale, review.rules.prompt_risks)
    except PlaybookRefused as refused:
        raise PlaybookRefused(f"{file}, with what it changes: {refused}") from refused
    rules = TeamRules(
        key=path.stem, own=own, team=team, stages=found.stages, rules=found.rules
    )
    why = weakened(review.stages, review.rules, rules)
    if why is not None:
        raise PlaybookRefused(
            f"{file} would weaken review.yaml: {why}. A team may only be stricter."
        )
    return rules


def _merged(central: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The centre's values with the team's laid over them; rules that raise add up."""
    merged = dict(central)
    for key, value in own.items():
        known = merged.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[key] = _merged(known, value)
        elif key == "raise" and isinstance(known, list) and isinstance(value, list):
            merged[key] = [*known, *value]
        else:
            merged[key] = value
    return merged
