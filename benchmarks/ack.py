"""Rows about the ack of a click that commits a transition."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import desk
from benchmarks.campaigns import COPY_EDITOR, add_audience, in_review
from benchmarks.load import Load, closed_loop, open_loop
from benchmarks.numbers import median
from benchmarks.result import CannotMeasure, Result
from benchmarks.signing import Signed, from_slack, press, submit
from domain.review import RequestId

AT_ONCE: Final = 32
ROUNDS: Final = 5
_CLICKS: Final = 192
_BEAT: Final = 40.0
_BEATS: Final = 200
_RIVAL_RATE: Final = "100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Our web process and a bare Bolt one, both up."""

    folder: desk.Folder
    ours: str
    bare: str
    requests: Sequence[RequestId]

    def clicks(self, start: int, count: int) -> list[Signed]:
        """Approvals and rejections in turn, each about a text nobody decided yet."""
        return [
            from_slack(
                submit(
                    "reject_form",
                    about,
                    {"reason": "Too long"},
                    by=COPY_EDITOR,
                    chosen={"reason_code": "writing"},
                )
                if about % 2
                else press("approve", about, by=COPY_EDITOR)
            )
            for about in self.requests[start : start + count]
        ]

    def check(self, decided: int) -> None:
        """Every click has to have committed, or the numbers mean nothing.

        Raises:
            CannotMeasure: Some did not.
        """
        with self.folder.deps() as deps, deps.database.begin() as store:
            found = store.connection.exec_driver_sql("SELECT count(*) FROM decisions")
            kept = found.scalar_one()
        if kept != decided:
            raise CannotMeasure(f"{decided} clicks were acked, {kept} were kept.")


@asynccontextmanager
async def pair(path: Path, campaigns: int) -> AsyncIterator[Pair]:
    folder = desk.make_folder(path)
    with folder.deps() as deps, deps.database.begin() as store:
        add_audience(store, 10)
        requests = [
            request
            for _ in range(campaigns)
            for request in in_review(store, deps.playbook)
        ]
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(desk.web(folder))
        api = await stack.enter_async_context(desk.slack_stub())
        port = str(desk.free_port())
        await stack.enter_async_context(
            desk.process(
                "bare Bolt",
                "-m",
                "benchmarks.bare_bolt",
                port,
                env={**folder.env, "SLACK_API_URL": api},
                log=path / "bare.log",
            )
        )
        bare = f"http://127.0.0.1:{port}"
        await desk.until_up(f"{bare}/healthz")
        yield Pair(
            folder=folder,
            ours=f"{ours}/slack/events",
            bare=f"{bare}/slack/events",
            requests=requests,
        )


async def ack_latency() -> list[Result]:
    """32 clicks at once, ours and bare in turn, so that noise strikes both."""
    ours: list[Load] = []
    bare: list[Load] = []
    with tempfile.TemporaryDirectory() as folder:
        async with pair(Path(folder), AT_ONCE + ROUNDS * _CLICKS) as both:
            # imports and caches are filled before anything is timed
            first = both.clicks(0, AT_ONCE)
            for url in (both.bare, both.ours):
                await closed_loop(url, first, at_once=AT_ONCE)
            for turn in range(ROUNDS):
                clicks = both.clicks(AT_ONCE + turn * _CLICKS, _CLICKS)
                bare.append(await closed_loop(both.bare, clicks, at_once=AT_ONCE))
                ours.append(await closed_loop(both.ours, clicks, at_once=AT_ONCE))
            both.check(len(both.requests))
    return _closed_rows(ours, bare)


def _closed_rows(ours: Sequence[Load], bare: Sequence[Load]) -> list[Result]:
    p99 = median([load.ms(0.99) for load in ours])
    bare_p99 = median([load.ms(0.99) for load in bare])
    ratio = median([a.rate / b.rate for a, b in zip(ours, bare, strict=True)])
    return [
        Result(
            name="ack of 32 concurrent clicks, p99",
            value=round(p99, 1),
            unit="ms",
            reference=f"bare Bolt handler: {bare_p99:.1f} ms",
            ratio=round(p99 / bare_p99, 2),
            target="under 100 ms",
            holds=p99 < 100,
        ),
        Result(
            name="ack of 32 concurrent clicks, rate",
            value=round(median([load.rate for load in ours])),
            unit="clicks/s",
            reference="bare Bolt handler:"
            f" {median([load.rate for load in bare]):,.0f} clicks/s",
            ratio=round(ratio, 3),
            target="ratio at least 0.25",
            holds=ratio >= 0.25,
        ),
    ]


async def ack_with_rival() -> list[Result]:
    """40 clicks a second while another process commits 100 times a second."""
    ours: list[Load] = []
    bare: list[Load] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        async with pair(path, AT_ONCE + 3 * _BEATS) as both:
            await closed_loop(both.ours, both.clicks(0, AT_ONCE), at_once=AT_ONCE)
            rival = desk.process(
                "rival",
                "-m",
                "benchmarks.rival",
                str(both.folder.database),
                _RIVAL_RATE,
                env={},
                log=path / "rival.log",
            )
            async with rival:
                for turn in range(3):
                    clicks = both.clicks(AT_ONCE + turn * _BEATS, _BEATS)
                    bare.append(await open_loop(both.bare, clicks, per_second=_BEAT))
                    ours.append(await open_loop(both.ours, clicks, per_second=_BEAT))
            both.check(len(both.requests))
        written = int((path / "rival.log").read_text(encoding="utf-8") or 0)
    spent = sum(load.elapsed_s for load in (*ours, *bare))
    p99 = median([load.ms(0.99) for load in ours])
    bare_p99 = median([load.ms(0.99) for load in bare])
    return [
        Result(
            name="ack at 40 clicks/s beside a writing process, p99",
            value=round(p99, 1),
            unit="ms",
            reference=f"bare Bolt handler: {bare_p99:.1f} ms"
            f" (rival: {written / spent:.0f} tx/s)",
            ratio=round(p99 / bare_p99, 2),
            target="under 40 ms",
            holds=p99 < 40,
        )
    ]
