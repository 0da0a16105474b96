"""What the playbook says about review besides its stages: hours, tiers, nobody acting."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from domain.channel import channel_of
from domain.folding import fold
from domain.phrases import occurrences
from domain.review import Stage
from domain.sla import ROUND_THE_CLOCK, Calendar, due_at, share_at, worked
from domain.strategy import BRAND_LEAD

TIERS: Final = ("A", "B", "C")
"""The strictest first."""

_RAREST: Final = 8
"""SLAs between two escalations, at most."""

LOWEST_RISK: Final = "C"
"""The one tier at which a text may pass because nobody acted."""


STRATEGY: Final = Stage(name="strategy", role=BRAND_LEAD, sla=timedelta(hours=24))
"""The wait for a brand lead, timed as a stage is; it comes before all stages."""


class Asked(Protocol):
    """A question with a due time: a review request, or a strategy that waits."""

    @property
    def asked_at(self) -> datetime: ...

    @property
    def due_at(self) -> datetime: ...

    @property
    def reminded_at(self) -> datetime | None: ...

    @property
    def escalated_at(self) -> datetime | None: ...


class IfNobodyActs(StrEnum):
    """What follows when a review request is due and nobody has decided."""

    ESCALATE = "escalate"
    AUTO_APPROVE = "auto_approve"


class PromptRisk(StrEnum):
    """How much can go wrong with what a prompt has written, as its file says."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """A reason to review more strictly, and what it does.

    Attributes:
        audience_over: More recipients than this; None when something else decides.
        words: Any of these in the brief; a closing * allows any ending.
        prompt_risk: The prompt says that its risk is this, or higher.
        tier: At least this tier; None leaves it.
        extra_approvers: So many more people approve in the last stage.
    """

    audience_over: int | None = None
    words: tuple[str, ...] = ()
    prompt_risk: PromptRisk | None = None
    tier: str | None = None
    extra_approvers: int = 0

    def why(
        self,
        words: str,
        audience: int,
        risk: PromptRisk | None = None,
        whom: str = "recipients",
    ) -> str | None:
        """What in the brief meets this rule, as a clause; None when nothing does.

        Args:
            risk: Of the prompt that writes; None when its file does not say.
            whom: What those of the audience are called.
        """
        if self.prompt_risk is not None and risk is not None:
            order = list(PromptRisk)
            if order.index(risk) >= order.index(self.prompt_risk):
                return f"the risk of its prompt is {risk}"
        if self.audience_over is not None and audience > self.audience_over:
            return f"{audience:,} {whom} are more than {self.audience_over:,}"
        for phrase, _ in occurrences(fold(words), self.words):
            return f'the brief says "{phrase}"'
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """The part of review.yaml that holds for every stage.

    Attributes:
        if_nobody_acts: By tier; a tier that is not named escalates.
        spot_check: Share of tier C that a person always looks at, 0 to 1.
        asks_at: Tiers at which an approval answers the stage's questions.
        brand_lead: How long a brand lead has, and what follows when none decides.
        prompt_risks: Of the prompts that write, by channel; one whose file does not say
            is left out.
        reserved_roles: What only the centre gives: no team of its own may.
    """

    hours: Calendar = ROUND_THE_CLOCK
    raises: tuple[Raise, ...] = ()
    if_nobody_acts: Mapping[str, IfNobodyActs] = field(default_factory=dict)
    spot_check: float = 0.0
    asks_at: frozenset[str] = frozenset()
    brand_lead: Stage = STRATEGY
    prompt_risks: Mapping[str, PromptRisk] = field(default_factory=dict)
    reserved_roles: frozenset[str] = frozenset()

    def extra_approvers(self, brief: Mapping[str, object], audience: int) -> int:
        """How many more people the last stage needs; the strictest rule counts."""
        words = _words(brief)
        risk = self.risk_of(brief)
        met = [each for each in self.raises if each.why(words, audience, risk)]
        return max((each.extra_approvers for each in met), default=0)

    def risk_of(self, brief: Mapping[str, object]) -> PromptRisk | None:
        """Of the prompt that writes for the brief's channel."""
        return self.prompt_risks.get(channel_of(brief))

    def remind_at(self, request: Asked, stage: Stage) -> datetime | None:
        """When those asked are reminded; None when they have been, or never are."""
        if stage.remind is None or request.reminded_at is not None:
            return None
        at = share_at(request.asked_at, stage.sla, stage.remind, self.hours)
        return at if at < request.due_at else None

    def act_at(self, request: Asked, stage: Stage) -> datetime:
        """When something follows because nobody acted.

        When it is due; one SLA after somebody was asked to step in; and then each time
        as late again as it is already, so that what is forgotten grows quieter.
        """
        if request.escalated_at is None:
            return request.due_at
        late = worked(request.due_at, request.escalated_at, self.hours)
        wait = min(max(stage.sla, late), stage.sla * _RAREST)
        return due_at(request.escalated_at, wait, self.hours)

    def may_pass_by_itself(self, tier: str, campaign_id: int) -> bool:
        """Whether a text of this campaign may be approved because nobody acted."""
        return (
            tier == LOWEST_RISK
            and self.if_nobody_acts.get(tier) is IfNobodyActs.AUTO_APPROVE
            and not self.is_spot_checked(tier, campaign_id)
        )

    def is_spot_checked(self, tier: str, campaign_id: int) -> bool:
        """Whether the sample that people always look at holds this campaign.

        By hash of its number, so that nobody can choose and every look agrees.
        """
        if self.if_nobody_acts.get(tier) is not IfNobodyActs.AUTO_APPROVE:
            return False
        digest = hashlib.sha256(f"{campaign_id} spot check".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.spot_check * 2**64


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The tier a brief gets, and why it is reviewed more strictly than it asked for."""

    tier: str
    reason: str | None


def raise_tier(
    brief: Mapping[str, object],
    audience: int,
    raises: Sequence[Raise],
    risk: PromptRisk | None = None,
) -> Raised:
    """Read a brief against the rules that raise its tier or add an approver.

    Args:
        brief: As JSON (`domain.brief.to_json`).
        audience: Recipients who can be mailed; people it is written for.
        risk: Of the prompt that writes; None when its file does not say.
    """
    words = _words(brief)
    whom = "recipients" if channel_of(brief).is_mailed else "people"
    asked = tier = str(brief["tier"])
    said: list[str] = []
    extra, extra_why = 0, ""
    for each in raises:
        why = each.why(words, audience, risk, whom)
        if why is None:
            continue
        if each.tier is not None and TIERS.index(each.tier) < TIERS.index(tier):
            tier = each.tier
            said.append(why)
        if each.extra_approvers > extra:
            extra, extra_why = each.extra_approvers, why
    reasons = [f"Raised from tier {asked} to {tier}: {said[-1]}."] if said else []
    if extra:
        more = "One more person approves" if extra == 1 else f"{extra} more approve"
        reasons.append(f"{more} in the last stage: {extra_why}.")
    return Raised(tier=tier, reason=" ".join(reasons) or None)


_SAID: Final = (
    "title",
    "objective",
    "personas",
    "positioning",
    "key_message",
    "offer",
    "tone",
)
"""What a brief wants said. What it forbids to say is no reason to raise a tier."""


def _words(brief: Mapping[str, object]) -> str:
    parts: list[str] = []
    for name in _SAID:
        value = brief.get(name) or ""
        parts += map(str, value) if isinstance(value, list | tuple) else [str(value)]
    return "\n".join(parts)
