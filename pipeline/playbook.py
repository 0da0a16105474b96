"""The playbook: what a marketing team owns, loaded, checked and time-scaled once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from domain.canary import CanaryPolicy
from domain.channel import NAMES, Channel, Slot
from domain.control import Look
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
from pipeline.checks.playbook import (
    load_dictionary,
    load_footer,
    load_policies,
)
from pipeline.esp.vendors import VENDORS
from pipeline.playbook_canary import load_canary
from pipeline.playbook_federation import load_teams
from pipeline.playbook_oncall import load_on_call
from pipeline.playbook_privacy import load_privacy
from pipeline.playbook_review import load_review, prompt_risk
from pipeline.playbook_sending import load_sending
from pipeline.playbook_slots import load_slots
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
class Prompt:
    """A system prompt.

    Attributes:
        name: Its file's, at a short hash.
        risk: What can go wrong with what it writes; None when its file does not say.
    """

    text: str
    name: str
    risk: PromptRisk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """Everything the playbook folder says.

    Attributes:
        rules: What review.yaml says besides the stages.
        ladder: Percent of the list reached by each canary step.
        card_every: A live card changes at most this often.
        unknown_after: How long an unanswered send waits before a person is asked.
        look_up_lag: How long after a send the ESP's own look-up may still miss it;
            what the ESP itself needs is the least.
        give_up_after: How long the ESP may put off one mail until it is left out.
        watched: Addresses of VIPs, one complaint of whom stops a campaign.
        seeds: The team's own mailboxes, which get each variant when a canary starts.
        control: How far back the history goes that a canary without a champion has.
        bucket: Width of a bucket of the live plot.
        policies: The lint rules, by channel; mail's are always there.
        prompts: The system prompts, by channel; mail's is always there.
        allow_sample_copy: Whether copy of the sample writer may be approved at
            tiers A and B; practice only.
        teams: Teams of their own, by key.
        sending: When mails may leave, and how many.
        slots: Where copy that is no mail is shown, by key.
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
    give_up_after: timedelta
    bucket: timedelta
    policies: Mapping[Channel, Policy]
    footer: Footer
    privacy: Privacy
    dictionary: frozenset[str]
    prompts: Mapping[Channel, Prompt]
    facts: tuple[Fact, ...]
    practice: tuple[str, ...]
    allow_sample_copy: bool
    teams: Mapping[str, TeamRules] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()
    seeds: tuple[str, ...] = ()
    control: Look = field(default_factory=Look)
    sending: Sending = field(default_factory=Sending)
    slots: Mapping[str, Slot] = field(default_factory=dict)
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

    def policy(self, channel: Channel) -> Policy:
        """The lint rules for a channel's copy.

        Raises:
            Refused: The playbook has none.
        """
        self.check_writes(channel)
        return self.policies[channel]

    def prompt(self, channel: Channel) -> Prompt:
        """What writes a channel's copy.

        Raises:
            Refused: The playbook has none.
        """
        self.check_writes(channel)
        return self.prompts[channel]

    def check_writes(self, channel: Channel) -> None:
        """Refuse a channel that the playbook has no prompt or no policy for.

        Raises:
            Refused: Names the file that is missing.
        """
        for folder, ending, found in (
            ("prompts", "md", channel in self.prompts),
            ("policies", "yaml", channel in self.policies),
        ):
            if not found:
                raise Refused(
                    f"This desk writes no {NAMES[channel].lower()} copy:"
                    f" its playbook has no {folder}/{channel}.{ending}."
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
    def mute_esp(self) -> str:
        """The title of the ESP that mails leave by, when it has no events."""
        vendor = VENDORS[self.esp]
        return "" if vendor.has_webhook else vendor.title

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
            mute_esp=self.mute_esp,
            seeds=len(self.seeds),
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
    prompts = _prompts(folder / "prompts")
    risks = {
        str(key): each.risk for key, each in prompts.items() if each.risk is not None
    }
    review = load_review(read(folder / "review.yaml"), team, time_scale, risks)
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
        give_up_after=canary.give_up_after,
        bucket=max(timedelta(minutes=1) / time_scale, timedelta(seconds=1)),
        policies=load_policies(folder),
        footer=load_footer(folder),
        privacy=load_privacy(folder),
        dictionary=load_dictionary(folder),
        prompts=prompts,
        facts=_knowledge(folder / "knowledge"),
        practice=practice,
        allow_sample_copy=allow_sample_copy,
        teams=load_teams(folder, team, review, time_scale),
        watched=canary.watched,
        seeds=canary.seeds,
        control=canary.control,
        sending=load_sending(folder, time_scale),
        slots=load_slots(folder),
        on_call=load_on_call(folder, time_scale),
    )


def _prompts(folder: Path) -> Mapping[Channel, Prompt]:
    """Those that the playbook has; a desk without mail's cannot start."""
    return {
        each: _prompt(path)
        for each in Channel
        if (path := folder / f"{each}.md").exists() or each.is_mailed
    }


def _prompt(path: Path) -> Prompt:
    """A prompt, and its risk when the lines before it, between two ---, say one.

    Raises:
        PlaybookRefused: They say something else.
    """
    whole = path.read_text(encoding="utf-8")
    before, mark, prompt = whole.removeprefix("---\n").partition("\n---\n")
    if not whole.startswith("---\n") or not mark:
        return _named(path, whole)
    where = f"prompts/{path.name}"
    given = table(parse(before, where), where)
    only(given, ("risk",), where)
    risk = given.get("risk")
    said = None if risk is None else prompt_risk(risk, f"{where}, risk")
    return _named(path, prompt, said)


def _named(path: Path, text: str, risk: PromptRisk | None = None) -> Prompt:
    return Prompt(text=text, name=f"{path.stem}@{_short_hash(text)}", risk=risk)


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
