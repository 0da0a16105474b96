"""Freezes: nothing leaves for a while, for a tenant, a team or an ESP, and why.

Stopping takes one person; going on early takes two; going on at the end takes nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from domain.errors import AlreadyDecided, NotYourTurn, Refused

FreezeId = NewType("FreezeId", int)

LONGEST: Final = timedelta(days=14)
"""How far away a freeze may end unless sending.yaml says otherwise."""

USUAL: Final = timedelta(hours=2)
"""How long a freeze lasts when nobody says."""

SHELL: Final = "shell:"
"""How somebody in a shell is named, who has no role."""

REASON_MOST: Final = 500
"""Characters of a reason."""

_SHORTEST: Final = timedelta(seconds=1)
_LASTS: Final = re.compile(r"([0-9]{1,6})(?:\.([0-9]))?(min|s|m|h|d)")
_UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


class Scope(StrEnum):
    # the whole desk
    TENANT = "tenant"
    # a team of its own: a brand
    TEAM = "team"
    ESP = "esp"


class Act(StrEnum):
    """What is done about a freeze; asked again only when who asked may no more."""

    FROZEN = "frozen"
    LIFT_ASKED = "lift_asked"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """What may not leave, until when, and why.

    Attributes:
        target: A team's key or an ESP's name; empty for the whole desk.
        lift_asked_by: Who asked for it to end early, last.
        lift_asks: How often somebody has asked.
        lifted_by: Who confirmed that.
    """

    id: FreezeId
    scope: Scope
    target: str
    reason: str
    by: str
    frozen_at: datetime
    until: datetime
    lift_asked_by: str | None = None
    lift_asked_at: datetime | None = None
    lift_asks: int = 0
    lifted_by: str | None = None
    lifted_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Whether it still stops anything; at `until` it does not any more."""
        return self.lifted_at is None and now < self.until

    def covers(self, *, team: str, esp: str) -> bool:
        """Whether a team's campaign that goes out by an ESP falls under it."""
        match self.scope:
            case Scope.TENANT:
                return True
            case Scope.TEAM:
                return self.target == team
            case Scope.ESP:
                return self.target == esp


def frozen(
    freezes: Iterable[Freeze], *, team: str, esp: str, now: datetime
) -> Freeze | None:
    """The freeze that stops a campaign, of several the one that lasts longest."""
    found = [
        each
        for each in freezes
        if each.is_active(now) and each.covers(team=team, esp=esp)
    ]
    return max(found, key=lambda each: (each.until, each.id), default=None)


def covered(freeze: Freeze) -> str:
    """What it stops, as part of a sentence."""
    match freeze.scope:
        case Scope.TENANT:
            return "all sending"
        case Scope.TEAM:
            return f"sending of team {freeze.target}"
        case Scope.ESP:
            return f"sending by {freeze.target}"


def sentence(freeze: Freeze) -> str:
    """Why something is refused; its mention and its time are Slack's tokens."""
    at = freeze.until
    stamp = f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%d %b %H:%M} UTC>"
    name = freeze.by if freeze.by.startswith(SHELL) else f"<@{freeze.by}>"
    words = covered(freeze)
    return (
        f"{words[:1].upper()}{words[1:]} is frozen until {stamp} by {name}:"
        f" {_closed(freeze.reason)}"
    )


def _closed(reason: str) -> str:
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."


def check_freeze(
    *,
    scope: Scope,
    target: str,
    reason: str,
    lasts: timedelta,
    longest: timedelta,
    teams: Collection[str],
    esps: Collection[str],
) -> None:
    """Check what a person asks to be frozen.

    Raises:
        Refused: Names the part, what was wrong and what is allowed.
    """
    known = {Scope.TENANT: ("",), Scope.TEAM: tuple(teams), Scope.ESP: tuple(esps)}
    if target not in known[scope]:
        raise Refused(_unknown_target(scope, target, known[scope]))
    if not reason.strip():
        raise Refused("A freeze needs a reason; everybody who waits will read it.")
    if len(reason) > REASON_MOST:
        raise Refused(
            f"The reason has {len(reason):,} characters; {REASON_MOST} are allowed."
        )
    if lasts < _SHORTEST:
        raise Refused("A freeze has to end in the future.")
    if lasts > longest:
        raise Refused(
            f"A freeze may last {_days(longest)} at most; freeze again when that is over."
        )


def _unknown_target(scope: Scope, target: str, known: Sequence[str]) -> str:
    shown = target[:40]
    if not known:
        return f'There is no {scope} "{shown}" here; freeze everything instead.'
    return f'There is no {scope} "{shown}"; there is {", ".join(sorted(known))}.'


def _days(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"  # noqa: PLR2004  # two days read better as days


def check_lift(freeze: Freeze, *, actor: str, now: datetime, asker_may: bool) -> Act:
    """What a person's word to end a freeze early does: ask for it, or confirm it.

    Args:
        asker_may: Whether who asked could still ask now: who has lost their role
            meanwhile has not asked.

    Raises:
        AlreadyDecided: It is over.
        NotYourTurn: The same person asked; another has to confirm.
    """
    if freeze.lifted_at is not None:
        raise AlreadyDecided(
            f"Freeze {freeze.id} was lifted already by {_who(freeze.lifted_by)}."
        )
    if not freeze.is_active(now):
        raise AlreadyDecided(f"Freeze {freeze.id} has ended by itself already.")
    if freeze.lift_asked_by is None or not asker_may:
        return Act.LIFT_ASKED
    if freeze.lift_asked_by == actor:
        raise NotYourTurn(
            f"You asked for freeze {freeze.id} to be lifted; another person has to"
            " confirm it. Until then it stays, and it ends by itself in any case."
        )
    return Act.LIFTED


def _who(actor: str | None) -> str:
    if actor is None:
        return "somebody"
    return actor if ":" in actor else f"<@{actor}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What `/desk freeze ...` asks for.

    Attributes:
        lasts: None when nobody said how long.
    """

    scope: Scope
    target: str
    lasts: timedelta | None
    reason: str


def parse_freeze(words: Sequence[str]) -> Asked:
    """Read `[all | team KEY | esp NAME] [for 2h] reason`.

    Raises:
        Refused: `for` is not followed by a length of time, or a scope has no name.
    """
    scope, target, rest = _scope(list(words))
    lasts = None
    if rest[:1] == ["for"]:
        lasts = parse_lasts("".join(rest[1:2]))
        rest = rest[2:]
    return Asked(scope=scope, target=target, lasts=lasts, reason=" ".join(rest))


def _scope(words: list[str]) -> tuple[Scope, str, list[str]]:
    first = words[0].casefold() if words else ""
    if first == "all":
        return Scope.TENANT, "", words[1:]
    if first in (Scope.TEAM, Scope.ESP):
        if len(words) == 1:
            raise Refused(f"Say which {first}, as in `{first} NAME for 2h reason`.")
        return Scope(first), words[1], words[2:]
    return Scope.TENANT, "", words


def parse_lasts(word: str) -> timedelta:
    """Read `90min`, `2h` or `1.5d`, on the clock on the wall.

    Raises:
        Refused: It is no length of time.
    """
    match = _LASTS.fullmatch(word.casefold())
    if match is None:
        raise Refused(
            f'"{word[:20]}" is no length of time; say it as 30min, 2h or 1.5d.'
        )
    return timedelta(seconds=float(f"{match[1]}.{match[2] or 0}") * _UNITS[match[3]])
