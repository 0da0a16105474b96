"""The playbook: what a marketing team owns, loaded, checked and time-scaled once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from domain.canary import CanaryPolicy
from domain.errors import Refused
from domain.federation import TeamRules, everyone, together
from domain.incident import OnCall
from domain.lint import Policy
from domain.members import Roster, join
from domain.personalize import Footer
from domain.privacy import Privacy
from domain.review import Round, Stage, Team, round_named
from domain.review_rules import PromptRisk, ReviewRules
from domain.sending import Sending
from domain.views import Facts
from pipeline.checks.playbook import load_dictionary, load_footer, load_policy
from pipeline.playbook_canary import load_canary
from pipeline.playbook_federation import load_teams
from pipeline.playbook_oncall import load_on_call
from pipeline.playbook_privacy import load_privacy
from pipeline.playbook_review import load_review, prompt_risk
from pipeline.playbook_sending import load_sending
from pipeline.playbook_team import load_team
from pipeline.playbook_values import (
    only,
    parse,
    read,
    table,
)
from pipeline.writers.port import Fact

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
        watched: Addresses of seeds and VIPs, one complaint of whom stops a campaign.
        bucket: Width of a bucket of the live plot.
        prompt: The system prompt, and its name at a short hash.
        allow_sample_copy: Whether copy of the sample writer may be approved at
            tiers A and B; practice only.
        teams: Teams of their own, by key.
        sending: When mails may leave, and how many.
        esp: The name of the ESP that they leave by.
        key: Whose team, stages and rules these are; "" is the centre.
        centre: The playbook that a team's was made of; None: it is the centre's.
        on_call: What happens around a stop, and who outside Slack is told.
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
    privacy: Privacy
    dictionary: frozenset[str]
    prompt: str
    prompt_name: str
    facts: tuple[Fact, ...]
    practice: tuple[str, ...]
    allow_sample_copy: bool
    teams: Mapping[str, TeamRules] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()
    sending: Sending = field(default_factory=Sending)
    esp: str = "sendgrid"
    key: str = ""
    centre: Playbook | None = None
    on_call: OnCall = field(default_factory=OnCall)

    def of(self, team: str) -> Playbook:
        """The playbook by which a team's campaigns are reviewed.

        A team that is gone falls to the centre.
        """
        if team == self.key:
            return self
        centre = self.centre or self
        found = self.teams.get(team)
        if found is None:
            return centre
        return replace(
            centre,
            team=found.team,
            stages=found.stages,
            rules=found.rules,
            key=found.key,
            centre=centre,
        )

    @property
    def everyone(self) -> Team:
        """All who work here, with every role that any team gives them."""
        return everyone((self.centre or self).team, self.teams)

    def stage(self, tier: str, name: str) -> Stage:
        """The stage of that name in a tier's row.

        Raises:
            Refused: The playbook no longer has it.
        """
        for stage in self.stages[tier]:
            if stage.name == name:
                return stage
        raise Refused(f"Tier {tier} no longer has a {name} stage in review.yaml.")

    def round(self, tier: str, name: str) -> Round:
        """The stages of that round in a tier's row.

        A round that was put together otherwise since goes by a stage of it.

        Raises:
            Refused: The playbook no longer has it.
        """
        found = round_named(self.stages[tier], name)
        if not found:
            raise Refused(f"Tier {tier} no longer has a {name} stage in review.yaml.")
        return found

    def joined(self, roster: Roster) -> Playbook:
        """The playbook with the teams as Slack knows them (`domain.members`)."""
        central = join(self.team, roster)
        joined = {
            key: replace(each, own=join(each.own, roster))
            for key, each in self.teams.items()
        }
        teams = {
            key: replace(each, team=together(central, each.own))
            for key, each in joined.items()
        }
        return replace(self, team=central, teams=teams)

    @property
    def view_facts(self) -> Facts:
        """The playbook's share of a view."""
        return Facts(
            team=self.team,
            stages=self.stages,
            rules=self.rules,
            canary=self.canary,
            practice=self.practice,
            teams=self.teams,
            esp=self.esp,
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
    prompt, risk = _prompt(folder / "prompts" / "email.md")
    review = load_review(read(folder / "review.yaml"), team, time_scale, risk)
    canary = load_canary(read(folder / "canary.yaml"), time_scale)
    return Playbook(
        team=team,
        stages=review.stages,
        rules=review.rules,
        canary=canary.policy,
        ladder=canary.ladder,
        card_every=max(canary.card_every, MIN_CARD_EVERY),
        unknown_after=canary.unknown_after,
        look_up_lag=canary.look_up_lag,
        bucket=max(timedelta(minutes=1) / time_scale, timedelta(seconds=1)),
        policy=load_policy(folder),
        footer=load_footer(folder),
        privacy=load_privacy(folder),
        dictionary=load_dictionary(folder),
        prompt=prompt,
        prompt_name=f"email@{_short_hash(prompt)}",
        facts=_knowledge(folder / "knowledge"),
        practice=practice,
        allow_sample_copy=allow_sample_copy,
        teams=load_teams(folder, team, review, time_scale),
        watched=canary.watched,
        sending=load_sending(folder, time_scale),
        on_call=load_on_call(folder, time_scale),
    )


def _prompt(path: Path) -> tuple[str, PromptRisk | None]:
    """A prompt and its risk, when the lines before it, between two ---, say one.

    Raises:
        PlaybookRefused: They say something else.
    """
    whole = path.read_text(encoding="utf-8")
    before, mark, prompt = whole.removeprefix("---\n").partition("\n---\n")
    if not whole.startswith("---\n") or not mark:
        return whole, None
    where = f"prompts/{path.name}"
    given = table(parse(before, where), where)
    only(given, ("risk",), where)
    risk = given.get("risk")
    return prompt, None if risk is None else prompt_risk(risk, f"{where}, risk")


def practice_time(time_scale: float) -> str:
    """How practice time is said to people."""
    minutes = time_scale / 60
    stands_for = f"{minutes:g} min" if minutes >= 1 else f"{time_scale:g} s"
    return f"practice time: 1 s stands for {stands_for}, working round the clock"


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
