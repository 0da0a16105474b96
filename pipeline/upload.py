"""A list that is given in Slack: fetched, read, and imported when its person says so.

The file stays in Slack and is on no disk here: each job fetches it anew and holds it in
memory, so that one that dies leaves no address behind. Messages and the report are at
least once, as cards are; the import is once, since the commit that shows the list is
also the one that says so.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from blocks import upload as drawn
from domain.columns import ColumnsInvalid, Wanted
from domain.errors import Refused, TryLater
from domain.upload import LARGEST, SHOWN, Found, Upload, UploadState, guessed
from pipeline import failpoint
from pipeline.audience import Asked, AudienceRefused, Imported, import_list, tidy
from pipeline.csv_file import (
    FileRefused,
    Held,
    Problem,
    Reading,
    header_of,
    report_writer,
)
from pipeline.record.uploads import move_upload
from pipeline.slack import FileNotGiven, MessageGone, SlackRefused
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage.store import Store

log = structlog.get_logger(__name__)

MOST_REPORTED: Final = 10_000
"""Broken rows in a report; a file with more is broken in some other way."""

PROGRESS_EVERY: Final = timedelta(seconds=3)


def upload(deps: Deps, upload_id: int, version: int) -> None:
    """Do what the upload's state calls for, and show it.

    Raises:
        TryLater: Slack or the database is away.
    """
    found = deps.database.look(lambda store: store.uploads.get(upload_id))
    if found.version != version:
        # what it has moved on to has a job of its own
        return
    _ACTS.get(found.state, _show)(deps, found)


def give_up(deps: Deps, upload_id: int, words: str) -> None:
    """Say that it did not work; the list is as it was."""
    found = deps.database.look(lambda store: store.uploads.get(upload_id))
    if found.state in {UploadState.READING, UploadState.IMPORTING}:
        _move(deps, found, UploadState.REFUSED, said=words)


def _read(deps: Deps, upload: Upload) -> None:
    """Read and check all of the file, and write nothing."""
    upload = _show(deps, upload)
    try:
        file = _fetched(deps, upload)
        header = tuple(header_of(file))
    except (SlackRefused, FileRefused) as refused:
        _move(deps, upload, UploadState.REFUSED, said=str(refused))
        return
    if upload.version == 1:
        upload = replace(upload, wanted=_guess(deps, upload, header))
    run = _DryRun(deps, upload, file)
    try:
        done, said = run.done(), ""
    except FileRefused as refused:
        _move(deps, upload, UploadState.REFUSED, said=str(refused))
        return
    except (AudienceRefused, ColumnsInvalid) as refused:
        done, said = None, refused.words
    except Refused as refused:
        done, said = None, str(refused)
    found = _found(run.reading, done, header=header)
    if found.broken:
        found = replace(found, is_reported=_report(deps, upload, run.report))
    is_new = done is None or done.is_new
    state = UploadState.READ if is_new else UploadState.SAME
    with deps.database.begin() as store:
        move_upload(
            store,
            upload,
            state,
            found=replace(found, sha256=_sha256(file)),
            wanted=upload.wanted,
            said=said,
        )
    log.info("upload.read", upload=upload.id, rows=found.rows, broken=found.broken)


def _guess(deps: Deps, upload: Upload, header: tuple[str, ...]) -> Wanted:
    """As the columns were the last time; else each by its own name."""
    before = deps.database.look(lambda store: store.uploads.columns_before(upload.key))
    there = deps.database.look(lambda store: store.imports.shown(upload.key)).audience
    return guessed(header, before, there.attributes if there else {})


def _bring_in(deps: Deps, upload: Upload) -> None:
    """Import the file that was read, as it was read."""
    upload = _show(deps, upload)
    try:
        file = _fetched(deps, upload)
    except SlackRefused as refused:
        _move(deps, upload, UploadState.REFUSED, said=str(refused))
        return
    if _sha256(file) != upload.found.sha256:
        said = "The file in Slack is not the one that was read."
        _move(deps, upload, UploadState.REFUSED, said=said)
        return
    reading = Reading(tick=_Progress(deps, upload, len(file.data)))

    def shown(store: Store, done: Imported) -> None:
        now = _found(reading, done, header=upload.found.header)
        now = replace(now, is_reported=upload.found.is_reported)
        move_upload(store, upload, UploadState.IMPORTED, found=now)

    try:
        done = import_list(
            deps.database,
            _asked(upload, file, skip_broken=bool(upload.found.broken)),
            reading,
            secret=deps.settings.secret_key.get_secret_value(),
            actor=upload.user,
            shown=shown,
        )
    except Refused as refused:
        # also when another import of the list began: this one shows nothing
        _move(deps, upload, UploadState.REFUSED, said=str(refused))
        return
    if not done.is_new:
        _move(deps, upload, UploadState.SAME)
    log.info("upload.imported", upload=upload.id, size=done.size, new=done.is_new)


def _end(deps: Deps, upload: Upload) -> None:
    # the job that showed the list may have died right after
    tidy(deps.database, upload.key)
    _show(deps, upload)


_ACTS: Final[Mapping[UploadState, Callable[[Deps, Upload], object]]] = {
    UploadState.READING: _read,
    UploadState.IMPORTING: _bring_in,
    UploadState.IMPORTED: _end,
}


def _fetched(deps: Deps, upload: Upload) -> Held:
    """The file as Slack has it now.

    Raises:
        SlackRefused: It is gone, too large, not this person's, or not in Slack.
    """
    file = deps.slack.file(upload.file_id)
    if file.user != upload.user:
        # an id that somebody made up, or of a file of another workspace
        raise FileNotGiven("That file was given by somebody else.", code="not_theirs")
    if not file.is_hosted:
        raise FileNotGiven(
            "Slack has only a link to that file. Save it and give the file itself.",
            code="not_hosted",
        )
    data = deps.slack.download(file, most=LARGEST)
    failpoint.hit("upload.after_fetch")
    return Held(name=upload.file_name, data=data)


def _asked(
    upload: Upload, file: Held, *, skip_broken: bool, is_dry_run: bool = False
) -> Asked:
    return Asked(
        path=file,
        key=upload.key,
        title=upload.title,
        wanted=upload.wanted,
        skip_broken=skip_broken,
        is_dry_run=is_dry_run,
    )


class _DryRun:
    """A file read to its end; a second time without its broken rows, if there are any."""

    def __init__(self, deps: Deps, upload: Upload, file: Held) -> None:
        self._deps, self._upload, self._file = deps, upload, file
        self.report, self.reading = _Report(), Reading()

    def done(self) -> Imported:
        """What an import would come to.

        Raises:
            Refused: Why it would be refused.
        """
        try:
            return self._run(skip_broken=False)
        except AudienceRefused as refused:
            if not refused.broken:
                raise
        self.reading = Reading(report=self.report)
        return self._run(skip_broken=True)

    def _run(self, *, skip_broken: bool) -> Imported:
        return import_list(
            self._deps.database,
            _asked(self._upload, self._file, skip_broken=skip_broken, is_dry_run=True),
            self.reading,
            secret=self._deps.settings.secret_key.get_secret_value(),
            actor=self._upload.user,
        )


class _Report:
    """Broken rows as the shell reports them: line, field, reason."""

    def __init__(self) -> None:
        self._file = io.StringIO(newline="")
        self._write = report_writer(self._file)
        self.rows = 0

    def __call__(self, problem: Problem) -> None:
        self.rows += 1
        if self.rows <= MOST_REPORTED:
            self._write(problem)

    @property
    def data(self) -> bytes:
        return self._file.getvalue().encode()


def _report(deps: Deps, upload: Upload, report: _Report) -> bool:
    """Put the report under the message; False when Slack does not take files."""
    if upload.ts is None:
        return False
    try:
        deps.slack.share_file(
            channel=upload.channel,
            thread_ts=upload.ts,
            filename=f"{upload.key}-broken-rows.csv",
            title=f"Broken rows of {upload.title}",
            comment=drawn.report_comment(report.rows, most=MOST_REPORTED),
            data=report.data,
        )
    except SlackRefused as refused:
        log.warning("upload.not_reported", upload=upload.id, code=refused.code)
        return False
    failpoint.hit("upload.after_report")
    return True


def _found(
    reading: Reading, done: Imported | None, *, header: tuple[str, ...]
) -> Found:
    found = Found(
        header=header,
        broken=reading.broken,
        problems=tuple(str(each) for each in reading.problems[:SHOWN]),
        sha256=reading.digest,
    )
    if reading.columns is not None:
        taken = {**reading.columns.fields, **reading.columns.attributes}
        found = replace(
            found,
            columns={name: header[place] for place, name in sorted(taken.items())},
            ignored=reading.columns.ignored,
        )
    if done is None:
        return found
    return replace(
        found,
        size=done.size,
        new=done.new,
        changed=done.changed,
        same=done.same,
        gone=done.gone,
        forgotten=done.forgotten,
    )


class _Progress:
    """Says in the message how far an import is, now and then."""

    def __init__(self, deps: Deps, upload: Upload, size_bytes: int) -> None:
        self._deps, self._upload, self._size = deps, upload, size_bytes
        self._read = 0
        self._next = deps.clock() + PROGRESS_EVERY

    def __call__(self, size_bytes: int) -> None:
        self._read += size_bytes
        if self._deps.clock() < self._next or self._upload.ts is None:
            return
        shown = drawn.render(self._upload, share=self._read / self._size).payload()
        try:
            self._deps.slack.update(
                self._upload.channel, self._upload.ts, shown["text"], shown["blocks"]
            )
        except (TryLater, SlackRefused) as error:
            # it goes on unseen: a Slack that hangs must not make the import late
            log.info("upload.progress_unseen", why=type(error).__name__)
            self._upload = replace(self._upload, ts=None)
        self._next = self._deps.clock() + PROGRESS_EVERY


def _show(deps: Deps, upload: Upload) -> Upload:
    """Post the message, or bring it up to the record; says where it is."""
    shown = drawn.render(upload).payload()
    if upload.ts is not None:
        try:
            deps.slack.update(upload.channel, upload.ts, shown["text"], shown["blocks"])
        except MessageGone:
            log.info("upload.reposted", upload=upload.id)
        else:
            return upload
    posted = deps.slack.direct(upload.user, shown["text"], shown["blocks"])
    failpoint.hit("upload.after_post")
    with deps.database.begin() as store:
        store.uploads.posted(upload.id, channel=posted.channel, ts=posted.ts)
    return replace(upload, channel=posted.channel, ts=posted.ts)


def _sha256(file: Held) -> str:
    return hashlib.sha256(file.data).hexdigest()


def _move(deps: Deps, upload: Upload, state: UploadState, *, said: str = "") -> None:
    with deps.database.begin() as store:
        move_upload(store, upload, state, said=said)


TASK: Final = Task(name="upload", queue="lists", run=upload, give_up=give_up)
