"""Rows about webhooks: events stored, counted, judged and committed per second."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import by_hand, desk
from benchmarks.campaigns import add_audience, on_its_way
from benchmarks.events import PER_POST, Traffic, traffic
from benchmarks.load import closed_loop
from benchmarks.numbers import median
from benchmarks.result import CannotMeasure, Result
from benchmarks.signing import from_sendgrid
from domain.send import DeliveryEvent
from pipeline import record

ROUNDS: Final = 5
_MAILS: Final = 3_000
_AT_ONCE: Final = 4


async def webhook_ingest() -> list[Result]:
    """Endpoint, one process and loop in turn, each on a fresh copy of one database."""
    rates: dict[str, list[float]] = {"endpoint": [], "commit": [], "loop": []}
    with tempfile.TemporaryDirectory() as name:
        origin = desk.make_folder(Path(name) / "origin")
        with origin.deps() as deps, deps.database.begin() as store:
            add_audience(store, _MAILS)
            sent = traffic(on_its_way(store, deps.playbook, _MAILS))
            read = [deps.esp.normalise(post) for post in sent.posts]
            bucket_s = int(deps.playbook.bucket.total_seconds())
        for turn in range(ROUNDS):
            folders = {way: _copy(origin, f"{way}{turn}") for way in rates}
            loop, commit = folders["loop"], folders["commit"]
            rates["loop"].append(_by_hand(loop, sent, read, bucket_s))
            rates["commit"].append(_to_commit(commit, sent, read))
            rates["endpoint"].append(await _endpoint(folders["endpoint"], sent))
            for folder in folders.values():
                shutil.rmtree(folder.path)
    return [
        _row("endpoint, signed", rates["endpoint"], rates["loop"]),
        _row("signature to commit", rates["commit"], rates["loop"]),
    ]


def _copy(origin: desk.Folder, name: str) -> desk.Folder:
    path = origin.path.parent / name
    path.mkdir()
    shutil.copy(origin.database, path)
    return replace(
        origin, path=path, env={**origin.env, "COPYDESK_DATA_DIR": str(path)}
    )


def _by_hand(
    folder: desk.Folder,
    sent: Traffic,
    read: Sequence[Sequence[DeliveryEvent]],
    bucket_s: int,
) -> float:
    began = time.perf_counter()
    by_hand.ingest(folder.database, read, bucket_s=bucket_s)
    elapsed = time.perf_counter() - began
    _check(folder, sent)
    return sent.events / elapsed


def _to_commit(
    folder: desk.Folder, sent: Traffic, read: Sequence[Sequence[DeliveryEvent]]
) -> float:
    """Verified, told apart, counted, judged and committed; no HTTP and no JSON."""
    signed = [from_sendgrid(post, folder.key) for post in sent.posts]
    with folder.deps() as deps:
        began = time.perf_counter()
        for given, post in zip(signed, read, strict=True):
            deps.esp.verify(given.headers, given.body, now=deps.clock())
            with deps.database.begin() as store:
                record.esp_events(store, deps.playbook, post)
        elapsed = time.perf_counter() - began
    _check(folder, sent)
    return sent.events / elapsed


async def _endpoint(folder: desk.Folder, sent: Traffic) -> float:
    # signed before the clock starts: that is the ESP's work
    signed = [from_sendgrid(post, folder.key) for post in sent.posts]
    async with desk.web(folder) as url:
        address = f"{url}/webhooks/esp/sendgrid"
        # imports and caches are filled before anything is timed; repeats count nothing
        await closed_loop(address, signed[:1] * _AT_ONCE, at_once=_AT_ONCE)
        load = await closed_loop(address, signed, at_once=_AT_ONCE)
    _check(folder, sent)
    return sent.events / load.elapsed_s


def _check(folder: desk.Folder, sent: Traffic) -> None:
    """Every count has to be exact, or the speed means nothing.

    Raises:
        CannotMeasure: One is not.
    """
    with folder.deps() as deps, deps.database.begin() as store:
        run = store.connection.exec_driver_sql
        stored = run("SELECT count(*) FROM delivery_events").scalar_one()
        silent = run("SELECT count(*) FROM suppressions").scalar_one()
        counted = dict(
            tuple(row)
            for row in run("SELECT metric, sum(n) FROM counters GROUP BY metric")
        )
    found = (stored, silent, counted)
    if found != (sent.unique, sent.suppressed, dict(sent.counts)):
        raise CannotMeasure(
            f"The record says {found}, but {sent.unique} events,"
            f" {sent.suppressed} suppressions and {dict(sent.counts)} were sent."
        )


def _row(what: str, ours: Sequence[float], loop: Sequence[float]) -> Result:
    rate = median(ours)
    ratio = median([a / b for a, b in zip(ours, loop, strict=True)])
    return Result(
        name=f"webhook ingest, {PER_POST} per post, {what}",
        value=round(rate),
        unit="events/s",
        reference=f"hand-written sqlite3 loop: {median(loop):,.0f} events/s",
        ratio=round(ratio, 3),
        target="ratio at least 0.5, over 5,000 events/s",
        holds=ratio >= 0.5 and rate > 5000,
    )
