"""The playbook: what a marketing team owns, loaded, checked and time-scaled once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from domain.canary import CanaryPolicy
from domain.errors import Refused
from domain.lint import Policy
from domain.personalize import Footer
from domain.review import Person, Stage, Team
from domain.review_rules import ReviewRules
from domain.strategy import BRAND_LEAD
from domain.views import Facts
from pipeline.checks.playbook import load_dictionary, load_footer, load_policy
from pipeline.playbook_review import load_review
from pipeline.playbook_values import PlaybookRefused, read, scaled, text
from pipeline.writers.port import Fact

_DURATIONS: Final = ("window", "no_data_after", "stale_after", "delay_median")

MIN_SILENCE: Final = timedelta(seconds=20)
"""Scaled time never makes a webhook's ordinary lag look like silence."""

MIN_CARD_EVERY: Final = timedelta(seconds=6)
"""Slack: about 50 updates a minute; card and plot of two live campaigns leave room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """Everything the playbook folder says.

    Attributes:
        rules: What review.yaml says besides the stages.
        ladder: Percent of the list reached by each canary step.
        card_every: A live card changes at most this often.
        unknown_after: How long an unanswered send waits before a person is asked.
        look_up_lag: How long after a send the ESP's own look-up may still miss it.
        bucket: Width of a bucket of the live plot.
        prompt: The system prompt, and its name at a short hash.
        allow_sample_copy: Whether copy of the sample writer may be approved at
            tiers A and B; practice only.
    """

    team: Team
    stages: Mapping[str, tuple[Stage, ...]]
    rules: ReviewRules
    canary: CanaryPolicy
    ladder: tuple[float, ...]
    card_every: timedelta
    unknown_after: timedelta
    look_up_lag: timedelta
    bucket: timedelta
    policy: Policy
    footer: Footer
    dictionary: frozenset[str]
    prompt: str
    prompt_name: str
    facts: tuple[Fact, ...]
    practice: tuple[str, ...]
    allow_sample_copy: bool

    def stage(self, tier: str, name: str) -> Stage:
        """The stage of that name in a tier's row.

        Raises:
            Refused: The playbook no longer has it.
        """
        for stage in self.stages[tier]:
            if stage.name == name:
                return stage
        raise Refused(f"Tier {tier} no longer has a {name} stage in review.yaml.")

    @property
    def view_facts(self) -> Facts:
        """The playbook's share of a view."""
        return Facts(
            team=self.team,
            stages=self.stages,
            rules=self.rules,
            canary=self.canary,
            practice=self.practice,
        )


def load_playbook(
    folder: Path,
    *,
    time_scale: float,
    practice: tuple[str, ...] = (),
    allow_sample_copy: bool = False,
) -> Playbook:
    """Read and check every file of the playbook.

    Args:
        time_scale: Divides every duration; Slack's and the law's are not here.
        practice: Which outside parts are practice, as lines for the cards.

    Raises:
        PlaybookRefused: Names the file, the key and what is allowed.
        PolicyRefused: The lint policy does not hold together.
    """
    team = load_team(folder)
    review = load_review(read(folder / "review.yaml"), team, time_scale)
    canary = read(folder / "canary.yaml")
    policy, timing = _canary(canary, time_scale)
    prompt = (folder / "prompts" / "email.md").read_text(encoding="utf-8")
    return Playbook(
        team=team,
        stages=review.stages,
        rules=review.rules,
        canary=policy,
        ladder=_ladder(canary),
        card_every=max(timing["card_every"], MIN_CARD_EVERY),
        unknown_after=max(timing["unknown_after"], MIN_SILENCE),
        look_up_lag=timing["look_up_lag"],
        bucket=max(timedelta(minutes=1) / time_scale, timedelta(seconds=1)),
        policy=load_policy(folder),
        footer=load_footer(folder),
        dictionary=load_dictionary(folder),
        prompt=prompt,
        prompt_name=f"email@{_short_hash(prompt)}",
        facts=_knowledge(folder / "knowledge"),
        practice=practice,
        allow_sample_copy=allow_sample_copy,
    )


def practice_time(time_scale: float) -> str:
    """How practice time is said to people."""
    minutes = time_scale / 60
    stands_for = f"{minutes:g} min" if minutes >= 1 else f"{time_scale:g} s"
    return f"practice time: 1 s stands for {stands_for}, working round the clock"


def load_team(folder: Path) -> Team:
    """Read team.yaml.

    Raises:
        PlaybookRefused: Names the key and what is allowed.
    """
    team = _team(read(folder / "team.yaml"))
    if not team.holders(BRAND_LEAD):
        raise PlaybookRefused(
            f"team.yaml: tier A waits for a brand lead, and nobody holds the role"
            f" {BRAND_LEAD}. Give it to at least one person."
        )
    return team


def _team(raw: Mapping[str, Any]) -> Team:
    where = "team.yaml"
    people = raw.get("people")
    if not isinstance(people, dict) or not people:
        raise PlaybookRefused(f"{where}: people must name at least one person.")
    return Team(
        name=str(raw.get("name", "Team")),
        channel=text(raw, "channel", where),
        on_call_channel=str(raw.get("on_call_channel") or raw["channel"]),
        people={
            str(user): Person(
                id=str(user),
                name=str(who.get("name", user)),
                roles=frozenset(str(role) for role in who.get("roles", ())),
            )
            for user, who in people.items()
        },
    )


def _canary(
    raw: Mapping[str, Any], time_scale: float
) -> tuple[CanaryPolicy, dict[str, timedelta]]:
    where = "canary.yaml"
    own = {field.name for field in fields(CanaryPolicy)}
    timing_keys = {"card_every", "unknown_after", "look_up_lag"}
    unknown = sorted(set(raw) - own - timing_keys - {"ladder"})
    if unknown:
        raise PlaybookRefused(f"{where} does not know {', '.join(unknown)}.")
    values: dict[str, Any] = {
        key: scaled(value, time_scale, where=f"{where}, {key}")
        if key in _DURATIONS
        else value
        for key, value in raw.items()
        if key in own
    }
    values.setdefault("delay_median", timedelta(minutes=45) / time_scale)
    for key in ("no_data_after", "stale_after"):
        values[key] = max(values[key], MIN_SILENCE)
    try:
        policy = CanaryPolicy(**values)
    except (TypeError, ValueError) as error:
        raise PlaybookRefused(f"{where}: {error}") from error
    return policy, {
        key: scaled(raw.get(key), time_scale, where=f"{where}, {key}")
        for key in timing_keys
    }


def _ladder(raw: Mapping[str, Any]) -> tuple[float, ...]:
    steps = raw.get("ladder")
    if (
        not isinstance(steps, list)
        or not all(isinstance(step, int | float) for step in steps)
        or steps != sorted(set(steps))
        or steps[-1:] != [100]
        or not 0.5 <= steps[0] <= 2  # noqa: PLR2004 - canary.md: 0.5 to 2 percent
    ):
        raise PlaybookRefused(
            "canary.yaml: ladder must rise from a first step of 0.5 to 2 up to 100."
        )
    return tuple(float(step) for step in steps)


def _knowledge(folder: Path) -> tuple[Fact, ...]:
    """One fact per list line of each file; ids are file and line."""
    facts: list[Fact] = []
    for path in sorted(folder.glob("*.md")):
        lines = path.read_text(encoding="utf-8").splitlines()
        facts += [
            Fact(id=f"{path.name}:{number}", text=line[2:].strip())
            for number, line in enumerate(lines, start=1)
            if line.startswith("- ")
        ]
    return tuple(facts)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:4]
