"""Lists of recipients come in from files: by batches, unseen, and shown all at once.

A list's next file replaces its people: who is not in it any more is gone, and is never
mailed from the list again. An import that dies is never shown; the next one sweeps it.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any, Final

import structlog

from domain.columns import Wanted
from domain.errors import Refused, TryLater
from domain.segment import FilterInvalid, fields_of, parse_filter
from pipeline import failpoint
from pipeline.csv_file import CONTROL, Problem, Reading, Source, file_sha256
from pipeline.recipient_rows import recipient_rows
from storage.audiences import Audience
from storage.engine import Database
from storage.filters import rfm_cuts
from storage.imports import FACTS, Shown
from storage.store import Store

log = structlog.get_logger(__name__)

LONGEST_KEY: Final = 60
LONGEST_TITLE: Final = 120
BATCH: Final = 1_000
"""Recipients per transaction: one takes about 20 ms, and others write in between."""

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be imported, and how.

    Attributes:
        key: What a brief calls the list.
        skip_broken: Leave broken rows out instead of refusing the file.
        is_dry_run: Read and compare all, write nothing.
    """

    path: Source
    key: str
    title: str
    wanted: Wanted = field(default_factory=Wanted)
    skip_broken: bool = False
    is_dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the rows of a file are, against what the list shows now."""

    new: int = 0
    changed: int = 0
    same: int = 0
    forgotten: int = 0

    @property
    def size(self) -> int:
        return self.new + self.changed + self.same


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file, or would.

    Attributes:
        size: Recipients in the list then.
        gone: Recipients who were in the list and are not in the file.
        forgotten: Rows left out because the person asked to be erased.
        broken: Rows left out.
        problems: The first of them.
        ignored: Columns that nobody asked for.
        is_new: False when this very file was imported before, in the same way.
    """

    key: str
    size: int
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    forgotten: int = 0
    broken: int = 0
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()
    is_new: bool = True


class AudienceRefused(Refused):
    """The file cannot be imported; nothing of it is shown.

    Attributes:
        words: What is wrong, without the option of the shell that mends it.
        problems: The first broken rows.
        broken: How many there are in all.
    """

    def __init__(
        self,
        words: str,
        *,
        in_shell: str = "",
        problems: Sequence[Problem] = (),
        broken: int = 0,
    ) -> None:
        self.words, self.problems, self.broken = words, tuple(problems), broken
        super().__init__(f"{words} {in_shell}".rstrip())


def _nothing_more(_store: Store, _done: Imported) -> None:
    """In a shell, nobody else has to know."""


def import_list(
    database: Database,
    asked: Asked,
    reading: Reading,
    *,
    secret: str,
    actor: str,
    shown: Callable[[Store, Imported], None] = _nothing_more,
) -> Imported:
    """Import a file: all that is written is shown by one small commit at the end.

    Args:
        secret: The desk's own, which makes address hashes useless to others.
        shown: Runs in the one commit that shows the list.

    Raises:
        AudienceRefused: Something in the file is broken; the list stays as it was.
        Overtaken: Another import of the list began meanwhile.
    """
    refuse_name(asked.key, asked.title)
    source = _source(asked)
    before = database.look(lambda store: store.imports.shown(asked.key))
    if before.audience is not None and before.audience.is_segment:
        raise AudienceRefused(f'"{asked.key}" is a segment; a list needs another key.')
    if before.source_sha256 == source:
        return Imported(key=asked.key, size=before.size, is_new=False)
    run = _Run(database, asked, reading, before)
    batches = _batches(recipient_rows(asked.path, reading, asked.wanted, secret=secret))
    # the header is read before anything is written
    first = next(batches, [])
    run.refuse_lost_segments()
    if asked.is_dry_run:
        run.compare(chain([first], batches))
        return run.outcome()
    with database.begin() as store:
        import_id = store.imports.begin(asked.key, secrets.token_hex(8))
    try:
        run.bring_in(import_id, chain([first], batches))
        done = run.outcome()
        run.show(import_id, done, source=source, actor=actor, told=shown)
    except Refused:
        with database.begin() as store:
            store.imports.drop(import_id)
        _sweep(database, asked.key)
        raise
    try:
        tidy(database, asked.key)
    except TryLater:
        # the list is shown; what it let go of waits for its next import
        log.info("audience.sweep_put_off", audience=asked.key)
    return done


def tidy(database: Database, key: str) -> None:
    """After a list is shown: count its segments anew, erase what it let go of.

    Twice is as once, so that a job that died after the list was shown can do it.
    """
    _count_segments(database, key)
    _sweep(database, key)


def refuse_name(key: str, title: str) -> None:
    """Say what a key and a title can be.

    Raises:
        AudienceRefused: One of them cannot be what was given.
    """
    if not _KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise AudienceRefused(
            f"A key is up to {LONGEST_KEY} lower-case letters, digits, - and _,"
            " such as stalled-demos."
        )
    if not title.strip() or len(title) > LONGEST_TITLE or CONTROL.search(title):
        raise AudienceRefused(f"A title is one line of up to {LONGEST_TITLE} letters.")


def _source(asked: Asked) -> str:
    """The file's hash and how it is read: the same again changes nothing."""
    how = json.dumps(
        [
            file_sha256(asked.path),
            asked.title,
            sorted(asked.wanted.column_of.items()),
            sorted(asked.wanted.kind_of.items()),
            asked.wanted.everything,
            asked.skip_broken,
        ]
    )
    return hashlib.sha256(how.encode()).hexdigest()


def _batches(people: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(people, BATCH)):
        yield batch


class _Run:
    """One import under way.

    Attributes:
        shown: What the list shows while the file is read.
    """

    def __init__(
        self, database: Database, asked: Asked, reading: Reading, shown: Shown
    ) -> None:
        self.database, self.asked, self.reading = database, asked, reading
        self.shown, self.tally = shown, Tally()

    def refuse_lost_segments(self) -> None:
        """A segment that asks for an attribute the file lacks would find nobody."""
        whole, columns = self.shown.audience, self.reading.columns
        if whole is None or columns is None:
            return
        cuts = self.database.look(lambda s: rfm_cuts(s.connection, whole.id)).values()
        # thresholds of an attribute that the file lacks would find nobody either
        has_rfm = bool(cuts) and all(
            columns.kind_of.get(each.attribute) is each.kind for each in cuts
        )
        fields = fields_of(columns.kind_of, has_rfm=has_rfm)
        for segment in self.database.look(lambda store: store.segments.of(whole.id)):
            try:
                parse_filter(segment.filter, fields)
            except FilterInvalid as error:
                raise AudienceRefused(
                    f'The segment "{segment.key}" would not work with this file.'
                    f" {error}",
                    in_shell="Name its attributes with --attributes.",
                ) from error

    def compare(self, batches: Iterable[list[dict[str, Any]]]) -> None:
        for batch in batches:
            self.database.look(partial(self._sort, batch=batch))

    def bring_in(self, import_id: int, batches: Iterable[list[dict[str, Any]]]) -> None:
        for batch in batches:
            if self.reading.broken and not self.asked.skip_broken:
                # it will be refused; the rest is read to say all that is wrong
                continue
            with self.database.begin() as store:
                store.imports.hold(import_id)
                store.imports.add(import_id, self._sort(store, batch=batch))
            failpoint.hit("audience.after_batch")

    def _sort(
        self, store: Store, *, batch: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Count a batch against the list as it is; returns who may come in."""
        hashes = [row["address_hash"] for row in batch]
        erased = store.imports.forgotten(hashes)
        known = store.imports.known(self.shown.import_id, hashes)
        coming = [row for row in batch if row["address_hash"] not in erased]
        self.tally.forgotten += len(batch) - len(coming)
        for row in coming:
            before = known.get(row["address_hash"])
            if before is None:
                self.tally.new += 1
            elif before == tuple(row[name] for name in FACTS):
                self.tally.same += 1
            else:
                self.tally.changed += 1
        return coming

    def outcome(self) -> Imported:
        """What there is to say, unless the file is to be refused.

        Raises:
            AudienceRefused: Rows are broken, or none is good.
        """
        tally, reading = self.tally, self.reading
        if reading.broken and not self.asked.skip_broken:
            raise broken_rows(reading)
        if not tally.size:
            raise AudienceRefused("No row of the file can be imported.")
        return Imported(
            key=self.asked.key,
            size=tally.size,
            new=tally.new,
            changed=tally.changed,
            same=tally.same,
            gone=max(self.shown.size - tally.changed - tally.same, 0),
            forgotten=tally.forgotten,
            broken=reading.broken,
            problems=tuple(reading.problems),
            ignored=reading.columns.ignored if reading.columns else (),
        )

    def show(
        self,
        import_id: int,
        done: Imported,
        *,
        source: str,
        actor: str,
        told: Callable[[Store, Imported], None],
    ) -> None:
        """The one commit that a brief, a plan or a person can see."""
        reading, asked = self.reading, self.asked
        if reading.digest != file_sha256(asked.path):
            raise AudienceRefused("The file was changed while it was read.")
        failpoint.hit("audience.before_show")
        with self.database.begin() as store:
            store.imports.show(
                import_id,
                key=asked.key,
                title=asked.title,
                source_sha256=source,
                attributes=reading.columns.kind_of if reading.columns else {},
            )
            store.audience_record.append(
                "list_imported",
                actor=actor,
                detail={
                    "audience": asked.key,
                    "recipients": done.size,
                    "people_new": done.new,
                    "people_changed": done.changed,
                    "people_gone": done.gone,
                    "rows_broken": done.broken,
                    "file": reading.digest,
                },
            )
            told(store, done)


def broken_rows(reading: Reading) -> AudienceRefused:
    """The refusal of a file for its broken rows, with the first of them."""
    return AudienceRefused(
        f"{reading.broken:,} {'row is' if reading.broken == 1 else 'rows are'}"
        " broken, so nothing was imported.",
        in_shell="Mend them, or leave them out with --skip-broken.",
        problems=reading.problems,
        broken=reading.broken,
    )


def _count_segments(database: Database, key: str) -> None:
    """A brief says at once how many a segment reaches, by what is counted here."""
    whole = database.look(lambda store: store.audiences.by_key(key))
    for segment in database.look(lambda store: store.segments.of(whole.id)):
        size, mailable = database.look(partial(_counted, segment=segment))
        with database.begin() as store:
            store.segments.counted(segment.id, size=size, mailable=mailable)


def _counted(store: Store, segment: Audience) -> tuple[int, int]:
    return store.audiences.count(segment)


def _sweep(database: Database, key: str) -> None:
    """Erase what no list has any more, a batch per transaction.

    A campaign that is planned from it right now keeps it; the next import tries again.
    """
    for import_id in database.look(lambda store: store.imports.past(key)):
        after: str | None = ""
        while after is not None:
            with database.begin() as store:
                after = store.imports.sweep(import_id, after=after, limit=BATCH)
