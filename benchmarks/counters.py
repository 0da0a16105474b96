"""A row about counters: a campaign's numbers read as fast after ten million events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from benchmarks.desk import make_folder
from benchmarks.numbers import median, percentile
from benchmarks.result import CannotMeasure, Result
from storage.engine import Database
from storage.events import totals_of

SIZES: Final = (10_000, 100_000, 1_000_000, 10_000_000)
"""Events of one campaign; each size is a campaign of its own in one database."""

_READS: Final = 300
_HOURS: Final = 4
_BUCKET_S: Final = 60
# three different events of a mail, over four hours, as the sender's list grows
_EVENTS: Final = sa.text("""
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :size)
    INSERT INTO delivery_events
        (campaign_id, at, event_id, type, send_id, is_hard, is_machine, url)
    SELECT :campaign, i * :span / :size, printf('%032x', i),
        CASE i % 3 WHEN 0 THEN 'accepted' WHEN 1 THEN 'delivered' ELSE 'opened' END,
        i / 3, 0, 0, NULL
    FROM n
""")
_COUNTERS: Final = sa.text("""
    INSERT INTO counters (campaign_id, metric, bucket, n)
    SELECT campaign_id, type, at / :bucket * :bucket, count(*)
    FROM delivery_events WHERE campaign_id = :campaign GROUP BY 2, 3
""")


async def counters() -> list[Result]:
    """Read the totals of each campaign in turn, so that noise strikes all."""
    with TemporaryDirectory() as folder:
        return [await asyncio.to_thread(_measured, Path(folder))]


def _measured(path: Path) -> Result:
    folder = make_folder(path)
    with folder.deps() as deps:
        for campaign, size in enumerate(SIZES, 1):
            _fill(deps.database, campaign, size)
        seconds = deps.database.read(_read)
    return _result(seconds)


def _fill(database: Database, campaign: int, size: int) -> None:
    """Write the log and its counters in bulk, as the ingest leaves them."""
    with database.begin() as store:
        given = {"campaign": campaign, "size": size, "span": _HOURS * 3600}
        store.connection.execute(_EVENTS, given)
        bucket = {"campaign": campaign, "bucket": _BUCKET_S}
        store.connection.execute(_COUNTERS, bucket)


def _read(connection: Connection) -> list[list[float]]:
    seconds: list[list[float]] = [[] for _ in SIZES]
    for _ in range(_READS):
        for index, size in enumerate(SIZES):
            began = time.perf_counter()
            found = totals_of(connection, [index + 1])[index + 1]
            seconds[index].append(time.perf_counter() - began)
            if sum(found.values()) != size:
                raise CannotMeasure(f"{sum(found.values())} of {size} were counted.")
    return seconds


def _result(seconds: Sequence[Sequence[float]]) -> Result:
    medians = [1000 * median(each) for each in seconds]
    ratio = medians[-1] / medians[0]
    rest = ", ".join(
        f"{size:,}: {ms:.3g} ms"
        for size, ms in zip(SIZES[:-1], medians[:-1], strict=True)
    )
    return Result(
        name=f"a campaign's counters after {SIZES[-1]:,} events, p99",
        value=round(1000 * percentile(seconds[-1], 0.99), 3),
        unit="ms",
        reference=f"medians {rest}; {SIZES[-1]:,}: {medians[-1]:.3g} ms",
        ratio=round(ratio, 2),
        target="flat: ratio of medians at most 1.5",
        holds=ratio <= 1.5,
    )
