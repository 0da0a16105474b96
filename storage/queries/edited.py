"""Who edited a text by hand last, for many texts at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from storage.tables import revisions
from storage.variants import origin_from


def editors_of(
    connection: Connection, revision_ids: Collection[int]
) -> Mapping[int, str | None]:
    """Who edited each text by hand last, as `Variants.last_editor` says it."""
    theirs = sa.select(revisions.c.variant_id).where(revisions.c.id.in_(revision_ids))
    query = sa.select(revisions.c.id, revisions.c.parent_id, revisions.c.origin).where(
        revisions.c.variant_id.in_(theirs)
    )
    rows = {row.id: row for row in list[Row[Any]](connection.execute(query))}

    def editor(key: int) -> str | None:
        origin = origin_from(rows[key].origin)
        while origin.editor is None and rows[key].parent_id in rows:
            if origin.endpoint is not None:
                return None
            key = rows[key].parent_id
            origin = origin_from(rows[key].origin)
        return origin.editor

    return {key: editor(key) for key in revision_ids}
