"""Which limits judge a campaign: those it was approved with, or stricter ones of today.

Stopping is always cheaper than starting: a limit that is tightened while a campaign is
out holds for it at once, one that is loosened never does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Final

from domain.canary_policy import CanaryPolicy, Decides, Guardrail, Sending
from domain.sending import Sending as WhenToSend

_SHOWN: Final = 12
"""Characters of a hash that are enough to tell two policies apart."""

_LESS_IS_STRICTER: Final = (
    "ok_rate",
    "limit_rate",
    "hard_bounce_ok_rate",
    "no_data_after",
    "stale_after",
)
_MORE_IS_STRICTER: Final = (
    "window",
    "delay_median",
    "min_matured_share",
    "min_delivered_share",
    "min_reporting",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a campaign is judged by now.

    Attributes:
        pinned: Hash of what it was approved with; None: it was approved before limits
            were kept.
    """

    policy: CanaryPolicy
    pinned: str | None

    @property
    def sha256(self) -> str:
        return policy_hash(self.policy)

    @property
    def origin(self) -> str:
        """Where they come from, in a clause."""
        if self.pinned is None:
            return "of canary.yaml, as none were pinned when it was approved"
        if self.pinned == self.sha256:
            return "pinned when it was approved"
        return (
            f"pinned as {self.pinned[:_SHOWN]} when it was approved, and tightened by"
            " canary.yaml since"
        )

    @property
    def sentence(self) -> str:
        return f"Judged by limits {self.sha256[:_SHOWN]}, {self.origin}."


def limits_of(pinned: str | None, today: CanaryPolicy) -> Limits:
    """Return what a campaign is judged by.

    Args:
        pinned: The policy kept at its approval, as `packed` gave it.
        today: The policy of the file as it is now.
    """
    if pinned is None:
        return Limits(policy=today, pinned=None)
    kept = unpacked(pinned)
    return Limits(policy=stricter(kept, today), pinned=policy_hash(kept))


def to_pin(
    policy: CanaryPolicy, sending: WhenToSend, *, recipients: int
) -> CanaryPolicy:
    """Return the policy that a campaign is approved with.

    What may be spread over hours is judged as a drip, whatever the file says: held
    against all of a step from the start, its first complaints would be too few.

    Args:
        recipients: Of the campaign.
    """
    if not _is_spread(sending, recipients):
        return policy
    return replace(policy, sending=Sending.DRIP)


def _is_spread(sending: WhenToSend, recipients: int) -> bool:
    """Whether a step may take longer to leave than its chunks take to hand over."""
    if sending.window is not None:
        return True
    if sending.warm_up is None:
        return False
    days = [ramp.least_from(0) for ramp in sending.warm_up.ramps.values()]
    return any(least is not None and least < recipients for least in days)


def stricter(pinned: CanaryPolicy, today: CanaryPolicy) -> CanaryPolicy:
    """Return for each limit the stricter of both.

    The two error rates are one limit. What is no limit stays as pinned: how a step
    leaves, how clicks are counted, and which rates a sentence tells of.
    """
    changed: dict[str, Any] = {
        **{name: min(_both(name, pinned, today)) for name in _LESS_IS_STRICTER},
        **{name: max(_both(name, pinned, today)) for name in _MORE_IS_STRICTER},
        "guardrails": _guardrails(pinned.guardrails, today.guardrails),
    }
    changed["healthy_rate"] = min(pinned.healthy_rate, changed["ok_rate"])
    first, later = today.alpha_first, today.alpha - today.alpha_first
    if first >= pinned.alpha_first and later >= pinned.alpha - pinned.alpha_first:
        changed |= {"alpha": today.alpha, "alpha_first": today.alpha_first}
    return replace(pinned, **changed)


def _both(name: str, pinned: CanaryPolicy, today: CanaryPolicy) -> tuple[Any, Any]:
    return getattr(pinned, name), getattr(today, name)


def _guardrails(
    pinned: Mapping[str, Guardrail], today: Mapping[str, Guardrail]
) -> dict[str, Guardrail]:
    return {
        name: _guardrail(pinned.get(name), today.get(name))
        for name in (*pinned, *(each for each in today if each not in pinned))
    }


def _guardrail(pinned: Guardrail | None, today: Guardrail | None) -> Guardrail:
    """The one that decides, or of two alike the stricter rates."""
    known = [each for each in (pinned, today) if each is not None]
    deciding = [each for each in known if each.decides is Decides.YES] or known
    return Guardrail(
        ok=min(each.ok for each in deciding),
        limit=min(each.limit for each in deciding),
        decides=deciding[0].decides,
    )


def packed(policy: CanaryPolicy) -> str:
    """Return a policy as JSON, equal for equal policies; times are in seconds."""
    found = {each.name: _plain(getattr(policy, each.name)) for each in fields(policy)}
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def policy_hash(policy: CanaryPolicy) -> str:
    return hashlib.sha256(packed(policy).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {
            name: {"ok": rail.ok, "limit": rail.limit, "decides": rail.decides}
            for name, rail in value.items()
        }
    return value


def unpacked(text: str) -> CanaryPolicy:
    """Return the policy that `packed` made this of; a limit that is newer is usual."""
    given: dict[str, Any] = json.loads(text)
    usual = CanaryPolicy()
    values: dict[str, Any] = {
        each.name: _value(getattr(usual, each.name), given[each.name])
        for each in fields(usual)
        if each.name in given
    }
    return CanaryPolicy(**values)


def _value(usual: object, given: Any) -> object:
    """What was kept, of the kind that the field has."""
    if isinstance(usual, timedelta):
        return timedelta(seconds=given)
    if isinstance(usual, Sending):
        return Sending(given)
    if isinstance(usual, Mapping):
        return {
            name: Guardrail(
                ok=rail["ok"], limit=rail["limit"], decides=Decides(rail["decides"])
            )
            for name, rail in given.items()
        }
    return given
