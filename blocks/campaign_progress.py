"""How far the variants of a campaign are, as task rows and as one line."""

from __future__ import annotations

from typing import Final

from slack_sdk.models.blocks import PlanBlock, TaskCardBlock

from blocks.text import joined, line, plain, plural, truncate
from domain.lint import KNOWN_RULES
from domain.variant import LABELS, VariantState
from domain.views import CampaignCard, VariantLine

_S = VariantState
_TASK: Final = {_S.BRIEFED: "in_progress", _S.FAILED: "error"}
_TASK_WORDS: Final = {_S.BRIEFED: "being written", _S.FAILED: "not written"}
_WORDS: Final = {
    _S.BRIEFED: "being written",
    _S.DRAFTED: "being checked",
    _S.REJECTED: "rejected",
    _S.SHELVED: "shelved",
    _S.FAILED: "not written",
}
_TIMES: Final = {1: "once", 2: "twice"}


def words(view: CampaignCard) -> str:
    """How many variants are written, such as `Writing 3 of 5`."""
    written = sum(each.state not in _TASK for each in view.variants)
    return f"Writing {written} of {max(view.variants_asked, len(view.variants))}"


def plan(view: CampaignCard) -> PlanBlock:
    """One row per variant asked for, also for those that nobody has begun."""
    begun = {each.label: each for each in view.variants}
    asked = [*begun, *(label for label in LABELS if label not in begun)]
    most = max(view.variants_asked, len(begun))
    return PlanBlock(
        title=words(view), tasks=[_task(each, begun.get(each)) for each in asked[:most]]
    )


def _task(label: str, variant: VariantLine | None) -> TaskCardBlock:
    state = variant.state if variant else None
    status = "pending" if state is None else _TASK.get(state, "complete")
    said = "waits" if state is None else _TASK_WORDS.get(state, "written")
    if variant and variant.reason and state is _S.FAILED:
        said += f": {plain(variant.reason, 80)}"
    return TaskCardBlock(
        task_id=f"variant-{label}", title=f"Variant {label} {said}", status=status
    )


def variants(view: CampaignCard) -> str:
    """All variants in one line: `3 variants: A passes lint · B 2 notes`."""
    if not view.variants:
        return ""
    each = " · ".join(_one(variant) for variant in view.variants)
    return truncate(f"{plural(len(view.variants), 'variant')}: {each}", 2500)


def _one(variant: VariantLine) -> str:
    label = line(variant.label, 5)
    if variant.state in _WORDS:
        said = _WORDS[variant.state]
        reason = f" ({line(variant.reason, 120)})" if variant.reason else ""
        return f"{label} {said}{reason}"
    lint = lint_words(variant.hard, variant.soft)
    approved = "approved, " if variant.state is _S.APPROVED else ""
    again = _rewritten(variant.regenerated_for)
    return f"{label} {approved}{lint}{again}"


def lint_words(hard: int, soft: int) -> str:
    """What lint found, the worst first."""
    notes = plural(soft, "note")
    if hard:
        return f"blocked by {plural(hard, 'finding')}" + (f", {notes}" if soft else "")
    return notes if soft else "passes lint"


def _rewritten(rules: tuple[str, ...]) -> str:
    if not rules:
        return ""
    times = _TIMES.get(len(rules), f"{len(rules)} times")
    reasons = joined(dict.fromkeys(_reason(rule) for rule in rules))
    return f", regenerated {times} ({reasons})"


def _reason(rule: str) -> str:
    known = KNOWN_RULES.get(rule, rule).rstrip(".")
    return line(known[:1].lower() + known[1:], 90)
