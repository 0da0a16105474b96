"""Lists given in Slack: what was asked, what was found, where it is shown."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.columns import Wanted
from domain.errors import Unknown
from domain.upload import (
    Found,
    Upload,
    UploadId,
    UploadState,
    found_from,
    wanted_from,
    wanted_to,
)
from storage.repository import Repository
from storage.tables import uploads


def upload_from(row: Row[Any]) -> Upload:
    return Upload(
        id=UploadId(row.id),
        version=row.version,
        state=UploadState(row.state),
        user=row.user,
        key=row.key,
        title=row.title,
        file_id=row.file_id,
        file_name=row.file_name,
        wanted=wanted_from(row.wanted),
        found=found_from(row.found),
        said=row.said,
        channel=row.channel,
        ts=row.ts,
        moved_at=row.moved_at,
    )


class Uploads(Repository):
    def add(
        self, *, user: str, key: str, title: str, file_id: str, file_name: str
    ) -> UploadId:
        made = self._insert(
            uploads,
            version=1,
            state=UploadState.READING,
            user=user,
            key=key,
            title=title,
            file_id=file_id,
            file_name=file_name,
            wanted=wanted_to(Wanted()),
            found=asdict(Found()),
            moved_at=self.now,
        )
        return UploadId(made)

    def get(self, upload_id: int) -> Upload:
        """Read an upload.

        Raises:
            Unknown: There is none with that id, or it is long over.
        """
        row = self._one(sa.select(uploads).where(uploads.c.id == upload_id))
        if row is None:
            raise Unknown("That upload is long over; give the file again.")
        return upload_from(row)

    def swap(
        self,
        upload: Upload,
        state: UploadState,
        *,
        found: Found | None = None,
        wanted: Wanted | None = None,
        said: str = "",
    ) -> Upload:
        """Move an upload on; the loser of two gets `Overtaken`."""
        row = self._swap(
            uploads,
            upload.id,
            upload.version,
            state=state,
            found=asdict(found or upload.found),
            wanted=wanted_to(wanted or upload.wanted),
            said=said,
            moved_at=self.now,
        )
        return upload_from(row)

    def columns_before(self, key: str) -> dict[str, str]:
        """Column by field, as it was said when the list was imported here last."""
        row = self._one(
            sa.select(uploads.c.wanted)
            .where(uploads.c.key == key, uploads.c.state == UploadState.IMPORTED)
            .order_by(uploads.c.id.desc())
            .limit(1)
        )
        return dict(wanted_from(row.wanted).column_of) if row else {}

    def posted(self, upload_id: UploadId, *, channel: str, ts: str) -> None:
        self.connection.execute(
            sa.update(uploads)
            .where(uploads.c.id == upload_id)
            .values(channel=channel, ts=ts)
        )

    def purge(self, older_than: datetime) -> int:
        """Forget those that have stood still for long; a list is none of them."""
        return self.connection.execute(
            sa.delete(uploads).where(uploads.c.moved_at < older_than)
        ).rowcount
