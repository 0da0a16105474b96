"""Who is mailed in which step and with which variant: by hash, never by chance.

The same recipients, ladder and salt give the same cohorts in any order of input, and
what is planned is exactly what is assigned.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice
from typing import Final, NamedTuple, TypeAlias, TypeVar

from domain.canary_policy import MINIMUM_REPORTING

LADDER: Final = (1.0, 10.0, 100.0)
"""Cumulative per cent of the list after each step."""

SMALLEST_LIST_ALONE: Final = 500
"""A list below this size never expands without a person."""

FIRST_STEP: Final = (0.5, 2.0)
"""Bounds of the first step, in per cent of the list."""

PROVIDERS: Final[Mapping[str, str]] = {
    "gmail": "gmail",
    "googlemail": "gmail",
    "yahoo": "yahoo",
    "ymail": "yahoo",
    "rocketmail": "yahoo",
    "aol": "yahoo",
    "outlook": "outlook",
    "hotmail": "outlook",
    "live": "outlook",
    "msn": "outlook",
    "icloud": "icloud",
    "me": "icloud",
    "mac": "icloud",
    "comcast": "comcast",
    "fastmail": "fastmail",
    "corp": "corp",
}
"""First label of a consumer mail domain, or of a practice domain, to its provider."""

# Gmail gives daily aggregates only; Apple runs no feedback loop.
MUTE: Final = frozenset({"gmail", "icloud"})
"""Providers that never tell who complained."""

_PRACTICE_TLD: Final = "example"
_PRACTICE_SUFFIX: Final = "-like"
_LONGEST_SECOND_LEVEL: Final = 3  # yahoo.co.uk, live.com.au; not me.acme.com
_OTHER: Final = "other"
_NOBODY: Final = -1
"""Below every rank: where a step ends that takes nobody of a provider."""

_BASIS: Final = 10_000  # parts of a whole; a ladder is exact to 0.01 %

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """One step of a ladder. `size` is this step's own; the totals include it."""

    step: int  # counted from 0
    percent: float
    size: int
    planned_total: int
    reporting_total: int
    # Enough reporting recipients are out by then to see a complaint rate at all.
    sees_complaints: bool
    # A clean judgement may start the next step without a person.
    expands_alone: bool


class Ranked(NamedTuple):
    """A recipient in their provider's order: by rank, then by key."""

    provider: str
    rank: int
    key: str


End: TypeAlias = tuple[int, bool, str]
"""A step's last place: a rank, whether all who share it are in, or else the last key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A plan, and by provider where each step but the last ends."""

    steps: tuple[StepPlan, ...]
    ends: Mapping[str, tuple[End, ...]]

    def step_of(self, who: Ranked) -> int:
        """Return the step of a recipient, also of one who was not counted."""
        # a provider that had nobody waits for the last step
        ends = self.ends.get(who.provider)
        if ends is None:
            return len(self.steps) - 1
        return bisect_left(ends, (who.rank, False, who.key))


def provider_of(domain: str) -> str:
    """Return the mailbox provider of a mail domain; "other" when it is not known.

    A practice domain (`yahoo.calm.example`) names its provider in its first label.
    """
    labels = domain.strip().rstrip(".").casefold().split(".")
    if labels[-1] == _PRACTICE_TLD or labels[0].endswith(_PRACTICE_SUFFIX):
        return PROVIDERS.get(labels[0].removesuffix(_PRACTICE_SUFFIX), _OTHER)
    is_consumer = len(labels) == 2 or (  # noqa: PLR2004 - name and top level
        len(labels) == _LONGEST_SECOND_LEVEL
        and len(labels[1]) <= _LONGEST_SECOND_LEVEL
        and len(labels[2]) == 2  # noqa: PLR2004 - a country
    )
    return PROVIDERS.get(labels[0], _OTHER) if is_consumer else _OTHER


def reports_complaints(provider: str) -> bool:
    """Say whether a provider tells senders which recipient complained."""
    return provider not in MUTE


def plan(
    total: int, reporting: int, ladder: Sequence[float] = LADDER
) -> tuple[StepPlan, ...]:
    """Cut a list into steps, honestly where it is too small to see complaints.

    The first step is kept within 0.5-2 % of the list. If it holds fewer than 225
    reporting recipients, a second step is put in that holds them, of at least 2 % and
    at most half of the list; rungs less than twice its size are then left out. Where
    half of the list is not enough the ladder stays as it is, and every step that
    cannot see complaints waits for a person.

    Args:
        total: Recipients of the list, at least 1.
        reporting: Those of them at providers that report complaints.
        ladder: Rising cumulative per cents; 100 is added when missing.
    """
    if not 0 <= reporting <= total or total == 0:
        raise ValueError(
            f"A list of {total} recipients, {reporting} reporting, has no cohorts."
        )
    totals = _totals(total, reporting, ladder)
    steps: list[StepPlan] = []
    for index, upto in enumerate(totals):
        seen = _reporting_after(totals[: index + 1], total, reporting)
        sees = seen >= MINIMUM_REPORTING
        steps.append(
            StepPlan(
                step=index,
                percent=round(100 * upto / total, 2),
                size=upto - (totals[index - 1] if index else 0),
                planned_total=upto,
                reporting_total=seen,
                sees_complaints=sees,
                expands_alone=sees and total >= SMALLEST_LIST_ALONE,
            )
        )
    return tuple(steps)


def rank_of(key: str, salt: str) -> int:
    """Return where a recipient stands in the order of their provider, in 64 bits.

    Args:
        key: Opaque recipient key.
        salt: The campaign's own, so that not the same people test every campaign.
    """
    return _draw("step", salt, key)


def divide(
    people: Callable[[], Iterable[Ranked]], ladder: Sequence[float] = LADDER
) -> Division:
    """Cut a list into steps, each in proportion to the mailbox providers.

    Keeps eight bytes of each recipient, and no key.

    Args:
        people: Everybody, in any order. Read once; and once more in the rare case
            that a step ends between recipients of one rank, whom the key orders.
        ladder: As for `plan`.
    """
    ranks: dict[str, array[int]] = defaultdict(lambda: array("Q"))
    for provider, rank, _key in people():
        ranks[provider].append(rank)
    left = {name: len(found) for name, found in ranks.items()}
    reporting = sum(size for name, size in left.items() if reports_complaints(name))
    steps = plan(sum(left.values()), reporting, ladder)
    upto: dict[str, list[int]] = {name: [] for name in ranks}
    reporting_before = 0
    for each in steps[:-1]:
        heard = each.reporting_total - reporting_before
        reporting_before = each.reporting_total
        for name, take in _by_provider(each.size, heard, left).items():
            left[name] -= take
            upto[name].append(len(ranks[name]) - left[name])
    cuts = {name: _cuts(found, upto[name]) for name, found in ranks.items()}
    tied = {
        (name, rank): list[str]()
        for name, made in cuts.items()
        for rank, into in made
        if into
    }
    for provider, rank, key in people() if tied else ():
        if (provider, rank) in tied:
            tied[provider, rank].append(key)
    return Division(
        steps=steps,
        ends={
            name: tuple(
                (rank, False, sorted(tied[name, rank])[into - 1])
                if into
                else (rank, True, "")
                for rank, into in made
            )
            for name, made in cuts.items()
        },
    )


def _cuts(ranks: Sequence[int], upto: Sequence[int]) -> list[tuple[int, int]]:
    """Where an order is cut after so many: the rank, and how many of it are before.

    The second is 0 when all of them are, as nearly always.
    """
    most = max(upto, default=0)
    # one more than is asked for tells whether the last shares its rank
    order = nsmallest(most + 1, ranks)
    found: list[tuple[int, int]] = []
    for count in upto:
        rank = order[count - 1] if count else _NOBODY
        is_split = 0 < count < len(order) and order[count] == rank
        found.append((rank, count - bisect_left(order, rank) if is_split else 0))
    return found


def salt_of(campaign_id: int) -> str:
    """The campaign's own, so that not the same people test every campaign."""
    return f"campaign-{campaign_id}"


def arm_of(key: str, arms: Sequence[str], salt: str) -> str:
    """Return the variant a recipient gets; balanced, and independent of the step.

    The order in which the arms are named does not matter.
    """
    if not arms:
        raise ValueError("A recipient cannot be given one of no variants.")
    return sorted(arms)[_draw("arm", salt, key) % len(arms)]


def is_in_share(key: str, percent: float, salt: str) -> bool:
    """Say whether a visitor is of the share that sees a new version.

    Who is stays so while the share grows. Independent of the variant.
    """
    return _draw("share", salt, key) < percent / 100 * 2**64


def chunks(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Yield the items in order, `size` at a time; the last may be shorter."""
    if size < 1:
        raise ValueError(f"A chunk holds at least one item, not {size}.")
    iterator = iter(items)
    while chunk := tuple(islice(iterator, size)):
        yield chunk


def _draw(purpose: str, salt: str, key: str) -> int:
    """Return 64 bits that look random and never change."""
    # Lengths, not a separator: no salt and key can be mistaken for another pair.
    text = f"{purpose}:{len(salt)}:{salt}{key}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def _part(total: int, percent: float) -> int:
    return max(1, -(-total * round(percent * _BASIS / 100) // _BASIS))


def _totals(total: int, reporting: int, ladder: Sequence[float]) -> list[int]:
    """Return rising totals of recipients after each step, the last being all."""
    low, high = FIRST_STEP
    if not ladder or not all(0 < rung <= 100 for rung in ladder):  # noqa: PLR2004 - per cent
        raise ValueError("A ladder's rungs lie above 0 and up to 100 per cent.")
    first = _part(total, min(max(ladder[0], low), high))
    rungs = [_part(total, rung) for rung in ladder[1:]]
    second = _sighted(first, total, reporting)
    blind = _reporting_after((first,), total, reporting) < MINIMUM_REPORTING
    if blind and second is not None:
        rungs = [second, *(rung for rung in rungs if rung >= 2 * second)]
    return sorted({first, *(rung for rung in rungs if rung > first), total})


def _sighted(first: int, total: int, reporting: int) -> int | None:
    """Return the smallest second step that sees complaints, if half a list does."""
    if reporting < MINIMUM_REPORTING:
        return None
    size = max(_part(total, FIRST_STEP[1]), MINIMUM_REPORTING * total // reporting)
    while _reporting_after((first, size), total, reporting) < MINIMUM_REPORTING:
        size += 1  # once or twice: the rounding of two steps
    return size if 2 * size <= total else None


def _reporting_after(totals: Sequence[int], total: int, reporting: int) -> int:
    """Return how many reporting recipients are out after the last of `totals`."""
    seen = done = 0
    for upto in totals:
        left = {"reporting": reporting - seen, "mute": total - reporting - done + seen}
        seen += _shares(upto - done, left)["reporting"]
        done = upto
    return seen


def _by_provider(size: int, heard: int, left: Mapping[str, int]) -> dict[str, int]:
    """Split a step by provider so that exactly `heard` of it can report."""
    reporting = {name: n for name, n in left.items() if reports_complaints(name)}
    mute = {name: n for name, n in left.items() if not reports_complaints(name)}
    return _shares(heard, reporting) | _shares(size - heard, mute)


def _shares(size: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split `size` in proportion, by largest remainder; ties go by name."""
    total = sum(weights.values())
    if total == 0:
        return dict.fromkeys(weights, 0)
    split = {name: divmod(size * weight, total) for name, weight in weights.items()}
    shares = {name: whole for name, (whole, _) in split.items()}
    by_remainder = sorted(split, key=lambda name: (-split[name][1], name))
    for name in by_remainder[: size - sum(shares.values())]:
        shares[name] += 1
    return shares
