"""Which column of a file is what: by its own name, as told, or as an attribute."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from domain.attributes import MOST_ATTRIBUTES, Kind, attribute_name, name_problem
from domain.errors import Refused

MOST_COLUMNS: Final = 200
EVERYTHING: Final = "all"
_SHOWN: Final = 60
_PART: Final = re.compile(r'(?:"[^"]*"|[^,])+')


class ColumnsInvalid(Refused):
    """The file's columns are not what was asked for.

    Attributes:
        words: What is wrong, without the option of the shell that mends it.
    """

    def __init__(self, words: str, *, in_shell: str = "") -> None:
        self.words = words
        super().__init__(f"{words} {in_shell}".rstrip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The fields that a kind of file can have.

    Attributes:
        required: All of these.
        one_of: At least one of these; empty when there is no such choice.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    one_of: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.one_of, *self.required, *self.optional)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was said of the columns.

    Attributes:
        column_of: Column by field, where its name is not the field's.
        kind_of: Kind by attribute.
        everything: Every column that is left is a text attribute.
    """

    column_of: Mapping[str, str] = field(default_factory=dict)
    kind_of: Mapping[str, Kind] = field(default_factory=dict)
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What each place in a row is.

    Attributes:
        count: Cells of a row.
        ignored: Columns that nobody asked for, as the file names them.
    """

    count: int
    fields: Mapping[int, str]
    attributes: Mapping[int, str]
    kind_of: Mapping[str, Kind]
    ignored: tuple[str, ...]


def parse_wanted(
    maps: Iterable[str], attributes: Iterable[str], known: Known
) -> Wanted:
    """Read `email=E-Mail,...` and `plan,score:number,...` or `all`.

    Raises:
        ColumnsInvalid: Names the part that cannot be read.
    """
    kinds: dict[str, Kind] = {}
    everything = False
    for part in _parts(attributes):
        name, _, kind = part.partition(":")
        if name.strip().lower() == EVERYTHING and not kind:
            everything = True
            continue
        kinds[_checked(name, known)] = _kind(name, kind)
    return Wanted(
        column_of=_column_of(_parts(maps), known), kind_of=kinds, everything=everything
    )


def _parts(texts: Iterable[str]) -> list[str]:
    """The parts between commas; one with a comma in it stands in quotes."""
    return [
        part.replace('"', "").strip()
        for text in texts
        for part in _PART.findall(text)
        if part.strip()
    ]


def _column_of(parts: Sequence[str], known: Known) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        name, sign, column = (each.strip() for each in part.partition("="))
        if not sign or not column:
            raise ColumnsInvalid(
                f'--map takes field=Column, such as email=E-Mail; "{part[:_SHOWN]}" is'
                " not that."
            )
        if name not in known.names:
            raise ColumnsInvalid(
                f'--map: there is no field "{name[:_SHOWN]}".'
                f" {_nearest(name, known.names)}"
            )
        if name in found:
            raise ColumnsInvalid(f"--map names the field {name} twice.")
        found[name] = column
    return found


def _checked(column: str, known: Known) -> str:
    name = attribute_name(column)
    problem = name_problem(name, frozenset(known.names))
    if problem:
        raise ColumnsInvalid(f'The attribute "{column.strip()[:_SHOWN]}" {problem}.')
    return name


def _kind(name: str, kind: str) -> Kind:
    if not kind:
        return Kind.TEXT
    try:
        return Kind(kind.strip().lower())
    except ValueError:
        raise ColumnsInvalid(
            f'The attribute "{name[:_SHOWN]}" can be text, number, date or yes/no.'
        ) from None


def _nearest(name: str, names: Collection[str]) -> str:
    near = get_close_matches(name.lower(), {each.lower(): each for each in names}, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."


def choose(header: Sequence[str], known: Known, wanted: Wanted) -> Columns:
    """Decide what each column is.

    Raises:
        ColumnsInvalid: A column is missing, there twice, or cannot be an attribute.
    """
    names = [name.strip() for name in header]
    if len(names) > MOST_COLUMNS:
        raise ColumnsInvalid(
            f"The file has {len(names):,} columns; it can have {MOST_COLUMNS}."
        )
    lower = [name.lower() for name in names]
    twice = sorted({name for name in lower if name and lower.count(name) > 1})
    if twice:
        raise ColumnsInvalid(f'The file names the column "{twice[0][:_SHOWN]}" twice.')
    fields = _fields(lower, known, wanted)
    _refuse_missing(fields, known)
    attributes, ignored = _attributes(names, set(fields), known, wanted)
    return Columns(
        count=len(names),
        fields=fields,
        attributes=attributes,
        kind_of={
            name: wanted.kind_of.get(name, Kind.TEXT) for name in attributes.values()
        },
        ignored=ignored,
    )


def _fields(lower: list[str], known: Known, wanted: Wanted) -> dict[int, str]:
    fields: dict[int, str] = {}
    for name, column in wanted.column_of.items():
        if column.lower() not in lower:
            raise ColumnsInvalid(
                f'The file has no column "{column[:_SHOWN]}".'
                f" {_nearest(column, [each for each in lower if each])}"
            )
        place = lower.index(column.lower())
        if place in fields:
            raise ColumnsInvalid(f'--map uses the column "{column[:_SHOWN]}" twice.')
        fields[place] = name
    for place, name in enumerate(lower):
        if name in known.names and name not in wanted.column_of:
            fields.setdefault(place, name)
    return fields


def _refuse_missing(fields: Mapping[int, str], known: Known) -> None:
    there = set(fields.values())
    missing = [name for name in known.required if name not in there]
    if known.one_of and not there.intersection(known.one_of):
        missing.insert(0, " or ".join(known.one_of))
    if missing:
        raise ColumnsInvalid(
            f"The file has no column {' and no column '.join(missing)}.",
            in_shell=(
                "Its first line names the columns;"
                f" --map {missing[0].split()[0]}=Column says which column that is."
            ),
        )


def _attributes(
    names: Sequence[str], taken: set[int], known: Known, wanted: Wanted
) -> tuple[dict[int, str], tuple[str, ...]]:
    found: dict[int, str] = {}
    ignored: list[str] = []
    for place, column in enumerate(names):
        if place in taken:
            continue
        name = attribute_name(column)
        if name not in wanted.kind_of and not wanted.everything:
            ignored.append(column)
            continue
        if _checked(column, known) in found.values():
            raise ColumnsInvalid(f"Two columns would both be the attribute {name}.")
        found[place] = name
    for name in wanted.kind_of:
        if name not in found.values():
            raise ColumnsInvalid(
                f'The file has no column for the attribute "{name}".'
                f" {_nearest(name, [each for each in names if each])}"
            )
    if len(found) > MOST_ATTRIBUTES:
        raise ColumnsInvalid(
            f"A list has at most {MOST_ATTRIBUTES} attributes, not {len(found)}."
        )
    return found, tuple(ignored)
