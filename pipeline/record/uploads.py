"""What people decide about a list that they give in Slack: read it, import it, or not."""

from __future__ import annotations

from domain.columns import Wanted
from domain.errors import NotYourTurn, Refused
from domain.upload import (
    STANDS_FOR,
    Found,
    Upload,
    UploadId,
    UploadState,
    list_key,
    require_importer,
)
from pipeline.audience import refuse_name
from pipeline.playbook import Playbook
from storage.store import Store

_WORDS = {
    UploadState.READING: "The file is still being read.",
    UploadState.IMPORTING: "The file is being imported already.",
    UploadState.IMPORTED: "The file is imported already.",
    UploadState.SAME: "The list has this very file already.",
    UploadState.REFUSED: "The file cannot be imported; give a mended one.",
    UploadState.CANCELLED: "This import was cancelled; give the file again.",
}


def upload(
    store: Store,
    playbook: Playbook,
    *,
    key: str,
    new_title: str,
    file_id: str,
    file_name: str,
    actor: str,
) -> UploadId:
    """Keep that a file is to be read as a list; the job does it.

    Args:
        key: Of a list that is there; empty for a new one.
        new_title: What people are to call the new list.

    Raises:
        NotYourTurn: Their role imports no lists.
        AudienceRefused: The name cannot be a list's.
        Refused: There is no such list, or there is one of the new name.
    """
    require_importer(playbook.everyone, playbook.privacy.importers, actor)
    key, title = _named(store, key, new_title)
    made = store.uploads.add(
        user=actor, key=key, title=title, file_id=file_id, file_name=file_name
    )
    store.outbox.add("upload", made, 1, None)
    return made


def _named(store: Store, key: str, new_title: str) -> tuple[str, str]:
    if key:
        there = store.audiences.by_key(key)
        if there.is_segment:
            raise Refused(f'"{key}" is a segment; a list needs another key.')
        return there.key, there.title
    title = " ".join(new_title.split())
    key = list_key(title)
    refuse_name(key, title)
    if store.imports.shown(key).audience is not None:
        raise Refused(f'There is a list or segment "{key}" already; choose it above.')
    return key, title


def import_upload(
    store: Store, playbook: Playbook, upload_id: UploadId, *, actor: str
) -> Upload:
    """Let a file that was read come in; the job does it, once.

    Raises:
        NotYourTurn: It is somebody else's, or their role imports no lists.
        Refused: There is nothing to import, or it was read too long ago.
    """
    found = open_upload(store, playbook, upload_id, actor=actor)
    if not found.can_import:
        raise Refused(found.said)
    if store.now - found.moved_at > STANDS_FOR:
        raise Refused(
            "This file was read more than a day ago, and the list may have changed"
            " since. Give it again with /desk import."
        )
    return move_upload(store, found, UploadState.IMPORTING)


def map_upload(
    store: Store, playbook: Playbook, upload_id: UploadId, wanted: Wanted, *, actor: str
) -> Upload:
    """Say what the columns are; the file is read anew."""
    found = open_upload(store, playbook, upload_id, actor=actor)
    return move_upload(store, found, UploadState.READING, wanted=wanted)


def cancel_upload(
    store: Store, playbook: Playbook, upload_id: UploadId, *, actor: str
) -> Upload:
    """Let a file be; nothing of it was imported."""
    found = open_upload(store, playbook, upload_id, actor=actor)
    return move_upload(store, found, UploadState.CANCELLED)


def open_upload(
    store: Store, playbook: Playbook, upload_id: UploadId, *, actor: str
) -> Upload:
    """An upload that waits for its person's word.

    Raises:
        NotYourTurn: It is somebody else's, or their role imports no lists.
        Refused: It does not wait for anybody.
    """
    found = store.uploads.get(upload_id)
    if found.user != actor:
        raise NotYourTurn("Only who gave a file can decide about it.")
    require_importer(playbook.everyone, playbook.privacy.importers, actor)
    if found.state is not UploadState.READ:
        raise Refused(_WORDS[found.state])
    return found


def move_upload(
    store: Store,
    upload: Upload,
    state: UploadState,
    *,
    found: Found | None = None,
    wanted: Wanted | None = None,
    said: str = "",
) -> Upload:
    """Move on, with the job that the new state calls for.

    Raises:
        Overtaken: Somebody, or another job, was faster.
    """
    moved = store.uploads.swap(upload, state, found=found, wanted=wanted, said=said)
    store.outbox.add("upload", moved.id, moved.version, None)
    return moved
