"""What an approval covers, and which approvals outlast an edit of the text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.channel import Channel, part_name
from domain.review import Approval, Stage
from domain.variant import Copy, Part, Revision, RevisionId, VariantId


def changed_parts(before: Copy, after: Copy) -> tuple[Part, ...]:
    """The parts in which two texts differ, in the order of a mail."""
    return tuple(part for part in Part if getattr(before, part) != getattr(after, part))


def edits_since(
    earlier: RevisionId, later: RevisionId, revisions: Mapping[RevisionId, Revision]
) -> tuple[Revision, ...] | None:
    """The edits that made `later` of `earlier`, the newest first.

    None when it does not come from it by people's edits alone: a writer wrote it anew.
    """
    edits: list[Revision] = []
    step = revisions.get(later)
    while step is not None and step.id != earlier:
        if step.origin.editor is None or step.parent_id is None:
            return None
        edits.append(step)
        step = revisions.get(step.parent_id)
    return None if step is None else tuple(edits)


def holds(
    approval: Approval,
    later: RevisionId,
    revisions: Mapping[RevisionId, Revision],
    scope: Collection[Part],
) -> bool:
    """Whether an approval covers a later text as well as the one it was given for.

    The two texts are compared, not the steps between them. Nobody's approval outlasts
    an edit of their own: it would be the second pair of eyes on it.
    """
    edits = edits_since(approval.revision_id, later, revisions)
    if edits is None or any(each.origin.editor == approval.actor for each in edits):
        return False
    seen, text = revisions[approval.revision_id].text, revisions[later].text
    return not set(changed_parts(seen, text)) & set(scope)


def holding(
    approvals: Iterable[Approval],
    current: Mapping[VariantId, RevisionId],
    revisions: Mapping[RevisionId, Revision],
    stages: Sequence[Stage],
    *,
    passed: Collection[RevisionId],
) -> tuple[Approval, ...]:
    """Approvals as they count now: what holds counts for its variant's present text.

    Args:
        approvals: As given, each for the text that was seen.
        current: Each variant's present revision.
        revisions: Every revision of the variants whose text has changed.
        passed: Revisions that lint has passed; no approval is carried to another.
    """
    scopes = {stage.name: stage.scope for stage in stages}
    counted: list[Approval] = []
    for each in approvals:
        now = current.get(each.variant_id, each.revision_id)
        is_carried = (
            now != each.revision_id
            and now in passed
            and each.stage in scopes
            and holds(each, now, revisions, scopes[each.stage])
        )
        counted.append(replace(each, revision_id=now) if is_carried else each)
    return tuple(counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a new revision did to an approval that counted for the one before.

    Attributes:
        approval: As it was given.
        number: Of the revision it was given for.
        parts: Those that differ from that revision.
        why: A clause, such as "the subject changed".
    """

    approval: Approval
    number: int
    holds: bool
    parts: tuple[Part, ...]
    why: str


def effects(
    approvals: Iterable[Approval],
    revision: Revision,
    revisions: Mapping[RevisionId, Revision],
    stages: Sequence[Stage],
    channel: Channel = Channel.EMAIL,
) -> tuple[Effect, ...]:
    """What a revision does to each approval of its variant that counted until now.

    An approval that an earlier edit had voided counts again when this one gives its
    text back. Lint has not spoken yet: what holds will count once the text passes.

    Args:
        channel: What the text is for, which names its parts.
    """
    scopes = {stage.name: stage.scope for stage in stages}
    before = revision.parent_id
    found: list[Effect] = []
    for each in approvals:
        if each.variant_id != revision.variant_id or each.stage not in scopes:
            continue
        scope = scopes[each.stage]
        counted = before is not None and holds(each, before, revisions, scope)
        is_kept = holds(each, revision.id, revisions, scope)
        if counted or is_kept:
            made = _effect(
                each,
                revision,
                revisions,
                scope=scope,
                channel=channel,
                is_kept=is_kept,
            )
            found.append(made)
    return tuple(found)


def _effect(
    approval: Approval,
    revision: Revision,
    revisions: Mapping[RevisionId, Revision],
    *,
    scope: Collection[Part],
    channel: Channel,
    is_kept: bool,
) -> Effect:
    seen = revisions[approval.revision_id]
    parts = changed_parts(seen.text, revision.text)
    touched = [part for part in parts if part in scope]
    if not parts and is_kept:
        why = "the text is again as it was approved"
    elif is_kept:
        why = f"it covers {_the((part for part in Part if part in scope), channel)}"
    elif edits_since(seen.id, revision.id, revisions) is None:
        why = "the text was written anew"
    elif touched:
        why = f"{_the(touched, channel)} changed"
    else:
        why = "its approver edited the text"
    return Effect(
        approval=approval, number=seen.number, holds=is_kept, parts=parts, why=why
    )


def _the(parts: Iterable[Part], channel: Channel) -> str:
    names = (part_name(channel, part).lower() for part in parts)
    *others, last = (f"the {name}" for name in names)
    return f"{', '.join(others)} and {last}" if others else last
