"""Rows of a list's file as recipients: each cell checked, nothing repeated in an error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from zoneinfo import available_timezones

from domain.attributes import LONGEST_TEXT, NotAValue, parse_value, stored, stored_name
from domain.cohort import provider_of
from domain.columns import Columns, Known, Wanted, choose
from pipeline.address_marks import AddressMarks
from pipeline.csv_file import Reading, Source, rows, unclean
from pipeline.tokens import address_hash

KNOWN: Final = Known(
    required=("email", "consent"),
    optional=(
        "first_name",
        "last_name",
        "company",
        "region",
        "time_zone",
        "locale",
    ),
)
LONGEST_ADDRESS: Final = 254
"""RFC 5321: a forward path of 256 characters with its angle brackets."""

LONGEST_LOCAL: Final = 64
"""RFC 5321: the part before the @."""

# RFC 5322 dot-atom, which is all that mail senders take; no quoted local part
_LOCAL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_CONSENT: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "no", "n", "0", ""), False),
}


def recipient_rows(
    path: Source, reading: Reading, wanted: Wanted, *, secret: str
) -> Iterator[dict[str, Any]]:
    """Yield the good rows as recipients; note the others on `reading`.

    Each is read, checked and forgotten; only a short mark of its address is kept, to
    see duplicates. Cells are data: one that begins with `=` or `@` stays as it is.

    Args:
        secret: The desk's own, which makes address hashes useless to others.

    Raises:
        FileRefused: The file is no CSV in UTF-8.
        ColumnsInvalid: It lacks a column that was asked for.
    """
    marks = AddressMarks()
    zones = available_timezones()
    for line, cells in rows(path, reading, lambda names: choose(names, KNOWN, wanted)):
        if reading.columns is None:
            continue
        row = _checked(cells, reading.columns, reading, line, zones)
        if row is None:
            continue
        first = marks.first_line(row["address"], line)
        if first is not None:
            reading.found(line, "email", f"is the address of line {first} again")
            continue
        row["address_hash"] = address_hash(secret, row["address"])
        yield row


def _checked(
    cells: list[str], columns: Columns, reading: Reading, line: int, zones: set[str]
) -> dict[str, Any] | None:
    row: dict[str, Any] = dict.fromkeys(KNOWN.optional, "")
    for place, name in columns.fields.items():
        text = cells[place].strip()
        reason = _wrong(name, text, zones)
        if reason:
            reading.found(line, name, reason)
            return None
        row[name] = text
    attributes: dict[str, str | float | bool] = {}
    for place, name in columns.attributes.items():
        text = cells[place].strip()
        reason = unclean(text)
        if not reason and text:
            kind = columns.kind_of[name]
            try:
                value = parse_value(kind, text)
                attributes[stored_name(name, kind)] = stored(value)
            except NotAValue as error:
                reason = str(error)
        if reason:
            reading.found(line, name, reason)
            return None
    address = normal_address(row.pop("email"))
    domain = address.rpartition("@")[2]
    return {
        **row,
        "address": address,
        "domain": domain,
        "provider": provider_of(domain),
        "has_consent": _CONSENT[row.pop("consent").lower()],
        "attributes": attributes,
    }


def _wrong(name: str, text: str, zones: set[str]) -> str:
    """Why a cell cannot be taken; empty when it can."""
    reason = unclean(text)
    if reason:
        return reason
    if name == "email":
        return address_problem(text)
    if name == "consent" and text.lower() not in _CONSENT:
        return "must be true or false"
    if len(text) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT} characters"
    if name == "time_zone" and text and zones and text not in zones:
        return "is not a time zone such as Europe/Berlin"
    return ""


def address_problem(text: str) -> str:
    """Why a text is no address to mail; empty when it is one."""
    local, at, domain = text.rpartition("@")
    if not text:
        return "is empty"
    if not at or not local or not domain:
        return "is not an address"
    if len(text) > LONGEST_ADDRESS or len(local) > LONGEST_LOCAL:
        return "is too long for an address"
    if not _LOCAL.fullmatch(local):
        return "has a character that senders do not take before the @"
    return domain_problem(domain)


@lru_cache(maxsize=10_000)
def domain_problem(domain: str) -> str:
    """Why a text is no domain that takes mail; empty when it is one."""
    try:
        labels = domain.encode("idna").decode().lower().split(".")
    except UnicodeError:
        return "has a domain that cannot exist"
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):  # noqa: PLR2004 - name and top level
        return "has a domain that cannot exist"
    return "has a number for a domain" if labels[-1].isdecimal() else ""


def normal_address(text: str) -> str:
    """The address as it is mailed: its domain in ASCII and lower case."""
    local, _, domain = text.rpartition("@")
    return f"{local}@{_ascii(domain)}"


@lru_cache(maxsize=10_000)
def _ascii(domain: str) -> str:
    return domain.encode("idna").decode().lower()
