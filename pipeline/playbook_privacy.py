"""privacy.yaml: what may be said of a recipient, field by field; nothing is guessed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from domain.lint import did_you_mean
from domain.personalize import OURS
from domain.privacy import (
    DEFAULT_K,
    IMPORTERS,
    PATH,
    STANDARD,
    Bucket,
    FieldClass,
    FieldRule,
    Period,
    Privacy,
)
from pipeline.playbook_values import PlaybookRefused, read, table, text, whole

_FILE: Final = "privacy.yaml"
_KEYS: Final = ("k", "importers", "fields")
_FIELD_KEYS: Final = (
    "about",
    "class",
    "purpose",
    "regions",
    "in_text",
    "required",
    "bucket",
    "k",
    "example",
)
_LONGEST: Final = 200
_MOST_FIELDS: Final = 200

Kind = TypeVar("Kind", bound=StrEnum)


def load_privacy(folder: Path) -> Privacy:
    """Read privacy.yaml.

    Raises:
        PlaybookRefused: Names the field, the key and what is allowed.
    """
    raw = read(folder / _FILE)
    _known(raw, _KEYS, _FILE)
    k = whole(raw.get("k", DEFAULT_K), f"{_FILE}, k", least=1)
    given = table(raw.get("fields"), f"{_FILE}, fields")
    if len(given) > _MOST_FIELDS:
        raise PlaybookRefused(f"{_FILE} may hold {_MOST_FIELDS} fields at most.")
    fields = {str(path): _field(str(path), each, k) for path, each in given.items()}
    missing = [name for name in STANDARD if f"person.{name}" not in fields]
    if missing:
        raise PlaybookRefused(
            f"{_FILE} says nothing of {', '.join(f'person.{n}' for n in missing)}."
            " Each standard field needs an entry; in_text: no keeps one out of texts."
        )
    return Privacy(fields=fields, importers=_importers(raw.get("importers")))


def _importers(value: object) -> frozenset[str]:
    if value is None:
        return IMPORTERS
    if not isinstance(value, list) or not all(
        isinstance(each, str) and each for each in value
    ):
        raise PlaybookRefused(
            f"{_FILE}, importers must be a list of roles, such as [marketer]."
        )
    return frozenset(value)


def _field(path: str, given: object, k: int) -> FieldRule:
    where = f"{_FILE}, {path[:80]}"
    _check_path(path, where)
    raw = table(given, where)
    _known(raw, _FIELD_KEYS, where)
    return FieldRule(
        path=path,
        about=_words(raw, "about", where),
        kind=_one_of(raw.get("class"), FieldClass, f"{where}, class"),
        purpose=_words(raw, "purpose", where),
        regions=_regions(raw.get("regions"), f"{where}, regions"),
        in_text=_yes_or_no(raw.get("in_text"), f"{where}, in_text"),
        is_required=_yes_or_no(raw.get("required", False), f"{where}, required"),
        bucket=_bucket(raw.get("bucket"), f"{where}, bucket"),
        k=whole(raw.get("k", k), f"{where}, k", least=1),
        example=str(raw.get("example", ""))[:_LONGEST],
    )


def _check_path(path: str, where: str) -> None:
    standard = [f"person.{name}" for name in STANDARD]
    if path in standard or (PATH.fullmatch(path) and path.startswith("attributes.")):
        return
    if path in OURS:
        raise PlaybookRefused(f"{where} is nothing of a recipient's; take it out.")
    raise PlaybookRefused(
        f"{where} is no field.{did_you_mean(path, standard)} It is one of"
        f" {', '.join(standard)}, or attributes. and a column in small letters, digits"
        " and _."
    )


def _known(raw: Mapping[str, Any], known: Collection[str], where: str) -> None:
    for key in raw:
        if key not in known:
            near = did_you_mean(str(key), known)
            raise PlaybookRefused(
                f"{where} does not know {str(key)[:80]}.{near}"
                f" It may hold {', '.join(known)}."
            )


def _words(raw: Mapping[str, Any], key: str, where: str) -> str:
    words = text(raw, key, where).strip()
    if len(words) > _LONGEST or "\n" in words:
        raise PlaybookRefused(
            f"{where}: {key} is one line of up to {_LONGEST} letters."
        )
    return words


def _one_of(value: object, kind: type[Kind], where: str) -> Kind:
    allowed = [each.value for each in kind]
    if value not in allowed:
        near = did_you_mean(str(value), allowed)
        raise PlaybookRefused(
            f'{where} is "{value}".{near} It may be {", ".join(allowed)}.'
        )
    return kind(str(value))


def _yes_or_no(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise PlaybookRefused(f'{where} is "{value}"; yes or no is allowed.')
    return value


def _regions(value: object, where: str) -> frozenset[str] | None:
    if value == "all":
        return None
    if (
        not isinstance(value, list)
        or not value
        # YAML reads a bare NO as a truth value, and Norway is a region
        or not all(isinstance(each, str) and each.strip() for each in value)
    ):
        raise PlaybookRefused(
            f'{where} is "{value}"; all, or a list such as [EMEA, "NO"], is allowed.'
        )
    return frozenset(each.strip().casefold() for each in value)


def _bucket(value: object, where: str) -> Bucket | None:
    if value is None:
        return None
    if isinstance(value, str):
        return Bucket(period=_one_of(value, Period, where))
    if (
        not isinstance(value, list)
        or not value
        or not all(
            isinstance(each, int) and not isinstance(each, bool) for each in value
        )
        or value != sorted(set(value))
        or value[0] < 0
    ):
        raise PlaybookRefused(
            f'{where} is "{value}"; whole numbers that rise, such as [10, 50, 200], or'
            " year, quarter or month, are allowed."
        )
    return Bucket(edges=tuple(value))
