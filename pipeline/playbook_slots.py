"""slots.yaml: the places where copy that is no mail is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from domain.channel import EXPOSURES, SHARES, Channel, Slot
from domain.exposure import check_ladder
from pipeline.playbook_values import PlaybookRefused, only, read, table, text, whole

_FILE: Final = "slots.yaml"
_KEY: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_STEPS_MOST: Final = 10
_SHOWN: Final = tuple(each for each in Channel if not each.is_mailed)


def load_slots(folder: Path) -> Mapping[str, Slot]:
    """Read slots.yaml, by key; a playbook without it has no slot.

    Raises:
        PlaybookRefused: Names the slot and what is allowed.
    """
    path = folder / _FILE
    if not path.exists():
        return {}
    raw = read(path)
    only(raw, ("slots",), _FILE)
    given = table(raw.get("slots") or {}, f"{_FILE}, slots")
    return {str(key): _slot(str(key), each) for key, each in given.items()}


def _slot(key: str, raw: object) -> Slot:
    where = f"{_FILE}, {key}"
    if not _KEY.fullmatch(key):
        raise PlaybookRefused(
            f"{where}: a slot's key has lower-case letters, digits and hyphens,"
            " 40 at most."
        )
    given = table(raw, where)
    only(given, ("title", "channel", "ladder", "exposures", "generation"), where)
    channel = text(given, "channel", where)
    if channel not in _SHOWN:
        raise PlaybookRefused(
            f'{where}: channel is "{channel}"; {", ".join(_SHOWN)} are allowed.'
        )
    slot = Slot(
        key=key,
        title=text(given, "title", where),
        channel=Channel(channel),
        ladder=_shares(given.get("ladder", [*SHARES]), f"{where}, ladder"),
        exposures=_counts(given.get("exposures", [*EXPOSURES]), f"{where}, exposures"),
        generation=whole(given.get("generation", 1), f"{where}, generation", least=1),
    )
    try:
        check_ladder(slot.ladder, slot.exposures)
    except ValueError as error:
        raise PlaybookRefused(f"{where}: {error}") from error
    return slot


def _shares(value: object, where: str) -> tuple[float, ...]:
    given = _list(value, where)
    for each in given:
        if isinstance(each, bool) or not isinstance(each, int | float):
            raise PlaybookRefused(f'{where} holds "{each}"; numbers are allowed.')
    return tuple(float(each) for each in given)


def _counts(value: object, where: str) -> tuple[int, ...]:
    return tuple(whole(each, where, least=1) for each in _list(value, where))


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > _STEPS_MOST:
        raise PlaybookRefused(f"{where} must be a list of up to {_STEPS_MOST} numbers.")
    return value
