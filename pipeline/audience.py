"""Lists of recipients as CSV files: checked row by row, imported whole or not at all.

Addresses never appear in an error: a problem names its line and its field.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import available_timezones

from domain.cohort import provider_of
from domain.errors import Refused, Unknown
from pipeline.tokens import address_hash
from storage.audiences import Audience
from storage.store import Store

REQUIRED: Final = ("email", "consent")
OPTIONAL: Final = (
    "first_name",
    "last_name",
    "company",
    "region",
    "time_zone",
    "locale",
)
LONGEST_ADDRESS: Final = 254
"""RFC 5321: a forward path of 256 characters with its angle brackets."""

LONGEST_LOCAL: Final = 64
"""RFC 5321: the part before the @."""

LONGEST_FIELD: Final = 200
LONGEST_KEY: Final = 60
LONGEST_TITLE: Final = 120
MOST_LISTED: Final = 1_000
"""Problems kept to be shown; all are counted."""

_BATCH: Final = 1_000
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
# RFC 5322 dot-atom, which is all that mail senders take; no quoted local part
_LOCAL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LOST: Final = re.compile(r"[\udc80-\udcff]")
_CONSENT: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "no", "n", "0", ""), False),
}


class _Rows(Protocol):
    """csv's own reader, whose class has no public name."""

    @property
    def line_num(self) -> int: ...

    def __next__(self) -> list[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one row; never the row's own text."""

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file.

    Attributes:
        size: Recipients in the list now.
        broken: Rows left out.
        problems: The first of them.
        ignored: Columns that Copydesk has no use for.
        is_new: False when this very file was imported before.
    """

    audience_id: int
    key: str
    size: int
    broken: int = 0
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()
    is_new: bool = True


class AudienceRefused(Refused):
    """The file cannot be imported; nothing of it was.

    Attributes:
        problems: The first broken rows.
        broken: How many there are in all.
    """

    def __init__(
        self, message: str, *, problems: Sequence[Problem] = (), broken: int = 0
    ) -> None:
        self.problems, self.broken = tuple(problems), broken
        super().__init__(message)


@dataclass(slots=True, kw_only=True)
class Reading:
    """A file being read: iterate `rows`, then look at what was wrong.

    Attributes:
        digest: SHA-256 of the bytes read so far.
    """

    columns: tuple[str, ...] = ()
    broken: int = 0
    problems: list[Problem] = field(default_factory=list)
    digest: str = ""

    @property
    def ignored(self) -> tuple[str, ...]:
        known = {*REQUIRED, *OPTIONAL}
        return tuple(name for name in self.columns if name not in known)

    def found(self, problem: Problem) -> None:
        self.broken += 1
        if len(self.problems) < MOST_LISTED:
            self.problems.append(problem)


def rows(path: Path, reading: Reading) -> Iterator[dict[str, str]]:
    """Yield the good rows as checked texts by column; note the others on `reading`.

    Each is read, checked and forgotten; only a hash of its address is kept, to see
    duplicates. Cells are data: one that begins with `=` or `@` stays as it is.

    Raises:
        AudienceRefused: The file is no CSV in UTF-8, or lacks a column.
    """
    sha = hashlib.sha256()
    try:
        with path.open("rb") as file:
            # strict: a quote that does not end is an error, not a very long cell
            reader = csv.reader(_lines(file, sha.update), strict=True)
            reading.columns = _header(reader)
            yield from _good(reader, reading)
    except OSError as error:
        raise AudienceRefused(f"{path.name} cannot be read.") from error
    reading.digest = sha.hexdigest()


def _lines(file: Iterator[bytes], feed: Callable[[bytes], None]) -> Iterator[str]:
    for number, raw in enumerate(file):
        feed(raw)
        if number == 0 and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise AudienceRefused("The file is UTF-16; save it as CSV in UTF-8.")
        encoding = "utf-8-sig" if number == 0 else "utf-8"
        # what is not UTF-8 spoils its own row only
        yield raw.decode(encoding, errors="surrogateescape")


def _header(reader: _Rows) -> tuple[str, ...]:
    try:
        names = tuple(name.strip().lower() for name in next(reader))
    except StopIteration:
        raise AudienceRefused("The file is empty.") from None
    except csv.Error as error:
        raise AudienceRefused("The first line is no CSV header.") from error
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise AudienceRefused(
            f"The file has no column {' and no column '.join(missing)}."
            f" Its first line must name email and consent, and may name"
            f" {', '.join(OPTIONAL)}."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AudienceRefused(f"The file names the column {twice[0]} twice.")
    return names


def _good(reader: _Rows, reading: Reading) -> Iterator[dict[str, str]]:
    seen: dict[int, int] = {}
    zones = available_timezones()
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            line = reader.line_num
            reason = "a quote does not end, or stands inside a cell"
            reading.found(Problem(line=line, field="row", reason=reason))
            continue
        if not cells:
            continue
        line = reader.line_num
        row = _checked(cells, reading, line, zones)
        if row is not None and _is_first(row["email"], line, seen, reading):
            yield row


def _checked(
    cells: list[str], reading: Reading, line: int, zones: set[str]
) -> dict[str, str] | None:
    if len(cells) != len(reading.columns):
        reason = f"has {len(cells)} cells, not {len(reading.columns)}"
        reading.found(Problem(line=line, field="row", reason=reason))
        return None
    row = {
        name: cell.strip()
        for name, cell in zip(reading.columns, cells, strict=True)
        if name in REQUIRED or name in OPTIONAL
    }
    for name, text in row.items():
        reason = _wrong(name, text, zones)
        if reason:
            reading.found(Problem(line=line, field=name, reason=reason))
            return None
    row["email"] = normal_address(row["email"])
    return row


def _wrong(name: str, text: str, zones: set[str]) -> str:
    """Why a cell cannot be taken; empty when it can."""
    if _LOST.search(text):
        return "is not UTF-8"
    if _CONTROL.search(text):
        return "holds a control character"
    if name == "email":
        return address_problem(text)
    if name == "consent" and text.lower() not in _CONSENT:
        return "must be true or false"
    if len(text) > LONGEST_FIELD:
        return f"is longer than {LONGEST_FIELD} characters"
    if name == "time_zone" and text and zones and text not in zones:
        return "is not a time zone such as Europe/Berlin"
    return ""


def _is_first(address: str, line: int, seen: dict[int, int], reading: Reading) -> bool:
    # 8 bytes tell a million addresses apart; the address itself is not kept
    mark = hashlib.blake2b(address.lower().encode(), digest_size=8).digest()
    first = seen.setdefault(int.from_bytes(mark), line)
    if first == line:
        return True
    reason = f"is the address of line {first} again"
    reading.found(Problem(line=line, field="email", reason=reason))
    return False


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
    return f"{local}@{domain.encode('idna').decode().lower()}"


def import_csv(
    store: Store,
    path: Path,
    *,
    key: str,
    title: str,
    secret: str,
    skip_broken: bool = False,
) -> Imported:
    """Import a list in the caller's transaction, which an error rolls back.

    Args:
        key: What a brief calls the list; never the name of another list, because
            people dropped from a new file would still be mailed.
        secret: The desk's own, which makes address hashes useless to others.
        skip_broken: Import the good rows and leave the broken ones out.

    Raises:
        AudienceRefused: Something in the file is broken; nothing was imported.
    """
    _refuse_name(key, title)
    reading = Reading()
    good = rows(path, reading)
    # read the header before anything is written
    batch = list(islice(good, _BATCH))
    try:
        return _again(store, store.audiences.by_key(key), path)
    except Unknown:
        pass  # as it should be: the list is new
    audience_id = store.audiences.replace(key, title, source_sha256="")
    while batch:
        if skip_broken or not reading.broken:
            store.audiences.add_recipients(
                audience_id, [_recipient(row, secret) for row in batch]
            )
        batch = list(islice(good, _BATCH))
    if reading.broken and not skip_broken:
        raise AudienceRefused(
            f"{reading.broken:,} {'row is' if reading.broken == 1 else 'rows are'}"
            " broken, so nothing was imported."
            " Mend them, or leave them out with --skip-broken.",
            problems=reading.problems,
            broken=reading.broken,
        )
    store.audiences.replace(key, title, source_sha256=reading.digest)
    size = store.audiences.settle_size(audience_id)
    if size == 0:
        raise AudienceRefused("No row of the file can be imported.")
    return Imported(
        audience_id=audience_id,
        key=key,
        size=size,
        broken=reading.broken,
        problems=tuple(reading.problems),
        ignored=reading.ignored,
    )


def _refuse_name(key: str, title: str) -> None:
    if not _KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise AudienceRefused(
            f"A key is up to {LONGEST_KEY} lower-case letters, digits, - and _,"
            " such as stalled-demos."
        )
    if not title.strip() or len(title) > LONGEST_TITLE or _CONTROL.search(title):
        raise AudienceRefused(f"A title is one line of up to {LONGEST_TITLE} letters.")


def _again(store: Store, known: Audience, path: Path) -> Imported:
    """The same file under the same key is no change; another one is refused."""
    with path.open("rb") as file:
        same = store.audiences.find(hashlib.file_digest(file, "sha256").hexdigest())
    if same is None or same.key != known.key:
        raise AudienceRefused(
            f'There is a list "{known.key}" already, and it was another file.'
            " Import this one under a new key: people who were dropped from it"
            " would else still be mailed."
        )
    return Imported(audience_id=known.id, key=known.key, size=known.size, is_new=False)


def _recipient(row: Mapping[str, str], secret: str) -> dict[str, object]:
    address = row["email"]
    return {
        "address": address,
        "address_hash": address_hash(secret, address),
        **{name: row.get(name, "") for name in OPTIONAL},
        "provider": provider_of(address.rpartition("@")[2]),
        "has_consent": _CONSENT[row["consent"].lower()],
    }
