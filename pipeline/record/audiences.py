"""What is decided about audiences: a segment saved, a person forgotten, RFM computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.attributes import Kind
from domain.errors import Refused
from domain.rfm import LEAST_PEOPLE, LETTERS, Cuts
from domain.segment import fields_of, filter_sha256, parse_filter
from pipeline.audience import refuse_name
from storage.audiences import Audience
from storage.erasure import Forgotten
from storage.filters import rfm_cuts
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A segment as it was saved, and whom it finds now."""

    segment: Audience
    size: int
    mailable: int


def save_segment(
    store: Store, *, key: str, title: str, of: str, where: str, actor: str
) -> Saved:
    """Save a filter under a key that briefs can name.

    What a campaign names never changes: who approved it has seen this filter.

    Raises:
        AudienceRefused: The key or the title cannot be what was given.
        FilterInvalid: The filter cannot be read over this list.
        Refused: The key is a list's, or a campaign names it with another filter.
    """
    refuse_name(key, title)
    whole = store.audiences.by_key(of)
    if whole.is_segment:
        raise Refused(f'"{of}" is a segment itself; a segment is of a list.')
    where = where.strip()
    has_rfm = bool(rfm_cuts(store.connection, whole.id))
    parse_filter(where, fields_of(whole.attributes, has_rfm=has_rfm))
    before = store.imports.shown(key).audience
    if before is not None:
        _refuse_change(store, before, whole, where)
    segment = store.segments.save(
        key=key, title=title, list_id=whole.id, filter_text=where
    )
    size, mailable = store.audiences.count(segment)
    store.segments.counted(segment.id, size=size, mailable=mailable)
    store.audience_record.append(
        "segment_saved",
        actor=actor,
        detail={
            "segment": key,
            "list": whole.key,
            "where": where,
            "where_sha256": filter_sha256(where),
            "recipients": size,
        },
    )
    return Saved(segment=segment, size=size, mailable=mailable)


def _refuse_change(store: Store, before: Audience, whole: Audience, where: str) -> None:
    if not before.is_segment:
        raise Refused(f'"{before.key}" is a list; a segment needs another key.')
    if (before.list_id, before.filter) == (whole.id, where):
        return
    number = store.segments.campaign_on(before.id)
    if number is not None:
        raise Refused(
            f'Campaign #{number} names "{before.key}" as it is, so it stays.'
            " Save the new filter under another key."
        )


def forget(store: Store, address_hash: str, *, actor: str) -> Forgotten:
    """Erase a person everywhere; that it was done is on the record, not whom."""
    done = store.erasure.forget(address_hash)
    store.audience_record.append(
        "person_forgotten",
        actor=actor,
        detail={
            "lists": list(done.lists),
            "rows": done.rows,
            "signals": done.signals,
        },
    )
    return done


def compute_rfm(
    store: Store, key: str, attribute_of: Mapping[str, str], *, actor: str
) -> tuple[int, Mapping[str, Cuts]]:
    """Part a list's people into quintiles, and keep the thresholds with today's date.

    Args:
        attribute_of: By letter, where the attribute is not called as usual.

    Returns:
        How many people have the rarest of the three, and the thresholds by letter.

    Raises:
        Refused: An attribute is missing or of another kind, or too few have it.
    """
    whole = store.audiences.by_key(key)
    if whole.is_segment:
        raise Refused(f'"{key}" is a segment; RFM is computed over a list.')
    shown = store.audiences.shown(whole.id)
    cuts: dict[str, Cuts] = {}
    people: list[int] = []
    for letter, (usual, kind) in LETTERS.items():
        name = attribute_of.get(letter, usual)
        _refuse_kind(whole, name, kind)
        total, found = store.rfm.cuts(shown, name, kind)
        if found is None or total < LEAST_PEOPLE:
            raise Refused(
                f"{total:,} people have {name}; quintiles need {LEAST_PEOPLE}."
            )
        cuts[letter] = found
        people.append(total)
    store.rfm.keep(whole.id, cuts, min(people))
    store.audience_record.append(
        "rfm_computed",
        actor=actor,
        detail={
            "audience": key,
            "recipients": min(people),
            **{letter: list(each.least) for letter, each in cuts.items()},
        },
    )
    return min(people), cuts


def _refuse_kind(whole: Audience, name: str, kind: Kind) -> None:
    have = whole.attributes.get(name)
    if have is kind:
        return
    is_what = f"is a {have}" if have else "is not in the list"
    raise Refused(
        f"{name} {is_what}, and RFM needs it as a {kind}. Import the list with"
        f" --attributes {name}:{kind}, or name another attribute."
    )


def let_go(store: Store, import_id: int, *, limit: int) -> int:
    """Blank some people of an import that was replaced long ago; how many."""
    blanked = store.imports.let_go(import_id, limit=limit)
    if blanked:
        store.audience_record.append(
            "replaced_let_go",
            actor="desk",
            detail={"import": import_id, "people": blanked},
        )
    return blanked
